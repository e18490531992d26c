"""Make the sandbox hold what was read: fork what was seeded before, or seed it.

As long as no call has changed anything, an engine that keeps replicas is asked for one that was
seeded with the very same (`recipe`): all that the run has needed so far. The sandbox becomes a
fork of it, with the ids that seeding learnt and what was read back then. Where there is none, a
draft, a fork of what the sandbox is a fork of, is seeded with what is lacking, and kept.

Once a call may have changed something, or where nothing can be kept, the sandbox itself is
seeded: a fork would not have what the change has done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from executor.catalog.catalog import Catalog
from executor.model.addresses import host_port
from executor.model.json import Json
from executor.model.resource import Gap, Scope, Snapshot
from executor.replica.memo import ADDRESS, Contents, Memo, Pairs, apart, written
from executor.replica.recipe import recipe
from sandboxes.contract import KeepsReplicas
from sandboxes.errors import NotKept, ReplicaGone
from sandboxes.model import KeptReplica

_MADE_BY = "made by"
# botocore's words for what may be otherwise when it is tried again.
_NOT_THIS_TIME = re.compile(
    r"time(?:d )?out|could not connect|connection (?:was |)(?:closed|reset|refused|broken|aborted)",
    re.IGNORECASE,
)
# The kernel has thirty-two levels of namespaces, and every one costs a fork something.
_MOST_LEVELS = 8
# What takes longer to seed is not seeded twice in one run.
_MOST_TWICE_MS = 3_000.0


class Bench(Protocol):
    """One emulator to rebuild in, and the ids that it gave out."""

    @property
    def pairs(self) -> Pairs:
        """The target's ids and the engine's, as they were learnt."""
        ...

    @property
    def address(self) -> str:
        """`host:port` at which the change sees the emulator."""
        ...

    def seed(self, snapshot: Snapshot, services: Iterable[str], *, region: str) -> tuple[Gap, ...]:
        """Rebuild the snapshot's resources of the services; returns what could not be."""
        ...

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        """Return what the emulator holds once it has settled, ids as the change sees them.

        `sparingly`: the change is in more of a hurry, and is to have the processors; what has not
        settled is not waited for.
        """
        ...

    def close(self) -> None:
        """Close the connections to it."""
        ...


class Workshop(Protocol):
    """Makes benches."""

    def at(self, url: str, address: str, seeded_at: Sequence[str], pairs: Pairs) -> Bench:
        """Return a bench at an emulator that nobody else uses.

        Args:
            url: where it is.
            address: what is to stand in what is read, for the emulator's own addresses.
            seeded_at: addresses that what it holds already was made at.
            pairs: the ids that are known already; `Bench.pairs` has those that are learnt.
        """
        ...

    def moved(self, seeded_at: Sequence[str], pairs: Pairs) -> Bench:
        """Return a bench at where the sandbox is now, and lead the change's calls there.

        Args:
            seeded_at: addresses that what it holds was made at.
            pairs: the ids that are known.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What the sandbox holds now.

    Attributes:
        prior: what was read back.
        scopes: what that is about; more than was asked for where the sandbox has become a fork
            that holds anew what was there before.
        missing: what could not be rebuilt.
    """

    prior: Snapshot
    scopes: tuple[Scope, ...]
    missing: tuple[Gap, ...] = ()


@dataclass(slots=True)
class _Account:
    """What became of what, for the report."""

    forked: list[str] = field(default_factory=list)
    seeded: list[str] = field(default_factory=list)
    note: str = ""
    spent_ms: float = 0.0

    def view(self) -> dict[str, Json]:
        view: dict[str, Json] = {"forked": self.forked, "seeded": self.seeded}
        return {**view, "note": self.note} if self.note else view


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """What was read together, and is rebuilt together."""

    baseline: Snapshot
    scopes: tuple[Scope, ...]
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fork:
    """What the sandbox is a fork of."""

    replica: KeptReplica
    memo: Memo


