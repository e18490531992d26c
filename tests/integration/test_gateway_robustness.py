"""Bytes that no client of AWS sends: the gateway stays up, forwards nothing, records them."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from executor.gateway import Gateway
from executor.model.call import Call, Refusal
from tests.integration.gateways import Gateways, gateways_in, read_answer, signed
from tests.integration.upstreams import Upstream

_GOOD = f"DELETE /good HTTP/1.1\r\n{signed('s3')}\r\n".encode()
_LAMBDA = "POST /2015-03-31/functions HTTP/1.1\r\n" + signed("lambda")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as found:
        yield found


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[Gateways]:
    with gateways_in(tmp_path) as found:
        yield found


def _said(gateway: Gateway, *pieces: bytes) -> bytes:
    """Send pieces on a connection of their own, end it, and return all that is said to it."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        found = b""
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1 << 16):
                found += piece
        return found


def _still_serves(gateways: Gateways, gateway: Gateway, upstream: Upstream) -> list[Call]:
    """Make a good call; return those recorded before it."""
    before = len(upstream.received)
    connection = gateways.raw(gateway)
    connection.sendall(_GOOD)
    assert read_answer(connection)[0] == 200
    assert [request.target for request in upstream.received[before:]] == ["/good"]
    *calls, good = gateway.close()
    assert (good.operation, good.succeeded) == ("DeleteBucket", True)
    return calls


_MALFORMED = {
    "no-http": b"hello\r\n\r\n",
    "no-version": b"DELETE /b\r\n\r\n",
    "other-version": b"DELETE /b HTTP/2.0\r\nHost: a\r\n\r\n",
    "http2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "fragment-in-target": b"DELETE /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank-in-target": b"DELETE /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "control-in-target": b"DELETE /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n",
    "control-in-header": b"DELETE /b HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "no-host": b"DELETE /b HTTP/1.1\r\n\r\n",
    "two-hosts": b"DELETE /b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "header-without-colon": b"DELETE /b HTTP/1.1\r\nHost: a\r\nodd\r\n\r\n",
    "blank-before-colon": b"DELETE /b HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc",
    "fold": b"DELETE /b HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "bare-lf": b"DELETE /b HTTP/1.1\nHost: a\n\n",
    "bare-lf-once": b"DELETE /b HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare-cr": b"DELETE /b HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "two-lengths": (
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"
    ),
    "same-length-twice": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
    "negative-length": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
    "signed-length": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "long-length": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n" % (b"9" * 40),
    "length-and-coding": (
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n"
    ),
    "coding-then-length": (
        b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
        b"0\r\n\r\n"
    ),
    "other-coding": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "coding-in-disguise": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n",
    "old-version-chunked": (
        b"PUT /b/k HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "tls": bytes.fromhex("160301020001000001fc0303") + bytes(range(256)) * 2,
}


@pytest.mark.parametrize("data", _MALFORMED.values(), ids=_MALFORMED.keys())
def test_what_is_no_http_or_can_be_read_in_two_ways_is_refused_and_recorded(
    gateways: Gateways, upstream: Upstream, data: bytes
) -> None:
    gateway = gateways.open(upstream.url)
    # What follows would be a request of its own to whoever sees the end somewhere else.
    said = _said(gateway, data + _GOOD)
    assert said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 505"))
    assert said.count(b"\r\nContent-Length: ") == 1
    assert upstream.received == []
    calls = _still_serves(gateways, gateway, upstream)
    assert [call.refused for call in calls] == [Refusal.UNIDENTIFIED]
    assert all(call.mutating and call.detail for call in calls)


