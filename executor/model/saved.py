"""A snapshot that was saved: what it holds, of whom, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from executor.model.resource import GLOBAL, Gap, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedScope:
    """What was read of one service in one region of one account.

    Attributes:
        account: 12-digit account.
        region: region; `global` for a global service.
        service: botocore service name.
        types: resource types that were read -> how (see `catalog.reading`). A type that is not
            in here was not looked at: it is unknown, not absent.
        resources: what was found, with descriptions to rebuild it from and without secrets.
        gaps: what could not be read.
    """

    account: str
    region: str
    service: str
    types: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSnapshot:
    """The content of a snapshot file.

    Attributes:
        source: name of the target it was taken of, as configured there.
        endpoint_url: the target's endpoint; empty for AWS.
        account: account that the target was reached as.
        region: its default region.
        taken: ISO time in UTC.
        executor: version of the executor that took it.
        scopes: what was read; accounts and regions may be several.
        digest: over `scopes` in the file's spelling; empty when it was not written yet. The
            same answers of a target give the same digest, whenever it is asked.
    """

    source: str
    endpoint_url: str
    account: str
    region: str
    taken: str
    executor: str
    scopes: tuple[SavedScope, ...] = ()
    digest: str = ""

    def regions(self, account: str) -> tuple[str, ...]:
        """Return the regions that were read in an account, `global` left out."""
        found = {s.region for s in self.scopes if s.account == account}
        return tuple(sorted(found - {GLOBAL}))

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts that were read."""
        return tuple(sorted({s.account for s in self.scopes}))

    @property
    def resources(self) -> int:
        """How many resources it holds."""
        return sum(len(scope.resources) for scope in self.scopes)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Everything that could not be read."""
        return tuple(gap for scope in self.scopes for gap in scope.gaps)
