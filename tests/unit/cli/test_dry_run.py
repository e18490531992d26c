"""`dry-run` as a person, an agent and CI see it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from executor.cli.main import invoke
from executor.errors import EngineFailed, NotFound, RecorderFailed
from executor.model.application import DryRunRequest, TargetChoice
from executor.model.change import CallsChange, CommandChange
from executor.model.progress import Progress
from executor.model.report import Report
from sandboxes.errors import ConfinementUnavailable, EngineUnavailable, SandboxLost
from tests.unit.cli.fake import FakeApplication
from tests.unit.reports.samples import allowed, denied, held, undecided

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXECUTOR_DEBUG", raising=False)


@pytest.mark.parametrize(
    ("report", "status"), [(allowed(), 0), (held(), 3), (denied(), 4), (undecided(), 5)]
)
def test_the_exit_status_is_the_decision(report: Report, status: int, capsys: Capture) -> None:
    assert invoke("dry-run", ["--", "true"], FakeApplication(report=report)) == status
    out, err = capsys.readouterr()
    assert report.decision.value.upper() in out.splitlines()[0]
    assert err == ""


def test_what_stands_behind_the_dashes_is_the_command(tmp_path: Path) -> None:
    fake = FakeApplication()
    assert invoke("dry-run", ["--engine", "moto", "--", "sh", "-c", "x", "--", "--help"], fake) == 0
    change = fake.requests[0].change
    assert change == CommandChange(command=("sh", "-c", "x", "--", "--help"), workdir=tmp_path)
    assert fake.requests[0].engine == "moto"


def test_every_option_reaches_the_application(tmp_path: Path) -> None:
    fake = FakeApplication()
    (tmp_path / "intent.yaml").write_text("allow: [create AWS::*::* web-*]\n")
    options = "--target prod --account 123456789012 --region eu-west-1 --confine off --no-daemon"
    options += " --in-place --timeout 2.5 --intent intent.yaml --quiet --no-color"
    words = [*options.split(), "--allow", "delete AWS::SQS::Queue a", "--expect"]
    words += ["create AWS::SQS::Queue b", "--protect", "AWS::S3::Bucket *", "--", "true"]
    assert invoke("dry-run", words, fake) == 0
    request = fake.requests[0]
    assert request.target == TargetChoice(name="prod", account="123456789012", region="eu-west-1")
    assert (request.confine, request.daemon, request.in_place) == ("off", False, True)
    assert request.timeout_s == 2.5
    assert [str(p) for p in request.intent.patterns] == [
        "create AWS::SQS::Queue b",
        "create AWS::*::* web-*",
        "delete AWS::SQS::Queue a",
    ]
    assert [str(p) for p in request.intent.protect] == ["AWS::S3::Bucket *"]


def test_a_change_file_brings_its_intent(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "calls: [{service: sqs, operation: CreateQueue, params: {QueueName: a}}]\n"
        "intent: {expect: [create AWS::SQS::Queue a]}\n"
    )
    fake = FakeApplication()
    assert invoke("dry-run", ["c.yaml", "--allow", "create AWS::SQS::Queue b"], fake) == 0
    request = fake.requests[0]
    assert isinstance(request.change, CallsChange)
    assert len(request.intent.patterns) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "neither a change nor a command"),
        (["--"], "no command behind"),
        (["terraform", "apply"], "dry-run -- terraform apply"),
        (["change.yaml"], "there is no change file change.yaml"),
        (["a", "--", "true"], "stands before the two dashes"),
        (["--", "no-such-program-at-all"], "no such command"),
        (["--", "./file"], "chmod +x ./file"),
        (["--format", "pdf", "--", "true"], "there is no format 'pdf'"),
        (["--nonsense", "--", "true"], "No such option"),
        (["--confine", "moon", "--", "true"], "'moon' is not one of"),
        (["--timeout", "0", "--", "true"], "not in the range"),
        (["--allow", "remove AWS::S3::Bucket x", "--", "true"], "unknown action 'remove'"),
        (["--intent", "none.yaml", "--", "true"], "none.yaml: cannot be read"),
        (["--output", "none/report.json", "--", "true"], "cannot be written"),
    ],
)
def test_bad_input_is_status_2_with_a_message_and_a_hint(
    words: list[str], message: str, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("")
    fake = FakeApplication()
    assert invoke("dry-run", words, fake) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "hint: " in err
    assert "Traceback" not in err
    assert fake.requests == []


@pytest.mark.parametrize(
    ("failure", "options", "status"),
    [
        (NotFound("no target", hint="known: a"), [], 2),
        (RecorderFailed("full", detail="line"), [], 1),
        (SandboxLost("gone"), [], 1),
        (EngineUnavailable("no Docker", hint="start it"), [], 1),
        (EngineUnavailable("no Docker"), ["--engine", "localstack"], 2),
        (ConfinementUnavailable("no bwrap"), [], 1),
        (ConfinementUnavailable("no bwrap"), ["--confine", "bubblewrap"], 2),
        (EngineFailed("lost"), ["--engine", "localstack"], 1),
        (ZeroDivisionError("oops"), [], 1),
        (KeyboardInterrupt(), [], 130),
    ],
)
def test_failures_are_one_message_and_never_an_allow(
    failure: BaseException, options: list[str], status: int, capsys: Capture
) -> None:
    fake = FakeApplication(failure=failure)
    assert invoke("dry-run", [*options, "--", "true"], fake) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert "dry-run: " in err
    assert "Traceback" not in err


def test_an_engine_that_failed_for_lack_of_docker_counts_as_asked_for(capsys: Capture) -> None:
    failure = EngineFailed("no Docker")
    failure.__cause__ = EngineUnavailable("no Docker")
    fake = FakeApplication(failure=failure)
    assert invoke("dry-run", ["--engine", "localstack", "--", "true"], fake) == 2


def test_a_traceback_is_shown_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("EXECUTOR_DEBUG", "1")
    invoke("dry-run", ["--", "true"], FakeApplication(failure=ZeroDivisionError("oops")))
    assert "Traceback" in capsys.readouterr().err


def test_the_json_report_is_the_contracts(capsys: Capture) -> None:
    invoke("dry-run", ["--format", "json", "--", "true"], FakeApplication(report=denied()))
    assert json.loads(capsys.readouterr().out) == denied().to_json()


def test_an_output_file_is_written_whole_and_with_the_usual_rights(
    tmp_path: Path, capsys: Capture
) -> None:
    fake = FakeApplication(report=denied())
    words = ["--format", "json", "--output", "report.json", "--", "true"]
    assert invoke("dry-run", words, fake) == 4
    assert json.loads((tmp_path / "report.json").read_text())["decision"] == "deny"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o666 & ~umask
    out, err = capsys.readouterr()
    assert (out, "deny" in err) == ("", True)


def test_the_changes_output_and_notes_go_to_standard_error(capsys: Capture) -> None:
    def act(request: DryRunRequest, progress: Progress) -> None:
        progress.stage("running")
        assert request.output is not None
        request.output.write(b"from the change\n")
        request.output.flush()
        progress.tick("x", 1, 2)
        progress.note("no target")

    invoke("dry-run", ["--", "true"], FakeApplication(act=act))
    assert capsys.readouterr().err == "from the change\ndry-run: no target\n"
    invoke("dry-run", ["--quiet", "--", "true"], FakeApplication(act=act))
    assert capsys.readouterr().err == "from the change\n"


def test_help_and_version_teach_without_an_application(capsys: Capture) -> None:
    assert invoke("dry-run", ["-h"]) == 0
    assert "dry-run -- terraform apply" in capsys.readouterr().out
    assert invoke("dry-run", ["--version"]) == 0


def test_the_command_line_imports_little_before_it_starts() -> None:
    script = (
        "import sys; from executor.cli.main import invoke\n"
        "from tests.unit.cli.fake import FakeApplication\n"
        "invoke('dry-run', ['--', 'true'], FakeApplication())\n"
        "heavy = {'rich', 'pydantic', 'yaml', 'docker', 'botocore', 'moto', 'ministack'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert ran.stderr == "[]\n"


WAITING = """
import sys, time
from executor.cli.main import invoke
from tests.unit.cli.fake import FakeApplication
def act(request, progress):
    try:
        print("waiting", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)
sys.exit(invoke("dry-run", ["--", "true"], FakeApplication(act=act)))
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_cleans_up_and_is_in_the_status(number: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert out == "cleaned up\n"
    assert "what was started was ended" in err
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = (
        "import sys; from executor.cli.main import invoke\n"
        "from tests.unit.cli.fake import FakeApplication\n"
        "sys.stdin.readline()\n"
        "sys.exit(invoke('dry-run', ['--', 'true'], FakeApplication()))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0
