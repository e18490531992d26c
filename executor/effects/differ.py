"""From two snapshots and a trace to effects.

State difference alone is not enough: a bucket deleted and re-created under its name looks
unchanged. So birth marks and the trace speak too, and where the sources disagree that is
said, as a doubt of the effect or as a disagreement of the run. Nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from executor.effects.causes import STACK, Causes
from executor.effects.data import data_differs, grew_by_itself, holds_data, lost_parts
from executor.effects.fields import changed_fields
from executor.effects.pairing import replacements
from executor.effects.transience import transients
from executor.model.call import Touch, Trace, Verb
from executor.model.effect import (
    Action,
    Doubt,
    Effect,
    Effects,
    FieldChange,
    Hazard,
    HazardMark,
)
from executor.model.resource import Resource, Snapshot


class Semantics(Protocol):
    """What the catalog knows of types."""

    def stateful(self, type_name: str) -> bool:
        """Whether deleting a resource of the type loses data."""
        ...

    def overwrites_lose(self, resource: Resource) -> bool:
        """Whether overwriting what the resource holds loses what was there."""
        ...

    def hazards(self, before: Resource, after: Resource) -> tuple[HazardMark, ...]:
        """Return what is dangerous about the way from `before` to `after`."""
        ...


@dataclass(frozen=True, slots=True)
class _World:
    prior: Snapshot
    observed: Snapshot
    causes: Causes


class Differ:
    """Tells what a change did."""

    def __init__(self, semantics: Semantics) -> None:
        """Args:
        semantics: what is known of types.
        """
        self._semantics = semantics

    def diff(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> Effects:
        """Return what happened between the two snapshots.

        Args:
            prior: the state before.
            observed: the state after; must cover what `prior` covers.
            trace: the calls in between.
        """
        world = _World(prior, observed, Causes(prior, observed, trace))
        effects = [*self._kept(world), *self._gone_and_new(world)]
        effects.sort(key=lambda e: (e.calls or (1 << 30,), e.address))
        gone, lost = transients(prior, observed, world.causes)
        return Effects(
            effects=tuple(effects),
            transient=gone,
            disagreements=(*_false_deletions(world), *lost),
        )

    # Resources that are there before and after

    def _kept(self, world: _World) -> Iterator[Effect]:
        for address, before in world.prior.resources.items():
            after = world.observed.resources.get(address)
            if after is None:
                continue
            effect = self._same_address(world, before, after)
            if effect is not None:
                yield effect

    def _same_address(self, world: _World, before: Resource, after: Resource) -> Effect | None:
        direct = world.causes.direct(before, after)
        if _birth_moved(before, after) or _recreated(world, before, after, direct):
            return self._replaced(world, before, after)
        if after.deferred_delete and not before.deferred_delete:
            return self._deleted(world, before, after)
        return self._updated(world, before, after, direct)

    def _updated(
        self, world: _World, before: Resource, after: Resource, direct: tuple[Touch, ...]
    ) -> Effect | None:
        changed = changed_fields(before, after)
        lost = lost_parts(
            before, after, direct, overwriting_loses=self._semantics.overwrites_lose(before)
        )
        calls = world.causes.calls(before, after)
        quiet = not changed and not lost
        if quiet and (
            not data_differs(before, after) or (not calls and grew_by_itself(before, after))
        ):
            if not after.settling:
                return None
        marks = self._semantics.hazards(before, after)
        hazards = {mark.hazard for mark in marks} | ({Hazard.DATA_LOSS} if lost else set())
        return _effect(
            world,
            Action.UPDATE,
            before,
            after,
            hazards=frozenset(hazards),
            changed=changed,
            parts=(*lost, *dict.fromkeys(mark.field for mark in marks)),
        )

    # Resources that are there on one side only

    def _gone_and_new(self, world: _World) -> Iterator[Effect]:
        prior, observed = world.prior.resources, world.observed.resources
        # What AWS makes and removes by itself with its owner (a VPC's default security group)
        # is no effect of its own; the owner's is reported.
        gone = [r for a, r in prior.items() if a not in observed and not r.builtin]
        new = [r for a, r in observed.items() if a not in prior and not r.builtin]
        pairs = replacements(gone, new, world.prior, world.observed)
        taken = {r.address for r in pairs.values()}
        for before in gone:
            after = pairs.get(before.address)
            if after is not None:
                yield self._replaced(world, before, after)
            else:
                yield self._deleted(world, before, None)
        for after in new:
            if after.address not in taken:
                yield self._created(world, after)

    def _replaced(self, world: _World, before: Resource, after: Resource) -> Effect:
        return _effect(
            world,
            Action.REPLACE,
            before,
            after,
            hazards=self._loss(before),
            changed=changed_fields(before, after),
            replaced_by=after.address,
        )

    def _deleted(self, world: _World, before: Resource, after: Resource | None) -> Effect:
        deferred = after is not None
        hazards = self._loss(before)
        return _effect(world, Action.DELETE, before, after, hazards=hazards, deferred=deferred)

    def _created(self, world: _World, after: Resource) -> Effect:
        return _effect(world, Action.CREATE, None, after)

    def _loss(self, before: Resource) -> frozenset[Hazard]:
        loses = self._semantics.stateful(before.type) and holds_data(before)
        return frozenset({Hazard.DATA_LOSS}) if loses else frozenset()


def _effect(
    world: _World,
    action: Action,
    before: Resource | None,
    after: Resource | None,
    *,
    hazards: frozenset[Hazard] = frozenset(),
    changed: tuple[FieldChange, ...] = (),
    parts: tuple[str, ...] = (),
    replaced_by: str = "",
    deferred: bool = False,
) -> Effect:
    known = [r for r in (before, after) if r is not None]
    subject = known[0]
    calls = world.causes.calls(*known)
    return Effect(
        action=action,
        type=subject.type,
        name=subject.name,
        id=subject.id,
        address=subject.address,
        hazards=hazards,
        calls=calls,
        before=before.view() if before is not None else None,
        after=after.view() if after is not None else None,
        changed=changed,
        parts=parts,
        replaced_by=replaced_by,
        deferred=deferred,
        tags=dict(subject.tags),
        handles=frozenset().union(*(r.handles for r in known)),
        doubts=_doubts(world, calls, before, after),
    )


def _birth_moved(before: Resource, after: Resource) -> bool:
    return any(
        value is not None and after.birth.get(mark) is not None and after.birth[mark] != value
        for mark, value in before.birth.items()
    )


def _recreated(world: _World, before: Resource, after: Resource, direct: Iterable[Touch]) -> bool:
    """Whether the calls say it was deleted and made again, by itself or with its stack.

    Birth marks tell whole seconds at best, and some types have none.
    """
    if _ended_then_made(direct):
        return True
    if before.type == STACK:
        return False
    return _ended_then_made(t for t in world.causes.by_owner(before, after) if t.type == STACK)


def _ended_then_made(touches: Iterable[Touch]) -> bool:
    whole = [t for t in touches if not t.part and t.succeeded]
    ended = [t.call for t in whole if t.verb is Verb.DELETE]
    made = [t.call for t in whole if t.verb is Verb.CREATE]
    return bool(ended and made and min(ended) < max(made))


def _doubts(
    world: _World, calls: tuple[int, ...], before: Resource | None, after: Resource | None
) -> tuple[Doubt, ...]:
    doubts: list[Doubt] = []
    if not calls:
        doubts.append(Doubt.NO_CAUSE)
    if (before is None and _unread(world.prior, after)) or (
        after is None and _unread(world.observed, before)
    ):
        # It may have been there all the time, or be there still: nobody could look.
        doubts.append(Doubt.SOURCES_DISAGREE)
    if after is not None and after.settling:
        doubts.append(Doubt.UNSETTLED)
    return tuple(doubts)


def _unread(snapshot: Snapshot, resource: Resource | None) -> bool:
    return resource is not None and any(
        gap.type == resource.type and gap.address in ("", resource.address) for gap in snapshot.gaps
    )


def _false_deletions(world: _World) -> Iterator[tuple[int, str, str]]:
    """Yield deletions that "succeeded" and left the resource as it was."""
    for resource in world.observed.resources.values():
        if resource.deferred_delete:
            continue
        direct = [t for t in world.causes.direct(resource) if not t.part and t.succeeded]
        made = [t.call for t in direct if t.verb is Verb.CREATE]
        for touch in direct:
            if touch.verb is Verb.DELETE and not any(call > touch.call for call in made):
                words = f"{resource.name} is still there after it was deleted"
                yield touch.call, resource.address, words
