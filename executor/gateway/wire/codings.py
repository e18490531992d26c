"""Undoing what SDKs do to a body on its way: aws-chunked framing, and gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from executor.gateway.wire.request import Unidentifiable, WireRequest

_MOST_INFLATED = 64 << 20


def is_chunked(request: WireRequest) -> bool:
    """Whether the body is framed as aws-chunked (which is not HTTP's own chunking)."""
    return (
        request.header("x-amz-content-sha256").startswith("STREAMING-")
        or "aws-chunked" in request.header("content-encoding").lower()
    )


def unframed(request: WireRequest) -> WireRequest:
    """Return the request with its body as the client meant it, apart from compression.

    Raises:
        Unidentifiable: the body is not framed as it says.
    """
    if not request.buffered or not request.body or not is_chunked(request):
        return request
    body = unchunked(request.body)
    announced = request.header("x-amz-decoded-content-length")
    if announced and announced != str(len(body)):
        raise Unidentifiable("the aws-chunked body is not as long as it says")
    return replace(request, body=body)


def inflated(request: WireRequest) -> WireRequest:
    """Return the request with its body decompressed; not for bodies that are user data.

    Raises:
        Unidentifiable: the body is not the gzip it says it is.
    """
    if "gzip" not in request.header("content-encoding").lower() or not request.body:
        return request
    return replace(request, body=_gunzipped(request.body))


def unchunked(body: bytes) -> bytes:
    """Return the content of an aws-chunked body.

    Raises:
        Unidentifiable: it is not framed as it says.
    """
    found: list[bytes] = []
    position = 0
    while True:
        end = body.find(b"\r\n", position)
        size = _size(body[position:end]) if end >= 0 else -1
        start = end + 2
        if size < 0 or start + size > len(body):
            raise Unidentifiable("the aws-chunked body is malformed")
        if size == 0:
            return b"".join(found)
        found.append(body[start : start + size])
        position = start + size + 2
        if body[start + size : position] != b"\r\n":
            raise Unidentifiable("the aws-chunked body is malformed")


def _size(head: bytes) -> int:
    digits = head.partition(b";")[0]
    try:
        # `int` alone takes signs, blanks and underscores.
        return int(digits, 16) if digits.isalnum() else -1
    except ValueError:
        return -1


def unchunked_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of an aws-chunked body that comes in pieces.

    Raises:
        ValueError: it is not framed as it says.
    """
    pending = b""
    left = 0
    inside = False  # a chunk has ended, and the line end after it has not come yet
    for piece in pieces:
        pending += piece
        while pending:
            if left:
                taken = pending[:left]
                pending = pending[len(taken) :]
                left -= len(taken)
                inside = True
                yield taken
                continue
            if inside:
                if len(pending) < 2:
                    break
                if not pending.startswith(b"\r\n"):
                    raise ValueError("the aws-chunked body is malformed")
                pending, inside = pending[2:], False
            head, found, rest = pending.partition(b"\r\n")
            if not found:
                break
            left, pending = _size(head), rest
            if left < 0:
                raise ValueError("the aws-chunked body is malformed")
            if left == 0:
                return
    raise ValueError("the aws-chunked body ends too soon")


def _gunzipped(body: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj(wbits=31)
        text = inflater.decompress(body, _MOST_INFLATED)
    except zlib.error as error:
        raise Unidentifiable("the body is not the gzip it says it is") from error
    if inflater.unconsumed_tail:
        raise Unidentifiable("the body inflates to more than 64 MiB")
    if not inflater.eof or inflater.unused_data:
        raise Unidentifiable("the body is not one whole gzip stream")
    return text
