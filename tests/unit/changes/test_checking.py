"""What is found wrong with a change before anything is started for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.changes.checking import check_change
from executor.errors import InvalidChange, InvalidIntent
from executor.model.change import Change
from executor.model.intent import Intent, Limits
from executor.model.json import JsonObject


def test_a_program_is_found_on_the_path_or_from_the_work_directory(tmp_path: Path) -> None:
    script = tmp_path / "deploy.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    check_change(Change.command(["sh"], workdir=tmp_path))
    check_change(Change.command(["./deploy.sh"], workdir=tmp_path))
    check_change(Change.command([str(script)], workdir=Path("/")))


@pytest.mark.parametrize("program", ["no-such-program", "./deploy.sh", "deploy.sh"])
def test_a_program_that_is_not_there_is_named_with_its_place(tmp_path: Path, program: str) -> None:
    (tmp_path / "deploy.sh").write_text("not executable")
    with pytest.raises(InvalidChange, match=f"change.yaml: there is no command '{program}'"):
        check_change(Change.command([program], workdir=tmp_path), where="change.yaml")


@pytest.mark.parametrize(
    ("service", "operation", "params", "message", "hint"),
    [
        ("sqz", "CreateQueue", {}, r"calls\[0\].service: AWS has no service 'sqz'", "sqs"),
        ("sqs", "create_queue", {}, "sqs has no operation 'create_queue'", "CreateQueue"),
        ("sqs", "CreateQueue", {"queueName": "a"}, "params.queueName", "QueueName"),
        ("sts", "GetCallerIdentity", {"A": "a"}, "has no such parameter", "none"),
    ],
)
def test_a_call_that_aws_does_not_have_is_named(
    service: str, operation: str, params: JsonObject, message: str, hint: str
) -> None:
    call: JsonObject = {"service": service, "operation": operation, "params": params}
    with pytest.raises(InvalidChange, match=message) as raised:
        check_change(Change.calls([call]))
    assert hint in raised.value.hint


def test_calls_that_refer_to_earlier_ones_pass() -> None:
    made: JsonObject = {
        "service": "sqs",
        "operation": "CreateQueue",
        "params": {"QueueName": "a"},
        "save": "q",
    }
    gone: JsonObject = {
        "service": "sqs",
        "operation": "DeleteQueue",
        "params": {"QueueUrl": "${q.QueueUrl}"},
    }
    check_change(Change.calls([made, gone]))


def test_limits_may_be_a_mapping_as_in_a_file() -> None:
    assert Intent(limits={"delete": 0}).limits == Limits(delete=0)


@pytest.mark.parametrize("limits", [{"destroy": 0}, {"delete": -1}, {"delete": True}])
def test_limits_that_mean_nothing_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(InvalidIntent):
        Intent(limits=limits)
