"""Calls whose claim the snapshots do not bear out: an engine that says more than it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from executor.effects.causes import STACK, Causes
from executor.effects.retention import Retention
from executor.model.call import Touch, Verb
from executor.model.resource import DataMark, Resource, Snapshot

Disagreement: TypeAlias = tuple[int, str, str]
"""(call number, address, words)"""


def false_deletions(
    prior: Snapshot, observed: Snapshot, causes: Causes, reborn: frozenset[str]
) -> Iterator[Disagreement]:
    """Yield deletions that "succeeded" and left the resource as it was.

    Args:
        prior: the state before.
        observed: the state after.
        causes: the calls.
        reborn: addresses of what is there again, made by whatever means.
    """
    for resource in observed.resources.values():
        if resource.deferred_delete or resource.address in reborn:
            continue
        whole = [t for t in causes.direct(resource) if not t.part and t.succeeded]
        made = [t.call for t in whole if t.verb in (Verb.CREATE, Verb.RESTORE)]
        if resource.address not in prior.resources:
            made.extend(t.call for t in causes.by_owner(resource))
        for touch in whole:
            if touch.verb is Verb.DELETE and not any(call > touch.call for call in made):
                words = f"{resource.name} is still there after it was deleted"
                yield touch.call, resource.address, words


def false_erasures(prior: Snapshot, observed: Snapshot, causes: Causes) -> Iterator[Disagreement]:
    """Yield erasures that "succeeded" and left what they named as it was.

    An engine that does not know what it is asked to delete says that it is gone.
    """
    for address, before in prior.resources.items():
        after = observed.resources.get(address)
        if after is None or before.data is None or after.data is None:
            continue
        touches = [t for t in causes.direct(before, after) if t.succeeded]
        for touch in touches:
            part = touch.part
            if touch.verb is not Verb.ERASE or not _stays(part, before.data, after.data):
                continue
            if not any(_excuses(other, touch, after.data) for other in touches):
                words = f"{before.data.unit} {part} of {before.name} is still there"
                yield touch.call, address, f"{words} after it was deleted"


def _stays(part: str, before: DataMark, after: DataMark) -> bool:
    return part in before.entries and after.entries.get(part) == before.entries[part]


def _excuses(other: Touch, erasure: Touch, after: DataMark) -> bool:
    """Whether what was erased was written again, or only a version of it was erased."""
    if other.verb is Verb.WRITE:
        return other.call > erasure.call and other.part in ("", erasure.part)
    same = other.verb is Verb.ERASE and other.call == erasure.call
    narrower = other.part != erasure.part and other.part.startswith(erasure.part)
    return same and narrower and other.part not in after.entries


def leftovers(
    prior: Snapshot,
    observed: Snapshot,
    causes: Causes,
    retention: Retention,
    reborn: frozenset[str],
) -> Iterator[Disagreement]:
    """Yield resources that stayed when the stack that owned them was deleted or dropped them.

    AWS deletes them, or fails to delete the stack, unless they are to be retained.
    """
    for address, before in prior.resources.items():
        after = observed.resources.get(address)
        if after is None or address in reborn or after.deferred_delete:
            continue
        still = {stack.name for stack in causes.owners_after.of(after)}
        for stack in causes.owners_before.of(before)[:1]:
            done = [t.call for t in causes.direct(stack) if t.succeeded]
            if stack.name in still or not done or retention.keeps(stack, before):
                continue
            words = f"{_what(before)} is still there, and the stack {stack.name} let go of it"
            yield max(done), address, words


def _what(resource: Resource) -> str:
    kind = "the stack " if resource.type == STACK else ""
    return f"{kind}{resource.name}"
