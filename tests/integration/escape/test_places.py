"""Attempts to write where nothing may be written, or to what others read."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.integration.escape.attempts import Attempt, Ground

WRITE = """
import pathlib, sys
for path in sys.argv[1:]:
    try:
        pathlib.Path(path).expanduser().write_text("taken")
    except OSError as error:
        print(error)
"""
KNOCK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    try:
        sock.connect(sys.argv[1].replace("@", "\\0"))
        print(sock.recv(100).decode())
    except OSError as error:
        print(error)
"""


def changed_only_unconfined(
    ground: Ground, victim: Path, program: str, *arguments: object
) -> Attempt:
    """Make the attempt both ways; it succeeds when the victim is not what it was."""
    victim.parent.mkdir(parents=True, exist_ok=True)
    victim.write_text("untouched")
    confined = ground.confined(program, *arguments)
    assert victim.read_text() == "untouched", confined.text
    unconfined = ground.unconfined(program, *arguments)
    assert victim.read_text() == "taken", unconfined.text
    return confined


@contextmanager
def listening(address: str) -> Iterator[None]:
    """A program that gives itself away to whoever connects."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"ESCAPED")

    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(address)
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        stack.callback(thread.join)
        stack.callback(listener.shutdown, socket.SHUT_RDWR)
        yield


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose name is short enough for a socket's address."""
    with tempfile.TemporaryDirectory(prefix="sock-") as place:
        yield Path(place)


def test_beside_the_work_directory(ground: Ground) -> None:
    victim = ground.root / "neighbour.txt"
    changed_only_unconfined(ground, victim, WRITE, "../neighbour.txt", victim)


def test_the_original_of_the_work_directory(ground: Ground) -> None:
    victim = ground.work / "terraform.tfstate"
    confined = changed_only_unconfined(ground, victim, WRITE, victim)
    assert confined.outcome.exit_code == 0
    assert (ground.copy / "terraform.tfstate").read_text() == "taken"


def test_the_home_directory(ground: Ground) -> None:
    changed_only_unconfined(ground, ground.home / ".bashrc", WRITE, "~/.bashrc")


def test_the_temporary_directory(ground: Ground, short: Path) -> None:
    changed_only_unconfined(ground, short / "file", WRITE, short / "file")


def test_shared_memory(ground: Ground) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="executor-") as file:
        changed_only_unconfined(ground, Path(file.name), WRITE, file.name)


def test_a_tool_s_own_directory(ground: Ground) -> None:
    tool = ground.home / "tools" / "bin" / "tool"
    tool.parent.mkdir(parents=True)
    ground.variables["PATH"] = f"{tool.parent}:{os.environ['PATH']}"
    changed_only_unconfined(ground, tool, WRITE, tool)


def test_through_a_link_made_in_the_work_directory(ground: Ground) -> None:
    victim = ground.root / "neighbour.txt"
    program = f"""
import os, sys
if not os.path.lexists("link"):
    os.symlink(sys.argv[1], "link")
sys.argv[1] = "link"
{WRITE}"""
    changed_only_unconfined(ground, victim, program, victim)


def test_through_a_link_that_was_there_before(ground: Ground) -> None:
    victim = ground.root / "neighbour.txt"
    (ground.copy / "link").symlink_to(victim)
    changed_only_unconfined(ground, victim, WRITE, "link")


def test_through_a_hard_link(ground: Ground) -> None:
    victim = ground.root / "neighbour.txt"
    program = f"""
import os, sys
try:
    os.link(sys.argv[1], "hard")
except OSError as error:
    print(error)
    sys.exit()
sys.argv[1] = "hard"
{WRITE}"""
    changed_only_unconfined(ground, victim, program, victim)


def test_the_trusted_authorities(ground: Ground) -> None:
    authority = ground.door.authority
    assert authority is not None
    ground.variables["PIP_CERT"] = str(authority)
    program = """
import os, pathlib, sys
for path in (os.environ.get("SSL_CERT_FILE", sys.argv[1]), sys.argv[1]):
    try:
        with open(path, "a") as file:
            file.write("another authority")
        print("ESCAPED")
    except OSError as error:
        print(error)
"""
    ground.fails_only_confined(program, authority)


def test_a_socket_in_the_temporary_directory(ground: Ground, short: Path) -> None:
    with listening(str(short / "program.sock")):
        ground.fails_only_confined(KNOCK, short / "program.sock")


def test_the_ssh_agent(ground: Ground, short: Path) -> None:
    ground.variables["SSH_AUTH_SOCK"] = str(short / "agent.1")
    with listening(str(short / "agent.1")):
        ground.fails_only_confined(KNOCK, short / "agent.1")


def test_a_socket_beside_the_work_directory(ground: Ground, short: Path) -> None:
    # That directory is shown; connecting needs no right to write to it.
    for name in ("home", "work", "private/work"):
        (short / name).mkdir(parents=True)
    (short / "work" / "main.tf").touch()
    (short / "shown.txt").write_text("a neighbour")
    there = Ground(ground.kind, short, ground.door)
    with listening(str(short / "program.sock")):
        there.fails_only_confined(KNOCK, short / "program.sock")
    assert "a neighbour" in there.confined("print(open('../shown.txt').read())").text


def test_the_docker_engine(ground: Ground, short: Path) -> None:
    ground.variables["DOCKER_HOST"] = f"unix://{short}/docker.sock"
    with listening(str(short / "docker.sock")):
        ground.fails_only_confined(KNOCK, short / "docker.sock")


def test_a_socket_of_the_system(ground: Ground) -> None:
    for place in (Path("/run"), Path(f"/run/user/{os.getuid()}"), Path("/dev/shm")):
        if os.access(place, os.W_OK):
            path = place / f"executor-{os.getpid()}.sock"
            break
    try:
        with listening(str(path)):
            ground.fails_only_confined(KNOCK, path)
    finally:
        path.unlink(missing_ok=True)


def test_a_socket_without_a_file(ground: Ground) -> None:
    name = f"executor-escape-{os.getpid()}"
    with listening(f"\0{name}"):
        ground.fails_only_confined(KNOCK, f"@{name}")


def test_a_socket_below_what_is_covered_is_no_hindrance(ground: Ground, short: Path) -> None:
    for name in ("home", "work", "private/work", "kept"):
        (short / name).mkdir(parents=True)
    there = Ground(ground.kind, short, ground.door, {"EXECUTOR_HOME": str(short / "kept")})
    with listening(str(short / "kept" / "program.sock")):
        there.fails_only_confined(KNOCK, short / "kept" / "program.sock")
