"""Change files and intent files: what is read, and what is said about the rest."""

from pathlib import Path

import pytest

from executor.changes.intents import load_intent, merged_intent
from executor.changes.loading import load_change
from executor.errors import InvalidChange, InvalidInput, InvalidIntent
from executor.model.change import CallsChange, CommandChange
from executor.model.intent import Intent, Limits


def write(tmp_path: Path, text: str, name: str = "change.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_command_runs_where_its_file_lies(tmp_path: Path) -> None:
    path = write(tmp_path, 'description: d\ncommand: ["bash", "deploy.sh"]\n')
    change, intent = load_change(path)
    assert change == CommandChange(
        command=("bash", "deploy.sh"), workdir=tmp_path.resolve(), description="d"
    )
    assert intent is None


def test_a_work_directory_is_taken_from_where_the_file_lies(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    change, _ = load_change(write(tmp_path, "command: [x]\nworkdir: infra\n"))
    assert isinstance(change, CommandChange)
    assert change.workdir == (tmp_path / "infra").resolve()


def test_calls_and_their_intent_are_read(tmp_path: Path) -> None:
    text = """
calls:
  - {service: sqs, operation: CreateQueue, params: {QueueName: a}, save: q}
  - service: sqs
    operation: SetQueueAttributes
    params: {QueueUrl: "${q.QueueUrl}", Attributes: {DelaySeconds: "5"}}
    region: eu-west-1
intent:
  expect: [create AWS::SQS::Queue a]
  limits: {total: 1}
"""
    change, intent = load_change(write(tmp_path, text))
    assert isinstance(change, CallsChange)
    assert [c.operation for c in change.calls] == ["CreateQueue", "SetQueueAttributes"]
    assert change.calls[1].region == "eu-west-1"
    assert intent is not None
    assert [str(p) for p in intent.expect] == ["create AWS::SQS::Queue a"]
    assert intent.limits == Limits(total=1)


def test_json_is_read_too_and_dates_stay_texts(tmp_path: Path) -> None:
    text = '{"calls": [{"service": "s", "operation": "o", "params": {"Date": "2026-01-01"}}]}'
    assert load_change(write(tmp_path, text, "c.json")) == load_change(
        write(tmp_path, "calls: [{service: s, operation: o, params: {Date: 2026-01-01}}]")
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is a mapping"),
        ("- a", "is a mapping"),
        ("description: x", "exactly one of"),
        ("command: [a]\ncalls: []", "found command and calls"),
        ("command: [a]\ncomand: [b]", r"change.yaml:2: comand: unknown field"),
        ("command: bash deploy.sh", "change.yaml:1: command: a list"),
        ("command: []", "a list of texts"),
        ("command: [a, 1]", r"command\[1\]: a text is wanted, not 1"),
        ("command: [a]\nworkdir: none", "change.yaml:2: workdir: there is no directory"),
        ("command: [a]\ncommand: [b]", "change.yaml:2: 'command' is there twice"),
        ("command: [a", "is not YAML"),
        ("command: [!Ref a]", "change.yaml:1: the tag !Ref is not understood"),
        ("calls: []", "there is no call"),
        ("calls: [1]", r"calls\[0\]: a call is a mapping"),
        ("calls: {}", "a list is wanted"),
        ("calls: [{service: s}]", "operation: a text is wanted"),
        ("calls: [{service: s, operation: o, parms: {}}]", "parms: unknown field"),
        ("calls: [{service: s, operation: o, params: {A: '${q.B}'}}]", "names no earlier call"),
        ("calls: [{service: s, operation: o, save: '1'}]", "is not a name"),
        ("1: a", "the key 1 is not a text"),
        ("cloudformation: {stack: web, template: w.yaml}", "rehearsed as a command"),
        ("terraform: {dir: infra}", "rehearsed as a command"),
        ("Resources:\n  Q: {Type: 'AWS::SQS::Queue', Properties: !Ref x}", "a CloudFormation"),
        ('{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}', "a CloudFormation template"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidChange, match=message) as caught:
        load_change(write(tmp_path, text))
    assert caught.value.hint
    assert caught.value.exit_status == 2


def test_a_stack_is_told_its_command(tmp_path: Path) -> None:
    text = "cloudformation: {stack: web, template: w.yaml, parameters: {Env: prod}}"
    with pytest.raises(InvalidChange) as caught:
        load_change(write(tmp_path, text))
    assert "--stack-name, web, --template-file, w.yaml" in caught.value.hint
    assert "--parameter-overrides, Env=prod" in caught.value.hint


def test_directories_missing_files_and_binaries_are_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidChange, match="without Terraform"):
        load_change(tmp_path)
    (tmp_path / "main.tf").write_text("")
    with pytest.raises(InvalidChange) as caught:
        load_change(tmp_path)
    assert "dry-run -- terraform apply -auto-approve" in caught.value.hint
    with pytest.raises(InvalidChange) as caught:
        load_change(Path("env"))
    assert caught.value.hint == "dry-run -- env"
    with pytest.raises(InvalidChange, match="there is no change file"):
        load_change(tmp_path / "none.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidChange, match="UTF-8"):
        load_change(tmp_path / "binary")


def test_aliases_of_aliases_do_not_exhaust_the_machine(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(InvalidChange, match="too many values"):
        load_change(write(tmp_path, "\n".join(lines)))


INTENT = """summary: Replace the orders queue
expect:
  - create AWS::SQS::Queue orders.fifo
allow:
  - update AWS::Lambda::Function checkout-*
protect:
  - AWS::DynamoDB::Table *
checks:
  - "length(resources[?type=='AWS::SQS::Queue']) == `2`"
limits: {delete: 0, replace: 0, total: 20}
"""


def test_the_contracts_intent_is_read(tmp_path: Path) -> None:
    intent = load_intent(write(tmp_path, INTENT, "intent.yaml"))
    assert intent == Intent(
        summary="Replace the orders queue",
        expect=["create AWS::SQS::Queue orders.fifo"],
        allow=["update AWS::Lambda::Function checkout-*"],
        protect=["AWS::DynamoDB::Table *"],
        checks=["length(resources[?type=='AWS::SQS::Queue']) == `2`"],
        limits=Limits(delete=0, replace=0, total=20),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expekt: []", "intent.yaml:1: expekt: unknown field"),
        (
            "expect:\n  - create AWS::S3::Bucket a\n  - destroy AWS::S3::Bucket b",
            r":3: expect\[1\]",
        ),
        ("allow: delete AWS::SQS::Queue x", "a list of texts is wanted"),
        ("allow: [{a: b}]", "a text is wanted"),
        ("protect: [bucket]", "TYPE NAME"),
        ("checks: ['a ==']", "JMESPath"),
        ("limits: {delete: -1}", "limits.delete: a number from 0"),
        ("limits: {delete: yes}", "a number from 0"),
        ("limits: {deletes: 1}", "unknown limit"),
        ("limits: 3", "a mapping is wanted"),
        ("summary: [a]", "a text is wanted"),
    ],
)
def test_a_wrong_intent_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidIntent, match=message) as caught:
        load_intent(write(tmp_path, text, "intent.yaml"))
    assert caught.value.hint


def test_intents_and_options_are_joined() -> None:
    merged = merged_intent(
        Intent(summary="a", allow=["create AWS::*::* x"], limits=Limits(delete=2, total=9)),
        Intent(limits=Limits(delete=1, update=3)),
        allow=["delete AWS::SQS::Queue q"],
        expect=["create AWS::SQS::Queue p"],
        protect=["AWS::S3::Bucket *"],
    )
    assert merged.summary == "a"
    assert [str(p) for p in merged.allow] == ["create AWS::*::* x", "delete AWS::SQS::Queue q"]
    assert merged.limits == Limits(delete=1, update=3, total=9)
    assert merged_intent(None) == Intent()


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(InvalidInput, match="--allow"):
        merged_intent(None, allow=["nonsense"])
    with pytest.raises(InvalidInput, match="--expect"):
        merged_intent(None, expect=["nonsense"])
    with pytest.raises(InvalidInput, match="--protect"):
        merged_intent(None, protect=["nonsense"])
