"""The target's ids and the engine's, both ways.

An engine gives out ids of its own (`vpc-…`, key ids). The change must see the target's, in
requests and responses alike; this table translates whole words of any text, be they spelled
as they are or percent-encoded, as in forms and paths.

The work does not grow with the table: the words of a text are looked up, and only ids of
several words (ARNs, `host:port`) that may stand in it are searched for.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import quote

# An id ends where a letter, a digit or a dash does not go on; the two digits of an encoded
# character (`%22` for a quote) belong to it and not to an id.
_WORD = rb"%[0-9A-Fa-f]{2}|[A-Za-z0-9_-]+"
_EDGE_BEFORE = rb"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))"
_EDGE_AFTER = rb"(?![A-Za-z0-9_-])"
_WORDS = re.compile(_WORD)


class Aliases:
    """A table of ids; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._to_engine = _Table()
        self._to_change = _Table()

    def add(self, target_id: str, engine_id: str) -> None:
        """Remember that the two name the same; the first alias of an id stays."""
        if not target_id or not engine_id or target_id == engine_id:
            return
        with self._lock:
            for ours, theirs in _spellings(target_id, engine_id):
                self._to_engine.add(ours, theirs)
                self._to_change.add(theirs, ours)

    def restart(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Know these ids and no others: of the target and of the engine."""
        to_engine, to_change = _Table(), _Table()
        for target_id, engine_id in pairs:
            if not target_id or not engine_id or target_id == engine_id:
                continue
            for ours, theirs in _spellings(target_id, engine_id):
                to_engine.add(ours, theirs)
                to_change.add(theirs, ours)
        with self._lock:
            self._to_engine, self._to_change = to_engine, to_change

    def to_engine(self, data: bytes) -> bytes:
        """Return `data` with every target id replaced by the engine's."""
        with self._lock:
            return self._to_engine.applied(data)

    def to_change(self, data: bytes) -> bytes:
        """Return `data` with every engine id replaced by the target's."""
        with self._lock:
            return self._to_change.applied(data)


class _Table:
    """One way of the translation."""

    def __init__(self) -> None:
        self._words: dict[bytes, bytes] = {}
        # Ids of several words, by the longest of them.
        self._phrases: dict[bytes, dict[bytes, bytes]] = {}

    def add(self, found: bytes, replacement: bytes) -> None:
        words = _WORDS.findall(found)
        if words == [found]:
            self._words.setdefault(found, replacement)
        else:
            self._phrases.setdefault(max(words, key=len, default=found), {}).setdefault(
                found, replacement
            )

    def applied(self, data: bytes) -> bytes:
        if not (self._words or self._phrases):
            return data
        words = set(_WORDS.findall(data))
        phrases: dict[bytes, bytes] = {}
        for word in words:
            phrases.update(self._phrases.get(word, {}))
        if not phrases and not any(word in self._words for word in words):
            return data

        def replacement(match: re.Match[bytes]) -> bytes:
            found = match.group()
            return phrases.get(found) or self._words.get(found, found)

        return (_pattern(phrases) if phrases else _WORDS).sub(replacement, data)


def _pattern(phrases: dict[bytes, bytes]) -> re.Pattern[bytes]:
    # Longest first, so that an id that begins with another one wins.
    some = b"|".join(re.escape(phrase) for phrase in sorted(phrases, key=lambda p: (-len(p), p)))
    return re.compile(_EDGE_BEFORE + b"(?:" + some + b")" + _EDGE_AFTER + b"|" + _WORD)


def _spellings(target_id: str, engine_id: str) -> Iterator[tuple[bytes, bytes]]:
    yield target_id.encode(), engine_id.encode()
    encoded = quote(target_id, safe="")
    if encoded != target_id:
        yield encoded.encode(), quote(engine_id, safe="").encode()
