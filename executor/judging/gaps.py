"""What a run touched although nobody could read or rebuild it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from executor.judging.coverage import STACK
from executor.judging.evidence import Evidence
from executor.model.call import Verb
from executor.model.effect import Effect
from executor.model.resource import Gap, Resource

_SECRET = "AWS::SecretsManager::Secret"


def touched_gaps(evidence: Evidence) -> Iterator[tuple[Gap, int]]:
    """Yield each gap that the run reached into, with the first call that did."""
    reached = _reached(evidence)
    gaps = dict.fromkeys((*evidence.prior.gaps, *evidence.observed.gaps))
    told: set[tuple[str, str, str]] = set()
    for gap in gaps:
        key = (gap.service, gap.type, gap.address)
        calls = [] if key in told else list(reached.calls(gap, _names(evidence, gap)))
        if calls:
            told.add(key)
            yield gap, min(calls)


def first_reached(evidence: Evidence, type_name: str) -> int | None:
    """Return the first call that changed, or may have, something of a type; None if none did."""
    return min(_reached(evidence).types.get(type_name, {}).values(), default=None)


@dataclass(frozen=True, slots=True)
class _Reached:
    """First call per place and handle of a type, and per place and service.

    A place is account and region, each empty where it may be any.
    """

    types: dict[str, dict[tuple[str, str, str], int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    services: dict[str, dict[tuple[str, str], int]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def add(
        self, call: int, type_name: str, handles: Iterable[str], place: tuple[str, str]
    ) -> None:
        known = self.types[type_name]
        for handle in handles:
            key = (*place, handle)
            known[key] = min(call, known.get(key, call))

    def calls(self, gap: Gap, names: frozenset[str]) -> Iterator[int]:
        if gap.type == "*":
            yield from (n for p, n in self.services[gap.service].items() if gap.meets(*p))
            return
        for (account, region, handle), call in self.types[gap.type].items():
            if gap.meets(account, region) and (not gap.address or handle in names):
                yield call


def _reached(evidence: Evidence) -> _Reached:
    reached = _Reached()
    acting = {c.n for c in evidence.trace.calls if c.mutating and (c.succeeded or c.uncertain)}
    for call in evidence.trace.calls:
        if call.n in acting:
            place = (call.account, call.region)
            reached.services[call.service].setdefault(place, call.n)
    stacks: dict[str, int] = {}
    for touch in evidence.trace.touches:
        if touch.call not in acting:
            continue
        reached.add(touch.call, touch.type, touch.handles, (touch.account, touch.region))
        if touch.type == STACK and touch.verb is not Verb.READ:
            for handle in touch.handles:
                stacks.setdefault(handle, touch.call)
    _add_members(evidence, reached, stacks)
    for effect in evidence.effects.effects:
        # How it came about does not matter: what is known of it is not all.
        if effect.calls:
            # An address names one resource, wherever it is.
            reached.add(
                effect.calls[0], effect.type, {effect.address, *effect.handles}, _place(effect)
            )
    return reached


def _add_members(evidence: Evidence, reached: _Reached, stacks: dict[str, int]) -> None:
    owners = [
        stack
        for snapshot in (evidence.prior, evidence.observed)
        for stack in snapshot.of_type(STACK)
    ]
    done: set[tuple[str, str]] = set()
    moved = True
    while moved:
        moved = False
        for stack in owners:
            calls = [stacks[h] for h in stack.handles if h in stacks]
            for member in stack.members if calls else ():
                if (member.type, member.id) in done:
                    continue
                done.add((member.type, member.id))
                place = (stack.account, stack.region)
                reached.add(min(calls), member.type, [member.id], place)
                if member.type == STACK:
                    stacks.setdefault(member.id, min(calls))
                    moved = True


def _place(effect: Effect) -> tuple[str, str]:
    seen = effect.after or effect.before or {}
    return str(seen.get("account", "")), str(seen.get("region", ""))


def _names(evidence: Evidence, gap: Gap) -> frozenset[str]:
    """Return everything that a call may have named the resource of a gap by."""
    if not gap.address:
        return frozenset()
    found = (s.resources.get(gap.address) for s in (evidence.prior, evidence.observed))
    names = {gap.address, *_handles(found)}
    for place, letter in enumerate(gap.address):
        if letter in ":/":
            names.update((gap.address[place:], gap.address[place + 1 :]))
    if gap.type == STACK:
        names.update(gap.address.split("/")[1:2])
    if gap.type == _SECRET:
        # An ARN ends with six random letters, which calls by name leave out.
        names |= {name.rpartition("-")[0] for name in names}
    return frozenset(names - {""})


def _handles(resources: Iterable[Resource | None]) -> Iterator[str]:
    for resource in resources:
        if resource is not None:
            yield from resource.handles
