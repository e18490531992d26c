"""What was read before the end counts only where the end would have found the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from executor.model.resource import Snapshot
from executor.snapshots.early import EarlyReading

SOON_S = 10.0
LITTLE = Snapshot(account="123456789012", region="eu-west-1")


class Replica:
    """Reads as it is told, in a thread that can be held up."""

    def __init__(self) -> None:
        self.mark: str | None = "at rest"
        self.now = 100.0
        self.fails = False
        self.too_much = False
        self.reads = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.begun = threading.Event()
        self.early = EarlyReading(self.read, lambda: self.mark, clock=self.clock)

    def clock(self) -> float:
        self.now += 0.01
        return self.now

    def read(self) -> Snapshot | None:
        self.reads += 1
        self.begun.set()
        assert self.may_go_on.wait(SOON_S)
        if self.fails:
            raise ValueError("something unforeseen")
        return None if self.too_much else LITTLE

    def deserted(self, asked: int) -> None:
        """Read, and wait for the end of it where it is not held up."""
        self.early.deserted(asked)
        if self.may_go_on.is_set():
            while "early-reading" in {thread.name for thread in threading.enumerate()}:
                time.sleep(0.001)


@pytest.fixture
def replica() -> Iterator[Replica]:
    found = Replica()
    yield found
    found.may_go_on.set()


def test_reading_holds_where_nothing_has_happened_since(replica: Replica) -> None:
    replica.deserted(3)
    replica.early.closing(3)
    assert replica.early.confirmed() is LITTLE


def test_nothing_is_confirmed_where_nothing_was_read(replica: Replica) -> None:
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_call_that_came_later_undoes_it(replica: Replica) -> None:
    replica.deserted(3)
    replica.early.closing(4)
    assert replica.early.confirmed() is None


def test_emulator_that_has_run_since_undoes_it(replica: Replica) -> None:
    replica.deserted(3)
    replica.mark = "has run"
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_emulator_that_runs_at_the_end_undoes_it(replica: Replica) -> None:
    replica.deserted(3)
    replica.mark = None
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_emulator_that_works_on_after_it_undoes_it(replica: Replica) -> None:
    replica.may_go_on.clear()
    replica.early.deserted(3)
    assert replica.begun.wait(SOON_S)
    replica.mark = None
    replica.may_go_on.set()
    replica.deserted(3)
    replica.mark = "at rest"
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_emulator_that_cannot_be_seen_at_rest_is_not_read(replica: Replica) -> None:
    replica.mark = None
    replica.deserted(3)
    replica.early.closing(3)
    assert (replica.early.confirmed(), replica.reads) == (None, 0)


def test_reading_that_is_under_way_at_the_end_is_waited_for(replica: Replica) -> None:
    replica.may_go_on.clear()
    replica.early.deserted(3)
    assert replica.begun.wait(SOON_S)
    replica.early.closing(3)
    # Closing its connections makes the emulator run.
    replica.mark = "has run"
    threading.Timer(0.1, replica.may_go_on.set).start()
    assert replica.early.confirmed() is LITTLE


def test_reading_grows_old(replica: Replica) -> None:
    replica.deserted(3)
    replica.now += 60.0
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_reading_that_fails_is_as_none(replica: Replica) -> None:
    replica.fails = True
    replica.deserted(3)
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_what_is_too_much_is_not_read_early(replica: Replica) -> None:
    replica.too_much = True
    replica.deserted(3)
    replica.early.closing(3)
    assert replica.early.confirmed() is None


def test_last_reading_counts_of_several(replica: Replica) -> None:
    replica.deserted(3)
    replica.deserted(3)
    replica.deserted(5)
    assert replica.reads == 2
    replica.early.closing(5)
    assert replica.early.confirmed() is LITTLE


def test_change_that_goes_on_and_on_is_left_alone(replica: Replica) -> None:
    for asked in range(1, 20):
        replica.deserted(asked)
    assert replica.reads == 3
    replica.early.closing(19)
    assert replica.early.confirmed() is None
