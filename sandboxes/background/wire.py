"""How one speaks to a background server: one JSON object a line, over a unix socket.

Every server answers these; what else it can be asked is its own affair.

    client: {"ask": "status"}                    server: {"pid", "idle_s", ...}
    client: {"ask": "stop"}                      server: {"stopping": true}

Both ends belong to one user; nothing else may connect.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence

_LONGEST = 1 << 20
_MOST_DESCRIPTORS = 8
_SO_PEERPIDFD = 77
"""asm-generic/socket.h; Python has no name for it."""


class Severed(Exception):
    """The other end is gone, or does not speak our language."""


def send(connection: socket.socket, message: Mapping[str, object]) -> None:
    """Send one message.

    Raises:
        Severed: the other end is gone.
    """
    try:
        connection.sendall(json.dumps(message).encode() + b"\n")
    except OSError as error:
        raise Severed(str(error)) from error


def receive(connection: socket.socket) -> Mapping[str, object]:
    """Wait for one message, as long as the connection's time limit allows.

    Raises:
        Severed: the other end is gone, said nothing in time or sent nonsense.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        try:
            chunk = connection.recv(65_536)
        except OSError as error:
            raise Severed(str(error) or "no answer in time") from error
        if not chunk or len(line) > _LONGEST:
            raise Severed("the connection was closed")
        line += chunk
    return parse(bytes(line))


def send_with(
    connection: socket.socket, message: Mapping[str, object], descriptors: Sequence[int]
) -> None:
    """Send one message with descriptors beside it.

    Raises:
        Severed: the other end is gone.
    """
    try:
        socket.send_fds(connection, [json.dumps(message).encode() + b"\n"], list(descriptors))
    except OSError as error:
        raise Severed(str(error)) from error


def receive_with(connection: socket.socket) -> tuple[Mapping[str, object], list[int]]:
    """Wait for one message and the descriptors beside it, which are the caller's to close.

    Raises:
        Severed: the other end is gone, said nothing in time or sent nonsense.
    """
    line, descriptors = bytearray(), list[int]()
    while not line.endswith(b"\n"):
        try:
            chunk, more, _, _ = socket.recv_fds(connection, 65_536, _MOST_DESCRIPTORS)
        except OSError as error:
            raise Severed(str(error) or "no answer in time") from error
        descriptors += more
        if not chunk or len(line) > _LONGEST:
            for descriptor in descriptors:
                os.close(descriptor)
            raise Severed("the connection was closed")
        line += chunk
    return parse(bytes(line)), descriptors


def parse(line: bytes) -> Mapping[str, object]:
    """Read one line.

    Raises:
        Severed: it is no JSON object.
    """
    try:
        message = json.loads(line)
    except ValueError as error:
        raise Severed("the other end does not speak JSON") from error
    if not isinstance(message, dict):
        raise Severed("the other end does not send objects")
    return message


def number(message: Mapping[str, object], name: str) -> int:
    """Return a whole number of a message.

    Raises:
        Severed: there is none of that name.
    """
    value = message.get(name)
    if not isinstance(value, int):
        raise Severed(f"no number {name}")
    return value


def is_ours(connection: socket.socket) -> bool:
    """Whether the process at the other end runs as this user."""
    _pid, user, _group = _credentials(connection)
    return user == os.getuid()


def peer(connection: socket.socket) -> int:
    """Return the process id of the other end, as it was when it connected."""
    return _credentials(connection)[0]


def peer_handle(connection: socket.socket) -> int:
    """Return a descriptor of the process at the other end (pidfd), which the caller closes.

    Raises:
        OSError: it is gone.
    """
    try:
        return connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:
            raise
        # Kernels before 6.5; its number may have gone to another one in the meantime.
        return os.pidfd_open(peer(connection))


def _credentials(connection: socket.socket) -> tuple[int, int, int]:
    """Return process, user and group of the other end (SO_PEERCRED, unix(7))."""
    size = struct.calcsize("3i")
    pid, user, group = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return pid, user, group
