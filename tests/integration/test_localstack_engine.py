"""LocalStack containers: limits, no way out, labels, what is left when the owner is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import docker
import pytest
from docker import DockerClient
from docker.types import Mount
from localstack_client.session import Session

from sandboxes.confine.own import library
from sandboxes.conformance.case import Aws
from sandboxes.contract import Sandbox
from sandboxes.errors import EngineStartFailed, EngineUnavailable
from sandboxes.localstack import LocalStackEngine
from sandboxes.localstack.images import BUILT, image_to_use
from sandboxes.localstack.road import NoRoad, Road
from sandboxes.model import SandboxSpec

# Of this session alone: another one may be testing the same on this machine.
KILLED = f"killed-{os.getpid()}"
OWNER = f"""
import sys, time
from sandboxes.localstack import LocalStackEngine
from sandboxes.model import SandboxSpec
print(LocalStackEngine().start(SandboxSpec(run="{KILLED}")).id, flush=True)
time.sleep(600)
"""
STARTING = OWNER.replace("print(", "print('starting', flush=True); print(")
# Tells of each address whether it can be reached, from within the container.
REACH = """
import socket, sys
for address in sys.argv[1:]:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=6).close()
        print(address, "reached")
    except OSError as error:
        print(address, "not reached")
"""


# What the container is kept from, by a shell; each works in a container of Docker's defaults.
KEPT_FROM = {
    "making devices": "mknod /tmp/d c 1 3",
    "giving files away": "touch /tmp/f && chown 1:1 /tmp/f",
    "becoming others": "python3 -c 'import os; os.setuid(1)'",
    "raw sockets": "python3 -c 'import socket as s; s.socket(s.AF_INET, s.SOCK_RAW, 1)'",
    "reading what root may not": "touch /tmp/g && chmod 0 /tmp/g && cat /tmp/g",
}
# Another image than ours writes where we do not know.
OURS_KEPT_FROM = {
    "changing its programs": "touch /usr/f",
    "changing its settings": "touch /etc/f",
    "filling the disk": "test $(df --output=size -k /tmp | tail -1) -gt 3000000",
}


@pytest.fixture
def client() -> Iterator[DockerClient]:
    made = docker.from_env()
    yield made
    made.close()


@pytest.fixture
def this_machine(client: DockerClient) -> Iterator[list[str]]:
    """Addresses of this machine where somebody listens, Docker's bridge among them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Sends nothing: it asks the kernel for the address that leads out.
        probe.connect(("192.0.2.1", 9))
        host = probe.getsockname()[0]
    subnet = client.networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        yield [f"{address}:{port}" for address in (host, ip_network(subnet)[1], "127.0.0.1")]


