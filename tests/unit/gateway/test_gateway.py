"""The road from end to end, before an engine that does as it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from executor.errors import ExecutorError, RecorderFailed, TargetFailed
from executor.gateway import Refused
from executor.gateway.wire import Identity
from executor.model.call import Refusal
from tests.unit.gateway.roads import AllBut, Asked, Open, Road, Told, request, scope, sqs

# Recording


def test_row_is_on_disk_before_the_engine_sees_the_call(opened: Open, tmp_path: Path) -> None:
    seen: list[str] = []

    def answering(asked: Asked) -> Told:
        seen.append((tmp_path / "trace.jsonl").read_text())
        return Told(body=b'{"QueueUrl": "http://a/b"}')

    road = opened(answering=answering)
    assert road.ask(sqs("CreateQueue", QueueName="orders")).status == 200
    assert '"event": "call"' in seen[0]
    assert "CreateQueue" in seen[0]
    assert "outcome" not in seen[0]
    (call,) = road.gateway.close()
    assert (call.n, call.status, call.response) == (1, 200, {"QueueUrl": "http://a/b"})
    assert [row["event"] for row in road.rows()] == ["call", "outcome"]


def test_gateway_stops_when_the_trace_cannot_be_written(opened: Open) -> None:
    road = opened(trace=Path("/dev/full"))
    with road.client() as idle, road.client() as client:
        idle.send(b"")
        client.send(sqs("CreateQueue", QueueName="orders"))
        assert client.ended()
        assert idle.ended()
    with road.client() as late:
        assert late.ended()
    assert road.engine.asked == []
    with pytest.raises(RecorderFailed):
        road.gateway.close()


def test_error_of_the_engine_is_the_calls_outcome(opened: Open) -> None:
    body = b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}'
    road = opened(answering=lambda asked: Told(status=400, body=body))
    assert road.ask(sqs("GetQueueUrl", QueueName="x")).body == body
    (call,) = road.gateway.close()
    assert (call.status, call.error, call.response) == (400, "QueueDoesNotExist", None)


def test_secret_is_sealed_and_not_in_the_trace(road: Road) -> None:
    headers = {
        "X-Amz-Target": "secretsmanager.CreateSecret",
        "Content-Type": "application/x-amz-json-1.1",
    }
    body = b'{"Name":"db","SecretString":"hunter2"}'
    road.ask(request("POST", "/", headers, body, service="secretsmanager"))
    (call,) = road.gateway.close()
    assert "hunter2" not in road.trace.read_text()
    assert "AKIAEXAMPLE" not in road.trace.read_text()
    assert road.vault.params(call.sealed)[0] == {"Name": "db", "SecretString": "hunter2"}


# Refusing


def test_call_the_engine_lacks_is_not_forwarded(opened: Open) -> None:
    road = opened(operations=AllBut("s3:DeleteBucketMetricsConfiguration"))
    answer = road.ask(request("DELETE", "/bucket?metrics&id=x"))
    assert answer.status == 400
    assert b"<Code>NotImplemented</Code>" in answer.body
    assert road.engine.asked == []
    (call,) = road.gateway.close()
    assert call.refused is Refusal.NOT_IMPLEMENTED
    assert call.operation == "DeleteBucketMetricsConfiguration"
    assert call.mutating


def test_json_client_is_refused_in_json(opened: Open) -> None:
    road = opened(operations=AllBut("sqs:PurgeQueue"))
    answer = road.ask(sqs("PurgeQueue", QueueUrl="http://a/b"))
    assert (answer.status, answer.header("x-amzn-errortype")) == (400, "NotImplemented")
    assert b'"__type": "NotImplemented"' in answer.body


@pytest.mark.parametrize(
    "target",
    [
        "/_localstack/health",
        "/_ministack/reset",
        "/_aws/sqs/messages",
        "/moto-api/reset",
        "/health",
        "/_user_request_/x",
        "//bucket",
        "/bucket/../_localstack/health",
        "/%5Flocalstack/health",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_address_of_the_engine_itself_is_refused(road: Road, method: str, target: str) -> None:
    assert road.ask(request(method, target)).status == 400
    assert road.ask(request(method, target, {"Authorization": ""})).status == 400
    assert road.engine.asked == []
    assert {call.refused for call in road.gateway.close()} == {Refusal.UNIDENTIFIED}


def test_first_rule_that_refuses_decides_and_is_recorded(opened: Open) -> None:
    def guard(identity: Identity) -> Refused | None:
        if identity.operation == "DeleteQueue":
            return Refused(refusal=Refusal.NOT_REHEARSED, code="AccessDenied", message="not now")
        return None

    road = opened(rules=[guard])
    assert road.ask(sqs("DeleteQueue", QueueUrl="http://a/b")).status == 400
    assert road.ask(sqs("ListQueues")).status == 200
    calls = road.gateway.close()
    assert [(c.operation, c.refused, c.detail) for c in calls] == [
        ("DeleteQueue", Refusal.NOT_REHEARSED, "not now"),
        ("ListQueues", None, ""),
    ]


@pytest.mark.parametrize(("account", "status"), [("123456789012", 200), ("999999999999", 400)])
def test_role_of_another_account_cannot_be_assumed(road: Road, account: str, status: int) -> None:
    form = (
        f"Action=AssumeRole&Version=2011-06-15&RoleSessionName=a"
        f"&RoleArn=arn%3Aaws%3Aiam%3A%3A{account}%3Arole%2Fr"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert road.ask(request("POST", "/", headers, form.encode(), service="sts")).status == status


MALFORMED = (
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    b"GET /b/k HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    b"GET /b/k HTTP/1.1\r\n\r\n",
    b"GET /b/k HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /b k HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
)


@pytest.mark.parametrize("data", MALFORMED)
def test_malformed_request_is_refused_and_recorded(road: Road, data: bytes) -> None:
    with road.client() as client:
        client.send(data + b"GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n")
        assert client.answer().status in (400, 431, 501)
        assert client.ended()
    assert road.engine.asked == []
    (call,) = road.gateway.close()
    assert call.refused is Refusal.UNIDENTIFIED
    assert call.detail.startswith("malformed HTTP")


def test_head_that_is_too_long_is_refused(road: Road) -> None:
    answer = road.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (65 << 10))
    assert answer.status == 431


# Preparing


def test_replica_is_prepared_once_per_operation_before_it_is_asked(opened: Open) -> None:
    prepared: list[tuple[str, ...]] = []
    road = opened(prepare=lambda s, o, r, *rest: prepared.append((s, o, r)))
    for _ in range(3):
        road.ask(sqs("ListQueues"))
    road.ask(sqs("CreateQueue", QueueName="a"))
    assert prepared == [("sqs", "ListQueues", "us-east-1"), ("sqs", "CreateQueue", "us-east-1")]


@pytest.mark.parametrize("failure", [TargetFailed("not permitted"), ValueError("not permitted")])
def test_service_that_cannot_be_read_is_refused(opened: Open, failure: Exception) -> None:
    def prepare(
        service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        raise failure

    road = opened(prepare=prepare)
    answer = road.ask(sqs("ListQueues"))
    assert b"not permitted" in answer.body
    assert road.engine.asked == []
    (call,) = road.gateway.close()
    assert call.refused is Refusal.NOT_HYDRATED


def test_other_services_go_on_while_one_is_prepared(opened: Open) -> None:
    going, served = threading.Event(), threading.Event()

    def prepare(
        service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        if service == "sqs":
            going.set()
            assert served.wait(10)

    road = opened(prepare=prepare)
    with road.client() as waiting:
        waiting.send(sqs("ListQueues"))
        assert going.wait(10)
        assert road.ask(request("GET", "/bucket/key")).status == 200
        served.set()
        assert waiting.answer().status == 200


def test_fault_of_our_own_stops_the_gateway(opened: Open) -> None:
    def faulty(identity: Identity) -> Refused | None:
        raise ZeroDivisionError

    road = opened(rules=[faulty])
    with road.client() as client:
        client.send(sqs("ListQueues"))
        assert client.ended()
    assert road.engine.asked == []
    with pytest.raises(ExecutorError, match="ZeroDivisionError"):
        road.gateway.close()


# Forwarding


def test_request_reaches_the_engine_as_it_was_sent(road: Road) -> None:
    odd = "/bucket/a%2Fb//c%20d?x-id=PutObject"
    headers = {"X-Amz-Meta-Author": "J\xe4ger", "x-amz-META-b": "2", "Connection": "x-hop"}
    road.ask(request("PUT", odd, {**headers, "x-hop": "1"}, b"hello"))
    (asked,) = road.engine.asked
    assert (asked.method, asked.target, asked.body) == ("PUT", odd, b"hello")
    names = [name for name, _ in asked.headers]
    expected = ["Host", "Authorization", "X-Amz-Meta-Author", "x-amz-META-b", "Content-Length"]
    assert names == expected
    assert asked.header("X-Amz-Meta-Author") == "J\xe4ger"


def test_run_s_account_takes_the_place_of_the_access_key(road: Road) -> None:
    road.ask(request("GET", "/bucket/key"))
    presigned = (
        "/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20261123"
        "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T000000Z&X-Amz-Expires=60"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    )
    road.ask(request("GET", presigned, {"Authorization": ""}))
    first, second = road.engine.asked
    assert first.header("authorization") == scope("s3", "123456789012")
    assert second.target == presigned.replace("AKIAEXAMPLE", "123456789012")


def test_bucket_in_the_host_name_goes_into_the_path(road: Road) -> None:
    host = "logs.s3.us-east-1.amazonaws.com"
    road.ask(request("GET", "/a/b?versionId=1", {"Host": host}))
    (asked,) = road.engine.asked
    assert asked.target == "/logs/a/b?versionId=1"
    assert asked.header("host") == f"127.0.0.1:{road.engine.port}"


def test_pipelined_requests_are_answered_in_their_order(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(body=asked.target.encode()))
    with road.client() as client:
        client.send(b"".join(request("GET", f"/bucket/{n}") for n in range(5)))
        bodies = [client.answer().body for _ in range(5)]
    assert bodies == [f"/bucket/{n}".encode() for n in range(5)]


def test_chunked_request_arrives_whole(road: Road) -> None:
    chunks = b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked"}
    assert road.ask(request("PUT", "/bucket/key", headers, chunks)).status == 200
    assert road.engine.asked[0].body == b"hello world"


def test_body_is_asked_for_when_the_client_waits(road: Road) -> None:
    headers = {"Expect": "100-continue", "Content-Length": "5"}
    with road.client() as client:
        client.send(request("PUT", "/bucket/key", headers))
        assert client.answer().status == 100
        client.send(b"hello")
        assert client.answer().status == 200
        client.send(request("GET", "/bucket/key"))
        assert client.answer().status == 200
    assert road.engine.asked[0].body == b"hello"


def test_refused_body_is_not_asked_for(opened: Open) -> None:
    road = opened(operations=AllBut("s3:PutObject"))
    headers = {"Expect": "100-continue", "Content-Length": str(1 << 30)}
    with road.client() as client:
        client.send(request("PUT", "/bucket/key", headers))
        answer = client.answer()
        assert (answer.status, answer.header("connection")) == (400, "close")
        assert client.ended()


def test_refused_body_is_taken_so_that_the_answer_is_read(opened: Open) -> None:
    road = opened(operations=AllBut("s3:PutObject"))
    with road.client() as client:
        client.send(request("PUT", "/bucket/key", body=b"x" * (1 << 20)))
        assert client.answer().status == 400
        client.send(request("GET", "/bucket/key"))
        assert client.answer().status == 200


def test_streamed_upload_arrives_and_is_sealed(road: Road) -> None:
    body = bytes(range(256)) * 3000
    road.ask(request("PUT", "/bucket/key", body=body))
    (call,) = road.gateway.close()
    assert road.engine.asked[0].body == body
    assert call.params["Body"] == {"$streamed": True}
    assert b"".join(road.vault.pieces(call.sealed)) == body


def test_upload_beyond_the_cap_is_made_and_not_kept(opened: Open) -> None:
    road = opened(most_bytes=1000)
    body = b"x" * (1 << 20)
    assert road.ask(request("PUT", "/bucket/key", body=body)).status == 200
    (call,) = road.gateway.close()
    assert len(road.engine.asked[0].body) == len(body)
    assert call.sealed
    with pytest.raises(FileNotFoundError):
        next(road.vault.pieces(call.sealed))


# Answering


@pytest.mark.parametrize("status", [204, 304])
def test_answer_without_a_body_passes(opened: Open, status: int) -> None:
    road = opened(answering=lambda asked: Told(status=status, headers={"ETag": '"a"'}))
    with road.client() as client:
        for _ in range(2):
            client.send(request("GET", "/bucket/key"))
            answer = client.answer()
            assert (answer.status, answer.header("etag")) == (status, '"a"')


def test_length_of_what_head_asks_for_passes(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(headers={"Content-Length": "12345"}))
    answer = road.ask(request("HEAD", "/bucket/key"), bodiless=True)
    assert answer.header("content-length") == "12345"
    (call,) = road.gateway.close()
    assert (call.operation, call.status) == ("HeadObject", 200)


def test_answers_of_calls_that_change_nothing_are_not_kept(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(body=b'{"QueueUrls": ["http://a/b"]}'))
    road.ask(sqs("ListQueues"))
    road.ask(sqs("PurgeQueue", QueueUrl="http://a/b"))
    read, written = road.gateway.close()
    assert (read.succeeded, read.response) == (True, None)
    assert (written.succeeded, written.response) == (True, {})


def test_object_streams_through(opened: Open) -> None:
    body = bytes(range(256)) * 20_000
    road = opened(answering=lambda asked: Told(body=body))
    assert road.ask(request("GET", "/bucket/key")).body == body
    (call,) = road.gateway.close()
    assert call.status == 200


def test_engine_that_is_gone_is_said_and_recorded(opened: Open) -> None:
    road = opened()
    road.engine.close()
    answer = road.ask(sqs("CreateQueue", QueueName="a"))
    assert answer.status == 400
    (call,) = road.gateway.close()
    assert call.refused is Refusal.ENGINE_LOST
    assert not call.uncertain


def test_call_without_an_answer_is_uncertain_and_not_repeated(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(hang_up=True))
    assert road.ask(sqs("CreateQueue", QueueName="a")).status == 400
    assert len(road.engine.asked) == 1
    (call,) = road.gateway.close()
    assert call.uncertain


def test_answer_that_breaks_off_is_uncertain(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(body=b"{}" * 100, hang_up_after=10))
    road.ask(sqs("CreateQueue", QueueName="a"))
    with road.client() as client:
        client.send(request("GET", "/bucket/key"))
        with pytest.raises((EOFError, AssertionError)):
            assert len(client.answer().body) == 200
    calls = road.gateway.close()
    assert [call.uncertain for call in calls] == [True, True]


def test_outcome_is_recorded_when_the_client_has_gone(opened: Open) -> None:
    gone = threading.Event()

    def answering(asked: Asked) -> Told:
        assert gone.wait(10)
        return Told(body=b'{"QueueUrl": "u"}')

    road = opened(answering=answering)
    with road.client() as client:
        client.send(sqs("CreateQueue", QueueName="a"))
        while not road.engine.asked:
            time.sleep(0.005)
    gone.set()
    (call,) = road.gateway.close()
    assert (call.status, call.response) == (200, {"QueueUrl": "u"})


def test_client_that_stops_halfway_leaves_an_uncertain_call(road: Road) -> None:
    with road.client() as client:
        headers = {"Content-Length": str(1 << 20)}
        client.send(request("PUT", "/bucket/key", headers, b"x" * 1000))
        while not road.recorder.calls():
            time.sleep(0.005)
    deadline = time.monotonic() + 10
    while road.rows()[-1]["event"] != "outcome" and time.monotonic() < deadline:
        time.sleep(0.005)
    (call,) = road.gateway.close()
    assert call.uncertain
    with pytest.raises(FileNotFoundError):
        next(road.vault.pieces(call.sealed))


def test_half_closed_client_is_answered(road: Road) -> None:
    with road.client() as client:
        client.send(request("GET", "/bucket/key"))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer().status == 200


# Ending


def test_nothing_is_left_after_the_end(opened: Open) -> None:
    threads = set(threading.enumerate())
    before = {c.fd for c in psutil.Process().net_connections()}
    road = opened()
    clients = [road.client() for _ in range(4)]
    for client in clients:
        client.send(request("GET", "/bucket/key"))
        assert client.answer().status == 200
    started = time.monotonic()
    assert len(road.gateway.close()) == 4
    assert time.monotonic() - started < 4
    assert road.gateway.close() == road.recorder.calls()
    for client in clients:
        assert client.ended()
        client.__exit__()
    road.engine.close()
    left = {t.name for t in set(threading.enumerate()) - threads if t.name.startswith("gateway")}
    assert left == set()
    ours = [c for c in psutil.Process().net_connections() if c.fd not in before]
    assert [c for c in ours if c.laddr.port == road.gateway.port] == []


def test_what_is_under_way_is_finished(opened: Open) -> None:
    asked = threading.Event()

    def answering(_: Asked) -> Told:
        asked.set()
        time.sleep(0.2)
        return Told()

    road = opened(answering=answering)
    with road.client() as client:
        client.send(sqs("ListQueues"))
        assert asked.wait(10)
        (call,) = road.gateway.close()
        assert call.status == 200
        assert client.answer().status == 200


def test_parallel_clients_get_their_own_answers(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(body=asked.target.encode()))

    def burst(client: int) -> None:
        with road.client() as raw:
            for n in range(20):
                raw.send(request("GET", f"/bucket/{client}-{n}"))
                assert raw.answer().body == f"/bucket/{client}-{n}".encode()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(burst, range(8)))
    calls = road.gateway.close()
    assert [call.n for call in calls] == list(range(1, 161))
    assert {call.status for call in calls} == {200}
