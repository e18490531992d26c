"""A call that a client tried again while the replica was being filled is made once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.unit.gateway.roads import Open, Road, request


class Filling:
    """Takes until it is told to end, and knows who waits."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()

    def __call__(self, *_: object) -> None:
        self.begun.set()
        assert self.over.wait(10)


def tried(attempt: int, *, bucket: str = "b", invocation: str = "one") -> bytes:
    headers = {
        "amz-sdk-invocation-id": invocation,
        "amz-sdk-request": f"ttl=20261126T120000Z; attempt={attempt}; max=5",
    }
    return request("PUT", f"/{bucket}", headers)


@contextmanager
def given_up(road: Road, data: bytes) -> Iterator[None]:
    """A client that has sent a request, and goes when the next one is on its way."""
    with road.client() as client:
        client.send(data)
        yield


def made(opened: Open, first: bytes, second: bytes) -> list[str]:
    """Return what the engine was asked when the second came while the first had to wait."""
    filling = Filling()
    road = opened(prepare=filling)
    with given_up(road, first):
        assert filling.begun.wait(10)
    with road.client() as client:
        client.send(second)
        # It has to be there before the first goes on.
        until = time.monotonic() + 10
        while road.gateway.asked < 2 and time.monotonic() < until:
            time.sleep(0.005)
        filling.over.set()
        assert client.answer().status == 200
    calls = road.gateway.close()
    targets = [asked.target for asked in road.engine.asked]
    assert len(calls) == len(targets)
    return targets


def test_the_latest_try_alone_is_made(opened: Open) -> None:
    assert made(opened, tried(1), tried(2)) == ["/b"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (tried(1), tried(2, bucket="c")),
        (tried(1), tried(2, invocation="two")),
        (request("PUT", "/b"), request("PUT", "/b")),
    ],
)
def test_another_call_hides_none(opened: Open, first: bytes, second: bytes) -> None:
    assert len(made(opened, first, second)) == 2
