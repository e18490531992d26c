"""Tell from the outside that a process has done nothing.

Linux counts how often each thread has given up its processor. Threads that sleep with the same
counts as before have not run an instruction in between: whoever runs has to give up the processor
once more before he sleeps again (proc_pid_status(5): `State`, `voluntary_ctxt_switches`).
"""

from __future__ import annotations

import os

_SLEEPS = b"S"
_STATE = b"State"
_COUNTS = (b"voluntary_ctxt_switches", b"nonvoluntary_ctxt_switches")


def resting(pid: int) -> str | None:
    """Return a mark of a process at rest; the same twice means that it has not run in between.

    None while it runs, when it is gone, and where the system does not tell.
    """
    marks = []
    try:
        # As texts and bytes: a run waits for this.
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:  # noqa: PTH123
                counts = _asleep(file.read())
            if counts is None:
                return None
            marks.append(f"{thread}:{counts}")
    except OSError:
        return None
    return f"{pid} {' '.join(sorted(marks))}" if marks else None


def _asleep(status: bytes) -> str | None:
    """Return how often a sleeping thread has given up its processor; None where it is awake."""
    told = dict(line.split(b":", 1) for line in status.splitlines() if b":" in line)
    if not told.get(_STATE, b"").strip().startswith(_SLEEPS):
        return None
    counts = [told.get(name, b"").strip() for name in _COUNTS]
    return b"+".join(counts).decode() if all(counts) else None
