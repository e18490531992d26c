"""Stacks: what an update replaces, what a deletion takes along, what protection stops."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from executor import Report
from executor.model.json import Json
from tests.integration.conftest import Production, Rehearse
from tests.integration.test_decisions import effects, rules


@pytest.fixture
def engine() -> str:
    return "embedded"


def a_table(key: str, name: str = "") -> dict[str, Json]:
    properties: dict[str, Json] = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
    }
    if name:
        properties["TableName"] = name
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def a_queue(**properties: Json) -> dict[str, Json]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs", **properties}}


def template(**resources: Json) -> str:
    return json.dumps({"Resources": resources})


def a_stack(production: Production, body: str, **more: object) -> None:
    production.call("cloudformation", "CreateStack", StackName="web", TemplateBody=body, **more)
    answer = production.call("cloudformation", "DescribeStacks", StackName="web")
    stacks = answer["Stacks"]
    assert isinstance(stacks, list)
    assert isinstance(stacks[0], Mapping)
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"


def update(body: str) -> str:
    return f"""
cf = c('cloudformation')
cf.update_stack(StackName='web', TemplateBody={body!r})
cf.get_waiter('stack_update_complete').wait(StackName='web', WaiterConfig={{'Delay': 1}})
"""


DELETE = """
cf = c('cloudformation')
cf.delete_stack(StackName='web')
cf.get_waiter('stack_delete_complete').wait(StackName='web', WaiterConfig={'Delay': 1})
"""


def actions(report: Report, kind: str) -> list[str]:
    return [e.action.value for e in report.effects if e.type == kind]


def test_an_update_that_replaces_a_table_without_a_name_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Users=a_table("id")))
    before = production.state()
    report = rehearse(update(template(Users=a_table("email"))))
    assert report.decision == "deny", report.findings
    # The new table has another generated name, and is the same logical resource.
    assert actions(report, "AWS::DynamoDB::Table") == ["replace"]
    assert "unexpected-replace" in rules(report)
    assert production.state() == before


def test_an_update_that_replaces_a_table_with_another_name_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Users=a_table("id", "users")))
    report = rehearse(update(template(Users=a_table("email", "users-2"))))
    assert report.decision == "deny", report.findings
    assert ("replace", "AWS::DynamoDB::Table", "users") in effects(report)


def test_an_update_that_replaces_a_table_under_its_own_name_is_never_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    # AWS refuses to replace what has a name of its own; an emulator may do it.
    a_stack(production, template(Users=a_table("id", "users")))
    report = rehearse(update(template(Users=a_table("email", "users"))))
    assert report.decision == "deny", report.findings


def test_a_replacement_that_is_declared_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Users=a_table("id", "users")))
    report = rehearse(
        update(template(Users=a_table("email", "users-2"))),
        expect=["replace AWS::DynamoDB::Table users", "update AWS::CloudFormation::Stack web"],
    )
    assert report.decision == "allow", report.findings


def test_an_update_of_a_queues_attribute_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Jobs=a_queue(), Users=a_table("id")))
    before = production.state()
    report = rehearse(update(template(Jobs=a_queue(VisibilityTimeout=90), Users=a_table("id"))))
    assert report.decision == "allow", report.findings
    assert ("update", "AWS::SQS::Queue", "jobs") in effects(report)
    assert actions(report, "AWS::DynamoDB::Table") == []
    assert production.state() == before


def test_an_update_that_drops_a_member_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Jobs=a_queue(), Users=a_table("id", "users")))
    report = rehearse(update(template(Jobs=a_queue())))
    assert report.decision == "deny", report.findings
    assert ("delete", "AWS::DynamoDB::Table", "users") in effects(report)
    assert ("delete", "AWS::SQS::Queue", "jobs") not in effects(report)


def test_deleting_a_stack_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_stack(production, template(Jobs=a_queue(), Users=a_table("id", "users")))
    report = rehearse(DELETE)
    assert report.decision == "deny"
    assert effects(report) == {
        ("delete", "AWS::CloudFormation::Stack", "web"),
        ("delete", "AWS::SQS::Queue", "jobs"),
        ("delete", "AWS::DynamoDB::Table", "users"),
    }


def test_a_declared_deletion_of_a_stack_has_to_name_its_members(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Jobs=a_queue()))
    stack = "delete AWS::CloudFormation::Stack web"
    report = rehearse(DELETE, expect=[stack])
    assert report.decision == "deny"
    assert [f.address for f in report.findings if f.rule == "unexpected-delete"] == [
        "arn:aws:sqs:us-east-1:123456789012:jobs"
    ]
    report = rehearse(DELETE, expect=[stack, "delete AWS::SQS::Queue jobs"])
    assert report.decision == "allow", report.findings
    members = rehearse(DELETE, expect=["delete AWS::SQS::Queue jobs"])
    assert members.decision == "deny"


def test_a_member_that_is_retained_is_not_reported_deleted(
    production: Production, rehearse: Rehearse
) -> None:
    kept = {**a_table("id", "users"), "DeletionPolicy": "Retain"}
    a_stack(production, template(Jobs=a_queue(), Users=kept))
    report = rehearse(DELETE)
    assert report.decision == "deny"
    assert "AWS::DynamoDB::Table" not in {e.type for e in report.effects if e.action == "delete"}


def test_termination_protection_holds_in_the_replica(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Jobs=a_queue()), EnableTerminationProtection=True)
    report = rehearse("c('cloudformation').delete_stack(StackName='web')")
    assert report.decision == "deny"
    assert rules(report) == {"change-failed"}
    assert report.effects == ()


def test_turning_termination_protection_off_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    a_stack(production, template(Jobs=a_queue()), EnableTerminationProtection=True)
    off = (
        "cf = c('cloudformation')\n"
        "cf.update_termination_protection(StackName='web', EnableTerminationProtection=False)\n"
    )
    report = rehearse(off)
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-protection-loss"}
    assert rehearse(off + DELETE).decision == "deny"


def test_a_new_stack_is_allowed(production: Production, rehearse: Rehearse) -> None:
    body = template(Jobs=a_queue(), Users=a_table("id"))
    report = rehearse(
        f"""
cf = c('cloudformation')
cf.create_stack(StackName='web', TemplateBody={body!r})
cf.get_waiter('stack_create_complete').wait(StackName='web', WaiterConfig={{'Delay': 1}})
"""
    )
    assert report.decision == "allow", report.findings
    assert {a for a, _, _ in effects(report)} == {"create"}
    assert ("create", "AWS::CloudFormation::Stack", "web") in effects(report)
