"""Turning what the wire carries into the values that botocore takes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from executor.gateway.wire.request import Unidentifiable

if TYPE_CHECKING:
    from botocore.model import Shape

Members: TypeAlias = Mapping[str, "Shape"]


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
                return text.lower() == "true"
            case "timestamp":
                return timestamp(text)
            case "blob":
                return base64.b64decode(text)
    except (ValueError, binascii.Error) as error:
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
    """Return a decoded JSON (or CBOR) value as botocore takes it; unknown members are kept out.

    Raises:
        Unidentifiable: the value is not of the shape.
    """
    if value is None:
        return None
    match shape.type_name:
        case "structure":
            return _structure(shape, value)
        case "list":
            member = shape.member  # type: ignore[attr-defined]
            return [from_json(member, v) for v in _list(value, shape)]
        case "map":
            inner = shape.value  # type: ignore[attr-defined]
            return {str(k): from_json(inner, v) for k, v in _object(value, shape).items()}
        case "blob":
            return value if isinstance(value, bytes) else scalar(shape, str(value))
        case "timestamp":
            return _time(value)
        case "float" | "double":
            return _float(value)
    return value


def _structure(shape: Shape, value: object) -> object:
    if getattr(shape, "is_document_type", False):
        return value
    members: Members = shape.members  # type: ignore[attr-defined]
    wire_names = {m.serialization.get("name", n): n for n, m in members.items()}
    found: dict[str, object] = {}
    for key, item in _object(value, shape).items():
        name = wire_names.get(key) or (key if key in members else None)
        if name is not None and item is not None:
            found[name] = from_json(members[name], item)
    return found


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
        return timestamp(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Unidentifiable(f"{value!r:.40} is not a time") from error


def _float(value: object) -> object:
    return float(value) if isinstance(value, str | int) else value


def json_object(body: bytes) -> Mapping[str, object]:
    """Return a JSON body as an object; an empty body is an empty object.

    Raises:
        Unidentifiable: it is not one, or a key stands twice.
    """
    if not body.strip():
        return {}
    try:
        value = json.loads(body, object_pairs_hook=_unique)
    except ValueError as error:
        raise Unidentifiable(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Unidentifiable("the body is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers of a body in which a key stands twice may see two different requests.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
