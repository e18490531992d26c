"""The target's ids and the engine's, both ways.

An engine gives out ids of its own (`vpc-…`, key ids). The change must see the target's, in
requests and responses alike; this table translates whole words of any text.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

# An id ends where a letter, a digit or a dash does not go on.
_EDGE_BEFORE = rb"(?<![A-Za-z0-9_-])"
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
            self._to_engine.setdefault(target_id.encode(), engine_id.encode())
            self._to_change.setdefault(engine_id.encode(), target_id.encode())
            self._engine_pattern = _pattern(self._to_engine)
            self._change_pattern = _pattern(self._to_change)

    def to_engine(self, data: bytes) -> bytes:
        """Return `data` with every target id replaced by the engine's."""
        return _replaced(self._engine_pattern, self._to_engine, data)

    def to_change(self, data: bytes) -> bytes:
        """Return `data` with every engine id replaced by the target's."""
        return _replaced(self._change_pattern, self._to_change, data)


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
