"""A sandbox as a replica of a target, which has a part for each account that is called."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, cast

from executor.catalog.catalog import Catalog
from executor.gateway.aliases import Aliases
from executor.model.json import JsonObject
from executor.model.resource import Scope, Snapshot
from executor.replica import Hydrator, Rebuilder
from executor.snapshots.early import EarlyReading

_LITTLE = 50


class Led(Protocol):
    """Who leads the change's calls to the sandbox."""

    def lead_to(self, url: str, known_as: Sequence[str] = ()) -> None:
        """Lead them to another one from now on, which may give out further addresses."""
        ...

    def quiet(self) -> AbstractContextManager[bool]:
        """Tell whether no call is at the sandbox; none gets there within the context."""
        ...


class HydratedReplica:
    """A sandbox that hydrates by need, and can be read back; of one account or several."""

    def __init__(
        self,
        wing: Callable[[str, HydratedReplica], Wing],
        account: str,
        regions: Sequence[str],
        aliases: Aliases,
        catalog: Catalog,
        resting: Callable[[], str | None] | None = None,
    ) -> None:
        """Args:
        wing: makes the part of the replica that is of one account; none for the target's own.
        account: the target's own account.
        regions: its regions.
        aliases: ids of the target and of the engine.
        catalog: what it is read by.
        resting: a mark of the sandbox at rest (`TellsRest`); None where it is not told, or where
            the change can reach the sandbox otherwise than by the gateway.
        """
        self.catalog = catalog
        self.early = EarlyReading(self._read_early, resting) if resting is not None else None
        self.aliases = aliases
        self._account = account
        self._regions = regions
        self._make = wing
        self._lock = threading.Lock()
        self._own = wing("", self)
        self._wings = {"": self._own}
        self._led: Led | None = None

    @property
    def baseline(self) -> Snapshot:
        """What the target held."""
        return _merged(wing.hydrator.baseline for wing in self._wings.values())

    @property
    def prior(self) -> Snapshot:
        """What the replica held before the change."""
        return _merged(wing.hydrator.prior for wing in self._wings.values())

    @property
    def scopes(self) -> frozenset[Scope]:
        """What was hydrated."""
        return frozenset[Scope]().union(*(w.hydrator.scopes for w in self._wings.values()))

    @property
    def told(self) -> JsonObject:
        """What was forked from a kept replica, and what was seeded."""
        return self._own.rebuilder.told

    @property
    def spent_ms(self) -> float:
        """How long rebuilding took, in all."""
        return sum(wing.rebuilder.spent_ms for wing in self._wings.values())

    def get_ready(self, service: str) -> None:
        """Make what calls the sandbox for a service, before it is needed."""
        self._own.get_ready(service)

    def read_ahead(self, service: str, untouched: Callable[[], bool]) -> None:
        """Read what an empty replica holds of a service, before it is needed."""
        self._own.hydrator.read_ahead(service, untouched)

    def leads(self, led: Led) -> None:
        """Tell somebody from now on where the sandbox has moved, and what it was known as."""
        self._led = led

    def moved(self, url: str, seeded_at: Sequence[str]) -> None:
        """The sandbox is a fork of another one now."""
        if self._led is not None:
            self._led.lead_to(url, seeded_at)

    def quiet(self) -> AbstractContextManager[bool]:
        """Tell whether no call is at the sandbox, and let none get there meanwhile."""
        return self._led.quiet() if self._led is not None else nullcontext(True)

    def keep_the_rest(self) -> None:
        """Keep for the next run what this one could not fork."""
        self._own.rebuilder.keep_the_rest()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Tell whether the target's own account is the only one, and keep it so meanwhile."""
        with self._lock:
            yield len(self._wings) == 1

    def prepare(
        self, service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        """Hydrate what a call may meet."""
        self._wing(account).hydrator.prepare(service, operation, region, cast(JsonObject, params))

    def prepare_types(self, type_globs: Iterable[str], region: str) -> None:
        """Hydrate the types that an intent names, in every region of the target."""
        named = tuple(type_globs)
        for place in dict.fromkeys((region, *self._regions)):
            self._own.hydrator.prepare_types(named, place)

    def prepare_all(self, accounts: Iterable[str]) -> None:
        """Hydrate everything in every region of the target's own and of other accounts."""
        for account in (self._account, *accounts):
            for region in self._regions:
                self._wing(account).hydrator.prepare_all(region)

    def observe(self) -> Snapshot:
        """Read what the replica holds once it has settled, unless that has been done already."""
        early = self.early.confirmed() if self.early is not None else None
        return early if early is not None else self._read()

    def _read(self, *, sparingly: bool = False) -> Snapshot:
        return _merged(_observed(w, sparingly=sparingly) for w in list(self._wings.values()))

    def _read_early(self) -> Snapshot | None:
        """Read what may have to be read again, unless it is much, or changes by itself."""
        if len(self.prior.resources) > _LITTLE:
            return None
        found = self._read(sparingly=True)
        return None if found.settling else found

    def _wing(self, account: str) -> Wing:
        name = "" if account == self._account else account
        with self._lock:
            if name not in self._wings:
                self._wings[name] = self._make(name, self)
            return self._wings[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """The part of a replica that is of one account."""

    hydrator: Hydrator
    rebuilder: Rebuilder
    get_ready: Callable[[str], None]


def _observed(wing: Wing, *, sparingly: bool) -> Snapshot:
    found = wing.rebuilder.read(wing.hydrator.scopes, sparingly=sparingly)
    unforeseen = wing.hydrator.unforeseen(found)
    if not unforeseen:
        return found
    return found.merged(wing.rebuilder.read(unforeseen, sparingly=sparingly))


def _merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    return reduce(Snapshot.merged, snapshots)
