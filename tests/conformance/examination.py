"""Find out what an engine keeps of a resource type, by taking its cases down one road.

Make, read twice, rebuild in a fresh sandbox by the declaration's seeds, read there, compare;
then change it in place (birth marks stay) and delete and re-create it (they move). Whatever
the engine does not do becomes part of the finding: nothing is skipped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from executor.aws import CallFailed
from executor.catalog.declarations import ResourceType
from executor.catalog.expressions import evaluate
from executor.model.resource import Gap, Resource, Snapshot
from sandboxes.fidelity.records import Birth, Level, TypeFidelity
from tests.conformance.catalog_harness import Case, Lab, differences, only

_RANDOM = re.compile(
    r"\d{4}-\d\d-\d\d[-T:.\dZ]*|[0-9a-fA-F]{8}[0-9a-fA-F-]*|\b\d{5,}\b|\b[A-Z0-9]{20,}\b"
)
_OTHERWISE = "something else than was asked for"
_REBUILT = "could not be rebuilt in the replica: "


class OpenLab(Protocol):
    """Opens fresh places on one engine."""

    def __call__(self, role: str) -> AbstractContextManager[Lab]:
        """Return a place, to be entered: `target` or `replica`."""
        ...


@dataclass(slots=True)
class _Found:
    """What came of one type in one group of cases.

    Attributes:
        reason: why it could not be made, read or rebuilt at all; empty when it could.
        words: what was lost.
        birth: what birth marks do.
        untried: why that could not be tried.
    """

    reason: str = ""
    words: set[str] = field(default_factory=set)
    birth: Birth = Birth.UNTRIED
    untried: str = ""


def examine(cases: Iterable[Case], open_lab: OpenLab, pool: Executor) -> tuple[TypeFidelity, ...]:
    """Return what an engine keeps of the cases' types."""
    found: dict[str, list[_Found]] = {}
    pending = [pool.submit(_examine_group, group, open_lab) for group in _grouped(cases)]
    for future in pending:
        for kind, one in future.result().items():
            found.setdefault(kind, []).append(one)
    return tuple(_joined(kind, several) for kind, several in sorted(found.items()))


def _grouped(cases: Iterable[Case]) -> list[list[Case]]:
    """Return the cases that are made by the same function together."""

    def maker(case: Case) -> tuple[str, str, tuple[str, ...]]:
        return (f"{case.make.__module__}.{case.make.__qualname__}", case.service, case.services)

    return [list(members) for _, members in groupby(sorted(cases, key=maker), key=maker)]


def _joined(kind: str, several: Sequence[_Found]) -> TypeFidelity:
    """Several cases of one type: lost is what any of them lost."""
    kept = [one for one in several if not one.reason]
    if not kept:
        return TypeFidelity(type=kind, level=Level.NONE, reason=several[0].reason)
    words = {word for one in kept for word in one.words}
    words |= {f"make {one.reason}" for one in several if one.reason}
    births = {one.birth for one in kept} - {Birth.UNTRIED}
    birth = Birth.UNTRIED
    if births:
        birth = Birth.STAYS if Birth.STAYS in births else Birth.MOVES
    return TypeFidelity(
        type=kind,
        level=Level.PARTIAL if words else Level.FULL,
        birth=birth,
        missing=tuple(sorted(words)),
        reason="" if births else next((one.untried for one in kept if one.untried), ""),
    )


def _examine_group(group: Sequence[Case], open_lab: OpenLab) -> dict[str, _Found]:
    first = group[0]
    services = (first.service, *first.services)
    found = {case.type: _Found() for case in group}
    with open_lab("target") as target:
        if not target.offers(first.service):
            lacking = "the engine does not implement the service"
            return {kind: _Found(reason=lacking) for kind in found}
        broken = _make(first, target)
        if broken.startswith(_OTHERWISE):
            return {kind: _Found(reason=_steady(broken)) for kind in found}
        made = target.read(*services)
        again = target.read(*services, kinds=found)
        made_at = time.time()
        for kind, one in found.items():
            unmade = [*_unmade(kind, found, target), *([broken] if broken else [])]
            _note_made(one, kind, made, again, unmade)
        for case in group:
            found[case.type].words |= _forgotten(case, made)
        if all(one.reason for one in found.values()):
            return found
        # Birth marks have the granularity of a second in some emulators.
        _wait_past(made_at)
        _rebuild(found, made, services, open_lab)
        for case in group:
            if not found[case.type].reason:
                _grow(found[case.type], case, target, services)
    return found


def _make(case: Case, target: Lab) -> str:
    """Make what the case makes, as far as the engine can; return why it broke off, if it did."""
    with target.api.lenient():
        return _attempt(lambda: case.make(target.api))


def _unmade(kind: str, group: Iterable[str], target: Lab) -> Iterator[str]:
    """Yield the calls that failed and are about the type, or about none that is made here."""
    about = {other: _operations(other, target) for other in group}
    for called, failure in target.api.failures.items():
        if called in about[kind] or not any(called in known for known in about.values()):
            yield _worded(failure)


def _operations(kind: str, target: Lab) -> set[tuple[str, str]]:
    declared = target.catalog.type(kind)
    service = target.catalog.service_of(kind)
    return {(service, operation.name) for operation in declared.operations} if declared else set()


