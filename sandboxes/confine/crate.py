"""Follows the program inside a container: tells it what to do, and hears what happens."""

from __future__ import annotations

import contextlib
import marshal
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.confine.inside.piping import Loop
from sandboxes.containers.attached import Attached
from sandboxes.containers.talking import Talk
from sandboxes.sockets import connect_to

if TYPE_CHECKING:
    from docker import DockerClient

_LAST_S = 2.0
_MOMENT_S = 1.0


class Crate:
    """Talks to the program inside one container."""

    def __init__(self, roads: Mapping[str, Path], output: Callable[[bytes], None]) -> None:
        """Args:
        roads: unix sockets outside, by the names under which they are asked for.
        output: gets what the command writes.
        """
        self._roads = roads
        self._output = output
        self._loop = Loop()
        self._lines: deque[str] = deque()
        self._talk = Talk(self._loop, heard=self._lines.append, reach=self._reach)
        self._attached: Attached | None = None

    def attach(self, client: DockerClient, container: str) -> None:
        """Take the container's streams, before it starts.

        Raises:
            docker.errors.DockerException: that cannot be done.
        """
        self._attached = Attached.to_container(
            client, container, output=self._output, complaint=self._talk.hear
        )

    def begin(self, settings: Mapping[str, object]) -> None:
        """Tell the program inside, which has been started, what to do."""
        assert self._attached is not None
        told = marshal.dumps(dict(settings), 2)
        # Where it is gone already, that is seen when it is listened to.
        with contextlib.suppress(OSError):
            self._attached.write_all(len(told).to_bytes(4, "big") + told)
        self._talk.begin(self._attached)

    def listen(self, seconds: float | None) -> str | None:
        """Return the next line that is told; empty when none came in time, None at the end."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._lines:
            left = _MOMENT_S if until is None else until - time.monotonic()
            if self._talk.over:
                return None
            if left <= 0:
                return ""
            self._loop.turn(left)
        return self._lines.popleft()

    def end(self) -> None:
        """Have the command ended, and what it started."""
        self._talk.tell("end")

    def drain(self) -> None:
        """Take what was written before the container ended."""
        until = time.monotonic() + _LAST_S
        while not self._talk.over and time.monotonic() < until:
            self._loop.turn(until - time.monotonic())

    def complaint(self) -> str:
        """Return what Python or the container's engine said last, before the program inside."""
        return self._talk.complaint()

    def close(self) -> None:
        """Hang up; idempotent."""
        self._talk.close()
        if self._attached is not None:
            self._attached.close()

    def _reach(self, road: bytes) -> socket.socket:
        name, _, greeting = road.partition(b" ")
        path = self._roads.get(name.decode("ascii", "replace"))
        if path is None:
            raise ValueError("a road was asked for that is none")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            connect_to(sock, path)
            sock.send(greeting)
        except OSError:
            sock.close()
            raise
        return sock
