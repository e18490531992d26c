"""What became of the data that a resource holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from executor.model.call import Touch, Verb
from executor.model.effect import FieldChange
from executor.model.resource import DataMark, Resource

_MOST_NAMED = 20
# A queue's depth is a guess of the service's, and messages come while nobody looks.
_GUESSED = "message"
_OVERWRITABLE = ("item", "object")
# What a replica holds stands in for what the target holds, so writing it may change nothing to
# be seen: a copy of another stand-in, or the stand-in itself, read and put back.
_HOLLOW = (*_OVERWRITABLE, "version")


def lost_parts(
    before: Resource, after: Resource, touches: Iterable[Touch], *, overwriting_loses: bool
) -> tuple[str, ...]:
    """Return, in words, what was there before and is not any more.

    Args:
        before: the resource before.
        after: the same resource after.
        touches: what was done to it.
        overwriting_loses: overwriting an entry loses what was there.
    """
    lost = list(_gone(before.data, after.data, overwriting_loses=overwriting_loses))
    for touch in touches:
        if touch.verb is Verb.ERASE:
            lost.extend(_erased(before.data, after.data, touch, overwriting_loses))
        elif touch.verb is Verb.WRITE and overwriting_loses:
            lost.extend(_overwritten(before.data, after.data, touch))
    found = tuple(dict.fromkeys(lost))
    if len(found) > _MOST_NAMED:
        return (*found[:_MOST_NAMED], f"and {len(found) - _MOST_NAMED} more")
    return found


def may_overwrite_unread(before: Resource, touches: Iterable[Touch]) -> bool:
    """Whether something was written that may have taken the place of what was not read."""
    data = before.data
    if data is None or data.complete or data.unit not in _OVERWRITABLE:
        return False
    return any(t.verb is Verb.WRITE and t.part not in data.entries for t in touches)


def holds_data(resource: Resource) -> bool:
    """Whether a stateful resource is known to hold something, or not known to be empty."""
    data = resource.data
    if data is None or data.unit == _GUESSED or not data.complete:
        return True
    return data.count != 0 or bool(data.entries)


def grew_by_itself(before: Resource, after: Resource) -> bool:
    """Whether the only difference is a guessed count that is no smaller than before."""
    old, new = before.data, after.data
    if old is None or new is None or old.unit != _GUESSED:
        return False
    same = before.properties == after.properties and before.tags == after.tags
    return same and (new.count or 0) >= (old.count or 0)


def data_differs(before: Resource, after: Resource) -> bool:
    """Whether what it holds is not what it held."""
    old, new = before.data, after.data
    if old is None or new is None:
        return (old is None) != (new is None)
    if old.count != new.count or old.entries.keys() != new.entries.keys():
        return True
    return not all(_same(old, new, key) for key in old.entries)


def data_changes(before: Resource, after: Resource) -> tuple[FieldChange, ...]:
    """Return what was added to the data, or changed in it, entry by entry; not what is gone."""
    old, new = before.data, after.data
    if old is None or new is None:
        return ()
    moved = [k for k in new.entries if k not in old.entries or not _same(old, new, k)]
    found = [
        FieldChange(
            path=f"{new.unit} {key}",
            before=old.originals.get(key, old.entries.get(key)),
            after=new.entries[key],
        )
        for key in moved[:_MOST_NAMED]
    ]
    if old.count != new.count and None not in (old.count, new.count):
        found.insert(0, FieldChange(path=f"{new.unit}s", before=old.count, after=new.count))
    return tuple(found)


def _gone(
    before: DataMark | None, after: DataMark | None, *, overwriting_loses: bool
) -> Iterator[str]:
    if before is None or after is None:
        return
    listed = False
    for key in before.entries:
        if key not in after.entries:
            # An incomplete list may leave out what is still there.
            if after.complete:
                listed = True
                yield f"{before.unit} {key}"
        elif overwriting_loses and not _same(before, after, key):
            listed = True
            yield f"{before.unit} {key} (overwritten)"
    if not listed and before.count is not None and after.count is not None:
        missing = before.count - after.count
        if missing > 0:
            yield f"{missing} {before.unit}{'s' if missing > 1 else ''}"


def _erased(
    before: DataMark | None, after: DataMark | None, touch: Touch, overwriting_loses: bool
) -> Iterator[str]:
    """Yield what a call destroyed, also where something like it is there again.

    What was not there before the run was written by the run itself, and is no loss.
    """
    if before is None or not touch.part:
        yield f"{touch.part or (before.unit if before else 'data') + 's'}, by call {touch.call}"
    elif touch.part in before.entries:
        if after is None or touch.part not in after.entries:
            yield f"{before.unit} {touch.part}"
        elif overwriting_loses:
            yield f"{before.unit} {touch.part} (overwritten)"
    elif touch.part in before.unbuilt:
        yield f"{before.unit} {touch.part}"
    elif before.unit == _GUESSED or not before.complete:
        yield f"{touch.part}, by call {touch.call}"


def _overwritten(before: DataMark | None, after: DataMark | None, touch: Touch) -> Iterator[str]:
    if before is None:
        return
    hollow = before.unit in _HOLLOW and touch.part in before.entries
    if not hollow and touch.part not in before.unbuilt:
        return
    original = before.originals.get(touch.part)
    if original is None or after is None or after.entries.get(touch.part) != original:
        yield f"{before.unit} {touch.part} (overwritten)"


def _same(before: DataMark, after: DataMark, key: str) -> bool:
    """Whether an entry is what it was, or what the target holds in its place."""
    now = after.entries.get(key)
    return now is not None and now in (before.entries[key], before.originals.get(key))
