"""Sees whether the target's data, or what only stands in for it, passes by."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from executor.model.stand_in import STAND_IN

_STAND_IN = STAND_IN.encode()
# An object that is too small for a whole one, perhaps framed; fewer bytes may be somebody's own.
_LEAST = 3
_SMALL = re.compile(
    rb"(?:[0-9a-fA-F]+(?:;[^\r\n]*)?\r\n)?(?:%s)(?:\r\n0(?:;[^\r\n]*)?\r\n.*)?"
    % b"|".join(_STAND_IN[:size] for size in range(_LEAST, len(_STAND_IN))),
    re.DOTALL,
)


class Sight:
    """Looks out for what only stands in for the target's data."""

    def __init__(self) -> None:
        self.seen = False

    def look(self, data: bytes) -> None:
        """Look at a body, or a piece of one."""
        self.seen = self.seen or _STAND_IN in data

    def look_at_object(self, data: bytes) -> None:
        """Look at the beginning of an object, which may be all of it."""
        self.look(data)
        self.seen = self.seen or _SMALL.fullmatch(data) is not None

    async def along(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Look at an object's pieces as they pass."""
        look = self.look_at_object
        async with aclosing(pieces):
            async for piece in pieces:
                look(piece)
                look = self.look
                yield piece
