"""Calls whose claim the snapshots do not bear out: an engine that says more than it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from executor.effects.causes import STACK, Causes
from executor.effects.retention import Retention
from executor.model.call import Verb
from executor.model.resource import Resource, Snapshot

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
        made = [t.call for t in whole if t.verb is Verb.CREATE]
        if resource.address not in prior.resources:
            made.extend(t.call for t in causes.by_owner(resource))
        for touch in whole:
            if touch.verb is Verb.DELETE and not any(call > touch.call for call in made):
                words = f"{resource.name} is still there after it was deleted"
                yield touch.call, resource.address, words


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
