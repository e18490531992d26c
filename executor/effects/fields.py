"""Which settings differ, as dotted paths to the smallest difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.model.effect import FieldChange
from executor.model.json import Json
from executor.model.resource import Resource


def changed_fields(before: Resource, after: Resource) -> tuple[FieldChange, ...]:
    """Return what differs in settings and tags, in the order of the paths."""
    return tuple(
        [
            *_walk("", dict(before.properties), dict(after.properties)),
            *_walk("tags", dict(before.tags), dict(after.tags)),
        ]
    )


def _walk(path: str, before: Json, after: Json) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            inner = f"{path}.{key}" if path else key
            yield from _walk(inner, before.get(key), after.get(key))
        return
    yield FieldChange(path=path, before=before, after=after)


def leaves(value: Json) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
