"""Connections to the engine: kept alive, never retried once a request may have been seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import h11

from executor.gateway.wire import WireRequest

_CHUNK = 1 << 16
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"}
)


class EngineLost(Exception):
    """The engine did not take the request; it has certainly not acted on it."""


class AnswerLost(Exception):
    """The engine took the request, or part of it, and did not answer."""


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    state: h11.Connection

    def usable(self) -> bool:
        return not (self.writer.is_closing() or self.reader.at_eof())


class Answer:
    """A response as it comes."""

    def __init__(self, pool: Upstream, connection: _Connection, head: h11.Response) -> None:
        self._pool = pool
        self._connection = connection
        self.status = head.status_code
        self.reason = bytes(head.reason)
        self.headers: tuple[tuple[str, str], ...] = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in head.headers.raw_items()
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body.

        Raises:
            AnswerLost: it broke off.
        """
        while True:
            event = await _next_event(self._connection)
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._pool.give_back(self._connection)
                return
            else:
                raise AnswerLost("the engine broke off its answer")

    def abandon(self) -> None:
        """Close the connection; the rest of the body is not wanted."""
        self._connection.writer.close()


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

    async def send(
        self, request: WireRequest, target: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Answer:
        """Send a request with its whole body and return the head of the answer.

        Raises:
            EngineLost: the engine did not take it.
            AnswerLost: it may have taken it, and did not answer.
        """

        async def pieces() -> AsyncIterator[bytes]:
            if body:
                yield body

        return await self.stream(request, target, headers, pieces())

    async def stream(
        self,
        request: WireRequest,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: AsyncIterator[bytes],
    ) -> Answer:
        """Send a request whose body comes in pieces; see `send`."""
        connection = await self._connect()
        head = h11.Request(method=request.method, target=target, headers=list(headers))
        try:
            connection.writer.write(connection.state.send(head) or b"")
            async for piece in body:
                connection.writer.write(connection.state.send(h11.Data(data=piece)) or b"")
                await connection.writer.drain()
            connection.writer.write(connection.state.send(h11.EndOfMessage()) or b"")
            await connection.writer.drain()
            return await self._head(connection)
        except (OSError, h11.RemoteProtocolError) as error:
            connection.writer.close()
            raise AnswerLost(f"the engine did not answer: {error}") from error
        except BaseException:
            connection.writer.close()
            raise

    async def _head(self, connection: _Connection) -> Answer:
        while True:
            event = await _next_event(connection)
            if isinstance(event, h11.Response):
                return Answer(self, connection, event)
            if not isinstance(event, h11.InformationalResponse):
                connection.writer.close()
                raise AnswerLost("the engine closed the connection without an answer")

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            connection.writer.close()
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 18)
        except OSError as error:
            raise EngineLost(f"the engine does not answer: {error}") from error
        return _Connection(reader, writer, h11.Connection(our_role=h11.CLIENT))

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection for the next request, if both sides will."""
        state = connection.state
        if state.our_state is h11.DONE and state.their_state is h11.DONE:
            state.start_next_cycle()
            self._idle.append(connection)
        else:
            connection.writer.close()

    def close(self) -> None:
        """Close what is idle."""
        for connection in self._idle:
            connection.writer.close()
        self._idle.clear()


async def _next_event(connection: _Connection) -> object:
    while True:
        event = connection.state.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.state.receive_data(await connection.reader.read(_CHUNK))


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
