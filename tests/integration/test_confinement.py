"""What a command still can do in a confinement, whichever it is, and how runs end."""

from __future__ import annotations

import io
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.changes.workdir import copy_workdir
from sandboxes.contract import Confinement
from sandboxes.errors import ConfinementUnavailable
from sandboxes.model import Door
from sandboxes.processes import processes_of
from tests.integration.confining import KINDS, RUN, Kind, Runner, elsewhere
from tests.integration.doors import PORT, open_gateway


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    assert isinstance(request.param, Kind)
    return request.param


@pytest.fixture
def run(kind: Kind, tmp_path: Path) -> Iterator[Runner]:
    for name in ("work", "home", "authority", "shown"):
        (tmp_path / name).mkdir()
    with open_gateway(tmp_path / "authority") as gateway:
        runner = Runner(kind, tmp_path / "work", gateway, kind.make())
        runner.environment["HOME"] = str(tmp_path / "home")
        yield runner


def test_what_it_achieves_is_tried(kind: Kind) -> None:
    confinement = kind.make()
    assert isinstance(confinement, Confinement)
    isolation = confinement.isolation()
    assert isolation.kind == kind.name
    assert (isolation.network, isolation.filesystem, isolation.credentials) == (True,) * 3
    assert isolation.notes == ()


def test_exit_statuses_come_out(run: Runner) -> None:
    assert run("sh", "-c", "exit 7")[0].exit_code == 7
    assert run("true")[0].exit_code == 0
    assert run("sh", "-c", "kill -TERM $$")[0].exit_code == 128 + signal.SIGTERM


def test_output_of_both_streams_comes_out_and_input_is_empty(run: Runner) -> None:
    _, text = run("sh", "-c", "cat; echo one; echo two >&2")
    assert text == "one\ntwo\n"


def test_output_comes_while_the_command_runs(run: Runner) -> None:
    seen = threading.Event()

    class Watcher(io.BytesIO):
        def write(self, data: Any) -> int:
            if b"first" in bytes(data):
                (run.work / "go").touch()
                seen.set()
            return super().write(data)

    output = Watcher()
    script = "echo first; while ! test -e go; do sleep 0.01; done; echo last"
    run("sh", "-c", script, output=output, timeout_s=30)
    assert seen.is_set()
    assert output.getvalue() == b"first\nlast\n"


def test_a_command_that_takes_too_long_is_ended(run: Runner) -> None:
    outcome, text = run("sh", "-c", "trap 'echo asked; exit 9' TERM; sleep 60 & wait", timeout_s=1)
    assert outcome.timed_out
    assert outcome.exit_code == 9
    assert "asked" in text
    assert not processes_of(RUN)


def test_what_is_left_running_is_counted_and_ended(run: Runner) -> None:
    outcome, _ = run("sh", "-c", "setsid sleep 60 & setsid sleep 61 & sleep 0.2")
    assert outcome.left_running == 2
    assert not outcome.timed_out
    assert outcome.exit_code == 0
    assert not processes_of(RUN)


def test_it_is_ready_before_anything_is_started(run: Runner) -> None:
    order: list[str] = []
    run(
        *("sh", "-c", "touch made"),
        ready=lambda: order.append(f"ready {(run.work / 'made').exists()}"),
        under_way=lambda: order.append("under way"),
    )
    assert order == ["ready False", "under way"]
    assert (run.work / "made").exists()


def test_what_stands_in_the_way_when_it_is_ready_keeps_it_from_starting(run: Runner) -> None:
    def refuse() -> None:
        raise RuntimeError("there is no sandbox")

    with pytest.raises(RuntimeError, match="no sandbox"):
        run("touch", "made", ready=refuse)
    assert not (run.work / "made").exists()
    assert not processes_of(RUN)


def test_what_was_to_be_covered_may_be_gone_when_it_starts(run: Runner) -> None:
    place = run.work.with_name("listening")
    calls: list[str] = []

    def leave() -> None:
        calls.append("ready")
        place.unlink()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        outcome, text = run(
            *("sh", "-c", "echo once >> made; ls .."),
            ready=leave,
            under_way=lambda: calls.append("under way"),
        )
    assert outcome.exit_code == 0, text
    assert "work" in text.split()
    assert calls == ["ready", "under way"]
    assert (run.work / "made").read_text() == "once\n"


