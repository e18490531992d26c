"""The programs that run a zygote: `python -m sandboxes.embedded.serving`.

    --emulator NAME --runtime DIR --key KEY --idle SECONDS      the background server
    ... --connection FD                                         private to one client

The background server detaches itself and exits silently if another one holds the lock: so any
number of clients may start one at the same time and one remains.
"""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from sandboxes.background.detached import detach, lived_in, stop_on_signals
from sandboxes.background.places import Home
from sandboxes.sockets import listen_at

_BACKLOG = 64


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a zygote until it ends."""
    parser = argparse.ArgumentParser(prog="sandboxes.embedded.serving")
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--runtime", required=True, type=Path)
    parser.add_argument("--key", required=True)
    parser.add_argument("--idle", type=float, default=600.0)
    parser.add_argument("--connection", type=int)
    chosen = parser.parse_args(arguments)
    os.umask(0o077)
    home = Home(chosen.runtime, chosen.key)
    if chosen.connection is None:
        detach()
    with lived_in(home) as ours:
        if not ours:
            return
        if chosen.connection is None:
            _serve_everyone(home, chosen.emulator, chosen.idle)
        else:
            _serve_one(home, chosen.emulator, chosen.connection)


def _serve_everyone(home: Home, emulator: str, idle_s: float) -> None:
    with listen_at(home.socket, _BACKLOG) as listener:
        # Clients that come while the emulator loads are served once it has.
        listener.setblocking(False)
        _run(home, emulator, listener, None, idle_s)


def _serve_one(home: Home, emulator: str, descriptor: int) -> None:
    _run(home, emulator, None, socket.socket(fileno=descriptor), float("inf"))


def _run(
    home: Home,
    name: str,
    listener: socket.socket | None,
    connection: socket.socket | None,
    idle_s: float,
) -> None:
    from sandboxes.embedded import zygote
    from sandboxes.embedded.emulators import emulator_named

    emulator = emulator_named(name)
    stop_on_signals()
    zygote.prepare(emulator, home)
    serving = zygote.Zygote(emulator=emulator, home=home, listener=listener, idle_s=idle_s)
    if connection is not None:
        serving.adopt(connection)
    serving.run()


if __name__ == "__main__":
    main()
