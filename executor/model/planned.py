"""Reading the calls of a calls change, from Python or from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from executor.errors import InvalidChange
from executor.model.change import PlannedCall
from executor.model.json import Json

_FIELDS = ("service", "operation", "params", "save", "region")


def planned_calls(
    calls: Sequence[Mapping[str, Json]], *, where: str = "calls"
) -> tuple[PlannedCall, ...]:
    """Read the calls.

    Raises:
        InvalidChange: there is none, or one is not of the form.
    """
    if not calls:
        raise InvalidChange(f"{where}: there is no call", hint="list at least one call")
    return tuple(_planned(call, f"{where}[{i}]") for i, call in enumerate(calls))


def _planned(call: Mapping[str, Json], where: str) -> PlannedCall:
    if not isinstance(call, Mapping):
        raise InvalidChange(f"{where}: a call is a mapping", hint="{service: sqs, operation: …}")
    unknown = sorted(set(call) - set(_FIELDS))
    if unknown:
        raise InvalidChange(
            f"{where}.{unknown[0]}: unknown field", hint=f"known: {', '.join(_FIELDS)}"
        )
    params = call.get("params") or {}
    if not isinstance(params, Mapping):
        raise InvalidChange(f"{where}.params: a mapping is wanted", hint="params: {QueueName: a}")
    return PlannedCall(
        service=_text(call, "service", where, required=True),
        operation=_text(call, "operation", where, required=True),
        params=params,
        save=_text(call, "save", where),
        region=_text(call, "region", where),
    )


def _text(call: Mapping[str, Json], name: str, where: str, *, required: bool = False) -> str:
    value = call.get(name, "")
    if not isinstance(value, str) or (required and not value):
        raise InvalidChange(f"{where}.{name}: a text is wanted", hint=f"{name}: …")
    return value
