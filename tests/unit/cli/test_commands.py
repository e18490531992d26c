"""`executor` and its commands."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from executor.cli.main import invoke
from executor.errors import PromotionRefused
from executor.model.application import DoctorLine, LedgerCheck, RunSummary
from sandboxes.errors import EngineUnavailable
from tests.unit.cli.fake import FakeApplication
from tests.unit.reports.samples import denied

Capture = pytest.CaptureFixture[str]
RUN = "20261123-141502-7f3a"


def test_a_promotion_writes_its_receipt(capsys: Capture) -> None:
    fake = FakeApplication()
    assert invoke("executor", ["promote", "last", "--yes"], fake) == 0
    assert fake.promoted == [RUN]
    assert "as rehearsed" in capsys.readouterr().out
    assert invoke("executor", ["promote", "last", "--yes", "--format", "json"], fake) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "executor/receipt/v1"


def test_a_target_that_is_not_as_rehearsed_is_status_1(capsys: Capture) -> None:
    assert invoke("executor", ["promote", RUN, "--yes"], FakeApplication(confirmed=False)) == 1
    assert "NOT AS REHEARSED" in capsys.readouterr().out


def test_nothing_is_promoted_where_nobody_can_be_asked(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeApplication()
    assert invoke("executor", ["promote", RUN], fake) == 2
    assert fake.promoted == []
    assert "--yes" in capsys.readouterr().err


def test_a_refused_promotion_has_status_4(capsys: Capture) -> None:
    failure = PromotionRefused("the target has drifted", reason="drifted", hint="rehearse again")
    assert invoke("executor", ["promote", RUN, "--yes"], FakeApplication(failure=failure)) == 4
    assert "rehearse again" in capsys.readouterr().err


def test_an_approval_needs_a_reason(capsys: Capture) -> None:
    fake = FakeApplication()
    assert invoke("executor", ["approve", RUN], fake) == 2
    assert invoke("executor", ["approve", RUN, "--reason", "OPS-7", "--by", "ann"], fake) == 0
    assert [(a.by, a.reason) for a in fake.approvals] == [("ann", "OPS-7")]


def test_show_writes_a_report_in_any_format_and_is_status_0(capsys: Capture) -> None:
    fake = FakeApplication(report=denied())
    assert invoke("executor", ["show", "last", "--format", "json"], fake) == 0
    assert json.loads(capsys.readouterr().out) == denied().to_json()
    assert invoke("executor", ["show", "last", "--format", "pdf"], fake) == 2


def test_runs_are_listed(capsys: Capture) -> None:
    summary = RunSummary(
        id=RUN, started="", decision="deny", target="prod", change="a\x1b[2J", promoted=True
    )
    assert invoke("executor", ["runs"], FakeApplication(summaries=[summary])) == 0
    out = capsys.readouterr().out
    assert RUN in out
    assert "promoted" in out
    assert "\x1b" not in out
    assert invoke("executor", ["runs", "--format", "json"], FakeApplication()) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_broken_ledger_is_status_1(capsys: Capture) -> None:
    assert invoke("executor", ["verify"], FakeApplication()) == 0
    bad = LedgerCheck(ok=False, entries=3, first_bad=2, reason="it was changed")
    assert invoke("executor", ["verify"], FakeApplication(ledger=bad)) == 1
    assert "entry 2: it was changed" in capsys.readouterr().err


def test_the_doctor_says_what_is_missing(capsys: Capture) -> None:
    lines = [
        DoctorLine(name="embedded", ok=True, text="ministack"),
        DoctorLine(name="localstack", ok=False, text="no Docker", hint="start dockerd"),
    ]
    assert invoke("executor", ["doctor"], FakeApplication(lines=lines[:1])) == 0
    assert invoke("executor", ["doctor"], FakeApplication(lines=lines)) == 1
    assert "start dockerd" in capsys.readouterr().out


def test_clean_says_what_it_removed(capsys: Capture) -> None:
    invoke("executor", ["clean"], FakeApplication(removed=["container x"]))
    invoke("executor", ["clean"], FakeApplication())
    assert capsys.readouterr().out == "removed container x\nthere was nothing to remove\n"


def test_a_command_in_a_sandbox_gets_its_variables_and_gives_its_status(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    fake = FakeApplication()
    script = 'echo "$AWS_ENDPOINT_URL $X ${AWS_PROFILE-none}"; exit 7'
    assert invoke("executor", ["sandbox", "--", "sh", "-c", script], fake) == 7
    assert capfd.readouterr().out == "http://127.0.0.1:1 it's none\n"
    assert fake.closed == 1


def test_a_sandbox_without_a_command_is_a_shell(capfd: pytest.CaptureFixture[str]) -> None:
    script = (
        "import sys; from executor.cli.main import invoke\n"
        "from tests.unit.cli.fake import FakeApplication\n"
        "sys.exit(invoke('executor', ['sandbox'], FakeApplication()))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input="echo in $AWS_ENDPOINT_URL; exit 3\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"},
        start_new_session=True,
    )
    assert ran.returncode == 3
    assert "in http://127.0.0.1:1" in ran.stdout


def test_exports_stay_until_the_interrupt() -> None:
    script = (
        "import sys; from executor.cli.main import invoke\n"
        "from tests.unit.cli.fake import FakeApplication\n"
        "sys.exit(invoke('executor', ['sandbox', '--export'], FakeApplication()))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert "until Ctrl-C" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert lines[:2] == ["export AWS_ENDPOINT_URL=http://127.0.0.1:1\n", "export X='it'\"'\"'s'\n"]
    assert process.returncode == 0


@pytest.mark.parametrize(
    "words", [["--export", "--", "true"], ["--"], ["--", "no-such-program-at-all"]]
)
def test_a_sandbox_with_bad_input_is_status_2(words: list[str], capsys: Capture) -> None:
    fake = FakeApplication()
    assert invoke("executor", ["sandbox", *words], fake) == 2
    assert fake.closed == len(fake.sandboxes)


def test_an_engine_that_was_asked_for_and_is_not_there_is_status_2(capsys: Capture) -> None:
    fake = FakeApplication(failure=EngineUnavailable("no Docker"))
    assert invoke("executor", ["sandbox", "--engine", "localstack"], fake) == 2
    assert invoke("executor", ["sandbox"], fake) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed_for_both_programs(shell: str, capsys: Capture) -> None:
    assert invoke("executor", ["completion", shell]) == 0
    out = capsys.readouterr().out
    assert "_EXECUTOR_COMPLETE" in out
    assert "_DRY_RUN_COMPLETE" in out


def test_only_what_exists_is_listed(capsys: Capture) -> None:
    assert invoke("executor", ["--help"]) == 0
    out = capsys.readouterr().out
    for name in "promote approve show runs verify doctor clean sandbox completion".split():
        assert f"  {name} " in out
    assert "mcp" not in out
    assert invoke("executor", ["mcp"]) == 2
