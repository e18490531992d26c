"""The way to what listens in a container that has no network: a port of this machine's loopback.

Docker publishes no ports of a container without a network, and on any network of its own a
container would reach this machine. So a program inside leads connections to the port there, over
its own input and output; and before that it looks whether there is no other way.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import TYPE_CHECKING

from sandboxes.confine.inside.piping import Loop
from sandboxes.confine.own import starting
from sandboxes.containers.attached import Attached
from sandboxes.containers.talking import Talk

if TYPE_CHECKING:
    from docker import DockerClient

_BACKLOG = 256
_READY_S = 20.0
_TURN_S = 60.0


class NoRoad(Exception):
    """The program inside did not come to lead connections."""


class Road:
    """Leads connections, in a thread of its own, until it is closed."""

    def __init__(self, client: DockerClient, container: str, port: int) -> None:
        """Args:
        client: the Docker connection.
        container: id of a container that runs, and shows the program inside.
        port: where to lead connections, inside.

        Raises:
            NoRoad: the program inside did not start.
        """
        from docker.errors import DockerException

        self.wrong: list[str] = []
        """What does not hold of the container's being shut in, in words."""
        self._ready = False
        self._closed = False
        self._loop = Loop()
        self._talk = Talk(self._loop, heard=self._heard)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._listener.setblocking(False)
        self._woken, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._lead, name="container-road", daemon=True)
        try:
            attached = Attached.to_program(
                client,
                container,
                ["python3", *starting("main", "leading"), str(port)],
                output=self._talk.hear,
                complaint=self._talk.hear,
            )
            self._talk.begin(attached)
            self._wait()
        except DockerException as error:
            self._close_all()
            raise NoRoad(str(error)) from error
        except BaseException:
            self._close_all()
            raise
        self._loop.add(self._listener.fileno(), select.POLLIN, self._accept)
        self._loop.add(self._woken.fileno(), select.POLLIN, self._wake_up)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port of loopback."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Lead nobody any more; idempotent."""
        if not self._closed:
            self._closed = True
            self._wake.send(b"x")
            self._thread.join()
            self._close_all()

    def _wait(self) -> None:
        until = time.monotonic() + _READY_S
        while not self._ready:
            left = until - time.monotonic()
            if self._talk.over or left <= 0:
                raise NoRoad(self._talk.complaint() or "nothing leads to it")
            self._loop.turn(left)

    def _heard(self, line: str) -> None:
        word, _, text = line.partition(" ")
        if word == "probe":
            self.wrong.append(text)
        elif word == "ready":
            self._ready = True

    def _lead(self) -> None:
        while not self._closed and not self._talk.over:
            self._loop.turn(_TURN_S)

    def _wake_up(self, _: int) -> None:
        self._woken.recv(1)

    def _accept(self, _: int) -> None:
        with contextlib.suppress(OSError):
            client, _address = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._talk.open(client)

    def _close_all(self) -> None:
        self._talk.close()
        for sock in (self._listener, self._woken, self._wake):
            sock.close()
