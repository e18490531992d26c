"""Workers are made ahead and when they are needed, and none is left behind."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A fork of a process that has threads, as one with tests in it has, is none of a server.
PRELUDE = """
import os, socket, psutil
from executor.warm.births import Births
births = Births("this python")
def children():
    return [c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE]
def ended(pid, handle):
    os.waitpid(pid, 0)
    os.close(handle)
"""
ASK = """
ours, theirs = socket.socketpair()
begun, begins = os.pipe()
pid, handle = births.worker(theirs.fileno(), begins)
os.close(begins)
assert ours.recv(1) == b"?"
ours.sendall((1).to_bytes(8, "big") + b"x")
ended(pid, handle)
assert os.read(begun, 1) == b""
ours.close()
theirs.close()
"""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("births.close(); assert not children()", id="none"),
        pytest.param(
            "births.prepare(); births.prepare(); assert len(children()) == 1\n"
            "births.close(); births.close(); assert not children()",
            id="ahead",
        ),
        pytest.param(ASK + "assert not children()", id="when needed"),
        pytest.param(
            "births.prepare(); (ready,) = children()\n"
            + ASK
            + "assert pid == ready.pid and not children()",
            id="the one that is ready",
        ),
        pytest.param(
            "births.prepare(); (ready,) = children(); ready.kill()\n"
            "while children(): pass\n" + ASK + "assert pid != ready.pid and not children()",
            id="the one that is ready is gone",
        ),
    ],
)
def test_births(code: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
