"""Tell from the outside that a process has done nothing.

Linux tells of each thread how long it has run, and how often it was put on a processor, which it
counts from the moment on at which it is (`Documentation/scheduler/sched-stats.rst`:
/proc/PID/schedstat). Threads that sleep with the same numbers as before have not run in between.
That they sleep alone would not do: a thread is said to sleep a moment before it has given up its
processor, its work just done.
"""

from __future__ import annotations

import os
import socket

from sandboxes.background.wire import peer

_SLEEPS = b"\nState:\tS"


def resting(pid: int) -> str | None:
    """Return a mark of a process whose threads sleep; the same twice: it has not run in between.

    None while it runs, when it is gone, and where the system does not tell.
    """
    marks = []
    try:
        # As texts and bytes: a run waits for this.
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            place = f"/proc/{pid}/task/{thread}"
            # The numbers first: whoever begins to run after it has others the next time.
            ran, _, count = _read(f"{place}/schedstat").split()
            if count == b"0" or _SLEEPS not in _read(f"{place}/status"):
                return None
            marks.append(f"{thread}:{ran.decode()}:{count.decode()}")
    except (OSError, ValueError):
        return None
    return f"{pid} {' '.join(sorted(marks))}" if marks else None


def shares_processes(connection: socket.socket) -> bool:
    """Whether whoever is at the other end knows processes by the same numbers."""
    try:
        theirs = os.stat(f"/proc/{peer(connection)}/ns/pid")  # noqa: PTH116 - not followed further
        ours = os.stat("/proc/self/ns/pid")  # noqa: PTH116
    except OSError:
        return False
    return (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
