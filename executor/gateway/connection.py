"""One client's connection: HTTP/1.1 read strictly, requests answered in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import h11

from executor.gateway.exchange import Exchange, Reply
from executor.gateway.upstream import AnswerLost
from executor.gateway.wire import Identifier, WireRequest

_CHUNK = 1 << 16
_MOST_HEAD = 64 << 10
_MOST_BUFFERED = 64 << 20
# Object bodies up to this size are kept whole, so that the trace can tell their digest.
_SMALL = 256 << 10
_HEAD_TIMEOUT_S = 75.0
_BODY_TIMEOUT_S = 60.0


class TooLarge(Exception):
    """A body that must be buffered is larger than that is done for."""


class ClientConnection:
    """Serves one client until it goes."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        identifier: Identifier,
        exchange: Exchange,
    ) -> None:
        """Args:
        reader: bytes from the client.
        writer: bytes to the client.
        identifier: tells which bodies may stream past.
        exchange: leads requests to their replies.
        """
        self._reader = reader
        self._writer = writer
        self._identifier = identifier
        self._exchange = exchange
        self._http = h11.Connection(our_role=h11.SERVER, max_incomplete_event_size=_MOST_HEAD)
        self.busy = False

    async def serve(self) -> None:
        """Answer requests until the client or the gateway goes.

        Raises:
            RecorderFailed: a call could not be recorded; the gateway must stop.
        """
        try:
            while True:
                event = await self._event(_HEAD_TIMEOUT_S)
                if not isinstance(event, h11.Request):
                    return
                await self._one(event)
                if self._http.our_state is not h11.DONE:
                    return
                while self._http.their_state is h11.SEND_BODY:
                    await self._event(_BODY_TIMEOUT_S)
                if self._http.their_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._malformed(error.error_status_hint, str(error))
        except (TimeoutError, OSError, AnswerLost):
            return
        except TooLarge as error:
            await self._malformed(413, str(error))

    async def _one(self, head: h11.Request) -> None:
        request = WireRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in head.headers.raw_items()
            ),
            buffered=False,
        )
        if self._must_buffer(request):
            request = WireRequest(
                method=request.method,
                target=request.target,
                headers=request.headers,
                body=await self._whole_body(),
            )
        self.busy = True
        try:
            reply = await self._exchange.lead(request, self._body())
            await self._reply(reply)
        finally:
            self.busy = False

    def _must_buffer(self, request: WireRequest) -> bool:
        length = request.header("content-length")
        if length.isdigit() and int(length) <= _SMALL:
            return True
        return self._identifier.must_buffer(request)

    async def _whole_body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in self._body():
            size += len(piece)
            if size > _MOST_BUFFERED:
                raise TooLarge(f"a body of more than {_MOST_BUFFERED >> 20} MiB")
            pieces.append(piece)
        return b"".join(pieces)

    async def _body(self) -> AsyncIterator[bytes]:
        if self._http.they_are_waiting_for_100_continue:
            go = h11.InformationalResponse(status_code=100, headers=[])
            self._writer.write(self._http.send(go) or b"")
        while True:
            event = await self._event(_BODY_TIMEOUT_S)
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                return

    async def _reply(self, reply: Reply) -> None:
        head = h11.Response(status_code=reply.status, headers=list(reply.headers))
        data = self._http.send(head) or b""
        async for piece in reply.body:
            self._writer.write(data + (self._http.send(h11.Data(data=piece)) or b""))
            data = b""
            await self._writer.drain()
        self._writer.write(data + (self._http.send(h11.EndOfMessage()) or b""))
        await self._writer.drain()

    async def _event(self, timeout_s: float) -> object:
        while True:
            event = self._http.next_event()
            if event is h11.PAUSED:
                return event
            if event is not h11.NEED_DATA:
                return event
            async with asyncio.timeout(timeout_s):
                self._http.receive_data(await self._reader.read(_CHUNK))

    async def _malformed(self, status: int, why: str) -> None:
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = f"malformed request: {why}\n".encode()
        headers = [("Content-Length", str(len(body))), ("Connection", "close")]
        try:
            head = h11.Response(status_code=status, headers=headers)
            self._writer.write(self._http.send(head) or b"")
            self._writer.write(self._http.send(h11.Data(data=body)) or b"")
            self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
            await self._writer.drain()
        except (OSError, h11.LocalProtocolError):
            return
