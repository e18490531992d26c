"""Bytes of a connection as they come, and the bodies in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator

from executor.gateway.heads import Framing, Malformed

CHUNK = 1 << 16
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e]*)?")
_TRAILER = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*")
_MOST_TRAILERS = 64
_MOST_LINE = 1 << 10


class Ended(Exception):
    """The other side ended before its message did."""


class Incoming:
    """What one side of a connection says."""

    def __init__(self, reader: asyncio.StreamReader, *, patience_s: float | None = None) -> None:
        """Args:
        reader: where it comes from.
        patience_s: wait no longer for more of a body; None waits as long as it takes.
        """
        self._reader = reader
        self._patience_s = patience_s
        self.buffer = b""

    async def more(self) -> bool:
        """Wait for more; False when nothing more will come.

        Raises:
            OSError: the connection broke, or it took too long.
        """
        if self._patience_s is None:
            data = await self._reader.read(CHUNK)
        else:
            async with asyncio.timeout(self._patience_s):
                data = await self._reader.read(CHUNK)
        self.buffer = self.buffer + data if self.buffer else data
        return bool(data)

    def take(self, size: int) -> bytes:
        """Take at most `size` bytes of what is there."""
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    async def line(self) -> bytes:
        """Take a line, without its end.

        Raises:
            Ended: there is no whole one.
            Malformed: it is too long, or does not end with CR LF.
        """
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > _MOST_LINE:
                raise Malformed("a chunk does not say its size")
            if not await self.more():
                raise Ended
        if end > _MOST_LINE or end == 0 or self.buffer[end - 1 : end] != b"\r":
            raise Malformed("a line of a chunked body is too long or does not end with CR LF")
        return self.take(end + 1)[:-2]


class Body:
    """One body; it can be read once, and left at any point.

    Attributes:
        begun: somebody has read of it, or it is there.
        done: all of it was read.
    """

    def __init__(self, incoming: Incoming, framing: Framing) -> None:
        """Args:
        incoming: stands at its first byte.
        framing: where it ends.
        """
        self._incoming = incoming
        self._framing = framing
        self._left = framing.length
        self.done = framing.length == 0
        self.begun = False

    def at_once(self) -> bytes | None:
        """Return the whole body if it is there already and untouched; None when it is not."""
        length = self._framing.length
        if length is None or self._left != length or len(self._incoming.buffer) < length:
            return None
        self.begun = self.done = True
        self._left = 0
        return self._incoming.take(length) if length else b""

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield what is left of it.

        Raises:
            Ended: it broke off.
            Malformed: it is not framed as it should be.
            OSError: the connection broke, or it took too long.
        """
        self.begun = True
        if self._framing.chunked:
            return self._chunks()
        return self._by_length() if self._left is not None else self._until_the_end()

    async def _by_length(self) -> AsyncGenerator[bytes, None]:
        while self._left:
            if not self._incoming.buffer and not await self._incoming.more():
                raise Ended
            piece = self._incoming.take(self._left)
            self._left -= len(piece)
            self.done = not self._left
            yield piece

    async def _until_the_end(self) -> AsyncGenerator[bytes, None]:
        while self._incoming.buffer or await self._incoming.more():
            yield self._incoming.take(CHUNK)
        self.done = True

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        while True:
            if not self._left:
                self._left = await self._size()
                if not self._left:
                    break
            if not self._incoming.buffer and not await self._incoming.more():
                raise Ended
            piece = self._incoming.take(self._left)
            self._left -= len(piece)
            if not self._left and await self._incoming.line():
                raise Malformed("a chunk is longer than it says")
            yield piece
        # Trailers say nothing that anybody reads: S3's checksums are inside of the body.
        for _ in range(_MOST_TRAILERS):
            line = await self._incoming.line()
            if not line:
                self.done = True
                return
            if not _TRAILER.fullmatch(line):
                raise Malformed("a trailer is no header")
        raise Malformed("there are too many trailers")

    async def _size(self) -> int:
        line = await self._incoming.line()
        said = _CHUNK_SIZE.fullmatch(line)
        if said is None:
            raise Malformed("a chunk does not say its size")
        return int(said[1], 16)


async def framed(
    body: AsyncIterator[bytes], *, chunked: bool, length: int | None
) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a body to send.

    Args:
        body: its pieces.
        chunked: send it in chunks.
        length: what was said of its length; None when nothing was.

    Raises:
        Malformed: it is not as long as was said.
    """
    sent = 0
    async for piece in body:
        if not piece:
            continue
        sent += len(piece)
        if length is not None and sent > length:
            raise Malformed("a body is longer than its head says")
        yield b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
    if length is not None and sent < length:
        raise Malformed("a body is shorter than its head says")
    if chunked:
        yield b"0\r\n\r\n"
