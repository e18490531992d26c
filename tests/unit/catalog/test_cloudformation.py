"""CloudFormation: what calls touch, what is dangerous, what is learnt of members."""

from __future__ import annotations

import json

import pytest

from executor.catalog.declarations import Seed
from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import CATALOG, described, hazards, is_unread, touches

STACK = "AWS::CloudFormation::Stack"
ARN = "arn:aws:cloudformation:us-east-1:123456789012:stack/web/1-2"
DENY = {"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "*"}
ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def _stack(**changes: Json) -> dict[str, Json]:
    return {
        "StackId": ARN,
        "StackName": "web",
        "StackStatus": "CREATE_COMPLETE",
        "Template": {"Resources": {}},
        **changes,
    }


def _policy(*statements: Json) -> str:
    return json.dumps({"Statement": list(statements)})


def _member(logical: str, kind: str, identity: str, status: str = "CREATE_COMPLETE") -> JsonObject:
    return {
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "PhysicalResourceId": identity,
        "ResourceStatus": status,
    }


def _seed() -> Seed:
    kind = CATALOG.type(STACK)
    assert kind is not None
    return kind.seeds[0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"EnableTerminationProtection": True},
            {},
            {("protection-loss", "EnableTerminationProtection")},
        ),
        ({"StackPolicy": _policy(DENY)}, {}, {("protection-loss", "StackPolicy")}),
        (
            {"StackPolicy": _policy(DENY, ALLOW)},
            {"StackPolicy": _policy(ALLOW)},
            {("protection-loss", "StackPolicy")},
        ),
        ({}, {"StackStatus": "UPDATE_ROLLBACK_FAILED"}, {("disruption", "Broken")}),
        ({"StackStatus": "UPDATE_COMPLETE"}, {"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}, set()),
        (
            {"Outputs": [{"OutputKey": "a", "OutputValue": "b", "ExportName": "e"}]},
            {},
            {("disruption", "Exports")},
        ),
        ({}, {"Template": {"Resources": {"Q": {}}}}, set()),
    ],
)
def test_changes_of_a_stack_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(STACK, _stack(**before), _stack(**after)) == expected


@pytest.mark.parametrize(
    ("status", "settling"),
    [("UPDATE_IN_PROGRESS", True), ("REVIEW_IN_PROGRESS", False), ("CREATE_COMPLETE", False)],
)
def test_stack_settles_but_for_one_under_review(status: str, settling: bool) -> None:
    assert described(STACK, _stack(StackStatus=status)).settling is settling


def test_members_are_those_that_are_left() -> None:
    resources: Json = [
        _member("B", "AWS::SQS::Queue", "q"),
        _member("A", "AWS::SNS::Topic", "t"),
        _member("C", "AWS::S3::Bucket", "gone", "DELETE_COMPLETE"),
    ]
    members = described(STACK, _stack(Resources=resources)).members
    assert [(m.logical_id, m.id) for m in members] == [("A", "t"), ("B", "q")]


def test_ids_are_learnt_by_logical_id_with_names_apart() -> None:
    kind = CATALOG.type(STACK)
    assert kind is not None
    assert kind.learns_members is not None
    topic, nested = "arn:aws:sns:us-east-1:123456789012:web-T-", ARN.removesuffix("web/1-2")
    ours: Json = [
        _member("T", "AWS::SNS::Topic", topic + "AAA"),
        _member("N", STACK, nested + "web-N-A/1"),
        _member("X", "AWS::SQS::Queue", "only-here"),
    ]
    theirs: Json = [
        _member("T", "AWS::SNS::Topic", topic + "ZZZ"),
        _member("N", STACK, nested + "web-N-Z/9"),
    ]
    assert kind.learns_members({"Resources": ours}, {"Resources": theirs}) == {
        topic + "AAA": topic + "ZZZ",
        "web-T-AAA": "web-T-ZZZ",
        nested + "web-N-A/1": nested + "web-N-Z/9",
        "web-N-A": "web-N-Z",
    }


@pytest.mark.parametrize(
    "raw",
    [
        _stack(ParentId=ARN),
        _stack(StackStatus="ROLLBACK_COMPLETE"),
        _stack(StackStatus="REVIEW_IN_PROGRESS", Template=None),
    ],
)
def test_what_its_template_does_not_tell_is_not_seeded(raw: dict[str, Json]) -> None:
    assert list(_seed().params(raw, None)) == []


def test_seeded_stack_leaves_nothing_when_it_fails() -> None:
    params = next(iter(_seed().params(_stack(), None)))
    assert params["OnFailure"] == "DELETE"


def test_first_change_set_makes_the_stack_and_later_ones_only_look() -> None:
    params = {"StackName": "web", "ChangeSetName": "c"}
    response = {"StackId": ARN, "Id": "arn:set"}
    handles = ("arn:set", ARN, "web")
    made = touches(
        "cloudformation:CreateChangeSet", {**params, "ChangeSetType": "CREATE"}, response
    )
    assert made == {("CloudFormation::Stack", "create", tuple(sorted(handles)), "")}
    later = touches("cloudformation:CreateChangeSet", params, response)
    assert later == {("CloudFormation::Stack", "read", tuple(sorted(handles)), "")}


def test_executing_a_change_set_operates_on_the_stack() -> None:
    params = {"StackName": "web", "ChangeSetName": "c"}
    found = touches("cloudformation:ExecuteChangeSet", params)
    assert found == {("CloudFormation::Stack", "operate", ("c", "web"), "")}


def test_types_of_ones_own_are_not_read() -> None:
    assert is_unread("cloudformation:DeactivateType", {"TypeName": "My::Own::Type"})
    assert not is_unread("cloudformation:DeleteStack", {"StackName": "web"})
