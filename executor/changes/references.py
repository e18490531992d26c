"""`${name.Path}` in the parameters of a call: a JMESPath into an earlier call's response.

A text that is nothing but one reference becomes the value itself, of whatever type; within a
longer text it becomes text. `$${` is a literal `${`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from executor.errors import InvalidChange
from executor.model.change import CallsChange
from executor.model.json import Json, JsonObject

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Unresolved(Exception):
    """A reference leads nowhere in the response it names."""


def check_references(change: CallsChange, *, where: str = "calls") -> None:
    """Check that every reference names an earlier call's `save`, before any call is made.

    Raises:
        InvalidChange: one does not, or is no JMESPath.
    """
    saved: set[str] = set()
    for i, call in enumerate(change.calls):
        for text in _texts(call.params):
            for match in _REFERENCE.finditer(text):
                if match.group(1) is not None:
                    _check(match.group(1), saved, f"{where}[{i}].params")
        if call.save:
            if not _NAME.fullmatch(call.save):
                raise InvalidChange(
                    f"{where}[{i}].save: {call.save!r} is not a name",
                    hint="letters, digits, - and _",
                )
            saved.add(call.save)


def substituted(params: JsonObject, saved: Mapping[str, Json]) -> dict[str, Json]:
    """Return the parameters with every reference replaced.

    Raises:
        Unresolved: a reference leads nowhere.
    """
    return {key: _replaced(value, saved) for key, value in params.items()}


def _replaced(value: Json, saved: Mapping[str, Json]) -> Json:
    match value:
        case str():
            return _replaced_text(value, saved)
        case Mapping():
            return {key: _replaced(item, saved) for key, item in value.items()}
        case Sequence():
            return [_replaced(item, saved) for item in value]
    return value


def _replaced_text(text: str, saved: Mapping[str, Json]) -> Json:
    whole = _REFERENCE.fullmatch(text)
    if whole and whole.group(1) is not None:
        return _found(whole.group(1), saved)
    return _REFERENCE.sub(
        lambda m: "${" if m.group(1) is None else _as_text(_found(m.group(1), saved), m.group(1)),
        text,
    )


def _as_text(value: Json, reference: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Unresolved(f"${{{reference}}} is no text or number, and so cannot stand within a text")


def _found(reference: str, saved: Mapping[str, Json]) -> Json:
    import jmespath

    name, _, path = reference.strip().partition(".")
    response = saved.get(name)
    value: Json = jmespath.search(path, response) if path else response
    if value is None:
        raise Unresolved(f"${{{reference}}}: the response has no such field")
    return value


def _check(reference: str, saved: set[str], where: str) -> None:
    import jmespath
    from jmespath.exceptions import JMESPathError

    name, _, path = reference.strip().partition(".")
    if name not in saved:
        known = ", ".join(sorted(saved)) or "none"
        raise InvalidChange(
            f"{where}: ${{{reference}}} names no earlier call's `save`", hint=f"saved: {known}"
        )
    try:
        if path:
            jmespath.compile(path)
    except JMESPathError as error:
        raise InvalidChange(
            f"{where}: ${{{reference}}} is no path: {error}", hint="${q.QueueUrl}"
        ) from None


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case Sequence():
            for item in value:
                yield from _texts(item)
