"""The little of CBOR (RFC 8949) that smithy-rpc-v2-cbor needs, read strictly."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime

from executor.gateway.wire.request import Unidentifiable

_MOST_DEPTH = 64
_EPOCH_TAG = 1


def decode(body: bytes) -> object:
    """Return the one value that a CBOR body holds.

    Raises:
        Unidentifiable: it is not one well-formed value.
    """
    reader = _Reader(body)
    value = reader.item(0)
    if reader.position != len(body):
        raise Unidentifiable("the CBOR body goes on after its value")
    return value


def retold(body: bytes, told: Callable[[bytes], bytes]) -> bytes:
    """Return a CBOR body with every text passed through `told`.

    Only texts carry their length in bytes; arrays and maps count their items, so that what is
    around a text can stay as it is.

    Raises:
        Unidentifiable: it is not well-formed.
    """
    reader = _Reader(body)
    parts: list[bytes] = []
    while reader.position < len(body):
        start = reader.position
        major, argument = reader.head()
        if major in (2, 3) and argument is not None:
            inner = reader.position
            reader.skip(argument)
            text = body[inner : reader.position]
            if major == 3 and (changed := told(text)) != text:
                parts += [_head(3, len(changed)), changed]
                continue
        parts.append(body[start : reader.position])
    return b"".join(parts)


def encode_text_map(values: dict[str, str]) -> bytes:
    """Return a CBOR map of texts."""
    parts = [_head(5, len(values))]
    for key, value in values.items():
        for text in (key.encode(), value.encode()):
            parts += [_head(3, len(text)), text]
    return b"".join(parts)


def _head(major: int, length: int) -> bytes:
    if length < 24:
        return bytes([major << 5 | length])
    if length < 0x100:
        return bytes([major << 5 | 24, length])
    if length < 0x10000:
        return bytes([major << 5 | 25]) + struct.pack(">H", length)
    return bytes([major << 5 | 26]) + struct.pack(">I", length)


def _time(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Unidentifiable(f"{seconds!r:.40} is not a time") from error


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self.position = 0

    def head(self) -> tuple[int, int | None]:
        """Return major type and argument of what comes; None where it has no length."""
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        return major, None if info == 31 else self._argument(info)

    def skip(self, count: int) -> None:
        """Pass over some bytes."""
        self._take(count)

    def item(self, depth: int) -> object:
        if depth > _MOST_DEPTH:
            raise Unidentifiable("the CBOR body is nested too deeply")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        if info == 31:
            return self._indefinite(major, depth)
        argument = self._argument(info)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
            case 4:
                return [self.item(depth + 1) for _ in range(argument)]
            case 5:
                return self._pairs(argument, depth)
        return self._tagged(argument, depth)

    def _pairs(self, count: int, depth: int) -> dict[object, object]:
        found: dict[object, object] = {}
        for _ in range(count):
            self._pair(found, depth)
        return found

    def _pair(self, found: dict[object, object], depth: int) -> None:
        key = self.item(depth + 1)
        if not isinstance(key, str) or key in found:
            raise Unidentifiable("a CBOR map has a key twice, or one that is no text")
        found[key] = self.item(depth + 1)

    def _indefinite(self, major: int, depth: int) -> object:
        if major in (2, 3):
            chunks: list[object] = []
            while not self._ends():
                chunks.append(self.item(depth + 1))
            kind = bytes if major == 2 else str
            if not all(isinstance(c, kind) for c in chunks):
                raise Unidentifiable("the CBOR body is malformed")
            return kind().join(chunks)  # type: ignore[arg-type]
        if major == 4:
            items: list[object] = []
            while not self._ends():
                items.append(self.item(depth + 1))
            return items
        if major == 5:
            found: dict[object, object] = {}
            while not self._ends():
                self._pair(found, depth)
            return found
        raise Unidentifiable("the CBOR body is malformed")

    def _ends(self) -> bool:
        if self.position < len(self._body) and self._body[self.position] == 0xFF:
            self.position += 1
            return True
        return False

    def _tagged(self, tag: int, depth: int) -> object:
        value = self.item(depth + 1)
        if tag == _EPOCH_TAG and isinstance(value, int | float):
            return _time(value)
        if tag in (2, 3) and isinstance(value, bytes):
            number = int.from_bytes(value, "big")
            return number if tag == 2 else -1 - number
        raise Unidentifiable(f"the CBOR body has tag {tag}")

    def _simple(self, info: int) -> object:
        simple = {20: False, 21: True, 22: None, 23: None}
        if info in simple:
            return simple[info]
        formats = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
        if info not in formats:
            raise Unidentifiable("the CBOR body is malformed")
        form, size = formats[info]
        value: float = struct.unpack(form, self._take(size))[0]
        return value

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Unidentifiable("the CBOR body is malformed")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unidentifiable("a CBOR text is not UTF-8") from error

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._body):
            raise Unidentifiable("the CBOR body ends too soon")
        taken = self._body[self.position : end]
        self.position = end
        return taken