def test_an_interrupt_leaves_nothing_behind(run: Runner) -> None:
    def interrupt() -> None:
        time.sleep(0.3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("sleep", "60", under_way=interrupt)
    assert not processes_of(RUN)


def test_a_program_that_is_not_there(run: Runner) -> None:
    with pytest.raises(FileNotFoundError):
        run("no-such-program-at-all")
    with pytest.raises(FileNotFoundError):
        run("./no-such-script")
    (run.work / "script").write_text("echo not to be run")
    with pytest.raises(FileNotFoundError):
        run("./script")
    with pytest.raises(FileNotFoundError):
        run()


def test_without_doors_nothing_is_started(run: Runner) -> None:
    run.gateway.door = Door(url="http://127.0.0.1:1")
    with pytest.raises(ConfinementUnavailable) as caught:
        run("touch", "made")
    assert "--confine off" in caught.value.hint
    assert not (run.work / "made").exists()


def test_a_door_whose_certificate_is_none(run: Runner) -> None:
    assert run.gateway.door.authority is not None
    run.gateway.door.authority.write_text("nothing yet")
    with pytest.raises(ConfinementUnavailable):
        run("touch", "made")
    run.gateway.door.authority.unlink()
    with pytest.raises(ConfinementUnavailable):
        run("touch", "made")
    assert not (run.work / "made").exists()


def test_process_1_cannot_be_ended_from_inside(run: Runner) -> None:
    outcome, text = run("sh", "-c", "kill -9 1; kill -STOP 1; kill -9 -1; echo still here")
    assert outcome.exit_code == 128 + 9 or "still here" in text
    _, text = run(
        "sh", "-c", "kill -9 1; kill -STOP 1; echo still here; getent hosts s3.amazonaws.com"
    )
    assert "still here" in text
    assert "127.0.0.1" in text


def test_the_work_directory_is_seen_at_its_own_path_and_changes_stay_in_the_copy(
    run: Runner, tmp_path: Path
) -> None:
    (run.work / "state").write_text("real")
    (run.work / ".git").mkdir()
    (run.work / ".git" / "HEAD").write_text("ref: main")
    (run.work / "link").symlink_to(run.work / "state")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "main.tf").write_text("a module")
    private = tmp_path / "private"
    private.mkdir()
    copy = copy_workdir(run.work, private)
    outcome, text = run(
        "sh",
        "-c",
        "pwd; cat ../modules/main.tf .git/HEAD; echo new > state; cat link; touch made; "
        f"cat {run.work}/state; touch .git/x ../modules/x",
        workdir=copy.path,
        shown_as=copy.source,
        linked=copy.linked,
    )
    lines = text.splitlines()
    assert lines[0] == str(run.work)
    assert lines[1] == "a moduleref: mainnew"
    assert lines[2] == "new"
    assert text.count("Read-only file system") == 2
    assert (run.work / "state").read_text() == "real"
    assert copy.changes() == ("made", "state")
    assert outcome.isolation.filesystem


def test_a_run_in_place_is_not_called_confined(run: Runner) -> None:
    outcome, _ = run("touch", "made")
    assert (run.work / "made").exists()
    assert not outcome.isolation.filesystem
    assert "not a copy" in outcome.isolation.notes[0]


def test_names_of_aws_lead_to_the_gateway_with_a_trusted_certificate(run: Runner) -> None:
    program = """
import urllib.request
for host in ("sqs.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com", "sts.amazonaws.com"):
    print(urllib.request.urlopen(f"https://{host}/").status)
print(urllib.request.urlopen("http://s3.amazonaws.com/").status)
print(urllib.request.urlopen("http://127.0.0.1:%d/").status)
"""
    _, text = run(run.kind.python, "-c", program % PORT)
    assert text.split() == ["200"] * 5
    assert run.gateway.hosts()[:2] == ["sqs.us-east-1.amazonaws.com", "bucket.s3.amazonaws.com"]


