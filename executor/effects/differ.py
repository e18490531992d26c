"""From two snapshots and a trace to effects.

State difference alone is not enough: a bucket deleted and re-created under its name looks
unchanged. So birth marks and the trace speak too, and where the sources disagree that is
said, as a doubt of the effect or as a disagreement of the run. Nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from executor.effects.causes import Causes, mentions
from executor.effects.data import (
    data_changes,
    data_differs,
    grew_by_itself,
    holds_data,
    lost_parts,
    may_overwrite_unread,
)
from executor.effects.disagreements import false_deletions, false_erasures, leftovers
from executor.effects.fields import changed_fields
from executor.effects.incarnation import born_again
from executor.effects.members import unread_members
from executor.effects.pairing import replacements
from executor.effects.resets import as_left
from executor.effects.retention import Retention
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

    def service_of(self, type_name: str) -> str:
        """Return the botocore service of a type; empty when it is not known."""
        ...

    def readable(self, type_name: str) -> bool:
        """Whether resources of the type, or what they are parts of, are read."""
        ...

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
    retention: Retention


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
        causes = Causes(prior, observed, trace)
        world = _World(prior, observed, causes, Retention(prior, observed, trace))
        effects = [*self._kept(world), *self._gone_and_new(world)]
        effects.sort(key=lambda e: (e.calls or (1 << 30,), e.address))
        reborn = frozenset(e.replaced_by for e in effects if e.action is Action.REPLACE)
        gone, lost = transients(prior, observed, causes)
        disagreements = (
            *false_deletions(prior, observed, causes, reborn),
            *false_erasures(prior, observed, causes),
            *leftovers(prior, observed, causes, world.retention, reborn),
            *lost,
        )
        return Effects(
            effects=tuple(effects),
            transient=gone,
            disagreements=tuple(sorted(dict.fromkeys(disagreements))),
            unread=tuple(unread_members(prior, observed, causes, trace, self._semantics.readable)),
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
        if born_again(before, after, world.causes, world.retention):
            return self._replaced(world, before, after)
        if after.deferred_delete and not before.deferred_delete:
            return self._deleted(world, before, after)
        return self._updated(world, before, after)

    def _updated(self, world: _World, before: Resource, after: Resource) -> Effect | None:
        touches = world.causes.direct(before, after)
        after = as_left(after, touches)
        changed = (*changed_fields(before, after), *_reprieve(before, after))
        overwriting_loses = self._overwriting_loses(before, after)
        lost = lost_parts(
            before,
            after,
            (t for t in touches if t.succeeded),
            overwriting_loses=overwriting_loses,
        )
        blind = overwriting_loses and may_overwrite_unread(before, touches)
        acute = [t for t in touches if t.hazard is not None and t.succeeded]
        told = changed or lost or blind or acute or after.settling
        if not told and not self._data_moved(world, before, after):
            return None
        marks = self._semantics.hazards(before, after)
        hazards = {mark.hazard for mark in marks} | ({Hazard.DATA_LOSS} if lost else set())
        hazards |= {t.hazard for t in acute if t.hazard is not None}
        return self._effect(
            world,
            Action.UPDATE,
            before,
            after,
            hazards=frozenset(hazards),
            changed=(*changed, *data_changes(before, after)),
            parts=(*lost, *dict.fromkeys([mark.field for mark in marks] + _named(acute))),
            blind=blind,
        )

    @staticmethod
    def _data_moved(world: _World, before: Resource, after: Resource) -> bool:
        if not data_differs(before, after):
            return False
        return bool(world.causes.calls(before, after)) or not grew_by_itself(before, after)

    def _overwriting_loses(self, before: Resource, after: Resource) -> bool:
        # Versions may have been switched off first, so both states have to keep them.
        loses = self._semantics.overwrites_lose
        return loses(before) or loses(after)

    # Resources that are there on one side only

    def _gone_and_new(self, world: _World) -> Iterator[Effect]:
        prior, observed = world.prior.resources, world.observed.resources
        gone = [r for a, r in prior.items() if a not in observed]
        new = [r for a, r in observed.items() if a not in prior]
        gone = [r for r in gone if not (r.builtin and _goes_along(world, r, gone))]
        new = [r for r in new if not (r.builtin and _comes_along(world, r))]
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
        return self._effect(
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
        return self._effect(world, Action.DELETE, before, after, hazards=hazards, deferred=deferred)

    def _created(self, world: _World, after: Resource) -> Effect:
        return self._effect(world, Action.CREATE, None, after)

    def _effect(
        self,
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
        blind: bool = False,
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
            doubts=(
                *self._doubts(world, calls, before, after),
                *((Doubt.PARTLY_READ,) if blind else ()),
            ),
        )

    def _doubts(
        self,
        world: _World,
        calls: tuple[int, ...],
        before: Resource | None,
        after: Resource | None,
    ) -> tuple[Doubt, ...]:
        doubts: list[Doubt] = []
        if not calls:
            doubts.append(Doubt.NO_CAUSE)
        if (before is None and self._unread(world.prior, after)) or (
            after is None and self._unread(world.observed, before)
        ):
            # It may have been there all the time, or be there still: nobody could look.
            doubts.append(Doubt.SOURCES_DISAGREE)
        if after is not None and after.settling:
            doubts.append(Doubt.UNSETTLED)
        return tuple(doubts)

    def _unread(self, snapshot: Snapshot, resource: Resource | None) -> bool:
        if resource is None:
            return False
        service = self._semantics.service_of(resource.type)
        if service and service not in snapshot.services:
            return True
        return any(
            gap.type == resource.type or (gap.type == "*" and gap.service == service)
            for gap in snapshot.gaps
            if gap.address in ("", resource.address)
            and gap.meets(resource.account, resource.region)
        )

    def _loss(self, before: Resource) -> frozenset[Hazard]:
        loses = self._semantics.stateful(before.type) and holds_data(before)
        return frozenset({Hazard.DATA_LOSS}) if loses else frozenset()


def _named(acute: Iterable[Touch]) -> list[str]:
    return [f"{touch.part}, by call {touch.call}" for touch in acute if touch.part]


def _reprieve(before: Resource, after: Resource) -> tuple[FieldChange, ...]:
    """Return the change of a resource that is not scheduled for deletion any more."""
    if before.deferred_delete and not after.deferred_delete:
        return (FieldChange(path="scheduled for deletion", before=True, after=False),)
    return ()


# What AWS makes and removes by itself with its owner (a VPC's default security group) is no
# effect of its own; the owner's is reported.


def _goes_along(world: _World, resource: Resource, gone: Iterable[Resource]) -> bool:
    if any(t.verb is Verb.DELETE for t in world.causes.direct(resource)):
        return False
    texts = mentions(resource) | resource.handles
    return any(not owner.builtin and not owner.handles.isdisjoint(texts) for owner in gone)


def _comes_along(world: _World, resource: Resource) -> bool:
    made = [t for t in world.causes.direct(resource) if t.verb is Verb.CREATE]
    return not made or any(len({t.type for t in world.causes.made_by(m.call)}) > 1 for m in made)
