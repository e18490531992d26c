"""What a sandbox's process is shut in by, seen from outside and not by its own account."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.embedded import EmbeddedEngine, daemon_status, stop_daemons
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.model import SandboxSpec

SPEC = SandboxSpec(run="confinement", account="123456789012")
SPACES = ("user", "net", "mnt", "ipc", "uts", "cgroup")
# An ordinary user: no number 0, no capabilities; starts an engine and asks what it achieved.
_ORDINARY = """
import os, sys
from pathlib import Path
from sandboxes.embedded import EmbeddedEngine, kernel
from sandboxes.model import SandboxSpec
uid, gid = os.getuid(), os.getgid()
kernel.unshare(kernel.NEW_USER)
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write(f"1000 {uid} 1")
open("/proc/self/gid_map", "w").write(f"1000 {gid} 1")
kernel.drop_rights()
engine = EmbeddedEngine("ministack", runtime=Path(sys.argv[1]))
with engine.start(SandboxSpec(run="confinement", daemon=False)) as sandbox:
    print(os.getuid(), kernel.rights(), sandbox.info.confined, sandbox.info.note)
"""


@pytest.fixture(params=["ministack", "moto"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedEngine]:
    runtime = tmp_path / "executor"
    yield EmbeddedEngine(request.param, runtime=runtime)
    stop_daemons(runtime)


def status(sandbox: EmbeddedSandbox) -> dict[str, str]:
    lines = Path(f"/proc/{sandbox.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_process_has_its_own_namespaces_and_no_rights(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as sandbox:
        assert sandbox.info.confined, sandbox.info.note
        for space in SPACES:
            theirs = os.readlink(f"/proc/{sandbox.pid}/ns/{space}")  # noqa: PTH115
            assert theirs != os.readlink(f"/proc/self/ns/{space}")  # noqa: PTH115
        found = status(sandbox)
        for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
            assert int(found[f"Cap{kind}"], 16) == 0
        assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
        limits = Path(f"/proc/{sandbox.pid}/limits").read_text()
        for line in limits.splitlines():
            if line.startswith(("Max data size", "Max file size", "Max core", "Max processes")):
                assert "unlimited" not in line


def test_two_sandboxes_share_nothing_but_libraries(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as one, engine.start(SPEC) as other:
        for space in SPACES:
            spaces = {os.readlink(f"/proc/{s.pid}/ns/{space}") for s in (one, other)}  # noqa: PTH115
            assert len(spaces) == 2
        root = Path(f"/proc/{one.pid}/root")
        assert (root / one.directory.relative_to("/")).is_dir()
        assert not (root / other.directory.relative_to("/")).exists()
        assert os.listdir(root / one.directory.parent.relative_to("/")) == [one.directory.name]  # noqa: PTH208
        for hidden in ("proc", "sys", "var", "run", "etc/passwd", "etc/ssl"):
            assert not (root / hidden).exists()


def test_no_connection_and_no_file_of_the_server_is_inherited(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as sandbox, engine.start(SPEC):
        inherited = {
            os.readlink(entry)  # noqa: PTH115
            for entry in Path(f"/proc/{sandbox.pid}/fd").iterdir()
        }
        files = {name for name in inherited if name.startswith("/")}
        assert files <= {"/dev/null", f"{sandbox.directory}/log"}
        runtime = sandbox.directory.parent.parent
        server = daemon_status(sandbox.info.emulator, runtime).pid
        theirs = {
            os.readlink(entry)  # noqa: PTH115
            for entry in Path(f"/proc/{server}/fd").iterdir()
        }
        shared = {name for name in inherited & theirs if name.startswith("socket:")}
        assert shared == set()


def test_ordinary_users_sandboxes_are_shut_in_as_well(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ORDINARY, str(tmp_path / "runtime")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1000", "False", "True"], done.stdout + done.stderr
