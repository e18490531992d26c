"""The programs as a person or a script meets them: statuses, streams, reports, housekeeping."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.integration.conftest import Production
from tests.integration.programs import (
    NEW_RESOURCE_GROUP,
    Programs,
    effects_of,
    objects,
    python,
    rules_of,
)

NEW_QUEUE = "c('sqs').create_queue(QueueName='new')"


def a_queue(production: Production, name: str = "orders") -> str:
    return str(production.call("sqs", "CreateQueue", QueueName=name)["QueueUrl"])


def test_allow_is_0_and_the_report_is_the_contracts(programs: Programs) -> None:
    ended = programs.script(NEW_QUEUE)
    assert ended.status == 0, ended.err
    report = ended.report()
    assert report["schema"] == "executor/dry-run/v1"
    assert report["decision"] == "allow"
    assert str(report["digest"]).startswith("sha256:")
    assert report["id"] == programs.runs()[-1].name
    assert report["findings"] == []
    [effect] = objects(report["effects"])
    assert effect["action"] == "create"
    assert effect["type"] == "AWS::SQS::Queue"
    assert effect["name"] == "new"
    assert str(effect["address"]).startswith("arn:aws:sqs:us-east-1:123456789012:new")
    assert effect["hazards"] == []
    assert effect["expected"] is False
    assert effect["before"] is None
    assert isinstance(effect["after"], dict)
    [call] = [x for x in objects(report["calls"]) if x["operation"] == "CreateQueue"]
    assert effect["calls"] == [call["n"]]
    assert (call["service"], call["region"]) == ("sqs", "us-east-1")
    assert (call["mutating"], call["status"]) == (True, 200)
    change, engine, isolation = report["change"], report["engine"], report["isolation"]
    assert isinstance(change, dict)
    assert (change["kind"], change["exit_code"]) == ("command", 0)
    assert isinstance(engine, dict)
    assert engine["name"] == "embedded"
    assert engine["version"]
    assert isinstance(isolation, dict)
    assert isolation["kind"]
    coverage = report["coverage"]
    assert isinstance(coverage, dict)
    assert coverage.keys() >= {"types", "not_covered"}
    assert isinstance(report["timing_ms"], dict)


def test_hold_is_3_and_deny_is_4_and_undecided_is_5(
    programs: Programs, production: Production
) -> None:
    url = a_queue(production)
    held = programs.script(NEW_QUEUE, "--allow", "update AWS::SQS::Queue orders")
    assert (held.status, held.report()["decision"]) == (3, "hold")
    denied = programs.script(f"c('sqs').delete_queue(QueueUrl={url!r})")
    assert (denied.status, denied.report()["decision"]) == (4, "deny")
    assert rules_of(denied.report()) == {"unexpected-delete"}
    identity = NEW_RESOURCE_GROUP
    unknown = programs.script(identity)
    assert (unknown.status, unknown.report()["decision"]) == (5, "undecided")


def test_an_unreachable_target_is_our_failure(programs: Programs) -> None:
    ended = programs.run("dry-run", "--target", "http://127.0.0.1:1", *python(NEW_QUEUE))
    assert ended.status == 1
    assert ended.out == ""
    assert "cannot be reached" in ended.err
    assert "hint: " in ended.err
    assert "Traceback" not in ended.err


def test_the_changes_output_goes_to_stderr_and_the_report_to_stdout(programs: Programs) -> None:
    ended = programs.script("print('to stdout'); print('to stderr', file=sys.stderr)")
    assert ended.status == 0
    assert ended.report()["decision"] == "allow"
    assert "to stdout" in ended.err
    assert "to stderr" in ended.err


def test_the_text_report_says_the_decision_first(
    programs: Programs, production: Production
) -> None:
    url = a_queue(production)
    ended = programs.dry_run(*python(f"c('sqs').delete_queue(QueueUrl={url!r})"))
    assert ended.status == 4
    first = ended.out.strip().splitlines()[0]
    assert "deny" in first.lower()
    assert "orders" in ended.out


def test_an_output_file_takes_the_report_in_every_format(programs: Programs) -> None:
    for name in ("json", "markdown", "html", "sarif", "junit", "text"):
        path = programs.workdir / f"report.{name}"
        if name == "json":
            ended = programs.script(NEW_QUEUE, "--output", str(path))
            assert json.loads(path.read_text())["decision"] == "allow"
        else:
            ended = programs.executor("show", "last", "--format", name, "--output", str(path))
            assert programs.runs()[-1].name in path.read_text()
        assert ended.status == 0, ended.err
        assert ended.out == ""
        assert str(path) in ended.err


def test_a_change_file_with_calls_saves_and_substitutes(
    programs: Programs, production: Production
) -> None:
    (programs.workdir / "change.yaml").write_text(
        """
