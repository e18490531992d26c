"""The client's side of zygotes: reach the background server, start one, ask how it is."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.background import wire
from sandboxes.background.asking import ask, connect
from sandboxes.background.places import (
    Home,
    ensure_private,
    last_lines,
    runtime_directory,
)
from sandboxes.embedded.installed import emulator_version, zygote_key
from sandboxes.errors import EngineStartFailed

if TYPE_CHECKING:
    import subprocess

_START_S = 30.0
_POLL_S = 0.005
# What a zygote may know of the environment it is started in: nothing of the user's.
_INHERITED = ("LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStatus:
    """A background server as `executor doctor` shows it.

    Attributes:
        running: it answers.
        pid: its process id; 0 when it does not run.
        sandboxes: how many it serves now.
        templates: how many seeded replicas it keeps to fork.
        socket: where it listens, or would.
        idle_s: seconds since it last served one.
    """

    running: bool
    pid: int
    sandboxes: int
    socket: Path
    idle_s: float
    templates: int = 0


def daemon_status(emulator: str = "ministack", runtime: Path | None = None) -> DaemonStatus:
    """Return the state of the background server that this version would use."""
    version = emulator_version(emulator) or "missing"
    home = Home(runtime or runtime_directory(), zygote_key(emulator, version))
    answer = ask(home, "status")
    if answer is None:
        return DaemonStatus(running=False, pid=0, sandboxes=0, socket=home.socket, idle_s=0.0)
    idle = answer.get("idle_s")
    return DaemonStatus(
        running=True,
        pid=wire.number(answer, "pid"),
        sandboxes=wire.number(answer, "sandboxes"),
        templates=wire.number(answer, "templates"),
        socket=home.socket,
        idle_s=float(idle) if isinstance(idle, int | float) else 0.0,
    )


def reach(home: Home, emulator: str, idle_s: float) -> socket.socket:
    """Return a connection to the background server, which is started if none listens.

    Raises:
        EngineUnavailable: the runtime directory is not ours alone.
        EngineStartFailed: no server came up.
    """
    ensure_private(home.runtime)
    until = time.monotonic() + _START_S
    attempts = 0
    while time.monotonic() < until and attempts < 5:
        connection = connect(home)
        if connection is not None:
            return connection
        # It exits at once when another one holds the lock, which may be about to end.
        attempts += 1
        starter = _start(home, emulator, idle_s)
        starter.wait()
        soon = time.monotonic() + 1.0
        while time.monotonic() < soon:
            connection = connect(home)
            if connection is not None:
                return connection
            time.sleep(_POLL_S)
    raise EngineStartFailed(
        "the background server of the embedded engine did not come up",
        hint="try --no-daemon, or `executor clean` and again",
        detail=last_lines(home.log, 20),
    )


def start_private(home: Home, emulator: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start a zygote for one client, that ends when the connection does.

    Raises:
        EngineUnavailable: the runtime directory is not ours alone.
    """
    ensure_private(home.runtime)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        options = ["--connection", str(theirs.fileno())]
        return ours, _spawn(home, emulator, options, (theirs.fileno(),))


def _start(home: Home, emulator: str, idle_s: float) -> subprocess.Popen[bytes]:
    return _spawn(home, emulator, ["--idle", str(idle_s)], ())


def _spawn(
    home: Home, emulator: str, options: Sequence[str], passed: Sequence[int]
) -> subprocess.Popen[bytes]:
    import subprocess

    source = str(Path(__file__).resolve().parent.parent.parent)
    known = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "sandboxes.embedded.serving"),
            *("--emulator", emulator, "--runtime", str(home.runtime), "--key", home.key),
            *options,
        ],
        env={**known, "PATH": os.defpath, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=passed,
        start_new_session=True,
    )
