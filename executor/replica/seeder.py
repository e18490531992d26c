"""Rebuild described resources in an empty engine, by the catalog's seed calls.

Ids that the engine gives out itself are learnt from its answers and kept in the alias
table, so that later seeds, and the change, may use the target's ids. Never called on a
target: a seeder only ever holds the API of a sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol, cast

from executor.aws import Caller, CallFailed
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import LackingError, Learning, ResourceType, Seed
from executor.catalog.expressions import evaluate, picked
from executor.model.json import Json, JsonObject
from executor.model.resource import Gap, Resource, Snapshot


class AliasTable(Protocol):
    """The target's ids and the engine's, both ways."""

    def add(self, target_id: str, engine_id: str) -> None:
        """Remember that the two name the same."""
        ...

    def to_engine(self, data: bytes) -> bytes:
        """Return `data` with every target id replaced by the engine's."""
        ...

    def to_change(self, data: bytes) -> bytes:
        """Return `data` with every engine id replaced by the target's."""
        ...


class EngineLister(Protocol):
    """Lists what the engine holds, with the engine's own ids."""

    def __call__(self, kind: ResourceType, region: str) -> tuple[Resource, ...]:
        """Return the engine's resources of one type; raises `CallFailed`."""
        ...


class Filling(Protocol):
    """Puts the target's own data in the place of placeholders."""

    def __call__(
        self, resource: Resource, operation: str, params: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Return the parameters of a seed call with data of the target, or as they are."""
        ...


_STEP_S = 0.05
# They cost a call each; items come in batches.
_ONE_BY_ONE = ("object", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One resource to seed."""

    service: str
    kind: ResourceType
    resource: Resource
    region: str


class Seeder:
    """Makes an engine hold what a snapshot says."""

    def __init__(
        self,
        catalog: Catalog,
        api: Caller,
        aliases: AliasTable,
        *,
        list_engine: EngineLister,
        implements: Callable[[str, str], bool],
        emulator: str = "",
        patience_s: float = 60.0,
        objects: int = 1_000,
        fill: Filling | None = None,
        progress: Callable[[int, int], None] = lambda done, known: None,
    ) -> None:
        """Args:
        catalog: the declarations.
        api: the sandbox.
        aliases: learns the engine's ids.
        list_engine: lists what the engine holds already.
        implements: whether the engine has an operation.
        emulator: the program behind the engine, which may give out ids on request.
        patience_s: how long to wait for what the engine makes in the background.
        objects: how many objects of a bucket to rebuild at most.
        fill: puts the target's own data in the place of placeholders; None keeps those.
        progress: told how many resources were rebuilt of how many.
        """
        self._catalog = catalog
        self._api = api
        self._aliases = aliases
        self._list_engine = list_engine
        self._implements = implements
        self._emulator = emulator
        self._patience_s = patience_s
        self._objects = objects
        self._fill = fill
        self._progress = progress

    def seed(self, snapshot: Snapshot, services: Iterable[str], *, region: str) -> tuple[Gap, ...]:
        """Rebuild the snapshot's resources of the services.

        Args:
            snapshot: what the target holds.
            services: botocore names, dependencies first.
            region: region to seed.

        Returns:
            What could not be rebuilt.
        """
        gaps: list[Gap] = []
        made_by_stacks = False
        done, known = 0, sum(1 for r in snapshot.resources.values() if not r.builtin)
        for service in services:
            found = self._catalog.service(service)
            there: list[tuple[_Job, Resource | None]] = []
            for kind in found.types if found else ():
                resources = in_order(kind, snapshot, region)
                if not resources:
                    continue
                engine_has = self._present(kind, region, wanted=bool(kind.adopt) or made_by_stacks)
                for resource in resources:
                    some = bounded(resource, self._objects)
                    job = _Job(service=service, kind=kind, resource=some, region=region)
                    adopted = self._adopted(job, engine_has)
                    made, missing = self._seed_one(job, adopted)
                    gaps.extend(missing)
                    there.extend([(job, adopted)] if made else [])
                    done += not resource.builtin
                    self._progress(done, known)
                made_by_stacks = made_by_stacks or kind.learns_members is not None
            for job, adopted in there:
                gaps.extend(self._late(job, adopted))
        return tuple(gaps)

    def _late(self, job: _Job, adopted: Resource | None) -> Iterable[Gap]:
        for seed in job.kind.seeds:
            gap = self._run(job, seed, adopted) if seed.late else None
            if gap is not None:
                yield gap

    def _present(self, kind: ResourceType, region: str, *, wanted: bool) -> dict[str, Resource]:
        """Return what the engine holds of a type, by adoption key and by id."""
        if not wanted:
            return {}
        try:
            there = self._list_engine(kind, region)
        except CallFailed:
            return {}
        present = {r.id: r for r in there}
        for resource in there:
            key = picked(kind.adopt, resource.raw)
            if key is not None:
                present[_key(key)] = resource
        return present

    def _seed_one(self, job: _Job, adopted: Resource | None) -> tuple[bool, list[Gap]]:
        """Return whether the engine has it now, and what of it could not be rebuilt."""
        if adopted is not None:
            self._learn_adopted(job, adopted)
        if job.resource.builtin and adopted is None:
            return False, []
        gaps: list[Gap] = []
        for seed in job.kind.seeds:
            if seed.late or (seed.creates and adopted is not None):
                continue
            gap = self._run(job, seed, adopted)
            if gap is not None:
                gaps.append(gap)
                if not seed.optional:
                    return False, gaps
        return True, gaps + self._learn_members(job)

    def _learn_adopted(self, job: _Job, theirs: Resource) -> None:
        ours, learns = job.resource, job.kind.learns_adopted
        # A stack's member may have a generated name beside its id, and an id beside its name.
        pairs = [(ours.id, theirs.id), (ours.name, theirs.name)]
        pairs.append((str(ours.birth.get("id") or ""), str(theirs.birth.get("id") or "")))
        for target_id, engine_id in pairs:
            if target_id and engine_id and target_id != engine_id:
                self._aliases.add(target_id, engine_id)
        for target_id, engine_id in learns(ours.raw, theirs.raw).items() if learns else ():
            self._aliases.add(target_id, engine_id)

    def _adopted(self, job: _Job, engine_has: Mapping[str, Resource]) -> Resource | None:
        if not engine_has:
            return None
        key = picked(job.kind.adopt, cast(JsonObject, self._translated(job.resource.raw)))
        if key is not None and _key(key) in engine_has:
            return engine_has[_key(key)]
        return engine_has.get(str(self._translated(job.resource.id)))

    def _run(self, job: _Job, seed: Seed, adopted: Resource | None) -> Gap | None:
        if not self._implements(job.service, seed.operation):
            if not any(True for _ in seed.params(job.resource.raw, job.resource.data)):
                return None
            return self._gap(job, f"the engine has no {seed.operation}")
        try:
            for params in seed.params(job.resource.raw, job.resource.data):
                if self._fill is not None:
                    params = self._fill(job.resource, seed.operation, params)
                self._call(job, seed, params, adopted)
        except CallFailed as failure:
            return self._gap(job, f"{failure.operation}: {failure.code}: {failure.message}")
        except LackingError as lack:
            return self._gap(job, f"{seed.operation}: {lack}")
        return None

    def _call(
        self, job: _Job, seed: Seed, params: Mapping[str, object], adopted: Resource | None
    ) -> None:
        translated = cast(Mapping[str, object], self._translated(params))
        if adopted is not None and seed.lacking and not seed.lacking(translated, adopted.raw):
            return
        region = seed.region or job.region

        def ask(operation: str, params: Mapping[str, object]) -> JsonObject:
            return self._api.call(job.service, operation, params, region=region)

        own = seed.own_id if seed.own_id and seed.own_id.emulator == self._emulator else None
        for completed in seed.complete(ask, translated) if seed.complete else (translated,):
            try:
                asked = own.ask(job.resource.raw, completed) if own else completed
                answer = ask(seed.operation, asked)
            except CallFailed as failure:
                if failure.code in seed.tolerate:
                    return
                raise
            for ours, theirs in _learnt(seed.learn, job.resource.raw, params, answer):
                if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
                    self._aliases.add(ours, theirs)
        if own is not None:
            undone = cast(Mapping[str, object], self._translated(own.undone(job.resource.raw)))
            ask(own.undo, undone)

    def _learn_members(self, job: _Job) -> list[Gap]:
        learns = job.kind.learns_members
        if learns is None:
            return []
        try:
            made = self._settled(job)
        except CallFailed as failure:
            return [self._gap(job, str(failure))]
        if made is None:
            return [self._gap(job, "the engine did not make it, or not in time")]
        for ours, theirs in learns(job.resource.raw, made.raw).items():
            if ours != theirs:
                self._aliases.add(ours, theirs)
        known = {member.logical_id for member in made.members}
        lacking = [m.logical_id for m in job.resource.members if m.logical_id not in known]
        return [self._gap(job, f"the engine lacks {', '.join(lacking)}")] if lacking else []

    def _settled(self, job: _Job) -> Resource | None:
        """Return the engine's resource once it has settled; None when it is not there."""
        ends = time.monotonic() + self._patience_s
        while True:
            # A nested stack's name is the engine's own; its parent's members told it.
            name = self._translated(job.resource.name)
            there = self._list_engine(job.kind, job.region)
            found = next((r for r in there if r.name == name), None)
            if found is None or not found.settling:
                return found
            if time.monotonic() > ends:
                return None
            time.sleep(_STEP_S)

    def _translated(self, value: object) -> object:
        match value:
            case str():
                encoded = value.encode("utf-8", "surrogatepass")
                return self._aliases.to_engine(encoded).decode("utf-8", "surrogatepass")
            case Mapping():
                return {key: self._translated(item) for key, item in value.items()}
            case list() | tuple():
                return [self._translated(item) for item in value]
        return value

    def _gap(self, job: _Job, reason: str) -> Gap:
        return Gap(
            service=job.service,
            type=job.kind.type,
            address=job.resource.address,
            reason=f"could not be rebuilt in the replica: {reason}"[:300],
        )


def _learnt(
    learn: Learning, raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> list[tuple[Json, Json]]:
    if callable(learn):
        return list(learn(raw, params, answer).items())
    return [(evaluate(ours, raw), evaluate(theirs, answer)) for ours, theirs in learn.items()]


def in_order(kind: ResourceType, snapshot: Snapshot, region: str) -> list[Resource]:
    """Return the snapshot's resources of a type in the order in which they are rebuilt."""
    found = [r for r in snapshot.of_type(kind.type) if _here(r, region)]
    if kind.order:
        found.sort(key=lambda r: str(picked(kind.order, r.raw)))
    if kind.among is None:
        return found
    told = kind.among([r.raw for r in found])
    return [replace(r, raw=raw) for r, raw in zip(found, told, strict=True)]


def bounded(resource: Resource, objects: int) -> Resource:
    """Return a resource with as much data as is rebuilt, where that costs a call each."""
    data = resource.data
    if data is None or data.unit not in _ONE_BY_ONE or len(data.entries) <= objects:
        return resource
    some = dict(islice(data.entries.items(), objects))
    return replace(resource, data=replace(data, entries=some))


def _here(resource: Resource, region: str) -> bool:
    return resource.region in (region, "global")


def _key(value: Json) -> str:
    return f"adopt:{value}"
