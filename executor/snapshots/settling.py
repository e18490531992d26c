"""Wait until what an engine does in the background has come to rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from executor.model.resource import Scope, Snapshot

_STEP_S = 0.1


class Reader(Protocol):
    """Takes snapshots."""

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now."""
        ...


class SettledReader:
    """A reader that looks again until no resource is being made or removed any more.

    What has not come to rest in time is returned as it is, with its `settling` mark, which
    the judge does not let pass.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        patience_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        reader: takes the snapshots.
        patience_s: how long to look again.
        clock: monotonic seconds.
        """
        self._reader = reader
        self._patience_s = patience_s
        self._clock = clock

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold once they have settled, or when patience ends."""
        wanted = tuple(scopes)
        ends = self._clock() + self._patience_s
        snapshot = self._reader.read(wanted)
        while snapshot.settling and self._clock() < ends:
            time.sleep(_STEP_S)
            snapshot = self._reader.read(wanted)
        return snapshot
