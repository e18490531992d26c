"""The program of the warm executor: `python -m executor.warm.serving`.

It detaches itself and exits silently if another one holds the lock: so any number of clients may
start one at the same time and one remains. It listens once it has loaded: who comes before that
is served sooner by going on alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from executor.warm.standing import standing
from executor.warm.talking import interpreter, key
from sandboxes.background.detached import detach, lived_in, stop_on_signals
from sandboxes.background.places import Home
from sandboxes.background.runtime import RUNTIME_VARIABLE
from sandboxes.sockets import listen_at

_BACKLOG = 64


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a server until it ends."""
    parser = argparse.ArgumentParser(prog="executor.warm.serving")
    parser.add_argument("--runtime", required=True, type=Path)
    parser.add_argument("--key", required=True)
    parser.add_argument("--idle", type=float, required=True)
    parser.add_argument("--path", action="append", default=[])
    chosen = parser.parse_args(arguments)
    os.umask(0o077)
    home = Home(chosen.runtime, chosen.key)
    detach()
    with lived_in(home) as ours:
        if not ours:
            return
        # What is loaded from here on is what a client would have loaded.
        sys.path[:] = chosen.path
        # Started in another way than its clients it would refuse every one.
        if key(interpreter(sys.path), standing()) == home.key:
            _serve(home, chosen.idle)


def _serve(home: Home, idle_s: float) -> None:
    from executor.warm.births import Births
    from executor.warm.preloading import preload
    from executor.warm.server import Server
    from executor.warm.worker import reset_signals

    # Where its forks will look for the embedded engine's server, it practises with it.
    os.environ[RUNTIME_VARIABLE] = str(home.runtime)
    place = home.directory / "practice"
    place.mkdir(mode=0o700)
    os.chdir(place)
    # Whoever started it may have ignored some; that is for its forks' clients to say.
    reset_signals()
    stop_on_signals()
    loaded = preload(place)
    os.chdir("/")
    with listen_at(home.socket, _BACKLOG) as listener:
        listener.setblocking(False)
        Server(listener, loaded, Births(interpreter(sys.path)), idle_s=idle_s).run()


if __name__ == "__main__":
    main()
