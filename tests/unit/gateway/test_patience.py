"""Clients that take their time, or all the connections there are."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from executor.gateway.connection import Patience
from executor.model.call import Refusal
from tests.unit.gateway.roads import Open, Road, Told, request, sqs

SHORT = Patience(head_s=0.05, body_s=0.05)
HEAD = b"PUT /bucket?tagging HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize("begun", [b"P", HEAD, HEAD + b"X: y\r\n"])
def test_a_head_that_never_ends_is_refused_and_recorded(opened: Open, begun: bytes) -> None:
    road = opened(patience=SHORT)
    with road.client() as client:
        client.send(begun)
        answer = client.answer()
        assert (answer.status, answer.header("connection")) == (408, "close")
        client.finish()
        assert client.ended()
    (call,) = road.gateway.close()
    assert (call.refused, "in time" in call.detail) == (Refusal.UNIDENTIFIED, True)
    assert road.engine.asked == []


def test_a_body_that_never_comes_is_refused_and_recorded(opened: Open) -> None:
    road = opened(patience=SHORT)
    with road.client() as client:
        client.send(request("PUT", "/bucket?tagging", {"Content-Length": "9"}) + b"<Tag")
        assert client.answer().status == 408
    (call,) = road.gateway.close()
    assert call.refused is Refusal.UNIDENTIFIED
    assert road.engine.asked == []


def test_an_object_that_never_comes_is_uncertain(opened: Open) -> None:
    road = opened(patience=SHORT)
    with road.client() as client:
        client.send(request("PUT", "/bucket/key", {"Content-Length": "1000000"}) + b"begun")
        assert client.ended()
    (call,) = road.gateway.close()
    assert (call.operation, call.uncertain) == ("PutObject", True)


def test_a_client_that_pauses_for_less_is_served(opened: Open) -> None:
    road = opened(patience=Patience(head_s=10, body_s=10))
    data = sqs("ListQueues")
    with road.client() as client:
        for at in range(0, len(data), 40):
            client.send(data[at : at + 40])
            time.sleep(0.002)
        assert client.answer().status == 200


def test_clients_that_only_begin_hinder_nobody(road: Road) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(road.client()) for _ in range(200)]
        for client in slow:
            client.send(HEAD)
        for _ in range(20):
            assert road.ask(sqs("ListQueues")).status == 200
    assert len(road.gateway.close()) == 20


def test_a_client_that_hears_but_has_nothing_more_to_say_is_answered(road: Road) -> None:
    with road.client() as client:
        client.send(sqs("ListQueues"))
        client.finish()
        assert client.answer().status == 200
        assert client.ended()


def test_a_client_that_does_not_listen_hinders_nobody(opened: Open) -> None:
    road = opened()
    with road.client() as deaf:
        for _ in range(300):
            deaf.send(sqs("ListQueues"))
        assert road.ask(sqs("ListQueues")).status == 200


def test_an_engine_that_hangs_leaves_an_uncertain_call(opened: Open) -> None:
    released = threading.Event()

    def hang(asked: object) -> Told:
        released.wait(30)
        return Told()

    road = opened(answering=hang, patience=Patience(answer_s=0.05))
    answer = road.ask(sqs("CreateQueue", QueueName="q"))
    released.set()
    assert answer.status == 400
    assert b"in time" in answer.body
    (call,) = road.gateway.close()
    assert (call.operation, call.uncertain) == ("CreateQueue", True)
    assert "in time" in call.detail