class Rebuilder:
    """Rebuilds in one sandbox; used by one thread at a time."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        bench: Bench,
        workshop: Workshop,
        keeper: KeepsReplicas | None,
        made_by: str = "",
        objects: int = 1_000,
        known: Callable[[Scope], Snapshot] | None = None,
        alone: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True),
        quiet: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True),
    ) -> None:
        """Args:
        catalog: the declarations.
        bench: the sandbox.
        workshop: makes benches at other emulators, and moves the run to one.
        keeper: the sandbox again, if its engine can keep replicas and this run may use them.
        made_by: digest of everything besides the resources that decides what a replica holds.
        objects: how many objects of a bucket are rebuilt at most.
        known: what the target holds of a scope that was not asked for, where that can be told
            without asking; None where it cannot.
        alone: whether no other account is rebuilt in the sandbox; none is within the context.
        quiet: whether no call is at the sandbox; none gets there within the context.
        """
        self._catalog = catalog
        self._bench = bench
        self._workshop = workshop
        self._keeper = keeper
        self._made_by = made_by
        self._objects = objects
        self._known = known
        self._alone = alone
        self._quiet = quiet
        self._fork: _Fork | None = None
        # What has been asked for and is in the fork: name -> digest.
        self._parts: dict[str, str] = {_MADE_BY: made_by}
        # It holds what no fork of anything would.
        self._has_its_own = False
        self._late: list[_Group] = []
        self._late_ms = 0.0
        self._account = _Account()

    @property
    def told(self) -> Mapping[str, Json]:
        """What was forked and what was seeded, for the report."""
        return self._account.view()

    @property
    def spent_ms(self) -> float:
        """How long rebuilding has taken so far."""
        return self._account.spent_ms

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        """Return what the sandbox holds; see `Bench.read`."""
        return self._bench.read(scopes, sparingly=sparingly)

    def rebuild(
        self, baseline: Snapshot, scopes: Iterable[Scope], *, region: str, pristine: bool
    ) -> Rebuilt:
        """Make the sandbox hold what was read of some scopes.

        Args:
            baseline: what the target holds of them.
            scopes: which; dependencies first.
            region: region to seed.
            pristine: no call that can change anything has reached the sandbox.
        """
        began = time.monotonic()
        group = _Group(baseline=baseline, scopes=tuple(scopes), region=region)
        try:
            return self._rebuilt(group, pristine=pristine)
        finally:
            self._account.spent_ms += (time.monotonic() - began) * 1000

    def keep_the_rest(self) -> None:
        """Keep what was seeded too late for this run to fork, for the next one; never raises.

        Only where it can be told beforehand that the next one will find the same, and where it
        does not take longer than a person would wait for.
        """
        if self._keeper is None or self._known is None or not self._late:
            return
        if self._late_ms > _MOST_TWICE_MS:
            return
        with suppress(NotKept, ReplicaGone):
            self._extended(self._keeper, self._late)

    def _rebuilt(self, group: _Group, *, pristine: bool) -> Rebuilt:
        parts = self._recipes(group) if self._keeper is not None else {}
        held = self._held(parts)
        if self._keeper is not None and group.baseline.resources and not held:
            with self._alone() as alone:
                if alone and pristine and not self._has_its_own:
                    held = self._become(self._keeper, group, parts)
        if held:
            self._parts.update(parts)
            self._tell(self._account.forked, group)
            return self._from_memo(group.baseline)
        self._tell(self._account.seeded, group)
        began = time.monotonic()
        rebuilt = self._seeded(self._bench, group)
        if group.baseline.resources or rebuilt.prior.resources:
            # What the emulator has by itself, too, has other ids in a fork.
            self._has_its_own = True
            self._late.append(group)
            self._late_ms += (time.monotonic() - began) * 1000
        return rebuilt

    def _held(self, parts: Mapping[str, str]) -> bool:
        """Whether the sandbox is a fork of what holds that already."""
        return self._fork is not None and parts.items() <= self._fork.replica.parts.items()

    def _become(self, keeper: KeepsReplicas, group: _Group, parts: Mapping[str, str]) -> bool:
        """Become a fork of what was seeded with the same, now or before; or stay what it is."""
        wanted = {**self._parts, **parts}
        try:
            found = self._find(keeper, wanted) or self._extended(keeper, [group])
            memo = Memo(keeper.memo(found))
            # An answer under way from here would be told in the ids of the fork.
            with self._quiet() as quiet:
                if quiet:
                    keeper.become(found)
                    self._fork = _Fork(replica=found, memo=memo)
                    self._bench = self._workshop.moved(memo.seeded_at, memo.pairs)
        except (NotKept, ReplicaGone, ValueError) as error:
            self._account.note = str(error)
            self._keeper = None
            return False
        return quiet

    def _find(self, keeper: KeepsReplicas, wanted: Mapping[str, str]) -> KeptReplica | None:
        """Return the fullest replica that holds nothing but what the target holds."""
        fitting = [
            replica
            for replica in keeper.kept()
            if wanted.items() <= replica.parts.items()
            and all(self._holds(n, d) for n, d in replica.parts.items() if n not in wanted)
        ]
        return max(fitting, key=lambda r: len(r.parts), default=None)

    def _holds(self, name: str, digest: str) -> bool:
        """Whether the target is known to hold what a replica has besides what was asked for."""
        if self._known is None:
            return False
        scope = _scope(name)
        return self._recipe(self._known(scope), scope) == digest

    def _recipes(self, group: _Group) -> dict[str, str]:
        return {_name(s): self._recipe(group.baseline, s) for s in group.scopes}

    def _recipe(self, snapshot: Snapshot, scope: Scope) -> str:
        return recipe(
            self._catalog, snapshot, scope.service, region=scope.region, objects=self._objects
        )

    def _extended(self, keeper: KeepsReplicas, groups: Sequence[_Group]) -> KeptReplica:
        """Seed a draft with groups on top of what the sandbox is a fork of, and keep it.

        Raises:
            NotKept: it cannot be.
        """
        on = self._fork
        if on is not None and len(on.memo.seeded_at) >= _MOST_LEVELS:
            raise NotKept("too many replicas on top of each other")
        parts = dict(on.replica.parts) if on is not None else {_MADE_BY: self._made_by}
        draft = keeper.draft(on.replica if on is not None else None)
        try:
            pairs, at = (on.memo.pairs, on.memo.seeded_at) if on is not None else ((), ())
            bench = self._workshop.at(draft.url, ADDRESS, at, pairs)
            contents: dict[Scope, Contents] = {}
            try:
                for group in groups:
                    rebuilt = self._seeded(bench, group)
                    _refuse_unanswered(rebuilt.missing + rebuilt.prior.gaps)
                    contents |= apart(self._catalog, group.scopes, rebuilt.prior, rebuilt.missing)
                    parts |= self._recipes(group)
            finally:
                bench.close()
            memo = written(
                contents,
                account=groups[0].baseline.account,
                pairs=bench.pairs,
                seeded_at=[host_port(draft.url)],
                on=on.memo if on is not None else None,
            )
            return draft.keep(parts, memo)
        finally:
            draft.close()

    def _seeded(self, bench: Bench, group: _Group) -> Rebuilt:
        services = [scope.service for scope in group.scopes]
        missing = bench.seed(group.baseline, services, region=group.region)
        return Rebuilt(prior=bench.read(group.scopes), scopes=group.scopes, missing=missing)

    def _from_memo(self, baseline: Snapshot) -> Rebuilt:
        """Return what the fork holds of all that has been asked for."""
        assert self._fork is not None
        scopes = tuple(_scope(name) for name in self._parts if name != _MADE_BY)
        prior = Snapshot(account=baseline.account, region=baseline.region)
        missing: tuple[Gap, ...] = ()
        for scope in scopes:
            contents = self._fork.memo.contents(scope, self._bench.address)
            missing += contents.missing
            prior = prior.merged(
                replace(
                    prior,
                    services=frozenset({scope.service}),
                    resources={r.address: r for r in contents.resources},
                )
            )
        return Rebuilt(prior=prior, scopes=scopes, missing=missing)

    def _tell(self, where: list[str], group: _Group) -> None:
        full = {self._catalog.service_of(r.type) for r in group.baseline.resources.values()}
        where.extend(_name(scope) for scope in group.scopes if scope.service in full)


def _refuse_unanswered(missing: Iterable[Gap]) -> None:
    """What only failed this time is not to be missing from every run to come."""
    for gap in missing:
        if _NOT_THIS_TIME.search(gap.reason):
            raise NotKept(f"the draft did not answer: {gap.reason}")


def _name(scope: Scope) -> str:
    return f"{scope.service} {scope.region}"


def _scope(name: str) -> Scope:
    service, _, region = name.partition(" ")
    return Scope(service, region)
