"""How calls and gateways end when something else ends first."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from executor.model.call import Refusal
from tests.integration.gateways import Gateways, gateways_in, signed
from tests.integration.upstreams import Answered, Received, Upstream


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[Gateways]:
    with gateways_in(tmp_path) as found:
        yield found


# The engine ends


def test_client_is_told_when_the_engine_dies_without_an_answer(gateways: Gateways) -> None:
    with Upstream(lambda request: None) as upstream:
        gateway = gateways.open(upstream.url)
        with pytest.raises(ClientError) as caught:
            gateways.client("sqs", gateway).create_queue(QueueName="q")
        assert len(upstream.received) == 1
    assert caught.value.response["Error"]["Code"] == "EngineLost"
    (call,) = gateway.close()
    assert (call.uncertain, call.succeeded) == (True, False)
    assert call.detail


def test_client_is_told_when_the_engine_dies_within_its_answer(gateways: Gateways) -> None:
    cut = Answered(body=b'{"QueueUrl": "http://127.0.0.1/1/q"}', cut=10)
    with Upstream(lambda request: cut) as upstream:
        gateway = gateways.open(upstream.url)
        with pytest.raises(ClientError, match="EngineLost"):
            gateways.client("sqs", gateway).create_queue(QueueName="q")
    assert [call.uncertain for call in gateway.close()] == [True]


def test_download_breaks_off_when_the_engine_dies_within_an_object(gateways: Gateways) -> None:
    cut = Answered(body=bytes(1 << 20), cut=500_000)
    with Upstream(lambda request: cut) as upstream:
        gateway = gateways.open(upstream.url)
        body = gateways.client("s3", gateway).get_object(Bucket="b", Key="k")["Body"]
        with pytest.raises(BotoCoreError):
            body.read()
        body.close()
    assert [call.uncertain for call in gateway.close()] == [True]


def test_call_on_a_kept_connection_that_dies_is_not_forwarded_again(gateways: Gateways) -> None:
    answers = iter([Answered(), None])
    with Upstream(lambda request: next(answers)) as upstream:
        gateway = gateways.open(upstream.url)
        client = gateways.client("s3", gateway)
        client.head_bucket(Bucket="b")
        with pytest.raises(ClientError):
            client.delete_bucket(Bucket="b")
        assert (len(upstream.received), upstream.connections) == (2, 1)
    assert [call.uncertain for call in gateway.close()] == [False, True]


def test_engine_that_is_gone_refuses_every_call(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        client = gateways.client("sqs", gateway)
    for _ in range(2):
        with pytest.raises(ClientError, match="EngineLost"):
            client.create_queue(QueueName="q")
    calls = gateway.close()
    assert [call.refused for call in calls] == [Refusal.ENGINE_LOST] * 2
    assert not any(call.uncertain or call.succeeded for call in calls)


def test_call_after_the_engine_went_is_no_success(gateways: Gateways) -> None:
    with Upstream() as upstream:
        gateway = gateways.open(upstream.url)
        client = gateways.client("s3", gateway)
        client.head_bucket(Bucket="b")
    with pytest.raises(ClientError, match="EngineLost"):
        client.delete_bucket(Bucket="b")
    first, second = gateway.close()
    assert (first.succeeded, second.succeeded) == (True, False)


def test_answer_that_is_no_http_leaves_the_call_uncertain(gateways: Gateways) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

        answering = pool.submit(answer)
        gateway = gateways.open(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(ClientError, match="EngineLost"):
            gateways.client("sqs", gateway).create_queue(QueueName="q")
        answering.result()
    assert [call.uncertain for call in gateway.close()] == [True]


def test_answer_that_comes_before_the_whole_upload_was_taken_counts(gateways: Gateways) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                with suppress(ConnectionError):
                    while connection.recv(1 << 20):
                        pass

        answering = pool.submit(answer)
        gateway = gateways.open(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(ClientError, match="403"):
            gateways.client("s3", gateway).put_object(Bucket="b", Key="k", Body=bytes(4 << 20))
        (call,) = gateway.close()
        answering.result()
    assert (call.status, call.succeeded) == (403, False)


# The client ends


def test_download_whose_client_goes_midway_is_recorded(gateways: Gateways) -> None:
    def respond(request: Received) -> Answered:
        return Answered(body=bytes(32 << 20 if request.method == "GET" else 0))

    with Upstream(respond) as upstream:
        gateway = gateways.open(upstream.url)
        connection = gateways.raw(gateway)
        connection.sendall(f"GET /b/k HTTP/1.1\r\n{signed('s3')}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        connection.close()
        gateways.client("s3", gateway).delete_bucket(Bucket="b")
        calls = gateway.close()
    assert [call.operation for call in calls] == ["GetObject", "DeleteBucket"]
    assert calls[0].duration_ms is not None


# The gateway ends


def test_close_cuts_off_who_was_let_in_a_moment_ago_and_leaves_nothing(gateways: Gateways) -> None:
    with Upstream() as upstream:
        threads, me = set(threading.enumerate()), psutil.Process()
        files = me.num_fds()
        for _ in range(5):
            gateway = gateways.open(upstream.url)
            client = gateways.client("s3", gateway)
            client.head_bucket(Bucket="b")
            # Accepted by the kernel; the gateway may not even have seen them.
            fresh = [gateways.raw(gateway) for _ in range(3)]
            gateway.close()
            for one in fresh:
                with suppress(ConnectionResetError):
                    assert one.recv(1) == b""
                one.close()
            client.close()
        left = set(threading.enumerate()) - threads
        assert {thread.name for thread in left} <= {"upstream"}
    assert me.num_fds() <= files


def test_close_waits_for_what_is_under_way_and_can_be_repeated(gateways: Gateways) -> None:
    going, go_on = threading.Event(), threading.Event()

    def respond(request: Received) -> Answered:
        going.set()
        assert go_on.wait(10)
        return Answered()

    with Upstream(respond) as upstream, ThreadPoolExecutor(2) as pool:
        gateway = gateways.open(upstream.url)
        call = pool.submit(gateways.client("s3", gateway).head_bucket, Bucket="b")
        assert going.wait(10)
        closing = pool.submit(gateway.close)
        go_on.set()
        call.result()
        assert [one.succeeded for one in closing.result()] == [True]
    assert gateway.close() == closing.result()
