"""The target's ids and the engine's, both ways.

An engine gives out ids of its own (`vpc-…`, key ids). The change must see the target's, in
requests and responses alike; this table translates whole words of any text, be they spelled
as they are or percent-encoded, as in forms and paths.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import quote

# An id ends where a letter, a digit or a dash does not go on; the two digits of an encoded
# character (`%22` for a quote) belong to it and not to an id.
_EDGE_BEFORE = rb"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))"
_EDGE_AFTER = rb"(?![A-Za-z0-9_-])"


class Aliases:
    """A table of ids; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._to_engine: dict[bytes, bytes] = {}
        self._to_change: dict[bytes, bytes] = {}
        self._engine_pattern: re.Pattern[bytes] | None = None
        self._change_pattern: re.Pattern[bytes] | None = None

    def add(self, target_id: str, engine_id: str) -> None:
        """Remember that the two name the same; the first alias of an id stays."""
        if not target_id or not engine_id or target_id == engine_id:
            return
        with self._lock:
            for ours, theirs in _spellings(target_id, engine_id):
                self._to_engine.setdefault(ours, theirs)
                self._to_change.setdefault(theirs, ours)
            self._engine_pattern = self._change_pattern = None

    def to_engine(self, data: bytes) -> bytes:
        """Return `data` with every target id replaced by the engine's."""
        with self._lock:
            if self._engine_pattern is None and self._to_engine:
                self._engine_pattern = _pattern(self._to_engine)
            pattern = self._engine_pattern
        return _replaced(pattern, self._to_engine, data)

    def to_change(self, data: bytes) -> bytes:
        """Return `data` with every engine id replaced by the target's."""
        with self._lock:
            if self._change_pattern is None and self._to_change:
                self._change_pattern = _pattern(self._to_change)
            pattern = self._change_pattern
        return _replaced(pattern, self._to_change, data)


def _spellings(target_id: str, engine_id: str) -> Iterator[tuple[bytes, bytes]]:
    yield target_id.encode(), engine_id.encode()
    encoded = quote(target_id, safe="")
    if encoded != target_id:
        yield encoded.encode(), quote(engine_id, safe="").encode()


def _pattern(table: Mapping[bytes, bytes]) -> re.Pattern[bytes]:
    # Longest first, so that an id that begins with another one wins.
    words = b"|".join(re.escape(word) for word in sorted(table, key=len, reverse=True))
    return re.compile(_EDGE_BEFORE + b"(?:" + words + b")" + _EDGE_AFTER)


def _replaced(
    pattern: re.Pattern[bytes] | None, table: Mapping[bytes, bytes], data: bytes
) -> bytes:
    if pattern is None:
        return data
    return pattern.sub(lambda found: table[found.group(0)], data)
