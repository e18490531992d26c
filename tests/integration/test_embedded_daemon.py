"""The background server and private zygotes, with processes that are really killed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from sandboxes.background.places import homes
from sandboxes.embedded import EmbeddedEngine, daemon_status, stop_daemons
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.errors import EngineStartFailed, EngineUnavailable
from sandboxes.model import SandboxSpec
from sandboxes.sockets import connect_to

SPEC = SandboxSpec(run="integration", account="123456789012")
PRIVATE = SandboxSpec(run="integration", account="123456789012", daemon=False)

CLIENT = """
import json, sys, time
from pathlib import Path
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec
engine = EmbeddedEngine("ministack", runtime=Path(sys.argv[1]))
sandbox = engine.start(SandboxSpec(run="client", daemon=sys.argv[2] == "daemon"))
print(json.dumps([sandbox.pid, str(sandbox.directory), sandbox.url]), flush=True)
time.sleep(60)
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "executor"
    yield directory
    stop_daemons(directory)


@pytest.fixture
def engine(runtime: Path) -> EmbeddedEngine:
    return EmbeddedEngine("ministack", runtime=runtime)


def eventually(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((str(parts.hostname), parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def start_client(runtime: Path, how: str) -> tuple[subprocess.Popen[str], int, Path, str]:
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(runtime), how], stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    pid, directory, url = json.loads(client.stdout.readline())
    return client, pid, Path(directory), url


def end(client: subprocess.Popen[str]) -> None:
    client.kill()
    client.wait()
    assert client.stdout is not None
    client.stdout.close()


@pytest.mark.parametrize("how", ["daemon", "private"])
def test_killed_client_leaves_no_child_no_port_and_no_directory(runtime: Path, how: str) -> None:
    client, pid, directory, url = start_client(runtime, how)
    assert directory.is_dir()
    assert listens(url)
    end(client)
    assert eventually(lambda: ended(pid) and not directory.exists() and not listens(url))


def test_killed_private_client_leaves_no_zygote_either(runtime: Path) -> None:
    client, pid, _, _ = start_client(runtime, "private")
    zygote = psutil.Process(pid).parent()
    assert zygote is not None
    end(client)
    assert eventually(lambda: ended(zygote.pid))
    assert eventually(lambda: list(homes(runtime)) == [])


@pytest.mark.parametrize("daemon", [True, False])
def test_a_sandbox_that_was_asked_for_is_there_when_it_is_needed(
    engine: EmbeddedEngine, runtime: Path, daemon: bool
) -> None:
    with engine.begin(dataclasses.replace(SPEC, daemon=daemon)) as starting:
        sandbox = starting.sandbox()
        assert sandbox is starting.sandbox()
        assert listens(sandbox.url)
    assert not listens(sandbox.url)
    assert not sandbox.directory.exists()


@pytest.mark.parametrize("daemon", [True, False])
def test_a_sandbox_that_nobody_came_for_is_ended(
    engine: EmbeddedEngine, runtime: Path, daemon: bool
) -> None:
    with engine.begin(dataclasses.replace(SPEC, daemon=daemon)):
        pass
    assert eventually(lambda: daemon_status(runtime=runtime).sandboxes == 0)
    assert eventually(lambda: not list(runtime.glob("*/embedded-*")))


def test_a_server_that_dies_before_the_sandbox_is_there_is_started_anew(
    engine: EmbeddedEngine, runtime: Path
) -> None:
    with engine.start(SPEC):
        pass
    pid = daemon_status(runtime=runtime).pid
    os.kill(pid, signal.SIGSTOP)
    with engine.begin(SPEC) as starting:
        os.kill(pid, signal.SIGKILL)
        assert listens(starting.sandbox().url)
    assert daemon_status(runtime=runtime).pid != pid


def test_killed_server_takes_its_children_with_it(engine: EmbeddedEngine, runtime: Path) -> None:
    with engine.start(SPEC) as one, engine.start(SPEC) as other:
        os.kill(daemon_status(runtime=runtime).pid, signal.SIGKILL)
        assert eventually(lambda: ended(one.pid) and ended(other.pid))
        assert not one.alive()
        assert not other.alive()
        assert one.directory.is_dir()
        assert any(str(one.directory) in line for line in engine.reap())
    assert list(runtime.iterdir()) == []
    assert list(engine.reap()) == []


def test_killed_private_zygote_takes_its_child_with_it(engine: EmbeddedEngine) -> None:
    with engine.start(PRIVATE) as sandbox:
        zygote = psutil.Process(sandbox.pid).parent()
        assert zygote is not None
        zygote.kill()
        assert eventually(lambda: ended(sandbox.pid))
        assert not sandbox.alive()
    engine.reap()
    assert not sandbox.directory.exists()


def test_next_run_works_after_the_server_was_killed(engine: EmbeddedEngine, runtime: Path) -> None:
    engine.start(SPEC).close()
    os.kill(daemon_status(runtime=runtime).pid, signal.SIGKILL)
    with engine.start(SPEC) as sandbox:
        assert sandbox.alive()


def test_separate_runs_share_one_server(engine: EmbeddedEngine, runtime: Path) -> None:
    engine.start(SPEC).close()
    first = daemon_status(runtime=runtime)
    client, _, _, _ = start_client(runtime, "daemon")
    second = daemon_status(runtime=runtime)
    end(client)
    assert first.pid == second.pid
    assert (first.sandboxes, second.sandboxes) == (0, 1)


def test_simultaneous_first_runs_start_one_server(engine: EmbeddedEngine, runtime: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: engine.start(SPEC), range(4)))
    parents = {psutil.Process(sandbox.pid).ppid() for sandbox in started}
    ports = {sandbox.url for sandbox in started}
    for sandbox in started:
        sandbox.close()
    assert parents == {daemon_status(runtime=runtime).pid}
    assert len(ports) == 4


def test_private_zygote_is_nobody_elses(engine: EmbeddedEngine, runtime: Path) -> None:
    with engine.start(PRIVATE) as sandbox:
        assert not daemon_status(runtime=runtime).running
        assert sandbox.alive()
    assert list(runtime.iterdir()) == []


def test_server_ends_when_it_is_idle(runtime: Path) -> None:
    engine = EmbeddedEngine("ministack", runtime=runtime, idle_s=0.3)
    with engine.start(SPEC) as sandbox:
        time.sleep(0.5)
        assert sandbox.alive(), "it is not idle while it has a sandbox"
        pid = daemon_status(runtime=runtime).pid
    assert pid
    assert eventually(lambda: ended(pid))
    assert list(runtime.iterdir()) == []


def test_server_can_be_stopped(engine: EmbeddedEngine, runtime: Path) -> None:
    with engine.start(SPEC) as sandbox:
        pid = daemon_status(runtime=runtime).pid
        stopped = stop_daemons(runtime)
        assert len(stopped) == 1
        assert str(pid) in stopped[0]
        assert eventually(lambda: ended(pid))
        assert not sandbox.alive()
        sandbox.close()
    assert list(runtime.iterdir()) == []


def test_server_and_socket_are_this_users_alone(engine: EmbeddedEngine, runtime: Path) -> None:
    engine.start(SPEC).close()
    status = daemon_status(runtime=runtime)
    assert runtime.stat().st_mode & 0o777 == 0o700
    assert status.socket.stat().st_mode & 0o777 == 0o600
    assert status.socket.parent.stat().st_mode & 0o777 == 0o700


def test_runtime_directory_of_others_is_not_used(engine: EmbeddedEngine, runtime: Path) -> None:
    runtime.mkdir(mode=0o755)
    with pytest.raises(EngineUnavailable, match="this user's alone"):
        engine.start(SPEC)
    with pytest.raises(EngineUnavailable, match="this user's alone"):
        engine.start(PRIVATE)


def test_server_knows_nothing_of_the_users_environment(
    engine: EmbeddedEngine, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")
    monkeypatch.setenv("EXECUTOR_RUN", "a-run-whose-processes-are-ended")
    with engine.start(SPEC) as sandbox:
        for pid in (sandbox.pid, daemon_status(runtime=runtime).pid):
            seen = Path(f"/proc/{pid}/environ").read_text()
            assert "the-real-one" not in seen
            assert "EXECUTOR_RUN=" not in seen


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_child_listens_on_its_one_port_and_keeps_to_its_directory(
    runtime: Path, emulator: str
) -> None:
    with EmbeddedEngine(emulator, runtime=runtime).start(SPEC) as sandbox:
        busy(sandbox)
        child = psutil.Process(sandbox.pid)
        listening = [c.laddr for c in child.net_connections("inet") if c.status == "LISTEN"]
        assert [(a.ip, a.port) for a in listening] == [("127.0.0.1", urlsplit(sandbox.url).port)]
        assert child.children() == []
        assert {Path(f.path).parent for f in child.open_files()} <= {sandbox.directory}
        assert child.cwd() == str(sandbox.directory)
        named = {str(c.laddr) for c in child.net_connections("unix")}
        assert named <= {""}, "the server's own connections are not the child's"


def busy(sandbox: EmbeddedSandbox) -> None:
    """Use services that are known to open ports, start programs or look for Docker."""
    from sandboxes.conformance.case import Aws

    aws = Aws(sandbox)
    aws.call("ec2", "DescribeVpcs")
    aws.error("rds", "CreateDBInstance", DBInstanceIdentifier="d", Engine="postgres",
              DBInstanceClass="db.t3.micro", AllocatedStorage=20, MasterUsername="u",
              MasterUserPassword="secret-word")  # fmt: skip
    aws.error("transfer", "CreateServer", Protocols=["SFTP"])
    aws.error("elasticache", "CreateCacheCluster", CacheClusterId="c", Engine="redis",
              CacheNodeType="cache.t3.micro", NumCacheNodes=1)  # fmt: skip
    aws.error("iot", "CreateThing", thingName="t")


def test_child_that_dies_while_starting_shows_its_log(
    engine: EmbeddedEngine, runtime: Path
) -> None:
    engine.start(SPEC).close()
    # An account that is no text makes the child fail after the fork.
    server = psutil.Process(daemon_status(runtime=runtime).pid)
    home = daemon_status(runtime=runtime).socket.parent
    bad = SandboxSpec(run="integration", account="nul\0byte")
    with pytest.raises(EngineStartFailed, match="died while starting") as failed:
        engine.start(bad)
    assert "embedded null byte" in failed.value.detail
    assert server.is_running()
    assert eventually(lambda: list(home.glob("embedded-*")) == [])


def test_lost_child_leaves_its_log_until_it_is_closed(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as sandbox:
        os.kill(sandbox.pid, signal.SIGKILL)
        assert eventually(lambda: not sandbox.alive())
        assert sandbox.directory.is_dir()
    assert not sandbox.directory.exists()


def test_long_runtime_directory_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    runtime = deep / "executor"
    with EmbeddedEngine("ministack", runtime=runtime).start(SPEC) as sandbox:
        assert sandbox.alive()
    assert len(stop_daemons(runtime)) == 1


def test_silent_connection_does_not_keep_others_waiting(
    engine: EmbeddedEngine, runtime: Path
) -> None:
    engine.start(SPEC).close()
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as rude:
        for each in (silent, rude):
            connect_to(each, daemon_status(runtime=runtime).socket)
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
        # What it did not read of that may come back as a reset.
        with contextlib.suppress(ConnectionResetError):
            assert rude.recv(10) == b""
        with engine.start(SPEC) as sandbox:
            assert sandbox.alive()
