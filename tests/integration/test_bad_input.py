"""Bad input: status 2, one message that names the place, a hint, and nothing left behind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.integration.programs import Ended, Programs

NO_TARGET = ("--target", "none")


@pytest.fixture
def idle(tmp_path: Path, home: Path, workdir: Path) -> Programs:
    """Programs that must not come as far as starting anything."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return Programs(
        workdir=workdir, home=home, runtime=tmp_path / "run", temporary=temporary, target="none"
    )


def rejected(programs: Programs, ended: Ended, *words: str) -> None:
    assert ended.status == 2, ended.out + ended.err
    assert ended.out == ""
    for word in words:
        assert word in ended.err
    messages = [line for line in ended.err.splitlines() if not line.startswith(" ")]
    assert len(messages) == 1, ended.err
    assert messages[0].startswith(("dry-run: ", "executor: "))
    assert any(line.startswith("  hint: ") for line in ended.err.splitlines())
    assert "Traceback" not in ended.err
    assert programs.runs() == []
    assert programs.left() == []
    assert not programs.runtime.exists(), "nothing was started"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "CHANGE"),
        (("--",), "no command behind --"),
        (("--", "no-such-program"), "no-such-program"),
        (("--", "./no-such-script"), "./no-such-script"),
        (("--no-such-option", "--", "true"), "--no-such-option"),
        (("terraform", "apply"), "--"),
        (("--intent", "gone.yaml", "--", "true"), "gone.yaml"),
        (("--allow", "destroy AWS::SQS::Queue *", "--", "true"), "destroy"),
        (("--allow", "delete+everything AWS::SQS::Queue *", "--", "true"), "everything"),
        (("--expect", "delete", "--", "true"), "--expect"),
        (("--protect", "orders", "--", "true"), "--protect"),
        (("--target", "no-such-target", "--", "true"), "no-such-target"),
        (("--target", "ftp://127.0.0.1", "--", "true"), "ftp://127.0.0.1"),
        (("--target", "none", "--region", "us_east_1", "--", "true"), "us_east_1"),
        (("--target", "none", "--engine", "no-such-engine", "--", "true"), "no-such-engine"),
        (("--target", "none", "--engine", "http://127.0.0.1:1", "--", "true"), "127.0.0.1:1"),
        (("--target", "none", "--confine", "container", "--", "true"), "container"),
        (("--confine", "chains", "--", "true"), "chains"),
        (("--format", "pdf", "--", "true"), "pdf"),
        (("--output", "no/such/directory/report", "--", "true"), "no/such/directory"),
        (("--timeout", "0", "--", "true"), "--timeout"),
        (("--timeout", "soon", "--", "true"), "soon"),
        (("no-such-change.yaml",), "no-such-change.yaml"),
    ],
)
def test_a_wrong_word_is_named(idle: Programs, words: tuple[str, ...], named: str) -> None:
    rejected(idle, idle.run("dry-run", *words), named)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("expect: [", "line"),
        ("- a list", "intent.yaml"),
        ("forbid: [delete AWS::SQS::Queue x]", "forbid"),
        ("expect: [destroy AWS::SQS::Queue x]", "destroy"),
        ("expect: [delete Queue]", "expect"),
        ("expect: delete AWS::SQS::Queue x", "expect"),
        ("protect: [x]", "protect"),
        ("limits: {delete: many}", "many"),
        ("limits: {destroy: 1}", "destroy"),
        ("checks: ['length(']", "checks"),
        ("expect: !!python/object/apply:os.system ['touch pwned']", "intent.yaml"),
        ("\x00", "intent.yaml"),
    ],
)
def test_a_wrong_intent_is_named_with_its_place(idle: Programs, text: str, named: str) -> None:
    (idle.workdir / "intent.yaml").write_text(text)
    ended = idle.run("dry-run", *NO_TARGET, "--intent", "intent.yaml", "--", "true")
    rejected(idle, ended, "intent.yaml", named)
    assert not (idle.workdir / "pwned").exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("calls: [", "line"),
        ("description: nothing", "exactly one of"),
        ("command: [a]\ncalls: []", "exactly one of"),
        ("command: bash deploy.sh", "command"),
        ("command: []", "command"),
        ("command: [1]", "command"),
        ("command: [no-such-program]", "no-such-program"),
        ("command: ['true']\nworkdir: nowhere", "nowhere"),
        ("command: ['true']\nshell: yes", "shell"),
        ("calls: [{service: sqs}]", "operation"),
        ("calls: [{service: sqz, operation: CreateQueue}]", "sqz"),
        ("calls: [{service: sqs, operation: MakeQueue}]", "MakeQueue"),
        ("calls: [{service: sqs, operation: CreateQueue, params: {Name: a}}]", "Name"),
        (
            "calls: [{service: sqs, operation: DeleteQueue, params: {QueueUrl: '${q.QueueUrl}'}}]",
            "q.QueueUrl",
        ),
        ("command: ['true']\nintent: {expect: [destroy AWS::SQS::Queue x]}", "destroy"),
        ("Resources: {Q: {Type: AWS::SQS::Queue}}", "CloudFormation"),
    ],
)
def test_a_wrong_change_file_is_named_with_its_place(idle: Programs, text: str, named: str) -> None:
    (idle.workdir / "change.yaml").write_text(text)
    rejected(idle, idle.run("dry-run", *NO_TARGET, "change.yaml"), "change.yaml", named)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("target = ", "line"),
        ('targte = "prod"', "targte"),
        ('target = "prod"', "prod"),
        ('[targets.prod]\nendpoint_url = "nowhere"', "endpoint_url"),
        ('[targets.prod]\naws_secret_access_key = "x"', "aws_secret_access_key"),
        ('[policy]\nprotect = ["orders"]', "protect"),
        ('[policy.decisions]\nunexpected-delete = "maybe"', "unexpected-delete"),
        ("[limits]\ntimeout_s = -1", "timeout_s"),
    ],
)
def test_a_wrong_configuration_is_named_with_its_place(
    idle: Programs, text: str, named: str
) -> None:
    (idle.workdir / "executor.toml").write_text(text)
    rejected(idle, idle.run("dry-run", "--", "true"), "executor.toml", named)


def test_docker_that_is_asked_for_and_absent_is_named(idle: Programs, tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/no-docker.sock"}
    words = ("--target", "none", "--engine", "localstack", "--", "true")
    ended = idle.run("dry-run", *words, env=nowhere)
    rejected(idle, ended, "Docker")


@pytest.mark.parametrize(
    "words",
    [
        ("show", "last"),
        ("show", "20260101-000000-0000"),
        ("promote", "last", "--yes"),
        ("approve", "last", "--reason", "why not"),
        (),
        ("no-such-command",),
        ("sandbox", "--target", "no-such-target"),
        ("sandbox", "--export", "--", "true"),
        ("runs", "--limit", "0"),
    ],
)
def test_wrong_words_behind_executor_are_named(idle: Programs, words: tuple[str, ...]) -> None:
    rejected(idle, idle.executor(*words))


def test_a_state_directory_that_cannot_be_made_is_named(idle: Programs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spoiled = dataclasses.replace(idle, home=tmp_path / "file" / "home")
    ended = spoiled.run("dry-run", *NO_TARGET, "--", "true")
    assert ended.status == 1
    assert "EXECUTOR_HOME" in ended.err
    assert "Traceback" not in ended.err
