"""How runs of the warm executor end, and the executor itself: nobody leaves anything behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from executor.warm import starting
from sandboxes.embedded import stop_daemons
from tests.integration.programs import Programs
from tests.integration.test_killed import (
    RUNNING,
    SLEEP,
    eventually,
    kill,
    nothing_is_left,
    processes,
    said,
    seen,
    start,
)
from tests.integration.warming import pid_of, runs, servers, status, warm_up, worker_of


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupted_run_cleans_up(warm: Programs, number: signal.Signals, code: int) -> None:
    before = runs(warm)
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "what was started was ended" in err
    assert runs(warm) == before + 1
    assert eventually(lambda: warm.left() == []), seen(warm)
    assert eventually(lambda: status(warm)["workers"] == 0)


def test_nothing_of_the_clients_is_open_once_it_has_ended(warm: Programs) -> None:
    for _ in range(5):
        reading, writing = os.pipe()
        with subprocess.Popen(
            [
                *(str(Path(sys.executable).with_name("dry-run")), "--target", "none"),
                *("--confine", "off", "--", "echo", "hello"),
            ],
            cwd=warm.workdir,
            env=warm.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(writing,),
        ) as process:
            os.close(writing)
            assert process.wait(60) == 0
            assert process.stdout is not None
            assert process.stderr is not None
            # While the worker's memory is still there nobody who reads waits for it.
            said = [_now(fd) for fd in (process.stdout.fileno(), process.stderr.fileno(), reading)]
        os.close(reading)
        assert b"allow" in said[0].lower()
        assert b"hello" in said[1]
        assert said[2] == b""
    assert runs(warm) == 5


def _now(descriptor: int) -> bytes:
    """Return what there is to read up to its end, which has come; else raises BlockingIOError."""
    os.set_blocking(descriptor, False)
    found = b""
    while more := os.read(descriptor, 65_536):
        found += more
    return found


def test_the_server_keeps_nothing_of_a_run(warm: Programs) -> None:
    server = pid_of(warm)

    def settled() -> int:
        # One fork is ready again, and nobody is connected.
        assert eventually(lambda: status(warm)["workers"] == 0)
        assert eventually(lambda: len(psutil.Process(server).children()) == 1)
        counts = [-2, -1]
        while counts[-2] != counts[-1]:
            time.sleep(0.2)
            counts.append(len(os.listdir(f"/proc/{server}/fd")))  # noqa: PTH208
        return counts[-1]

    before = settled()
    for _ in range(4):
        assert warm.dry_run("--", "true").status == 0
    assert settled() == before
    assert runs(warm) == 4


def test_an_interrupt_reaches_a_client_whose_server_does_not_answer(warm: Programs) -> None:
    server = psutil.Process(pid_of(warm))
    server.suspend()
    try:
        process = start(warm)
        with process:
            time.sleep(1)
            os.kill(process.pid, signal.SIGTERM)
            process.communicate(timeout=20)
    finally:
        server.resume()
    assert process.returncode in (143, -signal.SIGTERM)
    assert eventually(lambda: warm.left() == []), seen(warm)


def test_a_second_interrupt_ends_the_client_at_once(warm: Programs) -> None:
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        worker = worker_of(warm)
        worker.suspend()
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in err
    # What the first one was to have cleaned up is cleaned up all the same.
    assert eventually(lambda: not worker.is_running())
    assert eventually(lambda: warm.left() == []), seen(warm)
    assert list((warm.home / "leases").glob("*")) == []


def test_a_server_that_is_asked_to_end_has_its_runs_cleaned_up(warm: Programs) -> None:
    pid = pid_of(warm)
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        os.kill(pid, signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert "what was started was ended" in err
    assert eventually(lambda: not psutil.pid_exists(pid))
    assert eventually(lambda: warm.left() == []), seen(warm)


def test_killed_client_takes_its_run_along(warm: Programs) -> None:
    process = start(warm)
    assert said(process, RUNNING)
    kill(process)
    # Nobody has to clean: the server sees that the client is gone.
    assert eventually(lambda: status(warm)["workers"] == 0)
    assert eventually(lambda: warm.left() == []), seen(warm)
    assert list((warm.home / "leases").glob("*")) == []
    assert warm.executor("clean").status == 0
    assert eventually(lambda: nothing_is_left(warm), 5), seen(warm)


def test_killed_server_ends_its_clients_with_a_word(warm: Programs) -> None:
    pid = pid_of(warm)
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == ""
    assert "the background server that made the run is gone" in err
    assert warm.executor("clean").status == 0
    assert eventually(lambda: nothing_is_left(warm), 5), seen(warm)


def test_a_run_stands_still_with_its_client(warm: Programs) -> None:
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("dry-run")), "--target", "none"),
            *("--", sys.executable, "-c", SLEEP),
        ],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The kernel stops nobody whose group has no parent in the session.
        process_group=0,
    )
    with process:
        assert said(process, RUNNING)
        worker = worker_of(warm)
        os.kill(process.pid, signal.SIGTSTP)
        assert eventually(lambda: worker.status() == psutil.STATUS_STOPPED)
        assert eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        os.kill(process.pid, signal.SIGCONT)
        assert eventually(lambda: worker.status() != psutil.STATUS_STOPPED)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


def test_a_client_that_goes_without_having_listened_takes_its_run_along(warm: Programs) -> None:
    program = (
        "import os, sys, time\nfrom executor.warm import client, talking\n"
        f"sys.path[:] = [{str(Path(sys.executable).parent)!r}, *sys.path[1:]]\n"
        "asking = client._Asking.of([])\n"
        "errand = asking._errand(['--target', 'none', '--confine', 'off', '--', 'sleep', '60'])\n"
        "connection = asking._connected()\n"
        "connection.sendall(talking.RUN)\nassert connection.recv(1) == b'?'\n"
        "import _socket\nhere = os.open('.', os.O_PATH)\n"
        "beside = b''.join(n.to_bytes(4, sys.byteorder) for n in [*errand['descriptors'], here])\n"
        "rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, beside)]\n"
        "connection.sendmsg([talking.packed(errand)], rights)\n"
        "time.sleep(3)\nos._exit(0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=warm.workdir,
        env=warm.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert runs(warm) == 1
    assert eventually(lambda: status(warm)["workers"] == 0, 9)
    assert eventually(lambda: warm.left() == []), seen(warm)


def test_clean_ends_the_server_and_its_runs(warm: Programs) -> None:
    process = start(warm)
    with process:
        assert said(process, RUNNING)
        ended = warm.executor("clean")
        process.communicate(timeout=20)
    assert process.returncode == 143
    assert "background server executor-" in ended.out
    assert eventually(lambda: nothing_is_left(warm), 5), seen(warm)


def test_clean_ends_a_server_that_still_loads(cold: Programs) -> None:
    assert cold.dry_run("--", "true").status == 0
    assert eventually(lambda: bool(servers(cold)) and servers(cold)[0].holder() != 0)
    assert cold.executor("clean").status == 0
    assert eventually(lambda: not processes(cold), 5), seen(cold)


def test_it_ends_by_itself(cold: Programs) -> None:
    home = warm_up(cold)
    stop_daemons(cold.runtime)
    path = subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"],
        capture_output=True,
        text=True,
        check=True,
    )
    sys_path = [str(Path(sys.executable).parent), *json.loads(path.stdout)]
    before, sys.path[:] = list(sys.path), sys_path
    try:
        started = starting.start(home.key, str(cold.runtime), idle_s=0.5)
    finally:
        sys.path[:] = before
    assert started is not None
    assert started.wait(20) == 0
    assert eventually(lambda: bool(servers(cold)))
    assert eventually(lambda: not servers(cold)), home.log.read_text()
