"""A deletion and a creation that belong together are one replacement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeAlias

from executor.effects.causes import STACK
from executor.model.resource import Resource, Snapshot

_Key: TypeAlias = tuple[str, ...]
_Keyed: TypeAlias = Callable[[Resource], _Key | None]


def replacements(
    gone: Iterable[Resource], new: Iterable[Resource], prior: Snapshot, observed: Snapshot
) -> dict[str, Resource]:
    """Return what took the place of what: old address -> new resource.

    They belong together when they have one type and one name, or one place in one stack.
    Stacks are told by name, because a re-created stack has another id, and nested ones by
    their place too, because their names are made anew.
    """
    ended = list(gone)
    free = {r.address: r for r in new}
    pairs: dict[str, Resource] = {}
    for key_before, key_after in (
        (_by_name, _by_name),
        (_Places(prior).of, _Places(observed).of),
    ):
        for old, match in _matched(ended, free.values(), key_before, key_after):
            pairs[old.address] = match
            del free[match.address]
        ended = [r for r in ended if r.address not in pairs]
    return pairs


def _matched(
    gone: Iterable[Resource], free: Iterable[Resource], key_before: _Keyed, key_after: _Keyed
) -> list[tuple[Resource, Resource]]:
    waiting: dict[_Key, list[Resource]] = defaultdict(list)
    for candidate in free:
        key = key_after(candidate)
        if key is not None:
            waiting[key].append(candidate)
    found: list[tuple[Resource, Resource]] = []
    for old in gone:
        key = key_before(old)
        if key is not None and waiting.get(key):
            found.append((old, waiting[key].pop(0)))
    return found


def _by_name(resource: Resource) -> _Key | None:
    # A name that is only the id says nothing: ids are never given twice.
    if resource.name == resource.id and resource.type != STACK:
        return None
    return resource.type, resource.account, resource.region, resource.name


class _Places:
    """Where resources have their places in the stacks of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._owners = {
            (member.type, member.id): (stack, member.logical_id)
            for stack in snapshot.resources.values()
            for member in stack.members
        }

    def of(self, resource: Resource) -> _Key | None:
        """Return outermost stack's name, logical ids from the outside in, and the type."""
        path: list[str] = []
        seen: set[str] = set()
        here = resource
        while here.address not in seen:
            seen.add(here.address)
            handles = sorted(here.handles)
            owner = next(
                (o for h in handles if (o := self._owners.get((here.type, h))) is not None), None
            )
            if owner is None:
                break
            here, logical_id = owner
            path.insert(0, logical_id)
        return (here.region, here.name, *path, resource.type) if path else None
