"""Whom the server knows: clients, and workers that make their runs."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Worker:
    """A fork.

    Attributes:
        pid: its process id.
        handle: descriptor of the process, readable when it has ended.
        link: where it is let begin, and tells that it has begun and how it ended; see `Job`.
        client: whom it serves; None once that has been told how the run ended.
        has_begun: it said so; what the client says from then on is for the server.
        told: the signal by which it was asked to end already; it is not to be interrupted while
            it cleans up.
        until: when it is killed; None as long as its client waits for it.
    """

    pid: int
    handle: int
    link: socket.socket
    client: Client | None
    has_begun: bool = False
    told: int = 0
    until: float | None = None


@dataclass(slots=True, eq=False)
class Client:
    """Who is connected.

    Attributes:
        connection: to it.
        peer: descriptor of the process that connected.
        equal: whether that stands as this process does.
        since: when it came.
    """

    connection: socket.socket
    peer: int
    equal: bool
    since: float
    heard: bytearray = field(default_factory=bytearray)
    worker: Worker | None = None
