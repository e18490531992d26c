"""The confinement `container`: its images, how it is shut in, and what is left of it.

What it shares with others is in `test_confinement.py`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import docker
import pytest
from docker import DockerClient

from sandboxes.confine import choose_confinement
from sandboxes.confine.container import Container, reap_containers
from sandboxes.confine.images import HELPER_VARIABLE, IMAGE_VARIABLE
from sandboxes.confine.limits import Limits
from sandboxes.containers.owners import PID, START, labels_of_owner
from sandboxes.errors import ConfinementUnavailable
from tests.integration.confining import CONTAINER, RUN, Runner
from tests.integration.doors import open_gateway
from tests.integration.images import bare_image, image_of_tests
from tests.integration.programs import Programs
from tests.unit.sandboxes.test_confine_choice import FakeConfinement

pytestmark = pytest.mark.docker

_ROOT = Path(__file__).parents[2]
# Makes a container, which takes Docker a while, and removes it when it is interrupted.
_MAKES_SLOWLY = """
import sys, time
from docker import DockerClient
from sandboxes.containers.owners import create_container, remove_container

class Slow(DockerClient):
    @property
    def containers(self):
        known = super().containers
        def create(**options):
            print("creating", flush=True)
            time.sleep(1)
            return type(known).create(known, **options)
        known.create = create
        return known

client, name, run, image = Slow.from_env(), *sys.argv[1:]
try:
    create_container(client, name, run, image=image, command="true")
    time.sleep(60)
except KeyboardInterrupt:
    print("removed" if remove_container(client, name) else "nothing there", flush=True)
client.close()
"""


@pytest.fixture(scope="module")
def client() -> Iterator[DockerClient]:
    with contextlib.closing(docker.from_env()) as made:
        yield made


@pytest.fixture(scope="module")
def bare() -> str:
    return bare_image()


@pytest.fixture
def far_home() -> Iterator[Path]:
    """A home directory that does not lie around the work directory."""
    with tempfile.TemporaryDirectory(prefix="home-") as place:
        yield Path(place)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runner]:
    for name in ("work", "home", "authority", "shown"):
        (tmp_path / name).mkdir()
    with open_gateway(tmp_path / "authority") as gateway:
        runner = Runner(CONTAINER, tmp_path / "work", gateway, CONTAINER.make())
        runner.environment["HOME"] = str(tmp_path / "home")
        yield runner


def settings_while_it_runs(client: DockerClient, run: Runner) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def look() -> None:
        [container] = client.containers.list(filters={"label": f"executor.run={RUN}"})
        found.append(container.attrs["HostConfig"])

    run("sh", "-c", "sleep 0.1", under_way=look)
    return found[0]


def test_it_is_taken_where_bubblewrap_does_not_work() -> None:
    broken = FakeConfinement("bubblewrap", usable=False)
    chosen = choose_confinement("auto", [broken, Container(image_of_tests())])
    assert chosen.name == "container"


def test_docker_is_asked_for_no_more_than_is_needed(client: DockerClient, run: Runner) -> None:
    settings = settings_while_it_runs(client, run)
    assert settings["NetworkMode"] == "none"
    assert settings["ReadonlyRootfs"] is True
    assert settings["CapDrop"] == ["ALL"]
    assert settings["CapAdd"] is None
    assert settings["SecurityOpt"] == ["no-new-privileges"]
    assert settings["Privileged"] is False
    assert settings["PortBindings"] in ({}, None)
    limits = Limits()
    assert settings["PidsLimit"] == limits.tasks + 64
    assert limits.memory < settings["Memory"] <= 2 * limits.memory
    assert settings["MemorySwap"] == settings["Memory"]
    assert settings["LogConfig"] == {"Type": "none", "Config": {}}
    writable = [m["Target"] for m in settings["Mounts"] if not m.get("ReadOnly")]
    assert writable == [str(run.work)]
    assert not [m for m in settings["Mounts"] if "docker.sock" in m["Source"]]


def test_nothing_is_left_of_it(client: DockerClient, run: Runner) -> None:
    run("sh", "-c", "setsid sleep 60 &")
    label = f"executor.run={RUN}"
    assert client.containers.list(all=True, filters={"label": label}, ignore_removed=True) == []
    assert not [p for p in Path("/tmp").glob(f"executor-{RUN}-*")]


def test_a_container_that_was_made_and_never_started_is_reaped(client: DockerClient) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    labels = labels_of_owner(RUN) | {PID: str(ended.pid), START: "1"}
    left = client.containers.create(image_of_tests(), "true", labels=labels)
    # Another test's run may have done it already.
    reaped = [line for line in reap_containers() if str(left.name) in line]
    assert reaped in ([], [f"container {left.name}"])
    assert client.containers.list(all=True, filters={"id": str(left.id)}, ignore_removed=True) == []


def test_one_that_is_being_made_can_be_removed_after_an_interrupt() -> None:
    name = f"executor-making-{os.getpid()}"
    program = [sys.executable, "-c", _MAKES_SLOWLY, name, RUN, image_of_tests()]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as making:
        assert making.stdout is not None
        assert making.stdout.readline() == "creating\n"
        making.send_signal(signal.SIGINT)
        assert making.stdout.read() == "removed\n"


def test_another_container_reaches_this_machine_and_this_one_does_not(
    client: DockerClient, run: Runner
) -> None:
    subnet = client.networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    machine = str(ip_network(subnet)[1])
    program = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as sock:
        print(sock.recv(100).decode())
except OSError as error:
    print(error)
"""
    with socket.create_server((machine, 0)) as server:
        port = str(server.getsockname()[1])

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(b"ESCAPED")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            words = ["-c", program, machine, port]
            other = client.containers.run(
                image_of_tests(), words, entrypoint="python3", remove=True, network="bridge"
            )
            assert b"ESCAPED" in other
            outcome, text = run("python3", *words)
            assert "ESCAPED" not in text
            assert outcome.isolation.network
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_an_image_without_python_is_guarded_by_another_s(run: Runner, bare: str) -> None:
    run.confinement = Container(bare, image_of_tests())
    script = (
        "id -u; echo $HOME $AWS_SECRET_ACCESS_KEY; getent hosts sqs.us-east-1.amazonaws.com;"
        " curl -s -o /dev/null -w '%{http_code}' https://sqs.us-east-1.amazonaws.com/;"
        " echo made > made"
    )
    outcome, text = run("sh", "-c", script)
    assert outcome.exit_code == 0, text
    lines = text.splitlines()
    assert lines[:2] == [str(os.getuid()), "/home/rehearsal rehearsal"]
    assert lines[2].split() == ["127.0.0.1", "sqs.us-east-1.amazonaws.com"]
    assert lines[3] == "200"
    assert run.gateway.hosts() == ["sqs.us-east-1.amazonaws.com"]
    assert (run.work / "made").read_text() == "made\n"
    assert (run.work / "made").stat().st_uid == os.getuid()


