"""Takes values of the kind that is wanted out of a raw description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from executor.model.json import Json, JsonObject


def table(raw: JsonObject, key: str) -> Mapping[str, Json]:
    """Return `raw[key]` where it is an object, else an empty one."""
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def rows(raw: JsonObject, key: str) -> Sequence[Json]:
    """Return `raw[key]` where it is a list, else an empty one."""
    value = raw.get(key)
    return value if isinstance(value, list) else ()


def objects(raw: JsonObject, key: str) -> list[JsonObject]:
    """Return the objects of the list `raw[key]`; empty where there is none."""
    return [item for item in rows(raw, key) if isinstance(item, Mapping)]


def text(raw: JsonObject, key: str) -> str:
    """Return `raw[key]` where it is a text, else an empty one."""
    value = raw.get(key)
    return value if isinstance(value, str) else ""
