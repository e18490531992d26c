"""Read the resources of services by the catalog's declarations, in parallel.

What cannot be read becomes a `Gap`, never an absence: a reader of the snapshot must be able
to tell "there is no such queue" from "we were not allowed to look".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeGuard, cast

from executor.aws import Caller, CallFailed
from executor.aws_faults import SteadyReads
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Detail, Listing, ResourceType
from executor.catalog.describing import describe, partition
from executor.catalog.expressions import evaluate, picked
from executor.model.json import Json, JsonObject
from executor.model.resource import GLOBAL, DataMark, Gap, Resource, Scope, Snapshot
from executor.snapshots.batches import batches
from executor.snapshots.failures import gap_of, says_gone, says_unknown

_FEW = 3
"""So many containers are read one after the other; more at once. Of so many resources of a type
the details are read at once; of more, the resources are."""

_ASIDE = 4
"""So many details at once: more would only be in each other's way, and in the engine's."""


class Translation(Protocol):
    """Turns the engine's ids into the target's."""

    def to_change(self, data: bytes) -> bytes:
        """Return `data` with every engine id replaced."""
        ...


@dataclass(slots=True)
class _TypeRead:
    """What came of reading one type."""

    resources: list[Resource] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


class SnapshotReader:
    """Takes snapshots through an API; makes read calls only."""

    def __init__(
        self,
        catalog: Catalog,
        api: Caller,
        *,
        account: str,
        region: str,
        implements: Callable[[str, str], bool] | None = None,
        translation: Translation | None = None,
        cap: int = 10_000,
        workers: int = 8,
        left_out: Callable[[str], str] = lambda type_name: "",
        progress: Callable[[int, int], None] = lambda done, known: None,
    ) -> None:
        """Args:
        catalog: the declarations.
        api: where to read.
        account: 12-digit account that the resources belong to.
        region: default region.
        implements: whether the engine has an operation; None for the target, which has all.
        translation: turns the engine's ids into the target's; None where they are the same.
        cap: how many entries of data to read per resource.
        workers: how many calls are under way at once.
        left_out: why a type is not to be read; empty when it is. What is left out is a gap.
        progress: told how many resources were read of those that are known.
        """
        self._catalog = catalog
        self._api = SteadyReads(api)
        self._account = account
        self._region = region
        self._implements = implements or (lambda service, operation: True)
        self._translation = translation
        self._cap = cap
        self._workers = workers
        self._left_out = left_out
        self._progress = progress

    def scope(self, service: str, region: str = "") -> Scope:
        """Return the scope of a service: its region, or `global`."""
        found = self._catalog.service(service)
        is_global = found is not None and found.is_global
        return Scope(service, GLOBAL if is_global else region or self._region)

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now; never raises for what cannot be read."""
        wanted = tuple(dict.fromkeys(scopes))
        with (
            ThreadPoolExecutor(min(_ASIDE, self._workers), thread_name_prefix="details") as aside,
            ThreadPoolExecutor(self._workers, thread_name_prefix="snapshot") as pool,
        ):
            reads = self._read_all(wanted, pool, aside)
        return Snapshot(
            account=self._account,
            region=self._region,
            services=frozenset(s.service for s in wanted),
            resources={r.address: r for read in reads for r in read.resources},
            gaps=tuple(gap for read in reads for gap in read.gaps),
        )

    def read_type(self, kind: ResourceType, scope: Scope) -> tuple[Resource, ...]:
        """Return the resources of one type; raises `CallFailed` when they cannot be listed."""
        with ThreadPoolExecutor(self._workers, thread_name_prefix="snapshot") as pool:
            items = self._listed(kind, scope)
            futures = [pool.submit(self._resource, kind, scope, item) for item in items]
            found = [future.result() for future in futures]
        return tuple(r for r, _ in found if r is not None)

    def _read_all(
        self, scopes: Iterable[Scope], pool: ThreadPoolExecutor, aside: ThreadPoolExecutor
    ) -> list[_TypeRead]:
        found = [(scope, self._catalog.service(scope.service)) for scope in scopes]
        kinds = [(scope, kind) for scope, service in found if service for kind in service.types]
        listings = [
            (scope, kind, pool.submit(self._listed, kind, scope))
            for scope, kind in kinds
            if not self._left_out(kind.type)
        ]
        pending: list[tuple[_TypeRead, list[Future[tuple[Resource | None, Gap | None]]]]] = []
        reads = [_TypeRead(gaps=list(self._gaps_left(kinds)))]
        for scope, kind, listing in listings:
            read = _TypeRead()
            reads.append(read)
            try:
                items = listing.result()
            except CallFailed as failure:
                read.gaps.append(gap_of(scope, kind, failure))
                continue
            helpers = aside if len(items) < _FEW else None
            pending.append(
                (read, [pool.submit(self._resource, kind, scope, item, helpers) for item in items])
            )
        known = sum(len(futures) for _, futures in pending)
        done = 0
        for read, futures in pending:
            for future in futures:
                resource, gap = future.result()
                done += 1
                self._progress(done, known)
                if resource is not None:
                    read.resources.append(resource)
                if gap is not None:
                    read.gaps.append(gap)
        return reads

    def _gaps_left(self, kinds: Iterable[tuple[Scope, ResourceType]]) -> Iterator[Gap]:
        for scope, kind in kinds:
            reason = self._left_out(kind.type)
            if reason:
                yield Gap(service=scope.service, type=kind.type, reason=reason)

    def _listed(self, kind: ResourceType, scope: Scope) -> list[JsonObject]:
        return list(self._items(kind.listing, scope))

    def _items(self, listing: Listing, scope: Scope) -> Iterator[JsonObject]:
        self._require(scope.service, listing.operation)
        if listing.within is None:
            yield from self._paged(listing, scope, listing.params)
        else:
            yield from self._contained(listing, listing.within, scope)
        for other in listing.also:
            yield from self._items(other, scope)

    def _contained(
        self, listing: Listing, containers: Listing, scope: Scope
    ) -> Iterator[JsonObject]:
        found = list(self._items(containers, scope))
        if len(found) < _FEW:
            for container in found:
                yield from self._inside(listing, containers, scope, container)
            return
        # Not the pool that this runs in: it may be full of listings that wait like this one.
        with ThreadPoolExecutor(self._workers, thread_name_prefix="containers") as pool:
            for inside in pool.map(
                lambda container: self._inside(listing, containers, scope, container), found
            ):
                yield from inside

    def _inside(
        self, listing: Listing, containers: Listing, scope: Scope, container: JsonObject
    ) -> list[JsonObject]:
        kept: JsonObject = {listing.into: container} if listing.into else {}
        given = {name: evaluate(pick, container) for name, pick in listing.given.items()}
        try:
            inside = list(self._paged(listing, scope, {**listing.params, **given}))
        except CallFailed as failure:
            # Only what is gone with its container is known not to be there.
            if says_gone(failure) and container not in self._items(containers, scope):
                return []
            raise
        return [{**item, **kept} for item in inside]

    def _paged(self, listing: Listing, scope: Scope, params: JsonObject) -> Iterator[JsonObject]:
        filled = cast(JsonObject, _filled(params, self._account))
        try:
            for page in self._pages(scope, listing.operation, filled):
                items = evaluate(listing.items, page)
                yield from (i for i in (items if isinstance(items, list) else ()) if _is_object(i))
        except CallFailed as failure:
            if failure.code not in listing.absent:
                raise

    def _resource(
        self,
        kind: ResourceType,
        scope: Scope,
        item: JsonObject,
        helpers: ThreadPoolExecutor | None = None,
    ) -> tuple[Resource | None, Gap | None]:
        raw: dict[str, Json] = dict(item)
        if picked(kind.ignore, raw):
            # What is gone (a terminated instance) may be listed and have no details.
            return None, None
        try:
            self._add_details(kind, scope, raw, helpers)
            if picked(kind.ignore, raw):
                return None, None
            data = self._data(kind, scope, raw)
        except CallFailed as failure:
            return self._unreadable(kind, scope, item, raw, failure)
        return self._described(kind, scope, raw, data), None

    def _unreadable(
        self,
        kind: ResourceType,
        scope: Scope,
        item: JsonObject,
        raw: dict[str, Json],
        failure: CallFailed,
    ) -> tuple[Resource | None, Gap | None]:
        if says_gone(failure) and not self._still_listed(kind, scope, item):
            return None, None
        try:
            resource = self._described(kind, scope, raw, None)
        except ValueError:
            return None, gap_of(scope, kind, failure)
        return resource, gap_of(scope, kind, failure, address=resource.address)

    def _still_listed(self, kind: ResourceType, scope: Scope, item: JsonObject) -> bool:
        identity = picked(kind.id, item)
        try:
            return any(
                other == item or (identity is not None and picked(kind.id, other) == identity)
                for other in self._listed(kind, scope)
            )
        except CallFailed:
            return True

    def _add_details(
        self,
        kind: ResourceType,
        scope: Scope,
        raw: dict[str, Json],
        helpers: ThreadPoolExecutor | None,
    ) -> None:
        details = [d for d in kind.details if self._implements(scope.service, d.operation)]

        def read(detail: Detail) -> Json:
            return self._detail(detail, scope, raw)

        if helpers is None:
            for detail in details:
                _add(raw, detail, read(detail))
            return
        for batch in batches(details):
            for detail, value in zip(batch, helpers.map(read, batch), strict=True):
                _add(raw, detail, value)

    def _detail(self, detail: Detail, scope: Scope, raw: JsonObject) -> Json:
        # For ARNs that no description tells.
        whose = {
            "$account": self._account,
            "$region": scope.region,
            "$partition": partition(scope.region),
        }
        params = {
            name: value
            for name, pick in detail.params.items()
            if (value := evaluate(pick, {**raw, **whose})) is not None
        }
        try:
            pages = list(self._pages(scope, detail.operation, params))
        except CallFailed as failure:
            if failure.code in detail.absent or says_unknown(failure):
                return None
            raise
        return _joined([picked(detail.pick, page) for page in pages])

    def _data(self, kind: ResourceType, scope: Scope, raw: JsonObject) -> DataMark | None:
        if kind.data is None:
            return None
        return kind.data(_ServiceReading(self, scope, self._cap), raw)

    def _described(
        self, kind: ResourceType, scope: Scope, raw: JsonObject, data: DataMark | None
    ) -> Resource:
        if self._translation is not None:
            text = json.dumps(raw, ensure_ascii=False).encode("utf-8", "surrogatepass")
            translated = self._translation.to_change(text)
            if translated != text:
                raw = cast(JsonObject, json.loads(translated))
            data = _translated(data, self._translation)
        return describe(kind, raw, account=self._account, region=scope.region, data=data)

    def _pages(
        self, scope: Scope, operation: str, params: Mapping[str, object]
    ) -> Iterator[JsonObject]:
        region = "" if scope.region == GLOBAL else scope.region
        return self._api.pages(scope.service, operation, params, region=region)

    def _require(self, service: str, operation: str) -> None:
        if not self._implements(service, operation):
            raise CallFailed(
                service=service,
                operation=operation,
                code="NotImplemented",
                message=f"the engine has no {operation}",
                status=0,
            )


