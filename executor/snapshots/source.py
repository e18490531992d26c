"""A saved snapshot in the place of a target: nothing is reached, and nothing is made up.

What the file does not hold is a gap, whatever the reason: a service or a region that was not
read, a type that was left out, or one that was read by an older declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.catalog.reading import reading_of
from executor.model.resource import Gap, Resource, Scope, Snapshot
from executor.model.saved import SavedScope, SavedSnapshot


class SavedSource:
    """Answers for one account of a saved snapshot."""

    def __init__(
        self,
        catalog: Catalog,
        saved: SavedSnapshot,
        *,
        account: str,
        region: str,
        left_out: Callable[[str], str] = lambda type_name: "",
    ) -> None:
        """Args:
        catalog: the declarations.
        saved: the snapshot.
        account: which of its accounts.
        region: default region.
        left_out: why a type is not wanted; empty when it is. What is left out is a gap.
        """
        self._left_out = left_out
        self._catalog = catalog
        self._account = account
        self._region = region
        self._version = saved.executor
        self._scopes = {Scope(s.service, s.region): s for s in saved.scopes if s.account == account}

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the file holds of the scopes."""
        wanted = tuple(dict.fromkeys(scopes))
        resources: dict[str, Resource] = {}
        gaps: list[Gap] = []
        for scope in wanted:
            service = self._catalog.service(scope.service)
            kinds = service.types if service is not None else ()
            # The file says whose a scope is; the source is of one account.
            saved = self._scopes.get(replace(scope, account=""))
            if saved is None:
                gaps.extend(_uncovered(scope, kinds))
                continue
            known = {kind.type for kind in kinds if not self._left_out(kind.type)}
            resources.update({r.address: r for r in saved.resources if r.type in known})
            gaps.extend((*saved.gaps, *self._not_wanted(saved, kinds)))
            gaps.extend(self._read_otherwise(saved, kinds))
        return Snapshot(
            account=self._account,
            region=self._region,
            services=frozenset(scope.service for scope in wanted),
            resources=resources,
            gaps=tuple(gaps),
        )

    def _not_wanted(self, saved: SavedScope, kinds: Iterable[ResourceType]) -> Iterator[Gap]:
        for kind in kinds:
            reason = self._left_out(kind.type)
            if reason:
                yield Gap(service=saved.service, type=kind.type, reason=reason)

    def _read_otherwise(self, saved: SavedScope, kinds: Iterable[ResourceType]) -> Iterator[Gap]:
        known: set[str] = set()
        for kind in kinds:
            known.add(kind.type)
            if kind.type not in saved.types:
                yield Gap(
                    service=saved.service, type=kind.type, reason="the snapshot file leaves it out"
                )
            elif saved.types[kind.type] != reading_of(kind):
                yield Gap(
                    service=saved.service,
                    type=kind.type,
                    reason=f"the snapshot was taken by executor {self._version}, which reads the"
                    " type otherwise; take it again",
                )
        for name in sorted(saved.types.keys() - known):
            yield Gap(
                service=saved.service,
                type=name,
                reason=f"only executor {self._version}, which took the snapshot, knows the type",
            )


def _uncovered(scope: Scope, kinds: Iterable[ResourceType]) -> Iterator[Gap]:
    reason = f"the snapshot file does not cover {scope.service} in {scope.region}"
    names = [kind.type for kind in kinds]
    # Of a service without types nothing could have been read anyway.
    for name in ["*", *names] if names else ():
        yield Gap(service=scope.service, type=name, reason=reason)
