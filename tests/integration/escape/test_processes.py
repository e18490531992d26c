"""Attempts to reach other processes, to gain rights, and to outlive the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.escape.attempts import Ground

WAIT = """
import ctypes
ctypes.CDLL(None).prctl(0x59616D61, -1, 0, 0, 0)  # anyone of this user may trace it
print(flush=True)
input()
"""


@contextmanager
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with the run."""
    with subprocess.Popen(
        [sys.executable, "-c", WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def marked(mark: str) -> list[int]:
    """Return the live processes whose command line has the mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_other_processes_cannot_be_ended(ground: Ground) -> None:
    program = """
import os, sys
try:
    os.kill(int(sys.argv[1]), 0)
    print("ESCAPED")
except OSError as error:
    print(error)
"""
    with bystander() as other:
        ground.fails_only_confined(program, other.pid)


def test_other_processes_cannot_be_traced(ground: Ground) -> None:
    program = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
if libc.ptrace(16, pid, 0, 0) == 0:
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, 0, 0)
    print("ESCAPED")
else:
    print(os.strerror(ctypes.get_errno()))
"""
    with bystander() as other:
        ground.fails_only_confined(program, other.pid)


def test_the_memory_of_other_processes_cannot_be_read(ground: Ground) -> None:
    program = """
import sys
try:
    place = open(f"/proc/{sys.argv[1]}/maps").readline().split("-")[0]
    with open(f"/proc/{sys.argv[1]}/mem", "rb") as memory:
        memory.seek(int(place, 16))
        memory.read(4)
    print("ESCAPED")
except OSError as error:
    print(error)
"""
    with bystander() as other:
        ground.fails_only_confined(program, other.pid)


def test_no_capability_can_be_had(ground: Ground) -> None:
    program = """
import subprocess
# In a user namespace of its own a process has them all.
ended = subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True)
print("ESCAPED" if ended.returncode == 0 else ended.stderr)
"""
    ground.fails_only_confined(program)


def test_a_process_that_hides_and_clears_its_environment_does_not_outlive_the_run(
    ground: Ground,
) -> None:
    mark = f"hidden-{os.getpid()}-{time.monotonic_ns()}"
    program = """
import os, sys
reading, writing = os.pipe()
if pid := os.fork():
    os.close(writing)
    os.waitpid(pid, 0)
    os.read(reading, 1)  # which ends when the other has become another program
    sys.exit()
os.setsid()
if os.fork():
    os._exit(0)
for fd in range(3):
    os.close(fd)
os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", sys.argv[1]], {})
"""
    confined = ground.confined(program, mark)
    try:
        assert not marked(mark)
        assert confined.outcome.left_running == 1
        ground.unconfined(program, mark)
        assert marked(mark)
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)


def test_a_process_that_minds_no_signal_does_not_outlive_its_time(ground: Ground) -> None:
    mark = f"endless-{os.getpid()}-{time.monotonic_ns()}"
    program = """
import os, signal, sys, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
print("ready", flush=True)
time.sleep(60)
"""
    confined = ground.confined(program, mark, timeout_s=1.5)
    assert confined.outcome.timed_out
    assert not marked(mark)
    free = subprocess.Popen([sys.executable, "-c", program, mark], stdout=subprocess.PIPE)
    with free:
        try:
            assert free.stdout is not None
            free.stdout.readline()
            free.terminate()
            assert free.poll() is None
            assert marked(mark)
        finally:
            free.kill()


def test_a_process_that_stands_still_does_not_outlive_the_run(ground: Ground) -> None:
    mark = f"stopped-{os.getpid()}-{time.monotonic_ns()}"
    program = """
import os, signal, sys, time
if not os.fork():
    os.setsid()
    os.execve(
        "/bin/sh", ["sh", "-c", "exec 0<&- 1>&- 2>&-; kill -STOP $$; sleep 60", sys.argv[1]], {}
    )
time.sleep(0.3)
"""
    try:
        assert ground.confined(program, mark).outcome.left_running == 1
        assert not marked(mark)
        ground.unconfined(program, mark)
        assert marked(mark)
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
