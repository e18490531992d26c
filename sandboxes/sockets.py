"""Unix sockets at paths of any length: an address holds about a hundred characters only."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_MOST = 100


def listen_at(path: Path, backlog: int) -> socket.socket:
    """Return a socket that listens at a path, which only this user may connect to.

    Raises:
        OSError: it cannot be bound.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _bind(listener, path)
        path.chmod(0o600)
        listener.listen(backlog)
    except BaseException:
        listener.close()
        raise
    return listener


def _bind(listener: socket.socket, path: Path) -> None:
    if len(os.fsencode(path)) <= _MOST:
        listener.bind(os.fspath(path))
        return
    # The kernel finds the directory by its number, and its name does not count.
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)
