"""What a process does to become a background server."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandboxes.background.places import Home, ensure_private


@contextmanager
def lived_in(home: Home) -> Iterator[bool]:
    """Live in a home, with what is said in its log; gives whether nobody else does already."""
    held = home.claim()
    if held is None:
        yield False
        return
    # Where a predecessor under the same name was killed, its things are still there.
    home.clear()
    ensure_private(home.directory)
    try:
        log_to(home.log)
        yield True
    finally:
        home.clear()
        home.release(held)


def settle(who: str) -> None:
    """Make this process one that is good to fork from, once it has loaded what it needs.

    Raises:
        RuntimeError: something left a thread running, whose locks a fork would copy.
    """
    running = [thread.name for thread in threading.enumerate()]
    if len(running) > 1 or len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        raise RuntimeError(f"{who} left threads running: {', '.join(running)}")
    # Objects that the collector never visits stay on pages that forks share.
    gc.collect()
    gc.freeze()


def detach() -> None:
    """Become nobody's child; returns in the process that goes on."""
    # In a session of its own already (whoever started us saw to that); the second fork makes
    # it nobody's child, so that nobody has to wait for it.
    if os.fork() > 0:
        os._exit(0)


def log_to(log: Path) -> None:
    """Write what is said from here on to a file, and read nothing."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(nothing, 0)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    os.close(nothing)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def stop_on_signals() -> None:
    """End with clean-up when asked to politely."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
