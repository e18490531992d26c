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
link, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
pid, handle = births.worker(theirs.fileno(), its.fileno())
its.close()
assert ours.recv(1) == b"?"
ours.sendall((1).to_bytes(8, "big") + b"x")
ended(pid, handle)
assert link.recv(1) == b""
link.close()
ours.close()
theirs.close()
"""

# Up to where the server has to let it begin.
ERRAND = """
import sys
from executor.warm import talking
ours, theirs = socket.socketpair()
ours.settimeout(20)
link, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.settimeout(20)
pid, handle = births.worker(theirs.fileno(), its.fileno())
theirs.close()
its.close()
out, writing = os.pipe()
kept, keeping = os.pipe()
here = os.open(".", os.O_PATH)
errand = {
    "interpreter": "this python", "program": "dry-run", "arguments": ["--version"],
    "environment": dict(os.environb), "umask": 0o022, "ignored": [],
    "streams": [("utf-8", "strict")] * 3, "descriptors": [0, 1, 2, 77],
}
assert ours.recv(1) == b"?"
socket.send_fds(ours, [talking.packed(errand)], [0, writing, 2, keeping, here])
os.close(writing)
os.close(keeping)
os.set_blocking(out, False)
os.set_blocking(kept, False)
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
        pytest.param(
            ERRAND + "link.settimeout(0.5)\n"
            "try: link.recv(9); raise AssertionError('it began')\n"
            "except TimeoutError: pass\n"
            "link.close()\n"
            "assert ours.recv(1) == b''\n"
            "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1\n"
            "assert os.read(out, 99) == b''",
            id="one that is not let begin does nothing",
        ),
        pytest.param(
            ERRAND + "link.send(talking.GO)\n"
            "assert ours.recv(9) == link.recv(9) == talking.ACCEPTED\n"
            "assert link.recv(9) == talking.ENDED + bytes([0])\n"
            "assert os.read(out, 99).startswith(b'dry-run, version')\n"
            "assert os.read(out, 99) == os.read(kept, 99) == b''\n"
            "ended(pid, handle)",
            id="one that tells holds nothing any more",
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