def _note_made(
    one: _Found, kind: str, made: Snapshot, again: Snapshot, unmade: Sequence[str]
) -> None:
    unread = [g for g in made.gaps if g.type in (kind, "*")]
    if not only(made, kind):
        reasons = [*(g.reason for g in unread), *unmade, "it was made and is not read"]
        one.reason = _steady(reasons[0])
        return
    one.words |= {f"read {_said(g.reason)}" for g in unread}
    one.words |= {f"make {_said(reason)}" for reason in unmade}
    one.words |= {f"unsteady {w}" for w in differences(only(made, kind), only(again, kind))}


def _forgotten(case: Case, made: Snapshot) -> set[str]:
    """Return, as `properties.KEY`, what was asked for and is not there."""
    properties = [dict(r.properties) for r in only(made, case.type).values()]
    return {
        f"properties.{key}"
        for key, expression in case.kept.items()
        if properties and not any(evaluate(expression, each) for each in properties)
    }


def _rebuild(
    found: dict[str, _Found], made: Snapshot, services: tuple[str, ...], open_lab: OpenLab
) -> None:
    with open_lab("replica") as replica:
        gaps = replica.seed(made, *services)
        rebuilt = replica.read(*services, kinds=found)
        elsewhere = replica.read(*services, kinds=found, translated=False)
    for kind, one in found.items():
        if one.reason:
            continue
        unseeded = [g for g in gaps if g.type == kind]
        if not only(rebuilt, kind):
            one.reason = _why_not_rebuilt(unseeded, [g for g in rebuilt.gaps if g.type == kind])
            continue
        declared = replica.catalog.type(kind)
        assert declared is not None, f"{kind} has a case and no declaration"
        lost = differences(only(made, kind), only(rebuilt, kind), declared.represented)
        one.words |= lost - _unsteady(one)
        one.words |= {f"seed {_said(g.reason)}" for g in unseeded}
        one.birth = _birth_elsewhere(declared, made, elsewhere)


def _birth_elsewhere(kind: ResourceType, made: Snapshot, elsewhere: Snapshot) -> Birth:
    """Return what the birth marks do when it is made again, though in another sandbox."""
    if any(seed.creates and seed.learn for seed in kind.seeds):
        # The engine gives out its id, and none twice (though forks may give out the same).
        return Birth.MOVES
    theirs = only(elsewhere, kind.type)
    stays = [
        ours
        for name, ours in only(made, kind.type).items()
        if name in theirs and not _told_apart(ours, theirs[name])
    ]
    return Birth.STAYS if stays else Birth.MOVES


def _told_apart(one: Resource, other: Resource) -> bool:
    """Whether their ids differ, or any birth mark that both have, as the differ asks."""
    return one.id != other.id or any(
        value is not None and other.birth.get(mark) is not None and other.birth[mark] != value
        for mark, value in one.birth.items()
    )


def _unsteady(one: _Found) -> set[str]:
    return {word.removeprefix("unsteady ") for word in one.words if word.startswith("unsteady ")}


def _why_not_rebuilt(unseeded: Sequence[Gap], unread: Sequence[Gap]) -> str:
    reasons = [gap.reason.removeprefix(_REBUILT) for gap in (*unseeded, *unread)]
    return f"not rebuilt: {_steady(reasons[0])}" if reasons else "not rebuilt, without a word"


def _grow(one: _Found, case: Case, target: Lab, services: tuple[str, ...]) -> None:
    """Change it in place, then delete and re-create it, and look at its birth marks."""

    def read() -> dict[str, Resource]:
        return only(target.read(*services, kinds=[case.type]), case.type)

    # The case before may have made it again.
    made_by = time.time()
    before = read()
    if case.update is not None:
        update = case.update
        if not _attempt(lambda: update(target.api)):
            after = read()
            if any(n in after and after[n].birth != r.birth for n, r in before.items()):
                one.words.add("an update moves the birth mark")
    if case.remake is not None:
        _wait_past(made_by)
        remake = case.remake
        one.untried = _said(_attempt(lambda: remake(target.api)))
        if one.untried:
            one.birth = Birth.UNTRIED
        else:
            after = read()
            stays = any(n in after and not _told_apart(r, after[n]) for n, r in before.items())
            one.birth = Birth.STAYS if stays else Birth.MOVES


def _wait_past(moment: float) -> None:
    left = int(moment) + 1.02 - time.time()
    if left > 0:
        time.sleep(left)


def _attempt(act: Callable[[], None]) -> str:
    """Return why it could not be done; empty when it could."""
    try:
        act()
    except CallFailed as failure:
        return _worded(failure)
    except AssertionError as error:
        return f"{_OTHERWISE} ({error})"
    except (LookupError, TypeError) as error:
        # An answer lacks what AWS's has, and what is made next needs it.
        return f"an answer is incomplete ({type(error).__name__}: {error})"
    return ""


def _worded(failure: CallFailed) -> str:
    if failure.code == "NotImplemented" and failure.status == 0:
        return f"the engine has no {failure.operation}"
    return f"{failure.operation}: {failure.code}: {failure.message}"


def _said(reason: str) -> str:
    """Return `OPERATION` of what the engine has not, `OPERATION: CODE` of what it refuses."""
    text = reason.removeprefix(_REBUILT)
    if "the engine has no " in text:
        return text.rpartition("the engine has no ")[2]
    parts = text.split(": ")
    return _steady(": ".join(parts[:2]))


def _steady(text: str) -> str:
    """Return a text without what differs from time to time."""
    return _RANDOM.sub("…", " ".join(text.split()))[:200]
