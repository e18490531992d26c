"""A deletion and a creation that belong together are one replacement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from executor.effects.causes import STACK
from executor.model.resource import Resource, Snapshot


def replacements(
    gone: Iterable[Resource], new: Iterable[Resource], prior: Snapshot, observed: Snapshot
) -> dict[str, Resource]:
    """Return what took the place of what: old address -> new resource.

    They belong together when they have one type and one name, or one place in one stack
    (stacks are told by name, because a re-created stack has another id).
    """
    free = {r.address: r for r in new}
    pairs: dict[str, Resource] = {}
    places_before = _places(prior)
    places_after = {place: key for key, place in _places(observed).items()}
    for old in gone:
        match = _namesake(old, free.values()) or _successor(old, free, places_before, places_after)
        if match is not None:
            pairs[old.address] = match
            del free[match.address]
    return pairs


def _namesake(old: Resource, candidates: Iterable[Resource]) -> Resource | None:
    # A name that is only the id says nothing: ids are never given twice.
    if old.name == old.id and old.type != STACK:
        return None
    return next(
        (
            r
            for r in candidates
            if r.type == old.type and r.name == old.name and r.region == old.region
        ),
        None,
    )


def _successor(
    old: Resource,
    free: dict[str, Resource],
    before: dict[tuple[str, str], tuple[str, str, str]],
    after: dict[tuple[str, str, str], tuple[str, str]],
) -> Resource | None:
    for handle in old.handles:
        place = before.get((old.type, handle))
        found = after.get(place) if place is not None else None
        if found is None:
            continue
        for candidate in free.values():
            if candidate.type == old.type and found[1] in candidate.handles:
                return candidate
    return None


def _places(snapshot: Snapshot) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return (type, id) of every member -> (stack name, logical id, type)."""
    return dict(_all_places(snapshot))


def _all_places(
    snapshot: Snapshot,
) -> Iterator[tuple[tuple[str, str], tuple[str, str, str]]]:
    for stack in snapshot.resources.values():
        for member in stack.members:
            yield (member.type, member.id), (stack.name, member.logical_id, member.type)
