"""Connections to the engine: kept alive, never retried once a request may have been seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

import h11

_CHUNK = 1 << 16
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
    state: h11.Connection
    idle_since: float = 0.0

    def usable(self) -> bool:
        fresh = time.monotonic() - self.idle_since < _IDLE_S
        return fresh and not (self.writer.is_closing() or self.reader.at_eof())


class Answer:
    """A response as it comes."""

    def __init__(self, pool: Upstream, connection: _Connection, head: h11.Response) -> None:
        self._pool = pool
        self._connection = connection
        self.status = head.status_code
        self.headers: tuple[tuple[str, str], ...] = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in head.headers.raw_items()
        )

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the body. Closing the generator early gives the rest up.

        Raises:
            AnswerLost: it broke off.
        """
        try:
            while isinstance(event := await _next_event(self._connection), h11.Data):
                yield bytes(event.data)
        except (OSError, h11.RemoteProtocolError) as error:
            raise AnswerLost(f"the engine broke off its answer: {error}") from error
        finally:
            self._pool.give_back(self._connection)

    async def whole(self) -> bytes:
        """Return the body.

        Raises:
            AnswerLost: it broke off.
        """
        return b"".join([piece async for piece in self.pieces()])


class Upstream:
    """A pool of connections to one engine; used by one event loop."""

    def __init__(self, host: str, port: int) -> None:
        """Args:
        host: loopback address.
        port: its port.
        """
        self._host = host
        self._port = port
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()

    async def send(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: AsyncIterator[bytes],
    ) -> Answer:
        """Send a request and return the head of the answer.

        Args:
            method: HTTP method.
            target: path and query.
            headers: all of them; they must say how long the body is.
            body: in pieces.

        Raises:
            EngineLost: the engine did not take it.
            AnswerLost: it may have taken it, and did not answer.
        """
        head = h11.Request(
            method=method.encode("ascii"),
            target=target.encode("latin-1"),
            headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        )
        connection = await self._connect()
        try:
            await _write(connection, head, body)
            return await self._answer(connection)
        except BaseException:
            self._end(connection)
            raise

    async def _answer(self, connection: _Connection) -> Answer:
        try:
            while True:
                event = await _next_event(connection)
                if isinstance(event, h11.Response):
                    return Answer(self, connection, event)
                if not isinstance(event, h11.InformationalResponse):
                    raise AnswerLost("the engine closed the connection without an answer")
        except (OSError, h11.RemoteProtocolError) as error:
            raise AnswerLost(f"the engine did not answer: {error}") from error

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            self._end(connection)
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 18)
        except OSError as error:
            raise EngineLost(f"the engine does not answer: {error}") from error
        connection = _Connection(reader, writer, h11.Connection(our_role=h11.CLIENT))
        self._open.add(connection)
        return connection

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection for the next request, if both sides will."""
        state = connection.state
        if state.our_state is h11.DONE and state.their_state is h11.DONE:
            state.start_next_cycle()
            connection.idle_since = time.monotonic()
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


async def _write(connection: _Connection, head: h11.Request, body: AsyncIterator[bytes]) -> None:
    """Write a request; the head goes in one piece with the beginning of the body.

    A server may answer and hang up before it has read all; then its answer counts, which the
    caller reads.
    """
    state, writer = connection.state, connection.writer
    pending = state.send(head) or b""
    async for piece in body:
        pending += state.send(h11.Data(data=piece)) or b""
        if len(pending) < _CHUNK:
            continue
        try:
            writer.write(pending)
            await writer.drain()
        except OSError:
            return
        pending = b""
    try:
        writer.write(pending + (state.send(h11.EndOfMessage()) or b""))
        await writer.drain()
    except OSError:
        return


async def _next_event(connection: _Connection) -> object:
    while (event := connection.state.next_event()) is h11.NEED_DATA:
        connection.state.receive_data(await connection.reader.read(_CHUNK))
    return event


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
