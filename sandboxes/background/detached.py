"""What a process does to become a background server."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


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
