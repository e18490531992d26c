"""Taking snapshots to keep, and comparing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path

from executor import __version__
from executor.assembly.targets import OpenTarget
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Service
from executor.effects.comparing import compare
from executor.errors import InvalidConfig, TargetFailed
from executor.model.application import SnapshotRequest
from executor.model.comparison import Comparison
from executor.model.hydration import Hydration
from executor.model.progress import Progress
from executor.model.resource import Scope
from executor.model.saved import SavedScope, SavedSnapshot
from executor.snapshots import SnapshotReader
from executor.snapshots.files import read_snapshot, write_snapshot
from executor.snapshots.taking import take


def take_snapshot(
    request: SnapshotRequest,
    target: OpenTarget,
    catalog: Catalog,
    hydration: Hydration,
    progress: Progress,
) -> SavedSnapshot:
    """Read a target and write what it holds to a file.

    Raises:
        InvalidConfig: there is no target, no such service or type, or the file cannot be written.
        TargetFailed: nothing at all could be read.
    """
    if target.read is None:
        raise InvalidConfig(
            f"there is nothing to take a snapshot of: {target.settings.origin}",
            hint="executor snapshot --target NAME -o FILE",
        )
    ref = target.ref
    wanted = narrowed(catalog, request.services, request.types)
    regions = tuple(dict.fromkeys((ref.region, *target.settings.regions)))
    progress.stage("snapshot", f"of {ref.name} ({ref.account}, {', '.join(regions)})")
    scopes: list[SavedScope] = []
    others = {account: read() for account, read in target.others.items()}
    for account, there in {ref.account: target.read, **others}.items():
        reader = SnapshotReader(
            wanted, there, account=account, region=ref.region, cap=hydration.entries
        )
        places = _scopes(wanted, reader, regions)
        scopes += take(wanted, reader, places, account=account, progress=progress.tick)
    _refuse_nothing(scopes, ref.name)
    snapshot = SavedSnapshot(
        source=ref.name,
        endpoint_url=ref.endpoint_url,
        account=ref.account,
        region=ref.region,
        taken=datetime.now(UTC).isoformat(timespec="seconds"),
        executor=__version__,
        scopes=tuple(scopes),
    )
    return write_snapshot(request.output, snapshot)


def compare_files(before: Path, after: Path) -> Comparison:
    """Return how the snapshot in the second file differs from that in the first.

    Raises:
        InvalidSnapshot: one of them cannot be used.
    """
    return compare(read_snapshot(before), read_snapshot(after))


def narrowed(catalog: Catalog, services: Iterable[str], types: Iterable[str]) -> Catalog:
    """Return a catalog of some services, and of some of their types.

    Raises:
        InvalidConfig: there is no such service or type.
    """
    names, globs = tuple(services), tuple(types)
    for name in names:
        if name not in catalog.services:
            raise _unknown("service", name, catalog.services)
    for glob in globs:
        known = [kind.type for service in _all(catalog) for kind in service.types]
        if not any(fnmatchcase(name, glob) for name in known):
            raise _unknown("type", glob, known)
    kept = {
        service.name: _kept(service, globs)
        for service in _all(catalog)
        if not names or service.name in names
    }
    return Catalog({name: service for name, service in kept.items() if service.types})


def _all(catalog: Catalog) -> Iterator[Service]:
    for name in catalog.services:
        service = catalog.service(name)
        if service is not None:
            yield service


def _kept(service: Service, globs: tuple[str, ...]) -> Service:
    if not globs:
        return service
    matching = (k for k in service.types if any(fnmatchcase(k.type, glob) for glob in globs))
    return replace(service, types=tuple(matching))


def _scopes(catalog: Catalog, reader: SnapshotReader, regions: Iterable[str]) -> list[Scope]:
    places = [reader.scope(name, region) for region in regions for name in catalog.services]
    # Global services have but one place.
    return list(dict.fromkeys(places))


def _refuse_nothing(scopes: Iterable[SavedScope], name: str) -> None:
    found = tuple(scopes)
    gaps = [gap for scope in found for gap in scope.gaps]
    if any(scope.resources for scope in found) or not gaps:
        return
    types = sum(len(scope.types) for scope in found)
    if len({gap.type for gap in gaps}) >= types:
        raise TargetFailed(
            f"nothing of the target {name} can be read: {gaps[0].reason}",
            hint="check the profile or endpoint with `executor doctor`",
        )


def _unknown(what: str, name: str, known: Iterable[str]) -> InvalidConfig:
    near = get_close_matches(name, list(known), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(known))}"
    return InvalidConfig(f"the catalog has no {what} {name!r}", hint=hint[:600])
