"""Connections to the engine: kept alive, never retried once a request may have been seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

from executor.gateway.framing import CHUNK, Body, Ended, Incoming, framed
from executor.gateway.heads import (
    MOST_HEAD,
    AnswerHead,
    Malformed,
    answer_head,
    request_bytes,
)

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"}
)
# Servers close idle connections after five seconds and more; one that is closed while a
# request is under way leaves it uncertain whether it was acted on.
_IDLE_S = 2.0
_EARLY_ANSWER_S = 5.0


class EngineLost(Exception):
    """The engine did not take the request; it has certainly not acted on it."""


class AnswerLost(Exception):
    """The engine took the request, or part of it, and did not answer."""


@dataclass(slots=True, eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    incoming: Incoming
    port: int
    idle_since: float = 0.0
    # Everything that was begun was sent.
    sent: bool = False

    def usable(self) -> bool:
        fresh = time.monotonic() - self.idle_since < _IDLE_S
        return fresh and not (self.writer.is_closing() or self.reader.at_eof())


class Answer:
    """A response as it comes."""

    def __init__(self, pool: Upstream, connection: _Connection, head: AnswerHead) -> None:
        self._pool = pool
        self._connection = connection
        self._stays = head.stays
        self._body = Body(connection.incoming, head.framing)
        self.status = head.status
        self.headers: tuple[tuple[str, str], ...] = head.headers

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the body. Closing the generator early gives the rest up.

        Raises:
            AnswerLost: it broke off.
        """
        try:
            async for piece in self._body.pieces():
                yield piece
        except Ended as error:
            raise AnswerLost("the engine broke off its answer: it is not whole") from error
        except TimeoutError as error:
            raise AnswerLost("the engine did not end its answer in time") from error
        except (OSError, Malformed) as error:
            raise AnswerLost(f"the engine broke off its answer: {error}") from error
        finally:
            self._give_back()

    def _give_back(self) -> None:
        self._pool.give_back(self._connection, usable=self._stays and self._body.done)

    async def whole(self) -> bytes:
        """Return the body.

        Raises:
            AnswerLost: it broke off.
        """
        found = self._body.at_once()
        if found is not None:
            self._give_back()
            return found
        return b"".join([piece async for piece in self.pieces()])


class Upstream:
    """A pool of connections to one engine; used by one event loop."""

    def __init__(self, host: str, port: int, *, patience_s: float | None = None) -> None:
        """Args:
        host: loopback address.
        port: its port.
        patience_s: wait no longer for more of an answer; None waits as long as it takes.
        """
        self._patience_s = patience_s
        self._host = host
        self._port = port
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()

    def lead_to(self, host: str, port: int) -> None:
        """Send requests to another engine from now on; those under way are still answered."""
        self._host, self._port = host, port
        for connection in self._idle:
            self._end(connection)
        self._idle.clear()

    async def send(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | AsyncIterator[bytes],
    ) -> Answer:
        """Send a request and return the head of the answer.

        Args:
            method: HTTP method.
            target: path and query.
            headers: all of them; they must say how long the body is.
            body: whole, or in pieces.

        Raises:
            EngineLost: the engine did not take it.
            AnswerLost: it may have taken it, and did not answer.
        """
        try:
            head = request_bytes(method, target, headers)
        except Malformed as error:
            raise EngineLost(f"the request cannot be passed on: {error}") from error
        connection = await self._connect()
        try:
            await _write(connection, head, headers, body)
            return await self._answer(connection, method)
        except BaseException:
            self._end(connection)
            raise

    async def _answer(self, connection: _Connection, method: str) -> Answer:
        try:
            while True:
                head = answer_head(await _head(connection.incoming), method=method)
                if head.status >= 200:
                    return Answer(self, connection, head)
        except Ended as error:
            raise AnswerLost("the engine closed the connection without an answer") from error
        except TimeoutError as error:
            raise AnswerLost("the engine did not answer in time") from error
        except (OSError, Malformed) as error:
            raise AnswerLost(f"the engine did not answer: {error}") from error

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            self._end(connection)
        port = self._port
        try:
            reader, writer = await asyncio.open_connection(self._host, port, limit=1 << 18)
        except OSError as error:
            raise EngineLost(f"the engine does not answer: {error}") from error
        incoming = Incoming(reader, patience_s=self._patience_s)
        connection = _Connection(reader, writer, incoming, port)
        self._open.add(connection)
        return connection

    def give_back(self, connection: _Connection, *, usable: bool) -> None:
        """Keep a connection for the next request, if both sides will."""
        here = connection.port == self._port
        if usable and here and connection.sent and not connection.incoming.buffer:
            connection.idle_since = time.monotonic()
            connection.sent = False
            self._idle.append(connection)
        else:
            self._end(connection)

    def close(self) -> None:
        """Close every connection, at once."""
        for connection in tuple(self._open):
            self._end(connection)
        self._idle.clear()

    def _end(self, connection: _Connection) -> None:
        self._open.discard(connection)
        connection.writer.transport.abort()


async def _write(
    connection: _Connection,
    head: bytes,
    headers: Sequence[tuple[str, str]],
    body: bytes | AsyncIterator[bytes],
) -> None:
    """Write a request; the head goes in one piece with the beginning of the body.

    A server may answer and hang up before it has read all; then its answer counts, which the
    caller reads.
    """
    writer = connection.writer
    length, chunked = _declared(headers)
    if isinstance(body, bytes) and length == len(body):
        connection.sent = await _written(writer, head + body)
        return
    pieces = _once(body) if isinstance(body, bytes) else body
    pending = head
    try:
        async for piece in framed(pieces, chunked=chunked, length=length):
            pending += piece
            if len(pending) < CHUNK:
                continue
            if not await _written(writer, pending):
                return
            pending = b""
    except Malformed as error:
        raise AnswerLost(f"the request was not sent whole: {error}") from error
    connection.sent = await _written(writer, pending)


async def _written(writer: asyncio.StreamWriter, data: bytes) -> bool:
    try:
        writer.write(data)
        await writer.drain()
    except OSError:
        return False
    return True


def _declared(headers: Sequence[tuple[str, str]]) -> tuple[int | None, bool]:
    """Return the length of a request's body, and whether it is sent in chunks."""
    for name, value in headers:
        match name.lower():
            case "content-length":
                return int(value), False
            case "transfer-encoding":
                return None, True
    return 0, False


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def _head(incoming: Incoming) -> bytes:
    """Take the head of an answer.

    Raises:
        Ended: there is none.
        Malformed: it is too long.
        OSError: the connection broke.
    """
    while (end := incoming.buffer.find(b"\r\n\r\n")) < 0:
        if len(incoming.buffer) > MOST_HEAD:
            raise Malformed("its head is too long")
        if not await incoming.more():
            raise Ended
    return incoming.take(end + 4)


def forwarded_headers(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers without those that are about one connection only."""
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
    }
    dropped = _HOP_BY_HOP | named
    return [(name, value) for name, value in headers if name.lower() not in dropped]
