"""The confinement `off`: settings that lead to the gateway, and nothing left running."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sandboxes.confine import choose_confinement
from sandboxes.confine.off import Off
from sandboxes.contract import Confinement
from sandboxes.errors import ConfinementUnavailable
from sandboxes.model import CommandOutcome, Door
from sandboxes.processes import MARKER, processes_of

RUN = f"20260101-000000-{os.getpid():04x}"
URL = "http://127.0.0.1:1"


def run_off(
    *command: str,
    workdir: Path,
    environment: dict[str, str] | None = None,
    timeout_s: float | None = 20,
    run: str = RUN,
) -> tuple[CommandOutcome, str]:
    output = io.BytesIO()
    outcome = Off().run(
        command,
        run=run,
        door=Door(url=URL),
        workdir=workdir,
        account="123456789012",
        region="eu-west-1",
        environment={"PATH": os.environ["PATH"], **(environment or {})},
        output=output,
        timeout_s=timeout_s,
    )
    return outcome, output.getvalue().decode()


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_aws_clients_are_pointed_to_the_gateway(tmp_path: Path) -> None:
    _, text = run_off("env", workdir=tmp_path)
    seen = variables(text)
    assert seen["AWS_ENDPOINT_URL"] == seen["AWS_ENDPOINT_URL_S3"] == URL
    assert seen["AWS_ACCESS_KEY_ID"] == "123456789012"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    assert seen[MARKER] == RUN
    assert seen["PWD"] == str(tmp_path)


def test_credentials_and_other_roads_to_aws_are_taken_out(tmp_path: Path) -> None:
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "prod",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/real",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/real",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://real",
        "AWS_ENDPOINT_URL_SQS": "https://real",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "GOOGLE_OAUTH_ACCESS_TOKEN": "real",
        "ARM_CLIENT_SECRET": "real",
        "VAULT_TOKEN": "real",
    }
    kept = {"AWS_PAGER": "less", "TF_VAR_env": "prod", "HTTPS_PROXY": "http://proxy", "LANG": "C"}
    _, text = run_off("env", workdir=tmp_path, environment={**secrets, **kept})
    seen = variables(text)
    assert "real" not in text
    assert "prod" not in {v for k, v in seen.items() if k.startswith("AWS_")}
    assert {k: seen.get(k) for k in kept} == kept


def test_a_proxy_is_not_asked_for_the_gateway(tmp_path: Path) -> None:
    _, text = run_off("env", workdir=tmp_path, environment={"NO_PROXY": "intern, 127.0.0.1"})
    assert variables(text)["NO_PROXY"] == "intern,127.0.0.1,localhost,::1"


def test_the_callers_profiles_exist_and_lead_to_the_gateway(tmp_path: Path) -> None:
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "config").write_text(
        "[profile prod]\nregion = us-west-2\nrole_arn = arn:real\n[sso-session x]\nsso_region=a\n"
    )
    (aws / "credentials").write_text("[stage]\naws_access_key_id = AKIAREAL\n")
    script = (
        "import botocore.session as b\n"
        "for p in (None, 'prod', 'stage'):\n"
        "    c = b.Session(profile=p).create_client('s3')\n"
        "    u = c.generate_presigned_url('list_objects', {'Bucket': 'bucket'})\n"
        "    print(c.meta.region_name, u.split('?')[0], 'AKIAREAL' in u)\n"
    )
    _, text = run_off(
        sys.executable, "-c", script, workdir=tmp_path, environment={"HOME": str(tmp_path)}
    )
    assert text.splitlines() == [f"eu-west-1 {URL}/bucket False"] * 3


def test_the_exit_code_and_both_outputs_come_back(tmp_path: Path) -> None:
    outcome, text = run_off("sh", "-c", "echo out; echo err >&2; exit 7", workdir=tmp_path)
    assert (outcome.exit_code, outcome.timed_out, outcome.left_running) == (7, False, 0)
    assert text == "out\nerr\n"
    assert outcome.isolation.kind == "off"
    assert not outcome.isolation.network
    assert not outcome.isolation.credentials


def test_a_command_ended_by_a_signal_has_its_number(tmp_path: Path) -> None:
    assert run_off("sh", "-c", "kill -9 $$", workdir=tmp_path)[0].exit_code == 137


def test_standard_input_is_empty(tmp_path: Path) -> None:
    assert run_off("sh", "-c", "cat; echo end", workdir=tmp_path)[1] == "end\n"


@pytest.mark.parametrize("command", [("no-such-program-at-all",), ("./nothing",), ("/",), ()])
def test_no_such_program_is_said(tmp_path: Path, command: tuple[str, ...]) -> None:
    with pytest.raises(FileNotFoundError):
        run_off(*command, workdir=tmp_path)


def test_a_program_beside_the_work_directory_is_found(tmp_path: Path) -> None:
    script = tmp_path / "deploy.sh"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o755)
    assert run_off("./deploy.sh", workdir=tmp_path)[1] == "here\n"


def test_what_the_command_left_running_is_ended_and_counted(tmp_path: Path) -> None:
    script = "sleep 60 & setsid sleep 61 & (setsid sh -c 'sleep 62 & sleep 63') & sleep 0.3; echo x"
    outcome, text = run_off("sh", "-c", script, workdir=tmp_path, run=RUN + "1")
    assert outcome.exit_code == 0
    assert outcome.left_running >= 4
    assert text == "x\n"
    assert processes_of(RUN + "1") == []


def test_a_process_that_clears_its_environment_is_found_by_its_session(tmp_path: Path) -> None:
    outcome, _ = run_off("sh", "-c", "env -i sleep 60 & sleep 0.2", workdir=tmp_path, run=RUN + "2")
    assert outcome.left_running == 1


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    outcome, text = run_off(
        "sh", "-c", "echo begun; sleep 60", workdir=tmp_path, timeout_s=0.4, run=RUN + "3"
    )
    assert outcome.timed_out
    assert outcome.exit_code != 0
    assert text == "begun\n"
    assert time.monotonic() - began < 10


def test_one_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    outcome, _ = run_off(
        "sh",
        "-c",
        "trap '' TERM; sleep 60; sleep 60",
        workdir=tmp_path,
        timeout_s=0.3,
        run=RUN + "4",
    )
    assert (outcome.timed_out, outcome.exit_code) == (True, 137)
    assert processes_of(RUN + "4") == []


def test_an_output_that_cannot_be_written_does_not_hang_the_command(tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Off().run(
            ["sh", "-c", "yes | head -c 300000"],
            run=RUN,
            door=Door(url=URL),
            workdir=tmp_path,
            account="0" * 12,
            region="us-east-1",
            environment=os.environ,
            output=Full(),
        )


def test_nothing_is_left_in_the_temporary_directory(tmp_path: Path) -> None:
    run_off("true", workdir=tmp_path, run=RUN + "5")
    assert not list(Path(tempfile.gettempdir()).glob(f"executor-{RUN}5-*"))


def test_an_interrupt_ends_the_command_first(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sandboxes.confine.off import Off\n"
        "from sandboxes.model import Door\n"
        f"Off().run(['sh', '-c', 'echo begun; sleep 60'], run='{RUN}6', door=Door(url='{URL}'),\n"
        "    workdir=Path('.'), account='0' * 12, region='us-east-1', environment=os.environ,\n"
        "    output=sys.stdout.buffer)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1)
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    child.send_signal(2)
    _, errors = child.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    assert processes_of(RUN + "6") == []


def test_a_dry_run_within_a_dry_run_belongs_to_both(tmp_path: Path) -> None:
    _, text = run_off("env", workdir=tmp_path, environment={MARKER: "outer"})
    assert variables(text)[MARKER] == f"outer/{RUN}"


def test_auto_takes_what_there_is_and_what_there_is_not_is_refused() -> None:
    chosen = choose_confinement("auto")
    assert isinstance(chosen, Confinement)
    assert choose_confinement("off").name == "off"
    with pytest.raises(ConfinementUnavailable, match="moonbase"):
        choose_confinement("moonbase")


def test_how_a_command_ends_is_told_or_it_is_not_started(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ConfinementUnavailable, match="SIGCHLD"):
            run_off("touch", "made", workdir=tmp_path)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert not (tmp_path / "made").exists()
    assert run_off("sh", "-c", "exit 3", workdir=tmp_path)[0].exit_code == 3
