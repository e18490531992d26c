"""Connecting to the Docker engine, and saying plainly why that cannot be done."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

SOON_S = 5
"""How long a look whether there is an engine may take."""

_SOCKET = "unix:///var/run/docker.sock"


class NoDocker(Exception):
    """No Docker engine can be used.

    Attributes:
        reason: why not, for a person.
        hint: what would help.
    """

    def __init__(self, *, refused: bool) -> None:
        """Args:
        refused: there is one, which this user may not use.
        """
        self.reason = (
            "Docker may not be used by this user" if refused else "no Docker engine answers"
        )
        self.hint = "add the user to the group docker" if refused else "install Docker and start it"
        super().__init__(self.reason)


def connect(timeout_s: int = 60) -> DockerClient:
    """Connect to the Docker engine that `DOCKER_HOST` names, or to this machine's.

    Raises:
        NoDocker: none answers.
    """
    _ask_socket()
    import docker
    from docker.errors import DockerException

    client = None
    try:
        client = docker.from_env(timeout=timeout_s)
        client.ping()
    except DockerException as error:
        if client is not None:
            client.close()
        raise NoDocker(refused="Permission denied" in str(error)) from error
    return client


def address() -> str:
    """Return where the Docker engine is, as `DOCKER_HOST` has it."""
    return os.environ.get("DOCKER_HOST") or _SOCKET


def _ask_socket() -> None:
    """Connect to Docker's socket, if it is one: its SDK leaves sockets open that nobody answers."""
    kind, _, path = address().partition("://")
    if kind not in ("unix", "http+unix"):
        return
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(SOON_S)
        try:
            asked.connect(path)
        except OSError as error:
            raise NoDocker(refused=isinstance(error, PermissionError)) from error
