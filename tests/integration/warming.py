"""A warm executor for tests: started as users start it, and looked at."""

from __future__ import annotations

import time
from collections.abc import Mapping

import psutil

from sandboxes.background.asking import ask
from sandboxes.background.places import Home, homes
from tests.integration.programs import Programs

_WARM = "executor-"


def servers(programs: Programs) -> list[Home]:
    """Return the homes of warm executors, whether or not they listen already."""
    return [home for home in homes(programs.runtime) if home.key.startswith(_WARM)]


def status(programs: Programs) -> Mapping[str, object]:
    """Return what the one that listens says of itself; empty where there is none."""
    found = [answer for home in servers(programs) if (answer := ask(home, "status"))]
    assert len(found) < 2, found
    return found[0] if found else {}


def runs(programs: Programs) -> int:
    """Return how many runs it has made."""
    number = status(programs)["runs"]
    assert isinstance(number, int)
    return number


def warm_up(programs: Programs, within_s: float = 30.0) -> Home:
    """Make a run, which has a server started, and wait until it listens."""
    ended = programs.dry_run("--engine", "embedded", "--", "true")
    assert ended.status == 0, ended.err
    until = time.monotonic() + within_s
    while not status(programs):
        assert time.monotonic() < until, [home.log for home in servers(programs)]
        time.sleep(0.02)
    return servers(programs)[0]


def pid_of(programs: Programs) -> int:
    """Return the process id of the one that listens."""
    pid = status(programs)["pid"]
    assert isinstance(pid, int)
    return pid


def worker_of(programs: Programs) -> psutil.Process:
    """Return its only fork."""
    children = psutil.Process(pid_of(programs)).children()
    assert len(children) == 1
    return children[0]
