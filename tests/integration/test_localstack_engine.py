"""LocalStack containers: limits, labels, what is left when the owner is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import docker
import pytest
from docker import DockerClient
from localstack_client.session import Session

from sandboxes.errors import EngineStartFailed, EngineUnavailable
from sandboxes.localstack import LocalStackEngine
from sandboxes.model import SandboxSpec

OWNER = """
import sys, time
from sandboxes.localstack import LocalStackEngine
from sandboxes.model import SandboxSpec
print(LocalStackEngine().start(SandboxSpec(run="killed")).id, flush=True)
time.sleep(600)
"""


@pytest.fixture
def client() -> Iterator[DockerClient]:
    made = docker.from_env()
    yield made
    made.close()


@pytest.mark.docker
def test_the_container_is_shut_in_and_serves_localstacks_own_client(client: DockerClient) -> None:
    with LocalStackEngine().start(SandboxSpec(run="shut-in", account="123456789012")) as sandbox:
        settings = client.containers.get(sandbox.id).attrs["HostConfig"]
        assert settings["CapDrop"] == ["ALL"]
        assert settings["SecurityOpt"] == ["no-new-privileges"]
        assert settings["Memory"] > 0
        assert settings["PidsLimit"] > 0
        assert settings["Binds"] is None
        ports = client.containers.get(sandbox.id).ports["4566/tcp"] or []
        assert {port["HostIp"] for port in ports} == {"127.0.0.1"}
        host = sandbox.url.removeprefix("http://")
        session = Session(aws_access_key_id="123456789012", localstack_host=host)
        queue = session.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        assert queue.endswith("/123456789012/orders")


@pytest.mark.docker
def test_what_a_killed_owner_left_is_reaped_and_what_lives_is_not(client: DockerClient) -> None:
    engine = LocalStackEngine()
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    name = owner.stdout.readline().strip()
    with owner.stdout:
        assert not any(name in line for line in engine.reap())
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
    assert any(name in line for line in engine.reap())
    assert client.containers.list(all=True, filters={"name": name}) == []


@pytest.mark.docker
def test_a_container_that_dies_is_reported_with_its_last_lines(
    client: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The image with another program: it says something and ends, as a broken one would.
    image = next(i for i in client.images.list() for t in i.tags if "localstack:4.14.0" in t)
    made = client.containers.create(image, entrypoint="true")
    program = 'ENTRYPOINT ["sh", "-c", "echo no disk left; exit 7"]'
    made.commit("executor/broken", "test", changes=program)
    made.remove()
    monkeypatch.setenv("EXECUTOR_LOCALSTACK_IMAGE", "executor/broken:test")
    try:
        with pytest.raises(EngineStartFailed) as failed:
            LocalStackEngine(timeout_s=20).start(SandboxSpec(run="broken"))
        assert "died" in failed.value.message
        assert "no disk left" in failed.value.detail
        assert client.containers.list(all=True, filters={"label": "executor.run=broken"}) == []
    finally:
        client.images.remove("executor/broken:test", force=True)


def test_without_a_docker_engine_it_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    started = time.monotonic()
    found = LocalStackEngine().availability()
    assert not found.usable
    assert found.hint
    assert time.monotonic() - started < 5
    with pytest.raises(EngineUnavailable):
        LocalStackEngine().start(SandboxSpec(run="nowhere"))
