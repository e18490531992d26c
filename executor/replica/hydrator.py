"""Fill the replica service by service, when the change first needs one.

Before the first call of a service is forwarded, the service and all that it reaches are
read from the target (read calls only), rebuilt in the sandbox and read back: what is read
back is the *prior* state that effects are measured against, what was read from the target
is the *baseline* that promotion checks for drift.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from typing import Protocol

from executor.catalog.catalog import Catalog
from executor.errors import TargetFailed
from executor.model.json import JsonObject
from executor.model.resource import GLOBAL, DataMark, Gap, Resource, Scope, Snapshot
from executor.model.verbs import is_mutating
from executor.replica.rebuilding import Rebuilt

_STACKS = "cloudformation"
_STACK = "AWS::CloudFormation::Stack"


class Source(Protocol):
    """Where the target's state comes from: the target itself, or a saved snapshot."""

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold."""
        ...


class Rebuilding(Protocol):
    """Makes the sandbox hold what was read."""

    def rebuild(
        self, baseline: Snapshot, scopes: Iterable[Scope], *, region: str, pristine: bool
    ) -> Rebuilt:
        """Rebuild what the target holds of some scopes, dependencies first.

        `pristine`: no call that can change anything has reached the sandbox.
        """
        ...

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        """Return what the sandbox holds.

        `sparingly`: the change is in more of a hurry, and is to have the processors; what has not
        settled is not waited for.
        """
        ...


class Hydrator:
    """Hydrates by need; thread-safe, each scope once."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        source: Source | None,
        rebuilder: Rebuilding,
        account: str,
        region: str,
        progress: Callable[[str], None] = lambda text: None,
        elsewhere: str = "",
    ) -> None:
        """Args:
        catalog: the declarations.
        source: the target; None when there is none, and the replica starts empty.
        rebuilder: makes the sandbox hold what was read, and reads it.
        account: 12-digit account.
        region: default region.
        progress: told what is being hydrated.
        elsewhere: the account where it is not the run's own.
        """
        self._catalog = catalog
        self._source = source
        self._rebuilder = rebuilder
        self._region = region
        self._progress = progress
        self._elsewhere = elsewhere
        self._lock = threading.Lock()
        self._done: set[Scope] = set()
        self._prepared: set[tuple[str, str, str, frozenset[str] | None]] = set()
        self._announced: set[str] = set()
        self._stacks: dict[str, Snapshot] = {}
        self._ahead: dict[Scope, Snapshot] = {}
        self._answered = False
        self._changed = False
        empty = Snapshot(account=account, region=region)
        self._baseline = empty
        self._prior = empty

    @property
    def baseline(self) -> Snapshot:
        """What the target held when it was read."""
        return self._baseline

    @property
    def prior(self) -> Snapshot:
        """What the replica held before the change touched it, with what it lacks as gaps."""
        return self._prior

    @property
    def scopes(self) -> frozenset[Scope]:
        """What has been hydrated."""
        return frozenset(self._done)

    def prepare(
        self, service: str, operation: str, region: str, params: JsonObject | None = None
    ) -> None:
        """Hydrate what a call of `service` in `region` may meet; does nothing the second time.

        Args:
            service: botocore name.
            operation: its operation; some reach further than their service.
            region: where the call is made.
            params: its parameters, which may tell how far it reaches; None where there is no
                call, and nothing but the service is wanted.

        Raises:
            TargetFailed: the target cannot be read at all.
        """
        aims = self._catalog.aims(service, operation, params, self._announced)
        key = (service, operation, region, aims)
        if key in self._prepared:
            return
        with self._lock:
            if key in self._prepared:
                return
            wanted = self._wanted(service, operation, region, aims)
            if wanted:
                self._hydrate(wanted, region)
            self._done.add(self._scope(service, region))
            self._prepared.add(key)
            # If there is a call, it is let through from here on.
            self._changed |= bool(operation) and is_mutating(service, operation)

    def read_ahead(self, service: str, untouched: Callable[[], bool]) -> None:
        """Read what an empty replica holds of a service, for the case that it is asked for.

        Only where there is no target: nothing of a target is read that nobody needs.

        Args:
            service: botocore name.
            untouched: whether no call has reached the sandbox.
        """
        if self._source is not None or self._catalog.service(service) is None:
            return
        scope = self._scope(service, self._region)
        with self._lock:
            if scope in self._done or not untouched():
                return
            found = self._rebuilder.read([scope], sparingly=True)
            # What a call may have made meanwhile was not there before.
            if untouched() and not found.settling:
                self._ahead[scope] = found

    def prepare_all(self, region: str) -> None:
        """Hydrate every service of the catalog."""
        self._prepare_together(self._catalog.in_seed_order(self._catalog.services), region)

    def prepare_types(self, type_globs: Iterable[str], region: str) -> None:
        """Hydrate the services of the types that an intent names (globs are left alone)."""
        homes = (self._catalog.service_of(glob) for glob in type_globs)
        self._prepare_together([service for service in homes if service], region)

    def _prepare_together(self, services: Iterable[str], region: str) -> None:
        """Hydrate services in one go, before there is any call."""
        names = tuple(services)
        with self._lock:
            aims = {n: self._catalog.aims(n, "", None, self._announced) for n in names}
            wanted = {w for n in names for w in self._wanted(n, "", region, aims[n])}
            if wanted:
                self._hydrate(self._catalog.in_seed_order(wanted), region)
            for name in names:
                self._done.add(self._scope(name, region))
                self._prepared.add((name, "", region, aims[name]))

    def _scope(self, service: str, region: str) -> Scope:
        found = self._catalog.service(service)
        is_global = found is not None and found.is_global
        return Scope(service, GLOBAL if is_global else region, self._elsewhere)

    def _wanted(
        self, service: str, operation: str, region: str, aims: frozenset[str] | None
    ) -> tuple[str, ...]:
        names = set(self._catalog.reached(service, operation, aims))
        if self._source is not None and names:
            owned = self._services_of_stacks(region)
            if names & (owned | {_STACKS}):
                # A stack is rebuilt with its members, so they cannot be hydrated apart.
                names |= owned | {_STACKS}
        return tuple(
            name
            for name in self._catalog.in_seed_order(names)
            if self._scope(name, region) not in self._done
        )

    def unforeseen(self, observed: Snapshot) -> frozenset[Scope]:
        """Return what stacks turned out to hold although nobody had said so.

        It was not there to be compared with, and must not stay unseen.
        """
        return frozenset(
            scope
            for stack in observed.resources.values()
            for member in stack.members
            if (service := self._catalog.service_of(member.type))
            and (scope := self._scope(service, stack.region)) not in self._done
        )

    def _services_of_stacks(self, region: str) -> set[str]:
        if self._catalog.service(_STACKS) is None:
            return set()
        if region not in self._stacks:
            assert self._source is not None
            found = self._source.read([self._scope(_STACKS, region)])
            self._stacks[region] = found
            # Whose members they are is not known then; that must not go untold.
            stacks_gaps = tuple(gap for gap in found.gaps if gap.type in (_STACK, "*"))
            self._prior = _with_gaps(self._prior, stacks_gaps)
        stacks = self._stacks[region]
        types = {member.type for r in stacks.resources.values() for member in r.members}
        return {self._catalog.service_of(t) for t in types} - {""}

    def _hydrate(self, services: tuple[str, ...], region: str) -> None:
        self._progress(", ".join(services))
        scopes = [self._scope(name, region) for name in services]
        if self._source is None:
            parts = [self._ahead[s] for s in scopes if s in self._ahead]
            unread = [s for s in scopes if s not in self._ahead]
            if unread:
                parts.append(self._rebuilder.read(unread))
            self._prior = reduce(Snapshot.merged, parts, self._prior)
            self._done.update(scopes)
            return
        baseline = self._source.read(scopes)
        if not self._answered:
            _refuse_nothing_readable(baseline, services)
            self._answered = True
        self._baseline = self._baseline.merged(baseline)
        rebuilt = self._rebuilder.rebuild(
            baseline, scopes, region=region, pristine=not self._changed
        )
        prior = _with_unbuilt(rebuilt.prior, self._baseline).with_originals(self._baseline)
        missing = baseline.gaps + rebuilt.missing
        missing += _not_rebuilt(self._catalog, baseline, prior, missing)
        # What was there before may be there anew, with other ids where they are the engine's own.
        kept = _without(self._catalog, self._prior, rebuilt.scopes)
        self._prior = kept.merged(_with_gaps(prior, missing))
        self._done.update(scopes)


