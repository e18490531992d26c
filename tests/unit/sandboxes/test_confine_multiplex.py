"""Many connections over one stream: all arrives, in order, and none holds up another."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.confine.inside.multiplex import Multiplex
from sandboxes.confine.inside.piping import Loop

WINDOW = 524_288


@dataclass(slots=True)
class End:
    """One end, with what it was told."""

    multiplex: Multiplex
    lines: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Pair:
    """Both ends in one loop, a stream between them, and a server behind the far one."""

    loop: Loop
    near: End
    far: End
    servers: list[socket.socket] = field(default_factory=list)
    roads: list[bytes] = field(default_factory=list)
    busy: int = 0  # so often the far end finds the server's queue full

    def open(self, road: bytes = b"tls") -> socket.socket:
        """Open a connection; returns the client's side, which does not block."""
        client, inner = socket.socketpair()
        client.setblocking(False)
        # It closes what it is given.
        self.near.multiplex.open(inner, road)
        return client

    def turn(self, condition: Any, within_s: float = 5.0) -> None:
        """Turn the loop until something holds."""
        until = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < until, "it does not come to that"
            self.loop.turn(0.05)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with pair_of_ends() as made:
        yield made


@contextlib.contextmanager
def pair_of_ends() -> Iterator[Pair]:
    loop = Loop()
    one, other = socket.socketpair()
    with one, other, contextlib.ExitStack() as stack:
        pair = Pair(loop, None, None)  # type: ignore[arg-type]

        def reach(road: bytes) -> socket.socket:
            if pair.busy:
                pair.busy -= 1
                raise BlockingIOError
            if road == b"nowhere":
                raise ConnectionRefusedError
            pair.roads.append(road)
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            pair.servers.append(stack.enter_context(ours))
            return theirs

        pair.near = _end(loop, one, None)
        pair.far = _end(loop, other, reach)
        yield pair
        for end in (pair.near, pair.far):
            end.multiplex.close()