description: a queue and one message
calls:
  - {service: sqs, operation: CreateQueue, params: {QueueName: jobs}, save: q}
  - {service: sqs, operation: TagQueue, params: {QueueUrl: "${q.QueueUrl}", Tags: {a: b}}}
intent:
  expect: [create AWS::SQS::Queue jobs]
"""
    )
    ended = programs.dry_run("--format", "json", "change.yaml")
    assert ended.status == 0, ended.err
    assert effects_of(ended.report()) == {("create", "AWS::SQS::Queue", "jobs")}
    assert programs.executor("promote", "last", "--yes").status == 0
    url = production.call("sqs", "GetQueueUrl", QueueName="jobs")["QueueUrl"]
    tags = production.call("sqs", "ListQueueTags", QueueUrl=url)["Tags"]
    assert tags == {"a": "b"}


def test_an_intent_file_and_options_are_one_intent(
    programs: Programs, production: Production
) -> None:
    url = a_queue(production)
    a_queue(production, "other")
    (programs.workdir / "intent.yaml").write_text(
        """
summary: Retire the orders queue
expect: [delete AWS::SQS::Queue orders]
checks: ["length(resources[?type=='AWS::SQS::Queue']) == `1`"]
limits: {delete: 1}
"""
    )
    delete = f"c('sqs').delete_queue(QueueUrl={url!r})"
    declared = programs.script(delete, "--intent", "intent.yaml")
    assert declared.status == 0, declared.out
    [effect] = objects(declared.report()["effects"])
    assert effect["expected"] is True
    guarded = programs.script(delete, "--intent", "intent.yaml", "--protect", "AWS::SQS::Queue *")
    assert (guarded.status, rules_of(guarded.report())) == (4, {"protected"})
    unmet = programs.script(
        delete, "--intent", "intent.yaml", "--expect", "create AWS::S3::Bucket x"
    )
    assert (unmet.status, rules_of(unmet.report())) == (4, {"intent-unmet"})


def test_runs_and_show_tell_what_was_rehearsed(programs: Programs) -> None:
    assert programs.executor("runs").status == 0
    assert programs.executor("show", "last").status == 2
    first = programs.script(NEW_QUEUE).report()
    failed = programs.script("sys.exit(1)").report()
    listed = programs.executor("runs", "--format", "json")
    found = objects(json.loads(listed.out))
    assert [r["id"] for r in found] == [failed["id"], first["id"]]
    assert [r["decision"] for r in found] == ["deny", "allow"]
    shown = programs.executor("show", str(first["id"]), "--format", "json")
    assert (shown.status, shown.report()) == (0, first)


def test_a_changed_ledger_does_not_verify(programs: Programs) -> None:
    programs.script("sys.exit(1)")
    assert programs.executor("verify").status == 0
    with closing(sqlite3.connect(programs.home / "ledger.sqlite")) as ledger, ledger:
        # Somebody who knows what he does puts the triggers back.
        triggers = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            ledger.execute(f"DROP TRIGGER {name}")
        ledger.execute("UPDATE entries SET payload = replace(payload, 'deny', 'allow')")
        for _, definition in kept:
            ledger.execute(definition)
    ended = programs.executor("verify")
    assert ended.status == 1
    assert "does not hold" in ended.err


def test_doctor_says_what_works(programs: Programs) -> None:
    (programs.workdir / "executor.toml").write_text(
        f'target = "prod"\n[targets.prod]\nendpoint_url = "{programs.target}"\n'
    )
    ended = programs.executor("doctor", "--format", "json")
    found = {str(line["name"]): line for line in objects(json.loads(ended.out))}
    assert ended.status == 0, ended.out
    assert found["engine embedded"]["ok"] is True
    assert "123456789012" in str(found["target"]["text"])
    assert "engine embedded" in programs.executor("doctor").out


def test_a_sandbox_is_a_replica_that_is_gone_afterwards(
    programs: Programs, production: Production
) -> None:
    a_queue(production)
    before = production.state()
    command = python("print(c('sqs').list_queues()['QueueUrls']); " + NEW_QUEUE)
    ended = programs.executor("sandbox", "--target", programs.target, *command)
    assert ended.status == 0, ended.err
    assert "/orders" in ended.out
    assert production.state() == before
    assert programs.left() == []
    failed = programs.executor("sandbox", "--target", "none", "--", "sh", "-c", "exit 7")
    assert failed.status == 7


def test_clean_stops_the_server_and_says_what_was_there(programs: Programs, tmp_path: Path) -> None:
    own = {"EXECUTOR_RUNTIME_DIR": str(tmp_path / "own")}
    assert programs.dry_run(*python(NEW_QUEUE), env=own).status == 0
    ended = programs.executor("clean", env=own)
    assert ended.status == 0
    assert "removed" in ended.out
    again = programs.executor("clean", env=own)
    assert "nothing to remove" in again.out
    assert programs.left() == []
