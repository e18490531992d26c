"""Whoever watches a gateway is told when it is deserted, and when nothing more can come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import psutil

from tests.unit.gateway.roads import Asked, Open, Told, sqs

SOON_S = 10.0


class Remembering:
    """Keeps what it was told."""

    def __init__(self, at_the_end: Callable[[], None] = lambda: None) -> None:
        self.told: list[tuple[str, int]] = []
        self._at_the_end = at_the_end
        self._came = threading.Condition()

    def deserted(self, asked: int) -> None:
        self._tell("deserted", asked)

    def closing(self, asked: int) -> None:
        self._at_the_end()
        self._tell("closing", asked)

    def _tell(self, what: str, asked: int) -> None:
        with self._came:
            self.told.append((what, asked))
            self._came.notify_all()

    def hears(self, number: int) -> bool:
        with self._came:
            return self._came.wait_for(lambda: len(self.told) >= number, SOON_S)


def test_last_client_that_goes_leaves_it_deserted(opened: Open) -> None:
    watcher = Remembering()
    road = opened(watcher=watcher)
    with road.client() as first:
        first.send(sqs("CreateQueue", QueueName="a"))
        first.answer()
        road.ask(sqs("CreateQueue", QueueName="b"))
        time.sleep(0.1)
        assert watcher.told == []
    assert watcher.hears(1)
    road.ask(sqs("CreateQueue", QueueName="c"))
    assert watcher.hears(2)
    road.gateway.close()
    assert watcher.told == [("deserted", 2), ("deserted", 3), ("closing", 3)]


def test_closing_is_told_once_and_before_the_engine_notices(opened: Open) -> None:
    still_there: list[bool] = []

    def look() -> None:
        port = urlsplit(road.engine.url).port
        found = psutil.Process().net_connections("tcp")
        states = {c.status for c in found if c.raddr[1:] == (port,)}
        still_there.append(states == {psutil.CONN_ESTABLISHED})

    watcher = Remembering(look)
    road = opened(watcher=watcher)
    with road.client() as client:
        client.send(sqs("CreateQueue", QueueName="a"))
        client.answer()
        road.gateway.close()
        road.gateway.close()
    assert watcher.told == [("closing", 1)]
    assert still_there == [True]


def test_call_that_its_client_left_behind_is_counted_in_the_end(opened: Open) -> None:
    watcher = Remembering()
    asked, answer = threading.Event(), threading.Event()

    def slow(request: Asked) -> Told:
        asked.set()
        answer.wait(SOON_S)
        return Told()

    road = opened(watcher=watcher, answering=slow)
    with road.client() as client:
        client.send(sqs("CreateQueue", QueueName="a"))
        assert asked.wait(SOON_S)
    answer.set()
    road.gateway.close()
    assert watcher.told[-1] == ("closing", 1)
