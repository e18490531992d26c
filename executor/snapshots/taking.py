"""Takes a snapshot to keep: service by service, so that each says what it did not cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from executor.catalog.catalog import Catalog
from executor.catalog.reading import reading_of
from executor.model.resource import Scope, Snapshot
from executor.model.saved import SavedScope
from executor.snapshots.redaction import redacted

_AT_ONCE = 4


class Reader(Protocol):
    """Takes snapshots of one account."""

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now; what cannot be read is a gap."""
        ...


def take(
    catalog: Catalog,
    reader: Reader,
    scopes: Iterable[Scope],
    *,
    account: str,
    progress: Callable[[str, int, int], None] = lambda service, done, total: None,
) -> tuple[SavedScope, ...]:
    """Return what the scopes hold, without secrets and ready to be kept.

    Args:
        catalog: the declarations of the types to read.
        reader: reads the account.
        scopes: what to read.
        account: 12-digit account.
        progress: told of each service that was read, how many are done, and of how many.
    """
    wanted = tuple(dict.fromkeys(scopes))
    taken: list[SavedScope] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="take") as pool:
        reads = [(scope, pool.submit(reader.read, [scope])) for scope in wanted]
        for scope, read in reads:
            taken.append(_saved(catalog, scope, read.result(), account))
            progress(scope.service, len(taken), len(wanted))
    return tuple(taken)


def _saved(catalog: Catalog, scope: Scope, snapshot: Snapshot, account: str) -> SavedScope:
    service = catalog.service(scope.service)
    return SavedScope(
        account=account,
        region=scope.region,
        service=scope.service,
        types={kind.type: reading_of(kind) for kind in (service.types if service else ())},
        resources=tuple(redacted(r) for r in snapshot.resources.values()),
        gaps=snapshot.gaps,
    )
