"""Reading several accounts as one: each scope by the reader of its account."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from executor.model.resource import Scope, Snapshot
from executor.snapshots.settling import Reader


class AccountsReader:
    """Takes one snapshot of scopes in several accounts."""

    def __init__(self, reader: Callable[[str], Reader], own: Snapshot) -> None:
        """Args:
        reader: gives the reader of an account; the empty one is the target's own.
        own: an empty snapshot of the target's own account and region.
        """
        self._reader = reader
        self._own = own

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now."""
        wanted = tuple(scopes)
        found = self._own
        for account in dict.fromkeys(("", *(scope.account for scope in wanted))):
            here = [scope for scope in wanted if scope.account == account]
            if here:
                found = found.merged(self._reader(account).read(here))
        return found
