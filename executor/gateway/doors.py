"""Where the gateway is found: sockets that listen before there is anybody to serve them.

A command can be started as soon as they are bound; whoever knocks waits until the gateway, which
takes longer to load, answers. So this module imports next to nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sandboxes.model import Door

_BACKLOG = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Bound, listening sockets.

    Attributes:
        tcp: plain HTTP on loopback.
    """

    tcp: socket.socket

    @classmethod
    def open(cls, directory: Path | None = None) -> Self:
        """Bind.

        Args:
            directory: private to the run; None opens the TCP door alone.

        Raises:
            OSError: the machine has no port left.
        """
        return cls(tcp=socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))

    @property
    def door(self) -> Door:
        """What a confinement has to know."""
        return Door(url=f"http://127.0.0.1:{self.tcp.getsockname()[1]}")

    def close(self) -> None:
        """Stop listening; idempotent."""
        self.tcp.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