def _without(catalog: Catalog, snapshot: Snapshot, scopes: Iterable[Scope]) -> Snapshot:
    places = {(scope.service, scope.region) for scope in scopes}
    resources = {
        address: r
        for address, r in snapshot.resources.items()
        if (catalog.service_of(r.type), r.region) not in places
    }
    return replace(snapshot, resources=resources)


def _refuse_nothing_readable(baseline: Snapshot, services: tuple[str, ...]) -> None:
    reasons = {g.reason for g in baseline.gaps}
    if baseline.resources or len(baseline.gaps) == 0:
        return
    if all("NoCredentials" in r or "Unreachable" in r for r in reasons):
        raise TargetFailed(
            f"the target cannot be read ({', '.join(services)}): {sorted(reasons)[0]}",
            hint="check the profile or endpoint with `executor doctor`",
        )


def _not_rebuilt(
    catalog: Catalog, baseline: Snapshot, prior: Snapshot, known: tuple[Gap, ...]
) -> tuple[Gap, ...]:
    """Return a gap for every resource of the target that the replica turned out not to hold."""
    named = {g.address for g in known}
    there = {(r.type, name) for r in prior.resources.values() for name in (r.address, r.name)}
    return tuple(
        Gap(
            service=catalog.service_of(r.type),
            type=r.type,
            address=r.address,
            reason="the replica does not hold it although it was rebuilt",
        )
        for r in baseline.resources.values()
        if r.address not in named and not r.builtin and not _present(r, there)
    )


