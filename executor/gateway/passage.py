"""The way to the engine, which can be closed for a moment when nobody is on it."""

from __future__ import annotations

import asyncio


class Passage:
    """Counts who is at the engine; used by one event loop."""

    def __init__(self) -> None:
        """Open, and empty."""
        self._inside = 0
        self._opened = asyncio.Event()
        self._opened.set()
        self._left = asyncio.Event()

    async def enter(self) -> None:
        """Wait until it is open, and be on it until `leave`."""
        while not self._opened.is_set():
            await self._opened.wait()
        self._inside += 1

    def leave(self) -> None:
        """Have gone through, or have given up."""
        self._inside -= 1
        if not self._inside:
            self._left.set()

    async def clear(self, patience_s: float) -> bool:
        """Let nobody on, and return whether it is empty; it stays closed if so, until `reopen`.

        Args:
            patience_s: how long to wait for those who are on it.
        """
        self._opened.clear()
        ends = asyncio.get_running_loop().time() + patience_s
        while self._inside:
            self._left.clear()
            left = ends - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._left.wait(), left)
            except TimeoutError:
                self._opened.set()
                return False
        return True

    def reopen(self) -> None:
        """Let on who is waiting."""
        self._opened.set()
