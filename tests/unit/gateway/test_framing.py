"""Our reading of HTTP against that of a library known to be strict."""

from __future__ import annotations

import asyncio

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from executor.gateway.framing import Body, Ended, Incoming, framed
from executor.gateway.heads import (
    Framing,
    Malformed,
    answer_bytes,
    answer_head,
    head_is_whole,
    request_bytes,
    request_head,
)

_PARTS = st.sampled_from(
    [
        b"PUT",
        b"GET",
        b" ",
        b"/b/k",
        b" HTTP/1.1",
        b" HTTP/1.0",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"Host: a",
        b"host:b",
        b"Content-Length: 3",
        b"Content-Length:3 ",
        b"Content-Length: 03",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: Chunked",
        b"Connection: close",
        b"Connection: keep-alive, Close",
        b"Expect: 100-continue",
        b"X: \xe4",
        b"X-Y_z:",
        b"X: a\tb",
        b": ",
        b"\x00",
        b"\x0b",
        b"\x7f",
        b"abc",
        b"3\r\nabc\r\n",
        b"3;x=y\r\nabc\r\n",
        b"0\r\n\r\n",
        b"0\r\nA: b\r\n\r\n",
        b"1a\r\n",
        b"-1\r\n",
    ]
)
_GOOD = b"PUT /b/k HTTP/1.1\r\nHost: a\r\n"
_CHUNKED = _GOOD + b"Transfer-Encoding: chunked\r\n\r\n"


def read(data: bytes, framing: Framing, pieces: int = 1 << 16) -> tuple[bytes, bytes]:
    """Return a body, and what follows it."""

    async def reading() -> tuple[bytes, bytes]:
        reader = asyncio.StreamReader()
        incoming = Incoming(reader)
        body = Body(incoming, framing)

        async def feed() -> None:
            for at in range(0, len(data), pieces):
                reader.feed_data(data[at : at + pieces])
                await asyncio.sleep(0)
            reader.feed_eof()

        feeding = asyncio.ensure_future(feed())
        try:
            found = b"".join([piece async for piece in body.pieces()])
        finally:
            await feeding
        assert body.done
        return found, incoming.buffer + await reader.read()

    return asyncio.run(reading())


def theirs(data: bytes) -> tuple[h11.Request, bytes, bytes]:
    """Return a request as the library reads it, its body, and what follows it.

    Raises:
        h11.RemoteProtocolError: it is none.
        Ended: it is not whole.
    """
    connection = h11.Connection(our_role=h11.SERVER)
    connection.receive_data(data)
    head = connection.next_event()
    if not isinstance(head, h11.Request):
        raise Ended
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    if not isinstance(event, h11.EndOfMessage):
        raise Ended
    return head, body, connection.trailing_data[0]


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(_PARTS, max_size=14), prefix=st.sampled_from([b"", _GOOD, _CHUNKED]))
@example(parts=[b"3\r\nabc\r\n", b"0\r\n\r\n"], prefix=_CHUNKED)
@example(parts=[b"Content-Length: 3", b"\r\n\r\n", b"abc"], prefix=_GOOD)
def test_what_is_accepted_is_read_as_the_library_reads_it(
    parts: list[bytes], prefix: bytes
) -> None:
    data = prefix + b"".join(parts)
    try:
        if not head_is_whole(data):
            return
        end = data.find(b"\r\n\r\n") + 4
        ours = request_head(data[:end])
        body, rest = read(data[end:], ours.framing)
    except (Malformed, Ended):
        return
    head, expected, trailing = theirs(data)
    assert ours.method.encode() == head.method
    assert ours.target.encode("latin-1") == head.target
    given_headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in ours.headers]
    assert given_headers == [(bytes(n), bytes(v)) for n, v in head.headers.raw_items()]
    assert (body, rest) == (expected, bytes(trailing))


