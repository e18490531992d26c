"""One emulator to rebuild in: its API, its ids, who seeds it and who reads it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import executor
from executor.aws import Api, Credentials, Where
from executor.aws_engine import EngineApi
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.gateway.aliases import Aliases
from executor.model.addresses import host_port
from executor.model.hydration import Hydration
from executor.model.progress import Progress
from executor.model.resource import Gap, Resource, Scope, Snapshot
from executor.replica import Copier, Seeder
from executor.replica.memo import Pairs, at_addresses
from executor.snapshots import SettledReader, SnapshotReader
from sandboxes.contract import Sandbox

# What reads, rebuilds and describes; an edit of it may make another replica of the same target.
_DECIDES = ("catalog", "model", "replica", "snapshots")


class _Learning:
    """An alias table that remembers what it was taught."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self.learnt: list[tuple[str, str]] = []

    def add(self, target_id: str, engine_id: str) -> None:
        self.learnt.append((target_id, engine_id))
        self._aliases.add(target_id, engine_id)

    def to_engine(self, data: bytes) -> bytes:
        return self._aliases.to_engine(data)

    def to_change(self, data: bytes) -> bytes:
        return self._aliases.to_change(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchMaker:
    """What benches of one account of a replica have in common.

    Attributes:
        sandbox: the replica.
        account: 12-digit account.
        region: default region.
        catalog: the declarations.
        hydration: how much is rebuilt.
        progress: told what happens.
        copier: puts the target's own data in the place of placeholders; None for nobody.
    """

    sandbox: Sandbox
    account: str
    region: str
    catalog: Catalog
    hydration: Hydration
    progress: Progress
    copier: Copier | None = None

    def at(self, url: str, aliases: Aliases, address: str) -> EngineBench:
        """Return a bench at an emulator.

        Args:
            url: where it is.
            aliases: ids of the target and of the emulator.
            address: `host:port` at which the change sees it.
        """
        keys = Credentials(access_key=self.account, secret_key="rehearsal")
        api = EngineApi(Where(region=self.region, endpoint_url=url, credentials=keys))
        implements = self.sandbox.operations.implements
        read = partial(
            SnapshotReader,
            self.catalog,
            api,
            account=self.account,
            region=self.region,
            implements=implements,
        )
        own, learning = read(), _Learning(aliases)

        def list_engine(kind: ResourceType, region: str) -> tuple[Resource, ...]:
            return own.read_type(kind, own.scope(self.catalog.service_of(kind.type), region))

        seeder = Seeder(
            self.catalog,
            api,
            learning,
            list_engine=list_engine,
            implements=implements,
            emulator=self.sandbox.info.emulator,
            objects=self.hydration.objects,
            progress=lambda done, known: self.progress.tick("rebuilt", done, known),
            fill=self.copier,
        )
        return EngineBench(
            api=api,
            address=address,
            seeder=seeder,
            reader=SettledReader(read(translation=aliases)),
            sparing=read(translation=aliases, workers=1),
            learning=learning,
            uncopied=self.copier.taken if self.copier is not None else tuple,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBench:
    """Implements `executor.replica.rebuilding.Bench`.

    Attributes:
        api: calls the emulator.
        address: `host:port` at which the change sees it.
        seeder: rebuilds in it.
        reader: reads it back.
        sparing: reads it as it is, one call after the other.
        learning: keeps the ids that it gives out.
        uncopied: what could not be copied since it was last asked.
    """

    api: Api
    address: str
    seeder: Seeder
    reader: SettledReader
    sparing: SnapshotReader
    learning: _Learning = field(repr=False)
    uncopied: Callable[[], tuple[Gap, ...]] = tuple

    @property
    def pairs(self) -> Pairs:
        """The target's ids and the emulator's, as they were learnt here."""
        return tuple(self.learning.learnt)

    def seed(self, snapshot: Snapshot, services: Iterable[str], *, region: str) -> tuple[Gap, ...]:
        """Rebuild the snapshot's resources of the services; returns what could not be."""
        return self.seeder.seed(snapshot, services, region=region) + self.uncopied()

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        """Return what the emulator holds, once it has settled where there is time for it."""
        return (self.sparing if sparingly else self.reader).read(scopes)

    def close(self) -> None:
        """Close the connections to the emulator."""
        self.api.close()


class RunsWorkshop:
    """Implements `executor.replica.rebuilding.Workshop` for one run."""

    def __init__(
        self,
        maker: BenchMaker,
        aliases: Aliases,
        address: str,
        led: Callable[[str, Sequence[str]], None],
    ) -> None:
        """Args:
        maker: makes benches.
        aliases: the run's, which the gateway translates by.
        address: `host:port` at which the change sees the replica; empty for its own.
        led: told where the sandbox has moved, and what addresses it may give out besides.
        """
        self._maker = maker
        self._aliases = aliases
        self._address = address
        self._led = led

    def here(self) -> EngineBench:
        """Return the bench at where the sandbox is."""
        return self._maker.at(self._maker.sandbox.url, self._aliases, self._seen_at)

    def at(self, url: str, address: str, seeded_at: Sequence[str], pairs: Pairs) -> EngineBench:
        """Return a bench at an emulator that nobody else uses."""
        aliases = Aliases()
        aliases.restart(_known(address, (host_port(url), *seeded_at), pairs))
        return self._maker.at(url, aliases, address)

    def moved(self, seeded_at: Sequence[str], pairs: Pairs) -> EngineBench:
        """Return a bench at where the sandbox is now, and lead the change's calls there."""
        url = self._maker.sandbox.url
        self._aliases.restart(_known(self._seen_at, (host_port(url), *seeded_at), pairs))
        self._led(url, seeded_at)
        return self.here()

    @property
    def _seen_at(self) -> str:
        return self._address or host_port(self._maker.sandbox.url)


def made_by(sandbox: Sandbox, hydration: Hydration) -> str:
    """Return a digest of everything but the target that decides what a replica holds."""
    info = sandbox.info
    parts = [executor.__version__, info.emulator, info.version, str(hydration.objects), _sources()]
    return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _sources() -> str:
    """Return sizes and times of the modules that decide, which see an edit as well."""
    package = Path(executor.__file__).parent
    directories = [package, *(Path(d) for n in _DECIDES for d, _, _ in os.walk(package / n))]
    found = [
        f"{entry.path} {(status := entry.stat()).st_size} {status.st_mtime_ns}"
        for directory in directories
        for entry in os.scandir(directory)
        if entry.name.endswith(".py")
    ]
    return "\n".join(sorted(found))


def _known(seen_at: str, addresses: Sequence[str], pairs: Pairs) -> Iterator[tuple[str, str]]:
    """Yield what the change and the emulator call the same, addresses among it."""
    for address in addresses:
        yield seen_at, address
    yield from at_addresses(pairs, addresses)