def readable(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def _end(loop: Loop, stream: socket.socket, reach: Any) -> End:
    stream.setblocking(False)
    end = End(None)  # type: ignore[arg-type]

    def happened(events: int) -> None:
        if events & select.POLLOUT:
            end.multiplex.flush()
        if events & select.POLLIN:
            with contextlib.suppress(BlockingIOError):
                end.multiplex.receive(stream.recv(65_536))

    def waits(waiting: bool) -> None:
        events = select.POLLIN | (select.POLLOUT if waiting else 0)
        loop.change(stream.fileno(), events)

    end.multiplex = Multiplex(loop, stream.send, heard=end.lines.append, waits=waits, reach=reach)
    loop.add(stream.fileno(), select.POLLIN, happened)
    return end


def sent(pair: Pair, source: socket.socket, sink: socket.socket, data: bytes) -> bytes:
    """Send all of it, and return what arrived."""
    arrived = bytearray()
    left = memoryview(data)
    until = time.monotonic() + 10
    while len(arrived) < len(data):
        assert time.monotonic() < until
        if left:
            with contextlib.suppress(BlockingIOError):
                left = left[source.send(left[:100_000]) :]
        pair.loop.turn(0.01)
        with contextlib.suppress(BlockingIOError):
            arrived += sink.recv(100_000)
    return bytes(arrived)


def test_a_connection_is_led_down_its_road_both_ways(pair: Pair) -> None:
    with pair.open(b"relay mirror.example.com 443") as client:
        pair.turn(lambda: pair.servers)
        assert pair.roads == [b"relay mirror.example.com 443"]
        assert sent(pair, client, pair.servers[0], b"question") == b"question"
        assert sent(pair, pair.servers[0], client, b"answer") == b"answer"
        client.close()
        pair.turn(lambda: readable(pair.servers[0]))
        assert pair.servers[0].recv(1) == b""


def test_much_arrives_whole_and_in_order(pair: Pair) -> None:
    data = os.urandom(5 * WINDOW + 17)
    with pair.open() as client:
        pair.turn(lambda: pair.servers)
        assert sent(pair, client, pair.servers[0], data) == data
        assert sent(pair, pair.servers[0], client, data) == data


def test_one_that_is_not_read_from_holds_up_no_other_and_fills_nothing(pair: Pair) -> None:
    with pair.open() as stuck, pair.open() as live:
        pair.turn(lambda: len(pair.servers) == 2)
        written = 0
        for _ in range(200):
            with contextlib.suppress(BlockingIOError):
                written += stuck.send(bytes(100_000))
            pair.loop.turn(0.0)
        # What may be under way, and what the kernel keeps for sockets at both ends.
        assert WINDOW <= written < WINDOW + 2_000_000
        assert sent(pair, live, pair.servers[1], b"still served") == b"still served"
        # And once it is read from, it goes on.
        read = 0
        until = time.monotonic() + 10
        while read < written:
            assert time.monotonic() < until
            with contextlib.suppress(BlockingIOError):
                read += len(pair.servers[0].recv(1_000_000))
            pair.loop.turn(0.0)


def test_each_side_may_stop_sending_before_the_other(pair: Pair) -> None:
    with pair.open() as client:
        pair.turn(lambda: pair.servers)
        [server] = pair.servers
        client.sendall(b"all of it")
        client.shutdown(socket.SHUT_WR)
        pair.turn(lambda: readable(server))
        assert server.recv(100) == b"all of it"
        pair.turn(lambda: readable(server))
        assert server.recv(100) == b""
        assert sent(pair, server, client, b"late answer") == b"late answer"
        server.close()
        pair.turn(lambda: readable(client))
        assert client.recv(100) == b""


def test_a_road_that_leads_nowhere_closes_the_connection(pair: Pair) -> None:
    with pair.open(b"nowhere") as client:
        pair.turn(lambda: readable(client))
        assert client.recv(1) == b""


def test_a_full_queue_is_tried_again(pair: Pair) -> None:
    pair.busy = 3
    with pair.open() as client:
        client.sendall(b"sent before")
        pair.turn(lambda: pair.servers)
        pair.turn(lambda: readable(pair.servers[0]))
        assert pair.servers[0].recv(100) == b"sent before"


def test_a_client_that_breaks_off_ends_the_connection_behind(pair: Pair) -> None:
    client = pair.open()
    pair.turn(lambda: pair.servers)
    client.close()
    pair.turn(lambda: readable(pair.servers[0]))
    assert pair.servers[0].recv(1) == b""
    pair.servers[0].close()
    pair.turn(lambda: not pair.near.multiplex.busy)


def test_lines_go_both_ways_beside_connections(pair: Pair) -> None:
    pair.near.multiplex.tell(b"started")
    pair.far.multiplex.tell(b"end")
    pair.turn(lambda: pair.near.lines and pair.far.lines)
    assert (pair.near.lines, pair.far.lines) == ([b"end"], [b"started"])


@pytest.mark.parametrize(
    "nonsense",
    [
        b"Z" + bytes(8),
        b"L" + bytes(4) + b"\xff" * 4,
        b"O" + bytes(8),
    ],
)
def test_what_an_end_would_not_send_is_an_error(pair: Pair, nonsense: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|channel"):
        pair.near.multiplex.receive(nonsense)


def test_more_than_may_be_under_way_is_an_error(pair: Pair) -> None:
    with pair.open():
        pair.turn(lambda: pair.servers)
        frame = b"D" + (1).to_bytes(4, "big") + (WINDOW + 9).to_bytes(4, "big")
        with pytest.raises(ValueError, match="under way"):
            pair.far.multiplex.receive(frame + bytes(WINDOW + 9))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2), st.binary(min_size=1, max_size=5000)), max_size=30))
def test_connections_are_not_mixed_up(pieces: list[tuple[int, bytes]]) -> None:
    with pair_of_ends() as pair, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(pair.open(b"%d" % n)) for n in range(3)]
        pair.turn(lambda: len(pair.servers) == 3)
        arrived: dict[bytes, bytes] = {road: b"" for road in pair.roads}
        for number, data in pieces:
            clients[number].sendall(data)
        wanted = {b"%d" % n: b"".join(d for m, d in pieces if m == n) for n in range(3)}
        until = time.monotonic() + 10
        while arrived != wanted:
            assert time.monotonic() < until
            pair.loop.turn(0.01)
            for road, server in zip(pair.roads, pair.servers, strict=True):
                with contextlib.suppress(BlockingIOError):
                    arrived[road] += server.recv(100_000)
