"""Talks to the program inside a container, over the container's own input and output.

Connections are led over it as well, so that nothing has to be shared with a container but files:
unix sockets of this machine cannot be, where Docker has a machine of its own.
"""

from __future__ import annotations

import _socket
import contextlib
import marshal
import select
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.confine.inside.multiplex import Multiplex
from sandboxes.confine.inside.outside import MAGIC
from sandboxes.confine.inside.piping import Loop
from sandboxes.containers.attached import Attached
from sandboxes.sockets import connect_to

if TYPE_CHECKING:
    from docker import DockerClient

_MOST_COMPLAINT = 65_536
_LAST_S = 2.0


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
        self._said = bytearray()
        self._speaking = False
        self._over = False
        self._attached: Attached | None = None
        self._multiplex = Multiplex(
            self._loop,
            self._write,
            heard=lambda line: self._lines.append(line.decode("utf-8", "replace")),
            waits=lambda waiting: self._await(also_to_write=waiting),
            reach=self._reach,
        )

    def attach(self, client: DockerClient, container: str) -> None:
        """Take the container's streams, before it starts.

        Raises:
            docker.errors.DockerException: that cannot be done.
        """
        self._attached = Attached(client, container, output=self._output, complaint=self._heard)

    def begin(self, settings: Mapping[str, object]) -> None:
        """Tell the program inside, which has been started, what to do.

        Raises:
            OSError: it is gone.
        """
        assert self._attached is not None
        told = marshal.dumps(dict(settings), 2)
        self._attached.write_all(len(told).to_bytes(4, "big") + told)
        self._attached.set_blocking(False)
        self._loop.add(self._attached.fileno(), select.POLLIN, self._happened)

    def listen(self, seconds: float | None) -> str | None:
        """Return the next line that is told; empty when none came in time, None at the end."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._lines:
            left = 1.0 if until is None else until - time.monotonic()
            if self._over:
                return None
            if left <= 0:
                return ""
            self._loop.turn(left)
        return self._lines.popleft()

    def end(self) -> None:
        """Have the command ended, and what it started."""
        with contextlib.suppress(OSError):
            self._multiplex.tell(b"end")

    def drain(self) -> None:
        """Take what was written before the container ended."""
        until = time.monotonic() + _LAST_S
        while not self._over and time.monotonic() < until:
            self._loop.turn(until - time.monotonic())

    def complaint(self) -> str:
        """Return what Python or the container's engine said last, before the program inside."""
        text = self._said.decode("utf-8", "replace").strip()
        return text.splitlines()[-1] if text and not self._speaking else ""

    def close(self) -> None:
        """Hang up; idempotent."""
        self._over = True
        self._multiplex.close()
        if self._attached is not None:
            self._attached.close()

    def _happened(self, events: int) -> None:
        assert self._attached is not None
        try:
            if events & select.POLLOUT:
                self._multiplex.flush()
            if events & ~select.POLLOUT and not self._attached.receive():
                self._stop()
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            # Nothing that comes later could be understood.
            self._said += str(error).encode()
            self._stop()

    def _stop(self) -> None:
        assert self._attached is not None
        if not self._over:
            self._over = True
            self._loop.remove(self._attached.fileno())

    def _heard(self, data: bytes) -> None:
        if self._speaking:
            self._multiplex.receive(data)
            return
        self._said += data
        before, magic, behind = bytes(self._said).partition(MAGIC)
        if magic:
            self._speaking = True
            self._said = bytearray(before)
            self._multiplex.receive(behind)
        elif len(self._said) > _MOST_COMPLAINT:
            del self._said[:-_MOST_COMPLAINT]

    def _write(self, data: bytes) -> int:
        assert self._attached is not None
        return self._attached.write(data)

    def _await(self, *, also_to_write: bool) -> None:
        if self._attached is not None and not self._over:
            events = select.POLLIN | (select.POLLOUT if also_to_write else 0)
            self._loop.change(self._attached.fileno(), events)

    def _reach(self, road: bytes, sock: _socket.socket) -> None:
        name, _, greeting = road.partition(b" ")
        path = self._roads.get(name.decode("ascii", "replace"))
        if path is None:
            raise ValueError("a road was asked for that is none")
        connect_to(sock, path)
        if greeting:
            sock.send(greeting)