def test_an_image_without_python_is_refused_with_a_hint(run: Runner, bare: str) -> None:
    run.confinement = Container(bare)
    with pytest.raises(ConfinementUnavailable) as caught:
        run("true")
    assert "no python3" in caught.value.message
    assert "helper" in caught.value.hint
    run.confinement = Container(image_of_tests(), bare)
    with pytest.raises(ConfinementUnavailable) as caught:
        run("true")
    assert bare in caught.value.message


def test_directories_that_an_image_declares_are_in_memory(run: Runner, bare: str) -> None:
    run.confinement = Container(bare, image_of_tests())
    outcome, text = run("sh", "-c", "echo kept > /data/file; cat /data/file; cat /proc/mounts")
    assert text.startswith("kept\ntmpfs") or "tmpfs /data tmpfs" in text
    assert "is mounted writable" not in " ".join(outcome.isolation.notes)
    assert run("ls", "/data")[1] == ""


def test_keys_that_an_image_holds_are_reported(run: Runner, bare: str) -> None:
    run.confinement = Container(bare, image_of_tests())
    isolation = run("true")[0].isolation
    assert not isolation.credentials or os.getuid()
    assert isolation.network
    if not os.getuid():
        assert "/root/.aws/credentials can be read" in isolation.notes


def test_programs_are_the_image_s_and_not_this_machine_s(run: Runner, far_home: Path) -> None:
    tool = far_home / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho works\n")
    tool.chmod(0o755)
    run.environment |= {
        "HOME": str(far_home),
        "PATH": f"{tool.parent}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(far_home),
        "TF_VAR_file": "/etc/stage",
        "LANG": "C.UTF-8",
    }
    with pytest.raises(FileNotFoundError):
        run("tool")
    with pytest.raises(FileNotFoundError):
        run(str(tool))
    _, text = run("sh", "-c", "echo $PATH:; echo $VIRTUAL_ENV $TF_VAR_file $LANG")
    path, others = text.splitlines()
    assert str(tool.parent) not in path
    assert others.split() == ["/etc/stage", "C.UTF-8"]


