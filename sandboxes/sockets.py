"""Unix sockets at paths of any length: an address holds about a hundred characters only."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_MOST = 100
_NUMBERED = Path("/proc/self/fd")
_SHORT = "/tmp"


def listen_at(path: Path, backlog: int) -> socket.socket:
    """Return a socket that listens at a path, which only this user may connect to.

    Raises:
        OSError: it cannot be bound.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short(path) as address:
            listener.bind(address)
        path.chmod(0o600)
        listener.listen(backlog)
    except BaseException:
        listener.close()
        raise
    return listener


def connect_to(sock: socket.socket, path: Path) -> None:
    """Connect a unix socket to a path.

    Raises:
        OSError: nobody listens there; `BlockingIOError` when its queue is full.
    """
    with short(path) as address:
        sock.connect(address)


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """Yield a name of a path that is short enough for an address, while it is needed."""
    if len(os.fsencode(path)) <= _MOST:
        yield os.fspath(path)
    elif _NUMBERED.is_dir():
        # The kernel finds the directory by its number, and its name does not count.
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"{_NUMBERED}/{directory}/{path.name}"
        finally:
            os.close(directory)
    else:
        with tempfile.TemporaryDirectory(prefix="executor-", dir=_SHORT) as place:
            link = Path(place, "d")
            link.symlink_to(path.parent, target_is_directory=True)
            yield f"{link}/{path.name}"