class _ServiceReading:
    """What a data probe sees of the API."""

    def __init__(self, reader: SnapshotReader, scope: Scope, cap: int) -> None:
        self._reader = reader
        self._scope = scope
        self._cap = cap

    @property
    def cap(self) -> int:
        """How many entries to read at most."""
        return self._cap

    def call(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        """Make one call; raises `CallFailed`."""
        self._reader._require(self._scope.service, operation)
        region = "" if self._scope.region == GLOBAL else self._scope.region
        return self._reader._api.call(self._scope.service, operation, params, region=region)

    def pages(self, operation: str, params: Mapping[str, object]) -> Iterator[JsonObject]:
        """Make a call per page; raises `CallFailed`."""
        self._reader._require(self._scope.service, operation)
        return self._reader._pages(self._scope, operation, params)


def _add(raw: dict[str, Json], detail: Detail, value: Json) -> None:
    if detail.into:
        raw[detail.into] = value
    elif isinstance(value, Mapping):
        raw.update(value)


def _translated(data: DataMark | None, translation: Translation) -> DataMark | None:
    # Keys of entries may hold ids as well (versions of objects).
    if data is None or not data.entries:
        return data
    text = json.dumps(dict(data.entries), ensure_ascii=False).encode("utf-8", "surrogatepass")
    translated = translation.to_change(text)
    return data if translated == text else replace(data, entries=json.loads(translated))


def _filled(params: Json, account: str) -> Json:
    match params:
        case str():
            return account if params == "$account" else params
        case Mapping():
            return {key: _filled(value, account) for key, value in params.items()}
        case list():
            return [_filled(item, account) for item in params]
    return params


def _is_object(value: Json) -> TypeGuard[JsonObject]:
    return isinstance(value, Mapping)


def _joined(values: list[Json]) -> Json:
    if len(values) == 1:
        return values[0]
    joined: list[Json] = []
    for value in values:
        joined.extend(value if isinstance(value, list) else () if value is None else (value,))
    return joined
