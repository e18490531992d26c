"""What a declaration is tried with: a case, and a sandbox with a reader and a seeder on it.

A case says how to make a rich resource, and lies in `cases/`. What becomes of it on an engine
is found out by `examination`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from botocore.client import BaseClient

from executor.aws import Api, CallFailed, Credentials, ReadApi, Where
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.gateway.aliases import Aliases
from executor.model.json import JsonObject
from executor.model.resource import Gap, Resource, Snapshot
from executor.replica.seeder import Seeder
from executor.snapshots.reader import SnapshotReader
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import Operations, SandboxSpec

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
        kept: setting -> expression over the properties that is true of one of the resources
            made, if the engine kept what was asked for: one that takes a setting and forgets it
            is told by this and by nothing else.

    Cases with one `make` and the same services are made once, for all their types.
    """

    service: str
    type: str
    make: Callable[[Api], None]
    remake: Callable[[Api], None] | None = None
    update: Callable[[Api], None] | None = None
    services: tuple[str, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


class ListedApi(Api):
    """Calls what the engine is listed to implement, as the gateway does, and nothing else.

    While it is `lenient`, what fails is answered with nothing and kept in `failures`, so that
    one setting that an engine lacks does not hide the others; later, only that is let pass.
    """

    def __init__(
        self, where: Where, implements: Callable[[str, str], bool], *, account: str = ACCOUNT
    ) -> None:
        # A container that serves many at once may take long over what it does for the first time.
        super().__init__(where, timeout_s=120)
        self._implements = implements
        self._account = account
        self._lenient = False
        self.failures: dict[tuple[str, str], CallFailed] = {}

    @contextmanager
    def lenient(self) -> Iterator[None]:
        self._lenient = True
        try:
            yield
        finally:
            self._lenient = False

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        try:
            self._require(service, operation)
            asked = cast(Mapping[str, object], _renamed(params, ACCOUNT, self._account))
            answer = super().raw_call(service, operation, asked, region=region)
            return cast(dict[str, object], _renamed(answer, self._account, ACCOUNT))
        except CallFailed as failure:
            if self._lenient:
                self.failures.setdefault((service, operation), failure)
            elif (service, operation) not in self.failures:
                raise
            return {}

    def _make_client(self, service: str, region: str) -> BaseClient:
        # botocore goes through the environment, where pytest changes a variable meanwhile.
        while True:
            try:
                return super()._make_client(service, region)
            except KeyError as error:
                if error.args != ("PYTEST_CURRENT_TEST",):
                    raise

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        self._require(service, operation)
        asked = cast(Mapping[str, object], _renamed(params, ACCOUNT, self._account))
        for page in super().pages(service, operation, asked, region=region):
            yield cast(JsonObject, _renamed(page, self._account, ACCOUNT))

    def _require(self, service: str, operation: str) -> None:
        if not self._implements(service, operation):
            raise CallFailed(
                service=service,
                operation=operation,
                code="NotImplemented",
                message=f"the engine has no {operation}",
                status=0,
            )


def _renamed(value: object, old: str, new: str) -> object:
    """Return a value with one account in the place of another, in all its texts."""
    if old == new:
        return value
    match value:
        case str():
            return value.replace(old, new)
        case Mapping():
            return {key: _renamed(item, old, new) for key, item in value.items()}
        case list() | tuple():
            return [_renamed(item, old, new) for item in value]
    return value


class Lab:
    """A fresh sandbox with a reader and a seeder on it."""

    def __init__(self, url: str, operations: Operations, *, account: str = ACCOUNT) -> None:
        """Args:
        url: the sandbox.
        operations: what it implements.
        account: the account to use there; whatever it is, cases and snapshots see `ACCOUNT`.
        """
        keys = Credentials(access_key=account, secret_key="unused")
        where = Where(region=REGION, endpoint_url=url, credentials=keys)
        self._operations = operations
        self._implements = operations.implements
        self.api = ListedApi(where, self._implements, account=account)
        self.catalog = Catalog()
        self.aliases = Aliases()

    def offers(self, service: str) -> bool:
        """Whether the engine implements anything of the service."""
        return bool(self._operations.by_service.get(service))

    def reader(self, *, kinds: Collection[str] = (), translated: bool = True) -> SnapshotReader:
        def left_out(kind: str) -> str:
            return "not looked at" if kinds and kind not in kinds else ""

        return SnapshotReader(
            self.catalog,
            ReadApi(self.api, self.catalog.reads),
            account=ACCOUNT,
            region=REGION,
            implements=self._implements,
            translation=self.aliases if translated else None,
            left_out=left_out,
        )

    def read(
        self, *services: str, kinds: Collection[str] = (), translated: bool = True
    ) -> Snapshot:
        """Return what services hold; of these kinds alone, where any are given."""
        reader = self.reader(kinds=kinds, translated=translated)
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
        yield Lab(sandbox.url, sandbox.operations)


def only(snapshot: Snapshot, kind: str) -> dict[str, Resource]:
    """Return the resources of a type that AWS did not make itself, by name.

    By address where several have one name, as record sets have.
    """
    found = [r for r in snapshot.of_type(kind) if not r.builtin]
    names = Counter(r.name for r in found)
    return {r.name if names[r.name] == 1 else r.address: r for r in found}


def differences(
    before: Mapping[str, Resource],
    after: Mapping[str, Resource],
    represented: Collection[str] = (),
) -> set[str]:
    """Return in short words how two readings differ, birth marks and bulk aside.

    Of properties that are `represented` only the shape is compared.
    """
    found: set[str] = set()
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            found.add("missing")
            continue
        for key in {*old.properties, *new.properties}:
            left: object = old.properties.get(key)
            right: object = new.properties.get(key)
            if key in represented:
                left, right = _shape(left), _shape(right)
            if left != right:
                found.add(f"properties.{key}")
        for word, one, other in (
            ("tags", old.tags, new.tags),
            ("data", _kept(old), _kept(new)),
            ("id", old.id, new.id),
            ("address", old.address, new.address),
        ):
            if one != other:
                found.add(word)
    return found | ({"surplus"} if set(after) - set(before) else set())


def _shape(value: object) -> object:
    match value:
        case Mapping():
            return sorted(value)
        case list():
            return len(value)
    return value is not None


def _kept(resource: Resource) -> object:
    # Placeholders have other fingerprints; which entries there are must be the same.
    return resource.data and (resource.data.count, sorted(resource.data.entries))
