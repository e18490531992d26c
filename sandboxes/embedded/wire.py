"""What client and zygote say to each other: one JSON object a line, over a unix socket.

    client: {"ask": "start", "spec": {...}}      zygote: {"id", "pid", "port", "directory",
                                                          "open_ways"}
    client: {"ask": "close"}                     zygote: {"closed": true}, after the child's end
    client: {"ask": "status"}                    zygote: {"pid", "sandboxes", "templates",
                                                          "idle_s"}
    client: {"ask": "stop"}                      zygote: {"stopping": true}

    client: {"ask": "draft", "spec": {...}}      zygote: as for "start": a child to be seeded
    client: {"ask": "keep", "parts": {...}}      zygote: {"kept": true}, once it is a template,
                                                          or {"kept": false, "why": "..."}
    client: {"ask": "kept", "spec": {...}}       zygote: {"templates": [{"id", "parts",
                                                          "directory", "port"}]}
    client: {"ask": "fork", "template": "...", "spec": {...}}   zygote: as for "start"
    client: {"ask": "forsake", "template": "...", "why": "..."} zygote: {"forsaken": true}

    or, whatever was asked                       zygote: {"error": "...", "detail": "..."}

"draft" may name a template to fork from as well. A zygote gives orders to its templates in the
same language, with descriptors beside them. Both ends belong to one user and to one version of
this package; nothing else may connect.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sandboxes.model import SandboxSpec

_LONGEST = 1 << 20
_MOST_DESCRIPTORS = 8


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


def spec_to_wire(spec: SandboxSpec) -> Mapping[str, object]:
    """Return the spec as JSON's types."""
    return asdict(spec)


def spec_from_wire(message: object) -> SandboxSpec:
    """Return the spec that a message carries.

    Raises:
        Severed: it carries none.
    """
    if not isinstance(message, dict):
        raise Severed("no spec")
    try:
        return SandboxSpec(
            run=str(message["run"]),
            account=str(message["account"]),
            region=str(message["region"]),
            daemon=bool(message["daemon"]),
        )
    except KeyError as error:
        raise Severed(f"a spec without {error}") from error


def parts(message: Mapping[str, object]) -> Mapping[str, str]:
    """Return what a message says that a template was seeded with.

    Raises:
        Severed: it says nothing of the kind.
    """
    value = message.get("parts")
    if not isinstance(value, dict):
        raise Severed("no parts")
    return {str(name): str(digest) for name, digest in value.items()}


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
    credentials = connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
    )
    _pid, user, _group = struct.unpack("3i", credentials)
    return bool(user == os.getuid())
