"""The confinement `bubblewrap`: what it finds of the machine's tools, and what it believes.

What it shares with others is in `test_confinement.py`.
"""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from executor.changes.workdir import copy_workdir
from sandboxes.confine import choose_confinement
from sandboxes.confine.bubblewrap import Bubblewrap
from sandboxes.errors import ConfinementUnavailable
from tests.integration.confining import BUBBLEWRAP, Runner
from tests.integration.doors import open_gateway

pytestmark = pytest.mark.bubblewrap

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runner]:
    for name in ("work", "home", "authority", "shown"):
        (tmp_path / name).mkdir()
    with open_gateway(tmp_path / "authority") as gateway:
        runner = Runner(BUBBLEWRAP, tmp_path / "work", gateway, Bubblewrap())
        runner.environment["HOME"] = str(tmp_path / "home")
        yield runner


def test_it_is_what_auto_takes() -> None:
    assert choose_confinement("auto").name == "bubblewrap"


def test_trying_it_ahead_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    confinement = Bubblewrap()
    confinement.try_ahead()
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - numbers, not paths
    confinement.try_ahead()
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
    assert list(tmp_path.iterdir()) == []
    assert confinement.availability().usable


_MOUNTS_COME_AND_GO = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
places = [os.path.join(sys.argv[1], str(n)) for n in range(20)]
for place in places:
    os.mkdir(place)
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        for place in places:
            libc.mount(b"none", place.encode(), b"tmpfs", 0, None)
        for place in places:
            libc.umount2(place.encode(), 2)
    os._exit(0)
from sandboxes.confine import bubblewrap
for _ in range(30):
    bubblewrap._trial.cache_clear()
    found = bubblewrap.Bubblewrap().availability()
    if not found.usable:
        sys.exit(found.reason)
