"""Read what a replica holds while the process of the change is still ending.

An interpreter takes a tenth of a second to end when all its calls are made, and reading the replica
takes as long. So it is read as soon as no client of the change is connected any more. That counts
only where reading after the end would have found the same: nothing was under way in the emulator,
or waited for its time, when it began; no call has come since; and the emulator has not run between
the end of the reading and that of the change. Else it is as if it had not been made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from executor.model.resource import Snapshot

_MOST_IN_VAIN = 2
"""A change that goes on after so many is not disturbed any more."""
_MOST_ASKED = 100
"""What so many calls have made may take long to read; that is then read once."""
_FRESH_S = 2.0
"""What depends on the hour is to be as it is at the end."""
_TO_REST_S = 0.05
_STEP_S = 0.001


@dataclass(slots=True, eq=False)
class _Attempt:
    """One reading.

    Attributes:
        asked: how many calls had come when it began.
        snapshot: what was found; None where it did not come to that.
        ended: when that was, in monotonic seconds.
        mark: of the emulator at rest after it; None where it did not come to rest.
        done: there is no more to come.
    """

    asked: int
    snapshot: Snapshot | None = None
    ended: float = 0.0
    mark: str | None = None
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _End:
    """The end of the change.

    Attributes:
        attempt: what was begun before it, with no call after that.
        at: when it was, in monotonic seconds.
        mark: of the emulator at rest then.
    """

    attempt: _Attempt
    at: float
    mark: str | None

    def found(self) -> Snapshot | None:
        """Wait for what was read, and return it where it is what the emulator held at the end."""
        self.attempt.done.wait()
        if self.attempt.ended > self.at:
            return self.attempt.snapshot
        rested = self.mark is not None and self.mark == self.attempt.mark
        fresh = self.at - self.attempt.ended <= _FRESH_S
        return self.attempt.snapshot if rested and fresh else None


class EarlyReading:
    """Reads early, and tells whether that holds.

    `deserted` and `closing` belong to the gateway's thread, `confirmed` to whoever closed it.
    """

    def __init__(
        self,
        read: Callable[[], Snapshot | None],
        resting: Callable[[], str | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        read: returns what the replica holds, or None where that is to be read at the end.
        resting: a mark of the emulator at rest; see `sandboxes.contract.TellsRest`.
        clock: monotonic seconds.
        """
        self._read = read
        self._resting = resting
        self._clock = clock
        self._attempt: _Attempt | None = None
        self._attempts = 0
        self._end: _End | None = None

    def deserted(self, asked: int) -> None:
        """Begin to read, unless that was in vain before; returns at once.

        Args:
            asked: how many calls have come so far.
        """
        last = self._attempt
        if last is not None and (last.asked == asked or not last.done.is_set()):
            return
        if self._attempts > _MOST_IN_VAIN or asked > _MOST_ASKED:
            return
        self._attempts += 1
        attempt = _Attempt(asked)
        thread = threading.Thread(target=self._make, args=(attempt,), name="early-reading")
        thread.daemon = True
        # Where no thread can be had it is read at the end.
        with suppress(RuntimeError):
            thread.start()
            self._attempt = attempt

    def closing(self, asked: int) -> None:
        """See whether what was read holds: from here on no call gets to the emulator.

        Args:
            asked: how many calls have come in all.
        """
        attempt, self._attempt = self._attempt, None
        if attempt is not None and attempt.asked == asked:
            self._end = _End(attempt, self._clock(), self._resting())

    def confirmed(self) -> Snapshot | None:
        """Return what was read where it holds, waiting for the rest of it; None where it does not.

        Only after `closing`.
        """
        return self._end.found() if self._end is not None else None

    def _make(self, attempt: _Attempt) -> None:
        try:
            if self._come_to_rest() is None:
                return
            attempt.snapshot = self._read()
            attempt.ended = self._clock()
            attempt.mark = self._come_to_rest()
        except Exception:
            # Whatever it was, the reading after the end meets it, and says so.
            attempt.snapshot = None
        finally:
            attempt.done.set()

    def _come_to_rest(self) -> str | None:
        """Return the mark of the emulator once it has done what the last call left to do."""
        until = self._clock() + _TO_REST_S
        while (mark := self._resting()) is None and self._clock() < until:
            time.sleep(_STEP_S)
        return mark
