"""Whom the warm executor serves, and that nobody else can harm those whom it serves."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sandboxes.background.asking import connect
from tests.integration.programs import Programs
from tests.integration.test_killed import (
    RUNNING,
    eventually,
    said,
    start,
)
from tests.integration.warming import pid_of, runs, servers, status, worker_of


def test_a_server_that_does_not_answer_is_done_without(warm: Programs) -> None:
    server = psutil.Process(pid_of(warm))
    server.suspend()
    try:
        ended = warm.dry_run("--engine", "embedded", "--", "true")
    finally:
        server.resume()
    assert ended.status == 0, ended.err
    # What it finds in its queue now asks for nothing any more.
    assert eventually(lambda: status(warm)["workers"] == 0)
    assert runs(warm) == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        b"nonsense\n",
        b'{"ask": "fly"}\n',
        b"{" + b"[" * 3000 + b"\n",
        b"x" * 100_000,
        b"R" + (5).to_bytes(8, "big") + b"\xe9\x05\x00\x00\x00",
        b"R" + (1 << 40).to_bytes(8, "big") + b"x" * 100,
    ],
)
def test_nonsense_hurts_nobody(warm: Programs, nonsense: bytes) -> None:
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        connection = connect(servers(warm)[0])
        assert connection is not None
        with connection, contextlib.suppress(OSError):
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(20)
            assert connection.recv(100).strip(b"?-") == b""
        assert status(warm)["workers"] == 1
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


def test_doctor_tells_of_it(warm: Programs) -> None:
    lines = [line for line in warm.executor("doctor").out.splitlines() if "warm executor" in line]
    assert len(lines) == 1
    assert f"pid {status(warm)['pid']}" in lines[0]


def lowered() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))


def nicer() -> None:
    os.nice(1)


def likelier_to_be_killed() -> None:
    Path("/proc/self/oom_score_adj").write_text("500")


def unprivileged() -> None:
    import ctypes

    assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS


ASKER = """
import sys
from executor.warm import client
asking = client._Asking.of([])
asking._key = sys.argv[1]
sys.exit(9 if asking.ask(["--target", "none", "--", "true"]) is None else 0)
"""


@pytest.mark.parametrize("prepare", [None, lowered, nicer, likelier_to_be_killed, unprivileged])
def test_only_equals_are_served(warm: Programs, prepare: Callable[[], None] | None) -> None:
    # Its name is no secret to who lies about who it is.
    before = runs(warm)
    program = warm.workdir / "dry-run"
    program.write_text(ASKER)
    program.chmod(stat.S_IRWXU)
    asked = subprocess.run(
        [sys.executable, "-c", _as_console_script(program), servers(warm)[0].key],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=prepare,
        timeout=60,
        check=False,
    )
    assert asked.returncode == (0 if prepare is None else 9), asked.stderr
    assert runs(warm) == before + (prepare is None)


def _as_console_script(program: Path) -> str:
    """Return code that runs a program with the path of modules that console scripts have."""
    place = str(Path(sys.executable).parent)
    return f"import sys; sys.path[0] = {place!r}; exec(open({str(program)!r}).read())"


def test_a_directory_that_others_may_enter_is_not_trusted(warm: Programs) -> None:
    before = runs(warm)
    warm.runtime.chmod(0o755)
    try:
        ended = warm.dry_run("--engine", "embedded", "--", "true")
    finally:
        warm.runtime.chmod(0o700)
    assert ended.status != 0
    assert "runtime directory" in ended.err
    assert runs(warm) == before


def test_many_that_knock_in_vain_keep_nobody_waiting(warm: Programs) -> None:
    home = servers(warm)[0]
    server = psutil.Process(pid_of(warm))
    server.suspend()
    try:
        while (connection := connect(home, 5.0)) is not None:
            connection.close()
        ended = warm.dry_run("--engine", "embedded", "--", "true")
    finally:
        server.resume()
    assert ended.status == 0, ended.err


def test_a_fork_that_was_made_ahead_and_is_gone_is_done_without(warm: Programs) -> None:
    assert eventually(lambda: len(psutil.Process(pid_of(warm)).children()) == 1)
    before = runs(warm)
    ahead = worker_of(warm)
    ahead.kill()
    assert eventually(lambda: ahead.status() == psutil.STATUS_ZOMBIE)
    assert warm.dry_run("--", "true").status == 0
    assert runs(warm) == before + 1
    assert eventually(lambda: not ahead.is_running())
    assert warm.dry_run("--", "true").status == 0
    assert runs(warm) == before + 2
