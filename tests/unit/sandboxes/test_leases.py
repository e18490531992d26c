"""What a killed run left is found and removed; what a live one holds is left alone."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sandboxes.leases import Lease, private_directory, reap_commands, reap_leases
from sandboxes.processes import MARKER, processes_of

OWNER = """
import os, subprocess, sys, time
from pathlib import Path
from sandboxes.leases import Lease, private_directory
leases, work, run = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
lease = Lease.open(leases, run)
work.mkdir(); (work / "file").write_text("x"); lease.add_directory(work)
private_directory(run, "aws")
subprocess.Popen(["sleep", "60"], env={**os.environ, "EXECUTOR_RUN": run}, start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def run() -> str:
    return f"20260101-000001-{os.getpid():x}{time.monotonic_ns() % 9999}"


def killed_owner(leases: Path, work: Path, run: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(leases), str(work), run], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        assert reap_leases(leases) == ()
        owner.kill()


def test_what_a_killed_run_left_is_removed(tmp_path: Path, run: str) -> None:
    leases, work = tmp_path / "leases", tmp_path / "work"
    leases.mkdir()
    killed_owner(leases, work, run)
    assert work.exists()
    assert len(processes_of(run)) == 1
    removed = reap_leases(leases)
    assert [line.split(" ")[0] for line in removed] == ["1", "directory", "directory", "lease"]
    assert not work.exists()
    assert processes_of(run) == []
    assert list(leases.iterdir()) == []
    assert not list(Path(tempfile.gettempdir()).glob(f"executor-{run}-*"))
    assert reap_leases(leases) == ()


def test_only_processes_are_ended_where_only_that_is_asked(tmp_path: Path, run: str) -> None:
    leases, work = tmp_path / "leases", tmp_path / "work"
    leases.mkdir()
    killed_owner(leases, work, run)
    assert reap_commands(leases) == 1
    assert work.exists()
    reap_leases(leases)


def test_a_closed_lease_leaves_nothing(tmp_path: Path, run: str) -> None:
    with Lease.open(tmp_path, run) as lease:
        directory = private_directory(run, "work")
        lease.add_directory(directory)
        locked = directory / "locked"
        locked.mkdir()
        (locked / "file").write_text("")
        locked.chmod(0o500)
        assert reap_leases(tmp_path) == ()
        assert directory.exists()
    lease.close()
    assert not directory.exists()
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_lease_is_reaped_by_its_name(tmp_path: Path, run: str) -> None:
    (tmp_path / f"{run}.lease").write_text("{")
    marked = subprocess.Popen(["sleep", "60"], env={**os.environ, MARKER: run})
    assert reap_leases(tmp_path)[0].startswith("1 process")
    assert marked.wait(10) != 0


def test_a_lease_of_another_machine_is_left_for_a_day(tmp_path: Path, run: str) -> None:
    path = tmp_path / f"{run}.lease"
    path.write_text(json.dumps({"pid": 1, "started": 0, "where": "elsewhere", "directories": []}))
    assert reap_leases(tmp_path) == ()
    os.utime(path, (1, 1))
    assert reap_leases(tmp_path) == (f"lease of run {run}",)


def test_no_directory_of_leases_is_no_error(tmp_path: Path) -> None:
    assert reap_leases(tmp_path / "none") == ()
