"""The least parameters that an operation accepts, made from botocore's model of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape, StructureShape

BUCKET = "probe-bucket"
KEY = "probe-key"

_NAMED: Mapping[str, object] = {
    "Bucket": BUCKET,
    "Key": KEY,
    "CopySource": f"{BUCKET}/{KEY}",
    "RenameSource": f"/{BUCKET}/{KEY}",
    "FunctionName": "probe",
    "AccountId": "000000000000",
}
_DEPTH = 6


def least_parameters(operation: OperationModel) -> dict[str, object]:
    """Return parameters that pass botocore's validation, with every required member."""
    if operation.input_shape is None:
        return {}
    return _members(operation.input_shape, 0)


def _members(shape: StructureShape, depth: int) -> dict[str, object]:
    return {
        name: _named(name, shape.members[name])
        if depth == 0
        else _value(shape.members[name], depth)
        for name in shape.required_members
    }


def _named(name: str, shape: Shape) -> object:
    # Some names are other things elsewhere: a DynamoDB `Key` is a map.
    return _NAMED[name] if name in _NAMED and shape.type_name == "string" else _value(shape, 0)


def _value(shape: Shape, depth: int) -> object:
    from botocore.model import ListShape, MapShape, StructureShape

    if depth > _DEPTH:
        return {}
    match shape:
        case StructureShape():
            members = _members(shape, depth + 1)
            if not members and getattr(shape, "is_tagged_union", False):
                first = next(iter(shape.members))
                return {first: _value(shape.members[first], depth + 1)}
            return members
        case ListShape():
            return [_value(shape.member, depth + 1)]
        case MapShape():
            return {_text(shape.key): _value(shape.value, depth + 1)}
    return _scalar(shape)


def _scalar(shape: Shape) -> object:
    match shape.type_name:
        case "boolean":
            return False
        case "integer" | "long" | "float" | "double":
            least = shape.metadata.get("min", 1)
            return max(1, least)
        case "timestamp":
            return 0
        case "blob":
            return b"probe"
    return _text(shape)


def _text(shape: Shape) -> str:
    choices = getattr(shape, "enum", None)
    if choices:
        return str(choices[0])
    least = int(shape.metadata.get("min", 1))
    return "probe-value-1"[: max(least, 13)].ljust(least, "x")