def test_a_script_that_an_argument_names_is_seen(run: Runner, far_home: Path) -> None:
    place = far_home / "scripts"
    place.mkdir()
    (place / "deploy.sh").write_text(". ./part.sh\n")
    (place / "part.sh").write_text("echo both\n")
    run.environment["HOME"] = str(far_home)
    (far_home / "notes.txt").write_text("secret")
    script = f"cd {place} && . ./deploy.sh; cat ../notes.txt"
    _, text = run("sh", "-c", script, str(place / "deploy.sh"))
    assert text.startswith("both\n")
    assert "secret" not in text


def test_images_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(IMAGE_VARIABLE, raising=False)
    monkeypatch.delenv(HELPER_VARIABLE, raising=False)
    none = Container().availability()
    assert not none.usable
    assert "no image" in none.reason
    assert "[confinement] image" in none.hint
    absent = Container("executor-test/absent:1").availability()
    assert absent.reason == "the image executor-test/absent:1 is not on this machine"
    assert "docker pull executor-test/absent:1" in absent.hint
    assert not Container(image_of_tests(), "executor-test/absent:1").availability().usable
    monkeypatch.setenv(IMAGE_VARIABLE, image_of_tests())
    assert Container().availability().usable


def test_an_engine_of_another_machine_is_not_used(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert "another machine" in Container(image_of_tests()).availability().reason
    with pytest.raises(ConfinementUnavailable):
        run("touch", "made")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody/there.sock")
    found = Container(image_of_tests()).availability()
    assert not found.usable
    assert "no Docker engine answers" in found.reason
    assert not (run.work / "made").exists()


def test_much_goes_through_and_one_that_stands_still_holds_up_nobody(run: Runner) -> None:
    program = """
import socket, urllib.request
slow = socket.create_connection(("127.0.0.1", 80))
slow.sendall(b"POST / HTTP/1.1\\r\\nHost: s3.amazonaws.com\\r\\nContent-Length: 10\\r\\n\\r\\n")
body = bytes(48 << 20)
for _ in range(2):
    request = urllib.request.Request("https://s3.amazonaws.com/", data=body, method="PUT")
    print(urllib.request.urlopen(request).status)
"""
    assert run("python3", "-c", program)[1].split() == ["200", "200"]


def test_an_ordinary_user_gets_the_same() -> None:
    packages = sysconfig.get_path("purelib")
    program = textwrap.dedent(
        """
        import sys
        sys.path[:0] = sys.argv[1:3]
        from sandboxes.confine.container import Container
        print(Container(sys.argv[3]).isolation())
        """
    )
    group = Path("/var/run/docker.sock").stat().st_gid
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--groups", str(group)]
    words = ["/usr/bin/python3", "-c", program, str(_ROOT), packages, image_of_tests()]
    ended = subprocess.run(
        words if os.getuid() else [*drop, *words],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "network=True, filesystem=True, credentials=True, notes=()" in ended.stdout


def test_the_image_is_an_option_a_variable_or_in_the_file(programs: Programs) -> None:
    (programs.workdir / "executor.toml").write_text('[confinement]\nimage = "test/in-file:1"\n')
    variable = {IMAGE_VARIABLE: "test/in-variable:1"}
    words = ("--confine", "container", "--", "true")
    for ended, image in (
        (programs.dry_run(*words), "test/in-file:1"),
        (programs.dry_run(*words, env=variable), "test/in-variable:1"),
        (programs.dry_run("--image", "test/said:1", *words, env=variable), "test/said:1"),
    ):
        assert ended.status == 2
        assert f"the image {image} is not on this machine" in ended.err
        assert f"docker pull {image}" in ended.err
        assert "Traceback" not in ended.err


def test_without_an_image_the_message_says_how_to_name_one(programs: Programs) -> None:
    ended = programs.dry_run("--confine", "container", "--", "true")
    assert ended.status == 2
    assert "no image is configured" in ended.err
    assert "[confinement] image" in ended.err


def test_the_doctor_tries_what_it_achieves(programs: Programs) -> None:
    variable = {IMAGE_VARIABLE: image_of_tests()}
    ended = programs.executor("doctor", env=variable)
    [line] = [line for line in ended.out.splitlines() if "confinement container" in line]
    assert "no way out but the gateway" in line
    assert "NOT" not in line
    assert "no image is configured" in programs.executor("doctor").out
