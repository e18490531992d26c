"""An engine that is another one from a moment on: where calls go, and what addresses mean."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.gateway import Aliases
from tests.unit.gateway.roads import Asked, FakeEngine, Open, Told, request, sqs

PLAIN = "127.0.0.1:4000"


@pytest.fixture
def other() -> Iterator[FakeEngine]:
    engine = FakeEngine()
    yield engine
    engine.close()


def ask(host: str) -> bytes:
    headers = {
        "Host": host,
        "X-Amz-Target": "AmazonSQS.GetQueueUrl",
        "Content-Type": "application/x-amz-json-1.0",
    }
    return request("POST", "/", headers, b'{"QueueName": "q"}', service="sqs")


class Slowly:
    """Answers when it is told to go on."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.arrived, self.go_on = threading.Event(), threading.Event()

    def __call__(self, asked: Asked) -> Told:
        self.arrived.set()
        self.go_on.wait(10)
        return Told(body=self._body)


def test_calls_go_to_the_new_engine_although_connections_to_the_old_are_open(
    opened: Open, other: FakeEngine
) -> None:
    road = opened()
    road.ask(sqs("ListQueues"))
    road.gateway.lead_to(other.url)
    for _ in range(3):
        road.ask(sqs("ListQueues"))
    assert (len(road.engine.asked), len(other.asked)) == (1, 3)
    assert other.asked[0].header("host") == other.url.partition("://")[2]


def test_what_is_under_way_is_answered_by_the_old_engine(opened: Open, other: FakeEngine) -> None:
    slowly = Slowly(b'{"QueueUrls": ["old"]}')
    road = opened(answering=slowly)
    with road.client() as client:
        client.send(sqs("ListQueues"))
        assert slowly.arrived.wait(10)
        road.gateway.lead_to(other.url)
        slowly.go_on.set()
        assert client.answer().body == b'{"QueueUrls": ["old"]}'
        client.send(sqs("ListQueues"))
        client.answer()
    assert (len(road.engine.asked), len(other.asked)) == (1, 1)


def test_it_is_quiet_when_what_was_under_way_is_answered(opened: Open) -> None:
    road = opened()
    road.ask(sqs("ListQueues"))
    with road.client() as client:
        with road.gateway.quiet() as quiet:
            assert quiet
            client.send(sqs("ListQueues"))
            time.sleep(0.2)
            assert len(road.engine.asked) == 1, "it was let to the engine"
        client.answer()
    assert len(road.engine.asked) == 2


def test_it_is_not_quiet_while_the_engine_takes_its_time(opened: Open) -> None:
    slowly = Slowly(b"{}")
    road = opened(answering=slowly)
    with road.client() as client:
        client.send(sqs("ListQueues"))
        assert slowly.arrived.wait(10)
        with road.gateway.quiet() as quiet:
            assert not quiet
        slowly.go_on.set()
        client.answer()
        client.send(sqs("ListQueues"))
        client.answer()
    with road.gateway.quiet() as quiet:
        assert quiet


def test_what_the_engine_calls_itself_leads_to_the_gateway(opened: Open, other: FakeEngine) -> None:
    """A fork gives out the address at which what it holds was made."""
    road = opened()
    road.gateway.lead_to(other.url, ["127.0.0.1:4242"])
    for address in (other.url, "http://127.0.0.1:4242", "http://localhost:4242"):
        body = json.dumps({"QueueUrl": f"{address}/123456789012/q"}).encode()
        other.answering = lambda asked, body=body: Told(body=body)  # type: ignore[misc]
        told = road.ask(ask(PLAIN))
        assert json.loads(told.body) == {"QueueUrl": f"http://{PLAIN}/123456789012/q"}
    foreign = json.dumps({"QueueUrl": "http://127.0.0.1:42421/123456789012/q"}).encode()
    other.answering = lambda asked: Told(body=foreign)
    assert road.ask(ask(PLAIN)).body == foreign


def test_a_queues_url_in_a_request_is_that_of_the_new_engine(
    opened: Open, other: FakeEngine
) -> None:
    road = opened()
    road.gateway.lead_to(other.url)
    headers = {
        "Host": "sqs.us-east-1.amazonaws.com",
        "X-Amz-Target": "AmazonSQS.PurgeQueue",
        "Content-Type": "application/x-amz-json-1.0",
    }
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/q"
    body = json.dumps({"QueueUrl": url}).encode()
    road.ask(request("POST", "/", headers, body, service="sqs"))
    assert json.loads(other.asked[0].body) == {"QueueUrl": f"{other.url}/123456789012/q"}


_IDS = st.text("abc-:/", min_size=1, max_size=6)
_PAIRS = st.lists(st.tuples(_IDS, _IDS), max_size=6)


@settings(deadline=None)
@given(_PAIRS, _PAIRS, st.text("abc-:/ ", max_size=30))
def test_starting_anew_forgets_what_was_known(
    before: list[tuple[str, str]], after: list[tuple[str, str]], text: str
) -> None:
    moved, fresh = Aliases(), Aliases()
    for pair in before:
        moved.add(*pair)
    moved.restart(after)
    for pair in after:
        fresh.add(*pair)
    assert moved.to_engine(text.encode()) == fresh.to_engine(text.encode())
    assert moved.to_change(text.encode()) == fresh.to_change(text.encode())
