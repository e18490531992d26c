"""Reach background servers that run, ask them something, and stop them."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sandboxes.background import wire
from sandboxes.background.places import PRIVATE, Home, homes, runtime_directory
from sandboxes.sockets import connect_to

_ANSWER_S = 5.0
_ENDING_S = 5.0
_POLL_S = 0.005


def stop_daemons(runtime: Path | None = None) -> Sequence[str]:
    """Stop this user's background servers, of every version, and wait for their end.

    Returns:
        One line per server stopped. Sandboxes in use end with it.
    """
    stopped: list[str] = []
    for home in homes(runtime or runtime_directory()):
        status = ask(home, "status")
        if status is None or ask(home, "stop") is None:
            # One that still loads does not listen yet; one of a single client never does.
            pid = 0 if home.key.startswith(PRIVATE) else home.holder()
            if not pid:
                continue
            status = {"pid": pid}
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + _ENDING_S
        while home.lock.exists() and time.monotonic() < until:
            time.sleep(_POLL_S)
        stopped.append(f"background server {home.key} (process {status.get('pid')})")
    return stopped


def connect(home: Home, patience_s: float | None = None) -> socket.socket | None:
    """Return a connection to the background server; None when none listens.

    Args:
        home: where it lives.
        patience_s: time limit of the connection; None waits as long as it takes, also where more
            have knocked than are let in.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(patience_s)
    try:
        connect_to(connection, home.socket)
    except OSError:
        connection.close()
        return None
    if not wire.is_ours(connection):
        connection.close()
        return None
    return connection


def ask(home: Home, question: str) -> Mapping[str, object] | None:
    """Ask the server of a home something; None when none answers."""
    connection = connect(home, _ANSWER_S)
    if connection is None:
        return None
    with connection, suppress(wire.Severed):
        wire.send(connection, {"ask": question})
        return wire.receive(connection)
    return None
