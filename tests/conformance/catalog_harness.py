"""One road for every declaration on every emulator: make, read, seed, read, re-create.

A case says how to make a rich resource; `check_case` reads it twice, rebuilds it in a fresh
sandbox by the declaration's seeds, compares, then deletes and re-creates it. What an emulator
is known not to keep is listed with the case, and strictly: a gap that closes fails the test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from executor.aws import Api, Credentials, ReadApi, Where
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.gateway.aliases import Aliases
from executor.model.resource import Gap, Resource, Snapshot
from executor.replica.seeder import Seeder
from executor.snapshots.reader import SnapshotReader
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec

ACCOUNT = "123456789012"
REGION = "us-east-1"
EMULATORS = ("ministack", "moto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One resource type put to the test.

    Attributes:
        service: botocore name of its service.
        type: resource type.
        make: makes one rich resource, and what it needs.
        remake: deletes it and makes it again under its name; None where nothing tells apart.
        update: changes its settings in place; birth marks must stay.
        services: further services to read and seed, dependencies of the type.
        gaps: emulator -> what is known not to survive seeding: `missing`, `tags`, `data`,
            `properties.KEY`, `birth` (it does not move), or `seed OPERATION`.
        emulators: where the type can be made at all.
    """

    service: str
    type: str
    make: Callable[[Api], None]
    remake: Callable[[Api], None] | None = None
    update: Callable[[Api], None] | None = None
    services: tuple[str, ...] = ()
    gaps: Mapping[str, frozenset[str]] = field(default_factory=dict)
    emulators: tuple[str, ...] = EMULATORS


class Lab:
    """A fresh sandbox with a reader and a seeder on it."""

    def __init__(self, url: str, implements: Callable[[str, str], bool]) -> None:
        keys = Credentials(access_key=ACCOUNT, secret_key="unused")
        self.api = Api(Where(region=REGION, endpoint_url=url, credentials=keys))
        self.catalog = Catalog()
        self.aliases = Aliases()
        self._implements = implements

    def reader(self, *, translated: bool = True) -> SnapshotReader:
        return SnapshotReader(
            self.catalog,
            ReadApi(self.api, self.catalog.reads),
            account=ACCOUNT,
            region=REGION,
            implements=self._implements,
            translation=self.aliases if translated else None,
        )

    def read(self, *services: str) -> Snapshot:
        reader = self.reader()
        return reader.read([reader.scope(s) for s in services])

    def seed(self, snapshot: Snapshot, *services: str, region: str = REGION) -> tuple[Gap, ...]:
        seeder = Seeder(
            self.catalog,
            self.api,
            self.aliases,
            list_engine=self._list,
            implements=self._implements,
        )
        return seeder.seed(snapshot, self.catalog.in_seed_order(services), region=region)

    def _list(self, kind: ResourceType, region: str) -> tuple[Resource, ...]:
        reader = self.reader(translated=False)
        service = self.catalog.service_of(kind.type)
        return reader.read_type(kind, reader.scope(service, region))


@contextmanager
def lab(emulator: str, runtime: Path) -> Iterator[Lab]:
    """Yield a fresh sandbox of the emulator; `runtime` keeps it apart from other tests'."""
    engine = EmbeddedEngine(emulator, runtime=runtime)
    with engine.start(SandboxSpec(run="conformance", account=ACCOUNT, region=REGION)) as sandbox:
        examined = sandbox.operations
        # A list that was never made would make every declaration look unreadable.
        yield Lab(sandbox.url, examined.implements if examined.by_service else _everything)


def _everything(service: str, operation: str) -> bool:
    return True


def only(snapshot: Snapshot, kind: str) -> dict[str, Resource]:
    """Return the resources of a type that AWS did not make itself, by name."""
    return {r.name: r for r in snapshot.of_type(kind) if not r.builtin}


def differences(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> set[str]:
    """Return in short words how two readings differ, birth marks and bulk aside."""
    found: set[str] = set()
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            found.add("missing")
            continue
        keys = set(old.properties) | set(new.properties)
        found |= {f"properties.{k}" for k in keys if old.properties.get(k) != new.properties.get(k)}
        for word, left, right in (
            ("tags", old.tags, new.tags),
            ("data", _kept(old), _kept(new)),
            ("id", old.id, new.id),
            ("address", old.address, new.address),
        ):
            if left != right:
                found.add(word)
    return found | ({"surplus"} if set(after) - set(before) else set())


def _kept(resource: Resource) -> object:
    # Placeholders have other fingerprints; which entries there are must be the same.
    return resource.data and (resource.data.count, sorted(resource.data.entries))


def check_case(case: Case, emulator: str, runtime: Path) -> None:
    """Take a case down the whole road on one emulator."""
    services = (case.service, *case.services)
    known = case.gaps.get(emulator, frozenset())
    with lab(emulator, runtime) as target:
        case.make(target.api)
        made = target.read(*services)
        assert made.gaps == ()
        assert only(made, case.type), f"{case.type} was made and is not read"
        assert differences(only(made, case.type), only(target.read(*services), case.type)) == set()
        _check_stays_readable_and_rebuilds(case, emulator, runtime, made, known)
        if case.update is not None:
            case.update(target.api)
            updated = target.read(*services)
            assert _births(updated, case) == _births(made, case), "an update moved a birth mark"
        if case.remake is not None:
            _wait_for_the_next_second()
            case.remake(target.api)
            again = _births(target.read(*services), case)
            assert any(again[n] == b for n, b in _births(made, case).items()) == ("birth" in known)


def _check_stays_readable_and_rebuilds(
    case: Case, emulator: str, runtime: Path, made: Snapshot, known: frozenset[str]
) -> None:
    services = (case.service, *case.services)
    with lab(emulator, runtime) as replica:
        missing = replica.seed(made, *services)
        again = replica.read(*services)
        found = differences(only(made, case.type), only(again, case.type))
        found |= {f"seed {g.reason}" for g in missing if g.type == case.type}
        found |= {f"read {g.reason}" for g in again.gaps}
        assert found == known - {"birth"}


def _births(snapshot: Snapshot, case: Case) -> dict[str, object]:
    return {name: dict(r.birth) for name, r in only(snapshot, case.type).items()}


def _wait_for_the_next_second() -> None:
    # Birth marks have the granularity of a second in some emulators.
    time.sleep(1.05)
