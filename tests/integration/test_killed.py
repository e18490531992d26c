"""Dry runs that are killed or interrupted at several moments leave nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sandboxes.containers.connection import NoDocker, connect
from sandboxes.embedded import stop_daemons
from tests.integration.confining import CONTAINER, KINDS, Kind
from tests.integration.programs import PRELUDE, Programs

RUNNING = "the command is running"
SLEEP = PRELUDE + (
    f"c('sqs').create_queue(QueueName='a'); print({RUNNING!r}, flush=True); time.sleep(99)"
)
CONFINEMENTS = ["off", *KINDS]
_PYTHONS_OWN_END = "init_import_site"
"""Python says this, and ends with 1, when it is interrupted before it runs any code of ours."""


@pytest.fixture
def own(programs: Programs, tmp_path: Path) -> Iterator[Programs]:
    """Programs with a background server of their own, so that `clean` ends nobody else's."""
    import dataclasses

    yield dataclasses.replace(programs, runtime=tmp_path / "run")
    stop_daemons(tmp_path / "run")


def eventually(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def processes(programs: Programs) -> list[str]:
    """Everything that was started with the state directory or the runtime directory in its
    environment or on its command line: commands, servers and their children.
    """
    signs = (str(programs.home), str(programs.runtime))
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            text = "\n".join([*process.cmdline(), *process.environ().values()])
            if process.status() != psutil.STATUS_ZOMBIE and any(s in text for s in signs):
                found.append(f"{process.pid} {process.cmdline()}")
        except psutil.Error:
            continue
    return found


def marked() -> list[psutil.Process]:
    return [p for p in psutil.process_iter() if _marker(p)]


def _marker(process: psutil.Process) -> str:
    try:
        return process.environ().get("EXECUTOR_RUN", "")
    except psutil.Error:
        return ""


def start(programs: Programs, *options: str, script: str = SLEEP) -> subprocess.Popen[str]:
    python = CONTAINER.python if "container" in options else sys.executable
    words = ("--target", programs.target, *options, "--", python, "-c", script)
    return programs.start("dry-run", *words)


def said(process: subprocess.Popen[str], line: str) -> bool:
    """Wait until the command has said something; False if it ends before."""
    assert process.stderr is not None
    return any(line in heard for heard in iter(process.stderr.readline, ""))


def nothing_is_left(programs: Programs) -> bool:
    return (
        not processes(programs)
        and programs.left() == []
        and list((programs.home / "leases").glob("*")) == []
        and not [p for p in programs.runtime.glob("*/*") if p.is_dir()]
    )


def seen(programs: Programs) -> str:
    return f"{processes(programs)} {programs.left()} {list(programs.runtime.glob('*/*'))}"


def options_of(confine: str | Kind) -> list[str]:
    return ["--confine", confine] if isinstance(confine, str) else confine.options()


def containers(run: str) -> list[str]:
    """Return the containers of a run, where there is an engine for any."""
    try:
        client = connect()
    except NoDocker:
        return []
    with contextlib.closing(client):
        label = f"executor.run={run}"
        found = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        return [str(container.name) for container in found]


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("after_s", [0.05, 0.2, 0.35, 0.5])
@pytest.mark.parametrize("daemon", [True, False])
def test_killed_while_it_starts(own: Programs, after_s: float, daemon: bool) -> None:
    process = start(own, *([] if daemon else ["--no-daemon"]))
    time.sleep(after_s)
    kill(process)
    assert own.executor("clean").status == 0
    assert eventually(lambda: nothing_is_left(own), 5), seen(own)


@pytest.mark.parametrize("confine", CONFINEMENTS)
@pytest.mark.parametrize("daemon", [True, False])
def test_killed_while_the_command_runs(own: Programs, daemon: bool, confine: str | Kind) -> None:
    process = start(own, *options_of(confine), *([] if daemon else ["--no-daemon"]))
    assert said(process, RUNNING)
    run = own.runs()[-1].name
    assert [p for p in marked() if run in _marker(p)]
    assert bool(containers(run)) == (confine == CONTAINER)
    kill(process)
    # A container that nobody is attached to ends by itself.
    assert eventually(lambda: not containers(run))
    ended = own.executor("clean")
    assert run in ended.out
    assert not [p for p in marked() if run in _marker(p)]
    assert eventually(lambda: nothing_is_left(own), 5), seen(own)
    assert "nothing to remove" in own.executor("clean").out


def test_killed_while_effects_are_read(own: Programs) -> None:
    script = PRELUDE + (
        "s3 = c('s3')\nfor i in range(40): s3.create_bucket(Bucket=f'bucket-{i}')\n"
        "print('over', flush=True)"
    )
    process = start(own, script=script)
    assert said(process, "over")
    # The command has ended, and forty buckets take longer to read than that.
    run = own.runs()[-1].name
    assert eventually(lambda: not [p for p in marked() if run in _marker(p)])
    kill(process)
    assert own.executor("clean").status == 0
    assert eventually(lambda: nothing_is_left(own), 5), seen(own)


def test_the_next_dry_run_cleans_by_itself(own: Programs) -> None:
    # Nothing ends an unconfined command with its executor.
    process = start(own, "--confine", "off")
    assert said(process, RUNNING)
    run = own.runs()[-1].name
    kill(process)
    assert [p for p in marked() if run in _marker(p)], "the command outlives its executor"
    ended = own.dry_run("--", "true")
    assert ended.status == 0, ended.err
    assert run in ended.err
    assert not [p for p in marked() if run in _marker(p)]
    assert own.left() == []
    assert list((own.home / "leases").glob("*")) == []


def test_a_killed_run_is_shown_as_broken_off_and_not_promoted(own: Programs) -> None:
    process = start(own)
    assert said(process, RUNNING)
    run = own.runs()[-1].name
    kill(process)
    assert "broken off" in own.executor("runs").out
    assert own.executor("promote", run, "--yes").status == 2
    assert own.executor("verify").status == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("confine", CONFINEMENTS)
def test_an_interrupted_run_leaves_nothing(
    own: Programs, number: signal.Signals, status: int, confine: str | Kind
) -> None:
    process = start(own, "--no-daemon", *options_of(confine))
    with process:
        assert said(process, RUNNING)
        run = own.runs()[-1].name
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert "Traceback" not in err
    assert not containers(run)
    assert eventually(lambda: nothing_is_left(own), 5), seen(own)
    assert own.executor("show", "last").status == 2


_INTERRUPTED_AS_IT_LOADS = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "executor.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from executor.warm.client import dry_run_command
sys.argv = ["dry-run", "--no-daemon", "--", "true"]
dry_run_command()
"""


def test_an_interrupt_while_it_loads_ends_it_without_a_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_AS_IT_LOADS], capture_output=True, text=True, timeout=20
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


@pytest.mark.parametrize("after_s", [0.1, 0.3, 0.6])
def test_an_interrupt_while_it_starts_leaves_nothing(own: Programs, after_s: float) -> None:
    process = start(own, "--no-daemon")
    with process:
        time.sleep(after_s)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
    # On a slow machine Python itself may still be starting: then it says how it ended.
    if _PYTHONS_OWN_END not in err:
        assert process.returncode in (130, -signal.SIGINT), err
        assert "Traceback" not in err or process.returncode == -signal.SIGINT
    assert eventually(lambda: nothing_is_left(own), 5), seen(own)
