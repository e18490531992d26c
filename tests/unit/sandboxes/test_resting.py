"""A process that does nothing is told from one that does, whatever that was."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sandboxes.resting import resting

_WAITS = "import sys\nfor line in sys.stdin: print('ran', flush=True)"
_WAITS_IN_A_THREAD = f"""
import threading, time
def read():
{chr(10).join("    " + line for line in _WAITS.splitlines())}
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""
_WORKS = "import sys\nprint('ran', flush=True)\nwhile True: pass"
_WORKS_IN_A_THREAD = """
import threading
def work():
    print('ran', flush=True)
    while True: pass
threading.Thread(target=work, daemon=True).start()
threading.Event().wait(60)
"""


@contextmanager
def running(script: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def rest(process: subprocess.Popen[str]) -> str:
    """Wait until it rests."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if (mark := resting(process.pid)) is not None:
            return mark
        time.sleep(0.01)
    raise AssertionError("it does not come to rest")


def wake(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ran\n"


def test_process_that_does_nothing_has_the_same_mark() -> None:
    with running(_WAITS) as process:
        wake(process)
        first = rest(process)
        time.sleep(0.2)
        assert resting(process.pid) == first


def test_process_that_has_run_for_a_moment_has_another_mark() -> None:
    for script in (_WAITS, _WAITS_IN_A_THREAD):
        with running(script) as process:
            wake(process)
            marks = [rest(process)]
            for _ in range(3):
                wake(process)
                marks.append(rest(process))
            assert len(set(marks)) == len(marks)


def test_process_at_work_has_none() -> None:
    for script in (_WORKS, _WORKS_IN_A_THREAD):
        with running(script) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ran\n"
            assert [resting(process.pid) for _ in range(20)] == [None] * 20


def test_process_that_is_gone_has_none() -> None:
    with running("") as process:
        process.wait()
        assert resting(process.pid) is None
