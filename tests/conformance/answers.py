"""What cases pick out of answers; what an engine leaves out is told by where it should be."""

from __future__ import annotations

from typing import cast

from executor.aws import Api
from executor.model.json import Json


def picked(answer: Json, path: str) -> Json:
    """Return what lies at a dotted path, in which numbers are places in lists.

    Raises:
        LookupError: the answer has nothing there; the error names the path.
    """
    found = answer
    for key in path.split(".") if path else ():
        try:
            found = (
                found[int(key)] if isinstance(found, list) else cast(dict[str, Json], found)[key]
            )
        except (LookupError, TypeError) as error:
            raise LookupError(f"nothing at {path}") from error
    return found


def asked(api: Api, service: str, operation: str, pick: str = "", **params: object) -> str:
    """Make a call and return, as a text, what lies at a path of its answer."""
    return str(picked(api.call(service, operation, params), pick))