"""


def test_it_is_usable_while_others_mount_and_unmount(tmp_path: Path) -> None:
    apart = ("unshare", "--user", "--map-root-user", "--mount", "--propagation", "shared")
    words = [*apart, sys.executable, "-c", _MOUNTS_COME_AND_GO, str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=_ROOT)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("port", [80, 443])
def test_where_the_gateway_takes_sockets_it_is_knocked_at_without_anybody_between(
    run: Runner, port: int
) -> None:
    handed: list[tuple[str, socket.socket]] = []
    heard: list[bytes] = []

    def take(kind: str, listener: socket.socket) -> None:
        handed.append((kind, listener))
        if listener.getsockname()[:2] == ("127.0.0.1", port):
            listener.settimeout(20)
            client, _ = listener.accept()
            with client:
                heard.append(client.recv(100))
                client.sendall(b"answer")

    run.gateway.door = dataclasses.replace(run.gateway.door, take=take)
    script = (
        f"import socket; s = socket.create_connection(('127.0.0.1', {port}));"
        " s.sendall(b'question'); print(s.recv(100).decode())"
    )
    outcome, text = run("/usr/bin/env", "python3", "-c", script)
    for _, listener in handed:
        listener.close()
    assert outcome.exit_code == 0, text
    assert heard == [b"question"]
    assert "answer" in text
    assert {kind for kind, _ in handed} == {"http", "tls"}


def test_a_command_gets_none_of_the_sockets(run: Runner) -> None:
    handed: list[socket.socket] = []
    run.gateway.door = dataclasses.replace(
        run.gateway.door, take=lambda _, listener: handed.append(listener)
    )
    outcome, text = run("sh", "-c", "ls -l /proc/self/fd")
    for listener in handed:
        listener.close()
    assert outcome.exit_code == 0
    assert handed
    assert "socket:" not in text


def inside_telling(place: Path, *lines: str) -> Bubblewrap:
    """A confinement whose program inside tells these lines, whatever is true."""
    program = place / "python"
    told = "".join(f"{line}\\n" for line in lines)
    program.write_text(f"#!/bin/bash\nprintf '{told}' >&\"$6\"\n")
    program.chmod(0o755)
    return Bubblewrap(interpreter=program)


@pytest.mark.parametrize("kind", ["network", "filesystem", "credentials"])
def test_what_does_not_hold_is_recorded(run: Runner, tmp_path: Path, kind: str) -> None:
    run.confinement = inside_telling(tmp_path, f"probe {kind} it is open", "started", "ended 0 0")
    isolation = run("true", shown_as=tmp_path / "shown")[0].isolation
    held = {name for name in ("network", "filesystem", "credentials") if getattr(isolation, name)}
    assert held == {"network", "filesystem", "credentials"} - {kind}
    assert isolation.notes == ("it is open",)


def test_rights_that_were_kept_open_everything(run: Runner, tmp_path: Path) -> None:
    run.confinement = inside_telling(
        tmp_path, "probe privileges CapEff is 1", "started", "ended 0 0"
    )
    isolation = run("true")[0].isolation
    assert not isolation.network
    assert not isolation.filesystem
    assert not isolation.credentials


def test_a_program_inside_that_says_nothing_or_nonsense_is_a_failure(
    run: Runner, tmp_path: Path
) -> None:
    for lines in ((), ("broken the port is taken",), ("hello",)):
        run.confinement = inside_telling(tmp_path, *lines)
        with pytest.raises(ConfinementUnavailable):
            run("true")


def test_a_program_inside_that_dies_does_not_make_a_success(run: Runner, tmp_path: Path) -> None:
    run.confinement = inside_telling(tmp_path, "started")
    assert run("true")[0].exit_code != 0


def test_a_virtual_environment_and_scripts_of_it_work(run: Runner, tmp_path: Path) -> None:
    place = tmp_path / "home" / "envs" / "tool"
    venv.create(place, symlinks=True)
    script = place / "bin" / "tool"
    script.write_text(f"#!{place}/bin/python\nimport sys; print(sys.prefix)\n")
    script.chmod(0o755)
    local = tmp_path / "home" / ".local" / "bin"
    local.mkdir(parents=True)
    (local / "tool").symlink_to(script)
    run.environment["PATH"] = f"{local}:{os.environ['PATH']}"
    _, text = run("tool")
    assert text.strip() == str(place)
    _, text = run("sh", "-c", f"ls -A {tmp_path}/home {tmp_path}/home/.local")
    assert set(text.split()) <= {
        ".aws",
        ".local",
        "envs",
        "bin",
        f"{tmp_path}/home:",
        *(f"{tmp_path}/home/.local:",),
    }


def test_a_work_directory_s_own_environment_works(run: Runner, tmp_path: Path) -> None:
    venv.create(run.work / ".venv", symlinks=True)
    private = tmp_path / "private"
    private.mkdir()
    copy = copy_workdir(run.work, private)
    _, text = run(
        ".venv/bin/python",
        "-c",
        "import sys; print(sys.prefix)",
        workdir=copy.path,
        shown_as=copy.source,
        linked=copy.linked,
    )
    assert text.strip() == str(run.work / ".venv")


def test_providers_that_lie_elsewhere_are_seen(run: Runner, tmp_path: Path) -> None:
    cache = tmp_path / "home" / "cache" / "aws"
    cache.mkdir(parents=True)
    (cache / "provider").write_text("a provider")
    place = run.work / ".terraform" / "providers" / "registry" / "hashicorp" / "aws" / "5.0"
    place.mkdir(parents=True)
    (place / "linux_amd64").symlink_to(cache)
    _, text = run("sh", "-c", "cat .terraform/providers/*/*/*/*/linux_amd64/provider; ls -A ~")
    assert "a provider" in text


def test_shims_of_a_version_manager_work(run: Runner, tmp_path: Path) -> None:
    manager = tmp_path / "home" / ".manager"
    files = {
        "shims/tool": f'#!/bin/sh\nexec "{manager}/versions/1.0/bin/tool" "$@"\n',
        "versions/1.0/bin/tool": "#!/bin/sh\necho version 1.0\n",
    }
    for name, text in files.items():
        path = manager / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    run.environment["PATH"] = f"{manager}/shims:{os.environ['PATH']}"
    assert run("tool")[1].strip() == "version 1.0"


def as_ordinary_user(program: str, *arguments: str) -> Sequence[str]:
    drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    command = ["/usr/bin/python3", "-c", program, *arguments]
    return [*drop, *command] if os.getuid() == 0 else command


def test_an_ordinary_user_gets_the_same(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        from pathlib import Path
        from sandboxes.confine.bubblewrap import Bubblewrap
        from sandboxes.confine.limits import Limits
        print(Bubblewrap(interpreter=Path("/usr/bin/python3"), limits=Limits(tasks=50)).isolation())
        """
    )
    ended = subprocess.run(
        as_ordinary_user(program, str(_ROOT)),
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "network=True, filesystem=True, credentials=True, notes=()" in ended.stdout


def test_what_only_its_owner_may_read_is_not_shown_to_root_either(run: Runner) -> None:
    _, text = run("sh", "-c", "cat /etc/shadow; find /etc -type f ! -perm -o=r -size +0 | head")
    assert [line for line in text.splitlines() if "ermission denied" not in line] == []


def test_the_relay_minds_the_list_whoever_asks_it(run: Runner) -> None:
    program = """
import socket
for line in (b"internal.example.com 80\\n", b"mirror.example.com 22\\n", b"nonsense\\n"):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("/run/executor/relay")
        sock.sendall(line)
        print(sock.recv(10))
"""

    def connect(host: str, wanted: int) -> socket.socket:
        raise AssertionError((host, wanted))

    run.confinement = Bubblewrap(connect=connect)
    outcome, text = run(run.kind.python, "-c", program, reachable=("mirror.example.com",))
    assert text.split() == ["b''"] * 3
    assert set(outcome.isolation.blocked) == {"internal.example.com:80", "mirror.example.com:22"}
