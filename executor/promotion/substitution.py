"""New ids: what the rehearsal made has other ids on the target.

When a recorded call is made on the target, its answer is laid beside the recorded one; where
an id differs at the same place, later parameters that hold the rehearsed id get the real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from executor.model.json import Json

# Shorter texts ("1", "ACTIVE") differ by chance and would be replaced in the wrong places.
_SHORTEST = 6


class Substitution:
    """Grows as the target answers."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    @property
    def ids(self) -> Mapping[str, str]:
        """Rehearsed id -> real id."""
        return dict(self._ids)

    def learn(self, rehearsed: Json, real: Json) -> None:
        """Take note of ids that differ between the two answers to one call."""
        for ours, theirs in _pairs(rehearsed, real):
            if ours != theirs and len(ours) >= _SHORTEST and not ours.startswith("<"):
                self._ids[ours] = theirs
        self._pattern = _compiled(self._ids)

    def text(self, text: str) -> str:
        """Return a text with every known rehearsed id replaced."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._ids[found.group(0)], text)

    def applied(self, value: object) -> object:
        """Return parameters with every known rehearsed id replaced, bytes left alone."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {key: self.applied(item) for key, item in value.items()}
            case list() | tuple():
                return [self.applied(item) for item in value]
        return value


def _compiled(ids: Mapping[str, str]) -> re.Pattern[str] | None:
    if not ids:
        return None
    longest_first = sorted(ids, key=len, reverse=True)
    body = "|".join(re.escape(text) for text in longest_first)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{body})(?![A-Za-z0-9])")


def _pairs(ours: Json, theirs: Json) -> Iterator[tuple[str, str]]:
    if isinstance(ours, str) and isinstance(theirs, str):
        yield ours, theirs
    elif isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key in ours.keys() & theirs.keys():
            yield from _pairs(ours[key], theirs[key])
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from _pairs(one, other)
