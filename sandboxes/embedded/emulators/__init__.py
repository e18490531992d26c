"""The emulators that can stand behind the embedded engine.

Each is loaded once, in the zygote, and serves in forked children. Only the process that calls
`load` imports the emulator's code.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sandboxes.model import SandboxSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a child has to serve with.

    Attributes:
        listener: bound to loopback and listening.
        directory: the child's own; current directory, home and temporary files are in it.
        spec: account and region to appear as.
        known_as: the port that it is to give out as its own. A fork of a template keeps the
            template's, which stands in what that has made.
        beat: to be told how much is under way besides waiting for requests, after each of them;
            an emulator that cannot tell never calls it.
    """

    listener: socket.socket
    directory: str
    spec: SandboxSpec
    known_as: int
    beat: Callable[[int], None] = lambda under_way: None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        port: int = self.listener.getsockname()[1]
        return port


class StillWorking(Exception):
    """An emulator does something in the background that does not end."""


class Emulator(Protocol):
    """One emulator, first loaded, then served."""

    def settings(self, directory: str) -> Mapping[str, str]:
        """Return the environment to load it with.

        Args:
            directory: the zygote's directory for temporary files.
        """
        ...

    def load(self) -> None:
        """Import all that a child might need; must leave no thread and no event loop running."""
        ...

    def warm(self) -> bool:
        """Load a bit more of what a child may need later; called while nobody waits.

        Returns:
            Whether there is more; a step takes well under a second.
        """
        ...

    def serve(self, place: Place, ready: Callable[[], None], until: int | None = None) -> None:
        """Serve in this process until it ends, or is to stop.

        Called once more in forks of a process that has stopped: what it holds then stays.

        Args:
            place: where, and as whom.
            ready: to be called when requests are answered.
            until: descriptor that can be read when it is to stop; None for never.

        Raises:
            StillWorking: it was to stop, and something goes on that a fork would not have.
        """
        ...


def emulator_named(name: str) -> Emulator:
    """Return the emulator of that name, not yet loaded.

    Raises:
        ValueError: there is none.
    """
    if name == "ministack":
        from sandboxes.embedded.emulators.ministack import MiniStack

        return MiniStack()
    if name == "moto":
        from sandboxes.embedded.emulators.moto import Moto

        return Moto()
    raise ValueError(f"no emulator is called {name}")
