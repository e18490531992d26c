"""Turning what the wire carries into the values that botocore takes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from executor.gateway.wire.request import Unidentifiable

if TYPE_CHECKING:
    from botocore.model import Shape

Members: TypeAlias = Mapping[str, "Shape"]

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
# Members that clients send of their own accord, to say of which type an object is.
_TYPE_NAMES = frozenset({"__type"})


def scalar(shape: Shape, text: str) -> object:
    """Return a value that was carried as a text (header, query, form, XML).

    Raises:
        Unidentifiable: the text is not of the shape.
    """
    try:
        match shape.type_name:
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "boolean":
                return _BOOLEANS[text.lower()]
            case "timestamp":
                return timestamp(text)
            case "blob":
                return base64.b64decode(text, validate=True)
    except (KeyError, ValueError, OverflowError) as error:
        raise Unidentifiable(f"{text[:40]!r} is not a {shape.type_name}") from error
    return text


def timestamp(value: object) -> datetime:
    """Return a time that was carried as a number or as any of AWS's texts.

    Raises:
        ValueError: it is not a time.
    """
    from botocore.utils import parse_timestamp

    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return value
    return parse_timestamp(str(value))


def from_json(shape: Shape, value: object) -> object:
    """Return a decoded JSON (or CBOR) value as botocore takes it.

    Raises:
        Unidentifiable: the value is not of the shape, or has members that the shape lacks:
            an engine may know what they mean, and a replay would leave them out.
    """
    if value is None or getattr(shape, "is_document_type", False):
        return value
    match shape.type_name:
        case "structure":
            return members_from_json(shape, value)
        case "list":
            member = shape.member  # type: ignore[attr-defined]
            return [from_json(member, v) for v in _list(value, shape)]
        case "map":
            inner = shape.value  # type: ignore[attr-defined]
            return {str(k): from_json(inner, v) for k, v in _object(value, shape).items()}
        case "blob":
            return value if isinstance(value, bytes) else scalar(shape, _text(shape, value))
        case "timestamp":
            return _time(value)
    return _plain(shape, value)


def members_from_json(
    shape: Shape, value: object, elsewhere: frozenset[str] = frozenset()
) -> dict[str, object]:
    """Return the members of a structure.

    Args:
        shape: the structure.
        value: a decoded JSON object.
        elsewhere: members that are carried outside the body.

    Raises:
        Unidentifiable: see `from_json`.
    """
    members: Members = shape.members  # type: ignore[attr-defined]
    wire_names = {
        m.serialization.get("name", n): n for n, m in members.items() if n not in elsewhere
    }
    found: dict[str, object] = {}
    for key, item in _object(value, shape).items():
        if item is None or key in _TYPE_NAMES:
            continue
        # JSON clients of some languages do not know of names on the wire.
        name = wire_names.get(key) or (key if key in members and key not in elsewhere else None)
        if name is None or name in found:
            raise Unidentifiable(f"{shape.name} has no member {key[:60]!r}")
        found[name] = from_json(members[name], item)
    return found


def _plain(shape: Shape, value: object) -> object:
    match shape.type_name:
        case "boolean":
            fits = isinstance(value, bool)
        case "integer" | "long":
            if isinstance(value, float) and value.is_integer():
                return int(value)
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "float" | "double":
            return _float(shape, value)
        case _:
            fits = isinstance(value, str)
    if not fits:
        raise Unidentifiable(f"{shape.name}: {value!r:.40} is not a {shape.type_name}")
    return value


def _text(shape: Shape, value: object) -> str:
    if not isinstance(value, str):
        raise Unidentifiable(f"{shape.name}: a text is wanted, not {value!r:.40}")
    return value


def _object(value: object, shape: Shape) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Unidentifiable(f"{shape.name}: an object is wanted, not {value!r:.40}")
    return value


def _list(value: object, shape: Shape) -> list[object]:
    if not isinstance(value, list):
        raise Unidentifiable(f"{shape.name}: a list is wanted, not {value!r:.40}")
    return value


def _time(value: object) -> datetime:
    try:
        if isinstance(value, bool):
            raise ValueError("a boolean")
        return timestamp(value)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise Unidentifiable(f"{value!r:.40} is not a time") from error


def _float(shape: Shape, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unidentifiable(f"{shape.name}: {value!r:.40} is not a {shape.type_name}")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise Unidentifiable(f"{shape.name}: {value!r:.40} is not a number") from error


def json_value(body: bytes) -> object:
    """Return what a JSON body holds.

    Raises:
        Unidentifiable: it is not JSON, or a key stands twice.
    """
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unidentifiable(f"the body is not JSON: {error!s:.80}") from error


def json_object(body: bytes) -> Mapping[str, object]:
    """Return a JSON body as an object; an empty body is an empty object.

    Raises:
        Unidentifiable: it is not one, or a key stands twice.
    """
    if not body.strip():
        return {}
    value = json_value(body)
    if not isinstance(value, dict):
        raise Unidentifiable("the body is not a JSON object")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of a body in which a key stands twice may see two different requests.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