def test_other_names_do_not_exist_and_are_reported(run: Runner) -> None:
    program = """
import socket
for name in ("telemetry.example.com", "amazonaws.com.evil.example", "notamazonaws.com"):
    try:
        print(socket.gethostbyname(name))
    except socket.gaierror as error:
        print("none")
"""
    outcome, text = run(run.kind.python, "-c", program)
    assert text.split() == ["none"] * 3
    assert set(outcome.isolation.blocked) == {
        "telemetry.example.com",
        "amazonaws.com.evil.example",
        "notamazonaws.com",
    }


@pytest.mark.awscli
def test_the_aws_cli_runs_unmodified(run: Runner, aws_cli: str) -> None:
    aws = aws_cli if run.kind.name == "bubblewrap" else "aws"
    home = Path(run.environment["HOME"])
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[profile prod]\nsso_session = corporate\n")
    outcome, text = run(aws, "sts", "get-caller-identity", "--profile", "prod")
    assert outcome.exit_code == 0, text
    assert '"Account": "123456789012"' in text
    assert run.gateway.hosts() == ["sts.eu-west-1.amazonaws.com"]


FETCH = """
import sys, urllib.request
for address in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(address, timeout=5).read().decode())
    except OSError:
        print("nothing")
"""
ADDRESSES = (
    "http://mirror.example.com/",
    "http://other.example.com/",
    "http://mirror.example.com:8080/",
)


def test_named_hosts_can_be_reached_and_the_report_says_so(run: Runner) -> None:
    asked: list[tuple[str, int]] = []
    with elsewhere() as port:

        def connect(host: str, wanted: int) -> socket.socket:
            asked.append((host, wanted))
            return socket.create_connection(("127.0.0.1", port))

        run.confinement = run.kind.make(connect=connect)
        outcome, text = run(
            run.kind.python, "-c", FETCH, *ADDRESSES, reachable=("mirror.example.com",)
        )
    assert text.split("\n") == ["somebody else", "nothing", "nothing", ""]
    assert asked == [("mirror.example.com", 80)]
    assert outcome.isolation.network
    assert "mirror.example.com" in " ".join(outcome.isolation.notes)
    assert outcome.isolation.blocked == ("other.example.com",)


@pytest.mark.parametrize("host", ["169.254.169.254", "localhost", "s3.amazonaws.com", "*.com", ""])
def test_hosts_that_cannot_be_opened(run: Runner, host: str) -> None:
    with pytest.raises(ConfinementUnavailable):
        run("true", reachable=(host,))


def test_home_and_temporary_directories_can_be_used_and_are_gone_afterwards(run: Runner) -> None:
    script = "echo 1 > ~/file; echo 2 > /tmp/file; echo 3 > /dev/shm/file; cat ~/file /tmp/file"
    assert run("sh", "-c", script)[1].split() == ["1", "2"]
    _, text = run("sh", "-c", "ls ~ /dev/shm; ls /tmp/file")
    assert "No such file" in text
    assert not (Path(run.environment["HOME"]) / "file").exists()


def test_it_sees_itself_as_the_usual_user(run: Runner) -> None:
    assert run("id", "-u")[1].strip() == str(os.getuid())
    _, text = run("sh", "-c", "grep -E '^(Cap|NoNewPrivs)' /proc/self/status")
    values = dict(line.split(":\t") for line in text.splitlines())
    assert values.pop("NoNewPrivs") == "1"
    assert {int(value, 16) for value in values.values()} == {0}


def test_settings_of_the_kernel_cannot_be_changed(run: Runner) -> None:
    # To the kernel, a root inside is the root outside, capabilities or not.
    _, text = run(
        "sh",
        "-c",
        "for f in kernel/core_pattern vm/swappiness; do"
        " cat /proc/sys/$f > /proc/sys/$f; done; echo done",
    )
    assert text.strip().endswith("done")
    assert text.count("ermission denied") + text.count("Read-only file system") == 2