@contextmanager
def owner_of(program: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a program that starts a sandbox; yield it and its first line."""
    owner = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout is not None
    with owner.stdout:
        try:
            yield owner, owner.stdout.readline().strip()
        finally:
            owner.kill()
            owner.wait()


def nothing_left(client: DockerClient, run: str) -> bool:
    label = f"executor.run={run}"
    return not client.containers.list(all=True, filters={"label": label}, ignore_removed=True)


@pytest.mark.docker
def test_the_container_is_shut_in_and_serves_localstacks_own_client(client: DockerClient) -> None:
    with LocalStackEngine().start(SandboxSpec(run="shut-in", account="123456789012")) as sandbox:
        settings = client.containers.get(sandbox.id).attrs["HostConfig"]
        assert settings["CapDrop"] == ["ALL"]
        assert settings["SecurityOpt"] == ["no-new-privileges"]
        assert settings["Memory"] > 0
        assert settings["PidsLimit"] > 0
        assert settings["Binds"] is None
        assert settings["NetworkMode"] == "none"
        assert [m["ReadOnly"] for m in settings["Mounts"]] == [True]
        assert (sandbox.info.confined, sandbox.info.note) == (True, "")
        host = sandbox.url.removeprefix("http://")
        session = Session(aws_access_key_id="123456789012", localstack_host=host)
        queue = session.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        assert queue.endswith("/123456789012/orders")


@pytest.mark.docker
def test_the_container_is_kept_from_what_docker_would_let_it(
    client: DockerClient, localstack_sandbox: Sandbox
) -> None:
    ours = client.containers.get(localstack_sandbox.id)
    image = image_to_use(client)
    usual = client.containers.run(
        image, entrypoint=["sleep", "60"], detach=True, network_mode="none"
    )
    try:
        for what, code in (KEPT_FROM | (OURS_KEPT_FROM if image == BUILT else {})).items():
            assert ours.exec_run(["sh", "-c", code])[0] != 0, what
            assert usual.exec_run(["sh", "-c", code])[0] == 0, what
    finally:
        usual.remove(force=True)
    assert ours.exec_run(["sh", "-c", "touch /tmp/mine && test ! -e /var/run/docker.sock"])[0] == 0
    assert ours.attrs["HostConfig"]["LogConfig"]["Config"]["max-size"]


@pytest.mark.docker
def test_the_container_reaches_nobody(
    client: DockerClient, localstack_sandbox: Sandbox, this_machine: list[str]
) -> None:
    container = client.containers.get(localstack_sandbox.id)
    usual = client.containers.run(
        image_to_use(client),
        ["-c", REACH, this_machine[1]],
        entrypoint="python3",
        network="bridge",
        remove=True,
    )
    assert usual.decode().split() == [this_machine[1], "reached"]
    addresses = [*this_machine, "169.254.169.254:80"]
    status, said = container.exec_run(["python3", "-c", REACH, *addresses])
    assert status == 0
    assert isinstance(said, bytes)
    assert said.decode().splitlines() == [f"{a} not reached" for a in addresses]
    assert container.exec_run(["getent", "hosts", "example.com"])[0] != 0
    assert Aws(localstack_sandbox).call("s3", "ListBuckets")["Buckets"] == []


@pytest.mark.docker
def test_programs_that_it_starts_are_in_the_image(localstack_sandbox: Sandbox) -> None:
    aws, listed = Aws(localstack_sandbox), localstack_sandbox.operations
    streams = listed.implements("kinesis", "CreateStream")  # not in LocalStack's own image
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    aws.call(
        "dynamodb",
        "CreateTable",
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **({"StreamSpecification": stream} if streams else {}),
    )
    aws.call("dynamodb", "PutItem", TableName="orders", Item={"id": {"S": "1"}})
    assert aws.call("dynamodb", "Scan", TableName="orders")["Count"] == 1
    if streams:
        assert aws.call("dynamodbstreams", "ListStreams")["Streams"][0]["TableName"] == "orders"


@pytest.mark.docker
def test_what_a_killed_owner_left_is_reaped_and_what_lives_is_not(client: DockerClient) -> None:
    engine = LocalStackEngine()
    with owner_of(OWNER) as (owner, name):
        assert not any(name in line for line in engine.reap())
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
        reaped = [line for line in engine.reap() if name in line]
    # Another test's run may have done it already.
    assert reaped in ([], [f"container {name}"])
    assert nothing_left(client, KILLED)


@pytest.mark.docker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("delay_s", [0.2, 0.8])
def test_an_owner_that_is_ended_while_starting_leaves_nothing(
    client: DockerClient, number: signal.Signals, delay_s: float
) -> None:
    with owner_of(STARTING) as (owner, said):
        assert said == "starting"
        time.sleep(delay_s)
        owner.send_signal(number)
        owner.wait(timeout=30)
    if number == signal.SIGKILL:
        # Docker may still be busy with what it was asked for.
        time.sleep(2.0)
        LocalStackEngine().reap()
    assert nothing_left(client, KILLED)


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
            LocalStackEngine(timeout_s=20).start(SandboxSpec(run=f"broken-{os.getpid()}"))
        assert "died" in failed.value.message
        assert "no disk left" in failed.value.detail
        assert nothing_left(client, f"broken-{os.getpid()}")
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


@pytest.mark.docker
def test_what_a_container_can_still_do_is_found_out(client: DockerClient) -> None:
    shown, program = library()
    usual = client.containers.run(
        image_to_use(client),
        entrypoint=["sleep", "60"],
        detach=True,
        mounts=[Mount(str(shown), str(program), type="bind", read_only=True)],
    )
    try:
        road = Road(client, str(usual.id), 4566)
        road.close()
        for words in ("there is a way to", "network interfaces: eth0", "CapEff", "set-user-ID"):
            assert words in " ".join(road.wrong)
    finally:
        usual.remove(force=True)


@pytest.mark.docker
def test_a_container_without_our_program_has_no_road(client: DockerClient) -> None:
    bare = client.containers.run(
        image_to_use(client), entrypoint=["sleep", "60"], detach=True, network_mode="none"
    )
    try:
        with pytest.raises(NoRoad, match="ModuleNotFoundError"):
            Road(client, str(bare.id), 4566)
    finally:
        bare.remove(force=True)