_UNIDENTIFIABLE = {
    "unsigned": b"GET /_localstack/health HTTP/1.1\r\nHost: a\r\n\r\n",
    "root": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "unknown-service": f"POST / HTTP/1.1\r\n{signed('nonsense')}Content-Length: 0\r\n\r\n".encode(),
    "unknown-operation": (
        f"POST / HTTP/1.1\r\n{signed('dynamodb', 'X-Amz-Target: DynamoDB_20120810.DropAll')}"
        "Content-Length: 2\r\n\r\n{}"
    ).encode(),
    "connect": b"CONNECT sqs.us-east-1.amazonaws.com:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "options-star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad-json": f"{_LAMBDA}Content-Length: 1\r\n\r\n{{".encode(),
    "bad-method": b"DESTROY /b HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("data", _UNIDENTIFIABLE.values(), ids=_UNIDENTIFIABLE.keys())
def test_http_that_is_no_call_is_refused_and_recorded(
    gateways: Gateways, upstream: Upstream, data: bytes
) -> None:
    gateway = gateways.open(upstream.url)
    assert _said(gateway, data).startswith(b"HTTP/1.1 4")
    assert upstream.received == []
    calls = _still_serves(gateways, gateway, upstream)
    assert [call.refused for call in calls] == [Refusal.UNIDENTIFIED]


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_head_that_is_too_long_is_refused(
    gateways: Gateways, upstream: Upstream, size: int
) -> None:
    gateway = gateways.open(upstream.url)
    head = b"DELETE /b HTTP/1.1\r\nHost: a\r\nX: " + b"a" * size
    assert _said(gateway, head, b"\r\n\r\n").startswith(b"HTTP/1.1 431")
    assert len(_still_serves(gateways, gateway, upstream)) == 1


def test_head_of_many_kilobytes_is_taken(gateways: Gateways, upstream: Upstream) -> None:
    gateway = gateways.open(upstream.url)
    lines = [f"x-amz-meta-{n}: {'v' * 100}" for n in range(200)]
    head = f"DELETE /b HTTP/1.1\r\n{signed('s3', *lines)}\r\n".encode()
    assert _said(gateway, head).startswith(b"HTTP/1.1 200")
    assert upstream.received[0].headers["x-amz-meta-199"] == "v" * 100


def test_head_that_comes_byte_by_byte_is_taken(gateways: Gateways, upstream: Upstream) -> None:
    gateway = gateways.open(upstream.url)
    connection = gateways.raw(gateway)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in _GOOD:
        connection.sendall(bytes([byte]))
    assert read_answer(connection)[0] == 200


def test_absolute_target_is_forwarded_as_a_path(gateways: Gateways, upstream: Upstream) -> None:
    gateway = gateways.open(upstream.url)
    head = f"DELETE http://127.0.0.1/b?lifecycle HTTP/1.1\r\n{signed('s3')}\r\n".encode()
    assert _said(gateway, head).startswith(b"HTTP/1.1 200")
    assert [request.target for request in upstream.received] == ["/b?lifecycle"]
    assert [call.operation for call in gateway.close()] == ["DeleteBucketLifecycle"]


def test_absolute_target_of_another_host_is_not_taken_for_the_host_s(
    gateways: Gateways, upstream: Upstream
) -> None:
    gateway = gateways.open(upstream.url)
    host = "Host: queue.amazonaws.com"
    head = signed("s3").replace("Host: 127.0.0.1", host)
    _said(gateway, f"DELETE http://b.s3.amazonaws.com/ HTTP/1.1\r\n{head}\r\n".encode())
    (call,) = gateway.close()
    assert call.refused is Refusal.UNIDENTIFIED
    assert upstream.received == []


def test_pipelined_requests_are_answered_in_order(gateways: Gateways, upstream: Upstream) -> None:
    gateway = gateways.open(upstream.url)
    tags = b"<Tagging><TagSet></TagSet></Tagging>"
    put = f"PUT /b?tagging HTTP/1.1\r\n{signed('s3')}Content-Length: {len(tags)}\r\n\r\n".encode()
    lacking = f"GET /_odd HTTP/1.1\r\n{signed('s3')}\r\n".encode()
    said = _said(gateway, _GOOD + put + tags + lacking + _GOOD)
    statuses = [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"400", b"200"]
    operations = [call.operation for call in gateway.close()]
    assert operations == ["DeleteBucket", "PutBucketTagging", "", "DeleteBucket"]


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\nabc\n0\n\n"],
)
@pytest.mark.parametrize("target", ["/b/k", "/b?tagging"])
def test_broken_chunks_never_make_a_whole_request(
    gateways: Gateways, upstream: Upstream, target: str, chunks: bytes
) -> None:
    gateway = gateways.open(upstream.url)
    head = f"PUT {target} HTTP/1.1\r\n{signed('s3', 'Transfer-Encoding: chunked')}\r\n"
    _said(gateway, head.encode() + chunks)
    assert upstream.received == []
    (call,) = _still_serves(gateways, gateway, upstream)
    assert not call.succeeded
    assert call.uncertain or call.refused is Refusal.UNIDENTIFIED


@pytest.mark.parametrize("cut", [1, 20, len(_GOOD) - 1])
def test_client_that_leaves_within_a_head_has_asked_for_nothing(
    gateways: Gateways, upstream: Upstream, cut: int
) -> None:
    gateway = gateways.open(upstream.url)
    _said(gateway, _GOOD[:cut])
    assert [c for c in _still_serves(gateways, gateway, upstream) if c.refused is None] == []


def test_client_that_leaves_within_a_buffered_body_has_asked_for_nothing(
    gateways: Gateways, upstream: Upstream
) -> None:
    gateway = gateways.open(upstream.url)
    head = f"PUT /b?tagging HTTP/1.1\r\n{signed('s3')}Content-Length: 100\r\n\r\n".encode()
    _said(gateway, head + b"<Tagging>")
    assert upstream.received == []
    calls = _still_serves(gateways, gateway, upstream)
    assert not any(call.succeeded for call in calls)


def _noise(chance: random.Random) -> bytes:
    """Random bytes, or a good request with some of its bytes changed, moved or lost."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(200))
    data = bytearray(_GOOD if kind == 1 else chance.choice(list(_MALFORMED.values())))
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice([b"\r\n", b" ", b"\x00", b":", b"\xff", b"%00", b"\n"])
            case _:
                del data[at : at + chance.randrange(1, 4)]
        data = data or bytearray(b"x")
    return bytes(data)


def test_gateway_outlives_ten_thousand_pieces_of_noise(
    gateways: Gateways, upstream: Upstream
) -> None:
    chance = random.Random(20261123)
    gateway = gateways.open(upstream.url)
    for _ in range(10_000):
        _said(gateway, _noise(chance))
    forwarded = len(upstream.received)
    calls = _still_serves(gateways, gateway, upstream)
    assert len([call for call in calls if call.refused is None]) >= forwarded
    assert len(calls) > 6_000
    assert all(call.operation or call.refused is Refusal.UNIDENTIFIED for call in calls)
