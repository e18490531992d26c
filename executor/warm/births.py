"""Where workers come from: forked when they are needed, or before that."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, Protocol

from executor.warm.worker import Job, live, wait

_ALL = signal.valid_signals()


class Forking(Protocol):
    """Where a server has its workers from."""

    def prepare(self) -> None:
        """Make ready for the next one."""

    def worker(self, connection: int, link: int) -> tuple[int, int]:
        """Return process id and descriptor of a worker; see `Births.worker`."""

    def close(self) -> None:
        """Let go of what was made ready; idempotent."""


@dataclass(frozen=True, slots=True)
class _Spare:
    """A fork that waits for something to do.

    Attributes:
        pid: its process id.
        handle: descriptor of the process.
        orders: where it is told.
    """

    pid: int
    handle: int
    orders: socket.socket


class Births:
    """Forks the workers of one server, and has one ready if there was time."""

    def __init__(self, interpreter: str) -> None:
        """Args:
        interpreter: `interpreter()` of the server.
        """
        self._interpreter = interpreter
        self._spare: _Spare | None = None

    def prepare(self) -> None:
        """Have a worker ready, unless one is; where the kernel does not let us there is none."""
        if self._spare is not None:
            return
        with suppress(OSError):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                orders, parent = theirs.fileno(), os.getpid()
                try:
                    pid, handle = _forked(lambda: wait(orders, self._interpreter, parent))
                except OSError:
                    ours.close()
                    raise
            self._spare = _Spare(pid, handle, ours)

    def worker(self, connection: int, link: int) -> tuple[int, int]:
        """Return process id and descriptor of a worker for a client.

        Args:
            connection: descriptor of the socket to the client.
            link: descriptor of a socket to the server; see `Job`.

        Raises:
            OSError: the kernel does not let us.
        """
        spare, self._spare = self._spare, None
        if spare is not None:
            with spare.orders:
                try:
                    socket.send_fds(spare.orders, [b"!"], [connection, link])
                except OSError:
                    # It was killed.
                    _bury(spare)
                else:
                    return spare.pid, spare.handle
        job = Job(connection=connection, link=link, interpreter=self._interpreter)
        parent = os.getpid()
        return _forked(lambda: live(job, parent))

    def close(self) -> None:
        """End the one that waits; idempotent."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.orders.close()
            _bury(spare)


def _forked(child: Callable[[], NoReturn]) -> tuple[int, int]:
    """Return process id and descriptor of a new child.

    Raises:
        OSError: there is none.
    """
    # A signal in between would have the fork do what the server does about it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    try:
        pid = os.fork()
        if pid == 0:
            child()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        return pid, os.pidfd_open(pid)
    except OSError:
        # Nobody could watch over it.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def _bury(spare: _Spare) -> None:
    os.kill(spare.pid, signal.SIGKILL)
    os.waitpid(spare.pid, 0)
    os.close(spare.handle)
