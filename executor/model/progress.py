"""How the stages say what they are doing, to whoever watches."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Someone who watches a run; none of the methods may raise or block."""

    def stage(self, name: str, detail: str = "") -> None:
        """A stage begins, and with it the one before ends."""
        ...

    def tick(self, name: str, done: int, total: int) -> None:
        """Of the current stage, `done` of `total` are done; `total` 0 is not known."""
        ...

    def note(self, text: str) -> None:
        """Something a person should know now, and not only in the report."""
        ...


class Silence:
    """Watches nothing."""

    def stage(self, name: str, detail: str = "") -> None:
        """See `Progress.stage`."""

    def tick(self, name: str, done: int, total: int) -> None:
        """See `Progress.tick`."""

    def note(self, text: str) -> None:
        """See `Progress.note`."""
