"""What an empty replica holds may be read before anybody asks, while nothing has happened."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from executor.catalog.catalog import Catalog
from executor.model.resource import Resource, Scope, Snapshot
from executor.replica import Hydrator
from executor.replica.rebuilding import Rebuilt
from tests.unit.replica.test_unforeseen import ACCOUNT, REGION, FakeSource, of, resource


class Emulator:
    """Remembers what was read, and holds what it is given."""

    def __init__(self) -> None:
        self.reads: list[tuple[Scope, ...]] = []
        self.holds: tuple[Resource, ...] = ()

    def read(self, scopes: Iterable[Scope], *, sparingly: bool = False) -> Snapshot:
        wanted = tuple(scopes)
        self.reads.append(wanted)
        return of(*self.holds, services=[s.service for s in wanted])

    def rebuild(
        self, baseline: Snapshot, scopes: Iterable[Scope], *, region: str, pristine: bool
    ) -> Rebuilt:
        found = tuple(scopes)
        return Rebuilt(prior=self.read(found), scopes=found)


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


def hydrator(emulator: Emulator, source: FakeSource | None = None) -> Hydrator:
    return Hydrator(
        catalog=Catalog(), source=source, rebuilder=emulator, account=ACCOUNT, region=REGION
    )


QUEUES = Scope("sqs", REGION)


def test_what_was_read_ahead_is_not_read_again(emulator: Emulator) -> None:
    replica = hydrator(emulator)
    emulator.holds = (resource("AWS::SQS::Queue", "there"),)
    replica.read_ahead("sqs", lambda: True)
    assert replica.scopes == frozenset()
    emulator.holds = ()
    replica.prepare("sqs", "CreateQueue", REGION, {"QueueName": "a"})
    assert QUEUES in replica.scopes
    assert [r.name for r in replica.prior.resources.values()] == ["there"]
    assert [scopes for scopes in emulator.reads if QUEUES in scopes] == [(QUEUES,)]


def test_what_was_read_ahead_and_not_asked_for_tells_nothing(emulator: Emulator) -> None:
    replica = hydrator(emulator)
    emulator.holds = (resource("AWS::SQS::Queue", "there"),)
    replica.read_ahead("sqs", lambda: True)
    assert replica.prior.resources == {}


def test_nothing_is_read_ahead_once_there_was_a_call(emulator: Emulator) -> None:
    replica = hydrator(emulator)
    replica.read_ahead("sqs", lambda: False)
    assert emulator.reads == []


def test_what_a_call_may_have_changed_meanwhile_is_read_again(emulator: Emulator) -> None:
    replica = hydrator(emulator)
    answers = iter([True, False])
    emulator.holds = (resource("AWS::SQS::Queue", "made meanwhile"),)
    replica.read_ahead("sqs", lambda: next(answers))
    emulator.holds = ()
    replica.prepare("sqs", "CreateQueue", REGION, {"QueueName": "a"})
    assert replica.prior.resources == {}


def test_of_a_target_nothing_is_read_that_nobody_needs(emulator: Emulator) -> None:
    replica = hydrator(emulator, FakeSource())
    replica.read_ahead("sqs", lambda: True)
    assert emulator.reads == []
    replica.prepare("sqs", "CreateQueue", REGION, {"QueueName": "a"})
    assert emulator.reads


def test_what_is_no_service_of_the_catalogs_is_left_alone(emulator: Emulator) -> None:
    hydrator(emulator).read_ahead("braket", lambda: True)
    assert emulator.reads == []
