"""What seeding would do for one service, as a digest: the same digest, the same replica.

It is over the calls that would be made and over what they would learn ids from, and not over
descriptions, in which counters and times move that no call takes from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType, Seed
from executor.catalog.expressions import evaluate, picked
from executor.model.json import Json
from executor.model.resource import Resource, Snapshot
from executor.replica.seeder import bounded, in_order


def recipe(catalog: Catalog, snapshot: Snapshot, service: str, *, region: str, objects: int) -> str:
    """Return `sha256:<hex>` over what seeding a service would do.

    Args:
        catalog: the declarations.
        snapshot: what the target holds.
        service: botocore name.
        region: region to seed.
        objects: how many objects of a bucket are rebuilt at most.
    """
    content = hashlib.sha256()
    found = catalog.service(service)
    for kind in found.types if found else ():
        for resource in in_order(kind, snapshot, region):
            for part in _resource(kind, bounded(resource, objects)):
                content.update(json.dumps(part, sort_keys=True, default=_spelled).encode())
                content.update(b"\0")
    return f"sha256:{content.hexdigest()}"


def _resource(kind: ResourceType, resource: Resource) -> Iterator[object]:
    yield [
        *(kind.type, resource.address, resource.id, resource.name, resource.builtin),
        resource.birth.get("id"),
        sorted(member.logical_id for member in resource.members),
        picked(kind.adopt, resource.raw),
    ]
    if resource.builtin and not kind.adopt:
        # It is neither made nor adopted.
        return
    if _takes_all(kind):
        yield resource.raw
    for seed in kind.seeds:
        yield [seed.operation, seed.region, _learnt(seed, resource)]
        yield from _calls(seed, resource)


def _calls(seed: Seed, resource: Resource) -> Iterable[Mapping[str, object]]:
    return seed.params(resource.raw, resource.data)


def _takes_all(kind: ResourceType) -> bool:
    """Whether more is taken from a description than what calls are made with."""
    if kind.learns_members is not None or kind.learns_adopted is not None:
        return True
    return any(callable(seed.learn) or seed.own_id is not None for seed in kind.seeds)


def _learnt(seed: Seed, resource: Resource) -> list[Json]:
    if callable(seed.learn):
        return []
    return [evaluate(ours, resource.raw) for ours in sorted(seed.learn)]


def _spelled(value: object) -> object:
    match value:
        case bytes() | bytearray():
            return {"$bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value, key=str)
    if isinstance(value, Iterable):
        return list(value)
    return str(value)
