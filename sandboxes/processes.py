"""Finding and ending what a run started, by a marker in the environment.

A process keeps its environment when it forks, changes its session or loses its parent, so the
marker finds what process groups and parents do not. A process that clears its environment
*and* makes a session of its own is not found: only a confinement with a process namespace
ends that one too.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARKER = "EXECUTOR_RUN"
"""Variable that holds the run's id; `outer/inner` for a dry run within a dry run."""

_PROC = Path("/proc")
_POLL_S = 0.01
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A process, told apart from a later one of the same number by when it started."""

    pid: int
    started: float
    session: int
    runs: frozenset[str]


def marker_value(run: str, outer: str) -> str:
    """Return the marker of a run, given the marker the run itself was started with."""
    return f"{outer}/{run}" if outer else run


def start_time(pid: int) -> float | None:
    """Return when a process started, in a unit of this machine; None when there is none."""
    if _PROC.joinpath("self", "stat").exists():
        stat = _stat(pid)
        return None if stat is None or stat[2] == b"Z" else stat[1]
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def processes_of(run: str, *, session: int = 0) -> list[Found]:
    """Return the live processes of a run, this one excepted.

    Args:
        run: id of the run.
        session: further take every process of that session; 0 for none.
    """
    return [p for p in _all() if run in p.runs or (session and p.session == session)]


def end_processes(find: Callable[[], list[Found]], *, grace_s: float = 2.0) -> int:
    """End what `find` returns, first politely, until it returns nothing; count what was ended.

    Args:
        find: returns the processes that are still there.
        grace_s: time between the polite signal and the other.
    """
    ended: set[tuple[int, float]] = set()
    for number in (signal.SIGTERM, *[signal.SIGKILL] * _ROUNDS):
        # Again and again, for what forked while we looked.
        found = find()
        if not found:
            break
        for process in found:
            ended.add((process.pid, process.started))
            _signal(process, number)
        _wait_for_none(find, grace_s)
    return len(ended)


def _wait_for_none(find: Callable[[], list[Found]], seconds: float) -> None:
    until = time.monotonic() + seconds
    while find() and time.monotonic() < until:
        time.sleep(_POLL_S)


def _signal(process: Found, number: signal.Signals) -> None:
    # The number may have gone to a stranger since it was found.
    if start_time(process.pid) != process.started:
        return
    try:
        os.kill(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _all() -> Iterator[Found]:
    own = os.getpid()
    every = _from_proc() if _PROC.joinpath("self", "stat").exists() else _from_psutil()
    return (process for process in every if process.pid != own)


def _from_proc() -> Iterator[Found]:
    prefix = MARKER.encode() + b"="
    for name in os.listdir(_PROC):  # noqa: PTH208 - thousands of Path objects cost milliseconds
        if not name.isdigit():
            continue
        pid = int(name)
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - as above
                environment = file.read()
        except OSError:
            environment = b""
        stat = _stat(pid)
        if stat is None:
            continue
        session, started, state = stat
        if state == b"Z":
            continue
        marks = (v for v in environment.split(b"\0") if v.startswith(prefix))
        value = next(marks, prefix)[len(prefix) :].decode("utf-8", "replace")
        yield Found(pid, started, session, frozenset(value.split("/")) - {""})


def _stat(pid: int) -> tuple[int, float, bytes] | None:
    """Return session, start time and state."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
            # The name in parentheses may itself hold spaces and parentheses.
            fields = file.read().rpartition(b") ")[2].split()
        return int(fields[3]), float(fields[19]), fields[0]
    except (OSError, IndexError, ValueError):
        return None


def _from_psutil() -> Iterator[Found]:
    import psutil

    for process in psutil.process_iter():
        try:
            value = process.environ().get(MARKER, "")
            session = os.getsid(process.pid)
            started = process.create_time()
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
        except (psutil.Error, OSError):
            continue
        yield Found(process.pid, started, session, frozenset(value.split("/")) - {""})
