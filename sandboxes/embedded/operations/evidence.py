"""Why an operation is taken for implemented, in a few words.

They are the same at every examination of the same version: no ids, no times, no ports.
`docs/engines.md` says what each kind means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandboxes.embedded.operations.prober import Client
    from sandboxes.embedded.operations.transports import Answer

Listing = Mapping[str, Mapping[str, str]]
"""Service -> operation -> evidence, the first two by botocore's names."""

_ANSWER = r"\d{3}( [\w.:-]+)?"
_FUNCTION = r"[\w.]+:[\w.<>]+"
_PROOF = r"shown by s3_(proofs|settings):\w+"


class Kind(StrEnum):
    """What an evidence consists of; each has the form of one pattern."""

    DIFFERS = rf"{_ANSWER}; an unknown operation: {_ANSWER}( with another message)?"
    """The answer, and that to the same request for an operation which does not exist."""
    RUNS = rf"runs {_FUNCTION}"
    """The function of the emulator's, named like the operation, that answered."""
    SHOWN = _PROOF
    """The proof that did it and saw what came of it."""
    HAS = rf"has {_FUNCTION}; answers {_ANSWER}"
    """The method that is there for it, and the answer when it was asked."""
    HAS_SHOWN = rf"has {_FUNCTION}; {_PROOF}"
    """The method that is there for it, and the proof."""


def kind_of(evidence: str) -> Kind | None:
    """Return what kind of evidence a text is; None when it is none."""
    return next((kind for kind in Kind if re.fullmatch(kind, evidence)), None)


def by_difference(answer: str, unknown: str) -> str:
    """Return the evidence that two answers differ; see `told`."""
    same = " with another message" if answer == unknown else ""
    return f"{answer}; an unknown operation: {unknown}{same}"


def by_function(function: str) -> str:
    """Return the evidence that `module:function` ran."""
    return f"runs {function}"


def by_proof(proof: str) -> str:
    """Return the evidence that a proof has shown."""
    return f"shown by {proof}"


def by_method(method: str, seen: str) -> str:
    """Return the evidence of a method that is there and what was seen of it.

    Args:
        method: `module:function`.
        seen: an answer (see `told`), or the evidence of a proof.
    """
    return f"has {method}; {seen if seen.startswith('shown by ') else f'answers {seen}'}"


def told(client: Client, answer: Answer) -> str:
    """Return an answer as status and error code, e.g. `400 ValidationException` or `200`."""
    if answer.status < 300:
        return str(answer.status)
    from botocore.compat import HTTPHeaders
    from botocore.parsers import ResponseParserError

    headers = HTTPHeaders()
    for name, value in answer.headers.items():
        headers[name] = value
    response = {"headers": headers, "body": answer.body, "status_code": answer.status}
    try:
        parsed: Mapping[str, Any] = client._response_parser.parse(response, None)
    except ResponseParserError:
        return str(answer.status)
    code = str(parsed.get("Error", {}).get("Code", ""))
    if code == str(answer.status) or not re.fullmatch(r"[\w.:-]+", code):
        return str(answer.status)
    return f"{answer.status} {code}"


def function_named(names: Iterable[str], ran: Iterable[str]) -> str | None:
    """Return the function of one of these names that ran; None when none did.

    Args:
        names: in lower case and without underscores.
        ran: `module:qualified name` of functions.
    """
    wanted = frozenset(names)
    found = [function for function in ran if plain_name(function) in wanted]
    # The one that was asked rather than what it calls.
    return min(found, key=lambda name: (".responses" not in name, name), default=None)


def plain_name(function: str) -> str:
    """Return the bare name of a function, in lower case and without underscores."""
    return re.split(r"[.:]", function)[-1].replace("_", "").lower()