def _present(resource: Resource, there: set[tuple[str, str]]) -> bool:
    return (resource.type, resource.address) in there or (resource.type, resource.name) in there


def _with_unbuilt(prior: Snapshot, baseline: Snapshot) -> Snapshot:
    """Say of data what the target holds more of than was read, and than was rebuilt.

    Else deleting an object that the replica never held would look like deleting nothing.
    """
    resources = dict(prior.resources)
    for address, there in baseline.resources.items():
        here = resources.get(address)
        if here is None or here.data is None or there.data is None:
            continue
        ours, theirs = here.data.entries, there.data.entries
        unbuilt = {key: mark for key, mark in theirs.items() if key not in ours}
        complete = here.data.complete and there.data.complete
        if unbuilt or complete != here.data.complete:
            data = replace(here.data, complete=complete, unbuilt=unbuilt)
            resources[address] = replace(here, data=data)
    return replace(prior, resources=resources)


def in_part(catalog: Catalog, prior: Snapshot) -> tuple[Gap, ...]:
    """Return what a replica represents in part only, because of a cap, for the report.

    These are no gaps to the judge: what is unknown about their data, effects tell themselves.
    """
    return tuple(
        Gap(
            service=catalog.service_of(r.type),
            type=r.type,
            address=r.address,
            reason=f"in part: {_how_much(r.data)}",
        )
        for r in prior.resources.values()
        if r.data is not None and (r.data.unbuilt or not r.data.complete)
    )


def _how_much(data: DataMark) -> str:
    read = len(data.entries) + len(data.unbuilt)
    if not data.complete:
        return (
            f"the first {read} of its {data.unit}s were read (replica.entries),"
            f" {len(data.entries)} rebuilt"
        )
    return f"{len(data.entries)} of its {read} {data.unit}s were rebuilt (replica.objects)"


def _with_gaps(snapshot: Snapshot, gaps: tuple[Gap, ...]) -> Snapshot:
    return Snapshot(
        account=snapshot.account,
        region=snapshot.region,
        services=snapshot.services,
        resources=snapshot.resources,
        gaps=tuple(dict.fromkeys(snapshot.gaps + gaps)),
    )