_TOKEN = st.text(alphabet="abcXYZ019-_.!~", min_size=1, max_size=12)
_VALUE = st.text(alphabet="aB1 ,;=/:\t\xe4\"'%", max_size=20).map(lambda v: v.strip(" \t"))


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH"]),
    target=st.text(alphabet="ab/?&=%2F-._~", max_size=30),
    headers=st.lists(st.tuples(_TOKEN, _VALUE), max_size=8),
)
def test_every_good_request_is_accepted(
    method: str, target: str, headers: list[tuple[str, str]]
) -> None:
    special = {"host", "expect", "connection", "content-length", "transfer-encoding"}
    headers = [("Host", "a"), *[(n, v) for n, v in headers if n.lower() not in special]]
    sent = request_bytes(method, f"/{target}", headers)
    assert head_is_whole(sent)
    found = request_head(sent)
    assert (found.method, found.target, found.headers) == (method, f"/{target}", tuple(headers))
    assert theirs(sent)[0].target == f"/{target}".encode()


@pytest.mark.parametrize(
    "head",
    [
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        b"GET / http/1.1\r\nHost: a\r\n\r\n",
        b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
    ],
)
def test_heads_that_are_none_are_refused(head: bytes) -> None:
    with pytest.raises(Malformed):
        request_head(head)


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 16])
def test_bodies_are_whole_in_whatever_pieces_they_come(size: int) -> None:
    chunks = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\nrest"
    assert read(chunks, Framing(length=None, chunked=True), size) == (b"abcde", b"rest")
    assert read(b"abcderest", Framing(length=5), size) == (b"abcde", b"rest")
    assert read(b"abcderest", Framing(length=None), size) == (b"abcderest", b"")


@pytest.mark.parametrize(
    "data",
    [b"3\r\nab", b"3\r\nabc\r\n", b"3\r\nabc", b"0\r\n", b"0\r\nA: b\r\n", b"3", b""],
)
def test_chunks_that_break_off_are_no_body(data: bytes) -> None:
    with pytest.raises(Ended):
        read(data, Framing(length=None, chunked=True))


@pytest.mark.parametrize(
    "data",
    [
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"3 \r\nabc\r\n0\r\n\r\n",
        b"\r\n0\r\n\r\n",
        b"f" * 16 + b"\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * 65 + b"\r\n",
        b"3;" + b"x" * 2000 + b"\r\nabc\r\n0\r\n\r\n",
        b"3" * 2000,
    ],
)
def test_chunks_that_can_be_read_in_two_ways_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data, Framing(length=None, chunked=True))


@pytest.mark.parametrize(
    ("head", "method", "framing", "stays"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", Framing(length=3), True),
        (b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", "HEAD", Framing(), True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "DELETE", Framing(), True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", Framing(length=3), False),
        (b"HTTP/1.1 200 OK\r\n\r\n", "GET", Framing(length=None), False),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET",
            Framing(length=None, chunked=True),
            True,
        ),
        (
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            "GET",
            Framing(length=0),
            False,
        ),
    ],
)
def test_the_end_of_an_answer_is_told(
    head: bytes, method: str, framing: Framing, stays: bool
) -> None:
    found = answer_head(head, method=method)
    assert (found.framing, found.stays) == (framing, stays)


@pytest.mark.parametrize(
    "head",
    [
        b"hello\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
    ],
)
def test_answers_that_are_none_are_refused(head: bytes) -> None:
    with pytest.raises(Malformed):
        answer_head(head, method="GET")


def test_no_line_end_gets_into_a_head() -> None:
    with pytest.raises(Malformed):
        request_bytes("GET", "/", [("X", "a\r\nY: b")])
    with pytest.raises(Malformed):
        request_bytes("GET", "/\r\nX: y", [])
    with pytest.raises(Malformed):
        answer_bytes(200, [("X\n", "a")])
    assert answer_bytes(200, [("X", "a")]) == b"HTTP/1.1 200 OK\r\nX: a\r\n\r\n"


@pytest.mark.parametrize(("length", "passes"), [(5, True), (4, False), (6, False)])
def test_a_body_is_as_long_as_was_said(length: int, passes: bool) -> None:
    async def pieces() -> bytes:
        async def body() -> object:
            yield b"abc"
            yield b"de"

        sent = framed(body(), chunked=False, length=length)  # type: ignore[arg-type]
        return b"".join([piece async for piece in sent])

    if passes:
        assert asyncio.run(pieces()) == b"abcde"
        return
    with pytest.raises(Malformed):
        asyncio.run(pieces())
