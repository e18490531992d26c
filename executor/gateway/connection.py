"""One client's connection: HTTP/1.1 read strictly, requests answered in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from executor.gateway.exchange import ClientLost, Exchange, Reply
from executor.gateway.framing import CHUNK, Body, Ended, Incoming, framed
from executor.gateway.heads import (
    Headers,
    Malformed,
    RequestHead,
    answer_bytes,
    head_is_whole,
    request_head,
)
from executor.gateway.upstream import AnswerLost
from executor.gateway.wire import Identifier, WireRequest

# The largest requests that AWS takes, apart from data that streams past, are Lambda's packages.
_MOST_BUFFERED = 96 << 20
# Object bodies up to this size are kept whole, so that the trace can tell their digest.
_SMALL = 256 << 10
_LINGER_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client, and the engine, are waited for.

    Attributes:
        idle_s: for the next request.
        head_s: for the rest of a head that has begun.
        body_s: for more of a body.
        answer_s: for more of the engine's answer; some operations wait for minutes.
    """

    idle_s: float = 600.0
    head_s: float = 30.0
    body_s: float = 60.0
    answer_s: float = 900.0


class ClientConnection:
    """Serves one client until it goes."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        identifier: Identifier,
        exchange: Exchange,
        name: str = "",
        patience: Patience | None = None,
    ) -> None:
        """Args:
        reader: bytes from the client, whatever door it came through.
        writer: bytes to the client.
        identifier: tells which bodies may stream past.
        exchange: leads requests to their replies.
        name: host name that the TLS handshake was for; empty without TLS.
        patience: how long it is waited for.
        """
        self._patience = patience or Patience()
        self._reader = reader
        self._writer = writer
        self._identifier = identifier
        self._exchange = exchange
        self._name = name
        self._incoming = Incoming(reader, patience_s=self._patience.body_s)
        self._head: RequestHead | None = None
        self._body: Body | None = None
        self._answering = False
        self.busy = False

    async def serve(self) -> None:
        """Answer requests until the client or the gateway goes.

        Raises:
            RecorderFailed: a call could not be recorded; the gateway must stop.
        """
        try:
            while await self._head_came() and await self._one():
                self._head = self._body = None
                self._answering = False
        except Malformed as reason:
            await self._refuse(reason.status, str(reason))
        except (ClientLost, AnswerLost, Ended, OSError):
            # What they had to say is recorded; nobody is left to be answered.
            return

    def abort(self) -> None:
        """Cut the client off."""
        self._writer.transport.abort()

    # Heads

    async def _head_came(self) -> bool:
        """Wait for the next request; False when there is none."""
        incoming = self._incoming
        if not incoming.buffer:
            async with asyncio.timeout(self._patience.idle_s):
                incoming.buffer = await self._reader.read(CHUNK)
        if not incoming.buffer:
            return False
        if head_is_whole(incoming.buffer):
            return True
        try:
            async with asyncio.timeout(self._patience.head_s):
                while not head_is_whole(incoming.buffer):
                    data = await self._reader.read(CHUNK)
                    if not data:
                        return False
                    incoming.buffer += data
        except TimeoutError as error:
            raise Malformed("the head did not come in time", status=408) from error
        return True

    async def _one(self) -> bool:
        """Lead one request; returns whether the connection can take another one."""
        self.busy = True
        try:
            return await self._led()
        finally:
            self.busy = False

    async def _led(self) -> bool:
        head = request_head(self._incoming.take(self._incoming.buffer.find(b"\r\n\r\n") + 4))
        body = Body(self._incoming, head.framing)
        self._head, self._body = head, body
        request = WireRequest(
            method=head.method,
            target=head.target,
            headers=head.headers,
            buffered=False,
            name=self._name,
        )
        if self._must_buffer(head, request):
            request = replace(request, body=await self._whole(head, body), buffered=True)
        await self._exchange.lead(request, self._pieces(head, body), self._answer)
        return await self._is_done(head, body)

    async def _is_done(self, head: RequestHead, body: Body) -> bool:
        if not head.stays or _waits(head, body):
            return False
        try:
            # A body that was refused must be taken nevertheless, or the client is cut off
            # before it reads the answer.
            if not body.done:
                async for _ in body.pieces():
                    pass
        except (Malformed, Ended):
            return False
        return True

    # Bodies

    def _must_buffer(self, head: RequestHead, request: WireRequest) -> bool:
        length = head.framing.length
        return (length is not None and length <= _SMALL) or self._identifier.must_buffer(request)

    async def _whole(self, head: RequestHead, body: Body) -> bytes:
        found = body.at_once()
        if found is not None:
            return found
        self._go_on(head, body)
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in body.pieces():
                size += len(piece)
                if size > _MOST_BUFFERED:
                    raise Malformed(f"a body of more than {_MOST_BUFFERED >> 20} MiB", status=413)
                pieces.append(piece)
        except TimeoutError as error:
            raise Malformed("the body did not come in time", status=408) from error
        return b"".join(pieces)

    async def _pieces(self, head: RequestHead, body: Body) -> AsyncGenerator[bytes, None]:
        self._go_on(head, body)
        try:
            async for piece in body.pieces():
                yield piece
        except (Malformed, Ended, OSError) as error:
            raise ClientLost(f"the client broke off its request: {error}") from error

    def _go_on(self, head: RequestHead, body: Body) -> None:
        if _waits(head, body) and not self._incoming.buffer:
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Answers

    async def _answer(self, reply: Reply) -> None:
        head, body = self._head, self._body
        assert head is not None
        assert body is not None
        self._answering = True
        bodiless = head.method == "HEAD" or reply.status in (204, 304)
        known = len(reply.body) if isinstance(reply.body, bytes) and not bodiless else None
        headers, length, chunked = _reframed(reply.headers, known)
        if not bodiless and length is None and not chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            chunked = True
        if not head.stays or _waits(head, body):
            # Whether a body that was waited with comes nevertheless is the client's choice:
            # nothing that it sends from here on can be told apart.
            headers.append(("Connection", "close"))
        data = answer_bytes(reply.status, headers)
        if isinstance(reply.body, bytes):
            self._writer.write(data if bodiless else data + reply.body)
            await self._writer.drain()
            return
        if bodiless:
            length, chunked = 0, False
        pieces = framed(reply.body, chunked=chunked, length=length)
        async with aclosing(reply.body), aclosing(pieces):
            await self._stream(data, pieces)

    async def _stream(self, data: bytes, pieces: AsyncGenerator[bytes, None]) -> None:
        try:
            async for piece in pieces:
                self._writer.write(data + piece if data else piece)
                data = b""
                await self._writer.drain()
        except Malformed as error:
            raise AnswerLost(f"the engine's answer cannot be passed on: {error}") from error
        if data:
            self._writer.write(data)
        await self._writer.drain()

    async def _refuse(self, status: int, why: str) -> None:
        """Record and answer what is no request, and let the client go."""
        self._exchange.malformed(why)
        if self._answering:
            return
        body = f"malformed request: {why}\n".encode()
        headers = (("Content-Length", str(len(body))), ("Connection", "close"))
        try:
            self._writer.write(answer_bytes(status, headers) + body)
            await self._writer.drain()
            if self._writer.can_write_eof():
                self._writer.write_eof()
            # Closing while more is coming would take the answer from the client.
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(CHUNK):
                    pass
        except OSError:
            return


def _waits(head: RequestHead, body: Body) -> bool:
    """Whether the client still waits to be told to send the body."""
    return head.waits and not body.begun and not body.done


def _reframed(
    headers: Headers, known: int | None
) -> tuple[list[tuple[str, str]], int | None, bool]:
    """Return headers of which one at most says where the body ends, and what it says.

    Args:
        headers: as the engine sent them.
        known: length of the body, where all of it is there.
    """
    kept = [(n, v) for n, v in headers if n.lower() not in ("content-length", "transfer-encoding")]
    if known is not None:
        return [*kept, ("Content-Length", str(known))], known, False
    said = {n.lower(): v for n, v in headers}
    if "transfer-encoding" in said:
        return [*kept, ("Transfer-Encoding", "chunked")], None, True
    if "content-length" in said:
        length = int(said["content-length"])
        return [*kept, ("Content-Length", str(length))], length, False
    return kept, None, False
