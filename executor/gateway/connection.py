"""One client's connection: HTTP/1.1 read strictly, requests answered in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from http import HTTPStatus

import h11

from executor.gateway.exchange import ClientLost, Exchange, Reply
from executor.gateway.heads import MOST_HEAD, Malformed, head_is_whole
from executor.gateway.upstream import AnswerLost
from executor.gateway.wire import Identifier, WireRequest

_CHUNK = 1 << 16
# The largest requests that AWS takes, apart from data that streams past, are Lambda's packages.
_MOST_BUFFERED = 96 << 20
# Object bodies up to this size are kept whole, so that the trace can tell their digest.
_SMALL = 256 << 10
_IDLE_S = 600.0
_HEAD_S = 30.0
_BODY_S = 60.0
_LINGER_S = 1.0


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
    ) -> None:
        """Args:
        reader: bytes from the client, whatever door it came through.
        writer: bytes to the client.
        identifier: tells which bodies may stream past.
        exchange: leads requests to their replies.
        name: host name that the TLS handshake was for; empty without TLS.
        """
        self._reader = reader
        self._writer = writer
        self._identifier = identifier
        self._exchange = exchange
        self._name = name
        self._http = h11.Connection(our_role=h11.SERVER, max_incomplete_event_size=MOST_HEAD)
        self.busy = False

    async def serve(self) -> None:
        """Answer requests until the client or the gateway goes.

        Raises:
            RecorderFailed: a call could not be recorded; the gateway must stop.
        """
        try:
            while await self._head_came() and await self._one():
                self._http.start_next_cycle()
        except Malformed as reason:
            await self._refuse(reason.status, str(reason))
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint, str(error))
        except (ClientLost, AnswerLost, OSError):
            # What they had to say is recorded; nobody is left to be answered.
            return

    def abort(self) -> None:
        """Cut the client off."""
        self._writer.transport.abort()

    # Heads

    async def _head_came(self) -> bool:
        """Wait for the next request; False when there is none."""
        if not self._http.trailing_data[0]:
            async with asyncio.timeout(_IDLE_S):
                data = await self._reader.read(_CHUNK)
            if not data:
                return False
            self._http.receive_data(data)
        async with asyncio.timeout(_HEAD_S):
            while not head_is_whole(self._http.trailing_data[0]):
                data = await self._reader.read(_CHUNK)
                if not data:
                    return False
                self._http.receive_data(data)
        return True

    async def _one(self) -> bool:
        """Lead one request; returns whether the connection can take another one."""
        head = self._http.next_event()
        if not isinstance(head, h11.Request):
            return False
        request = WireRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in head.headers.raw_items()
            ),
            buffered=False,
            name=self._name,
        )
        if self._must_buffer(request):
            request = replace(request, body=await self._whole_body(), buffered=True)
        self.busy = True
        try:
            await self._exchange.lead(request, self._body(), self._answer)
        finally:
            self.busy = False
        return await self._is_done()

    async def _is_done(self) -> bool:
        if self._http.our_state is not h11.DONE:
            return False
        try:
            while self._http.their_state is h11.SEND_BODY:
                # A body that was refused must be taken nevertheless, or the client is cut off
                # before it reads the answer.
                await self._event()
        except h11.RemoteProtocolError:
            return False
        return self._http.their_state is h11.DONE

    # Bodies

    def _must_buffer(self, request: WireRequest) -> bool:
        length = request.header("content-length")
        if length.isdigit() and int(length) <= _SMALL:
            return True
        return self._identifier.must_buffer(request)

    async def _whole_body(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in self._body():
                size += len(piece)
                if size > _MOST_BUFFERED:
                    reason = f"a body of more than {_MOST_BUFFERED >> 20} MiB"
                    raise Malformed(reason, status=413)
                pieces.append(piece)
        except ClientLost as lost:
            if isinstance(lost.__cause__, h11.RemoteProtocolError):
                raise lost.__cause__ from lost
            raise
        return b"".join(pieces)

    async def _body(self) -> AsyncGenerator[bytes, None]:
        if self._http.they_are_waiting_for_100_continue:
            go = h11.InformationalResponse(status_code=100, headers=[])
            self._writer.write(self._http.send(go) or b"")
        try:
            while isinstance(event := await self._event(), h11.Data):
                yield bytes(event.data)
        except (h11.RemoteProtocolError, OSError) as error:
            raise ClientLost(f"the client broke off its request: {error}") from error

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            async with asyncio.timeout(_BODY_S):
                self._http.receive_data(await self._reader.read(_CHUNK))
        return event

    # Answers

    async def _answer(self, reply: Reply) -> None:
        headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in reply.headers]
        if self._http.they_are_waiting_for_100_continue:
            # Whether the body comes nevertheless is the client's choice: nothing that it
            # sends from here on can be told apart.
            headers.append((b"Connection", b"close"))
        data = self._http.send(_head(reply.status, headers)) or b""
        async with aclosing(reply.body) as body:
            async for piece in body:
                self._writer.write(data + (self._http.send(h11.Data(data=piece)) or b""))
                data = b""
                await self._writer.drain()
        self._writer.write(data + (self._http.send(h11.EndOfMessage()) or b""))
        await self._writer.drain()

    async def _refuse(self, status: int, why: str) -> None:
        """Record and answer what is no request, and let the client go."""
        self._exchange.malformed(why)
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = f"malformed request: {why}\n".encode()
        headers = [(b"Content-Length", b"%d" % len(body)), (b"Connection", b"close")]
        try:
            head = self._http.send(_head(status, headers)) or b""
            self._writer.write(head + (self._http.send(h11.Data(data=body)) or b""))
            await self._writer.drain()
            if self._writer.can_write_eof():
                self._writer.write_eof()
            # Closing while more is coming would take the answer from the client.
            async with asyncio.timeout(_LINGER_S):
                while await self._reader.read(_CHUNK):
                    pass
        except (OSError, h11.LocalProtocolError):
            return


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> h11.Response:
    # Botocore takes a status line without a reason for none where it waits for `100 Continue`.
    known = status in HTTPStatus.__members__.values()
    reason = HTTPStatus(status).phrase if known else "Unknown"
    return h11.Response(status_code=status, headers=headers, reason=reason.encode("ascii"))
