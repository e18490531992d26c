"""EventBridge: what calls touch, and what is dangerous."""

from __future__ import annotations

import json

import pytest

from executor.catalog.events_patterns import matches_less
from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, CATALOG, call, described, hazards, is_unread, touches

BUS, RULE = "AWS::Events::EventBus", "AWS::Events::Rule"
ARN = f"arn:aws:events:us-east-1:{ACCOUNT}"


def _bus(**changes: Json) -> dict[str, Json]:
    return {"Name": "orders", "Arn": f"{ARN}:event-bus/orders", **changes}


def _open(principal: Json, condition: Json = None) -> Json:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "events:PutEvents"}
    if condition:
        statement = {**statement, "Condition": condition}
    return json.dumps({"Statement": [{**statement, "Resource": f"{ARN}:event-bus/orders"}]})


WITHIN = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
FRIEND = _open({"AWS": "arn:aws:iam::999999999999:root"})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Policy": FRIEND}, {("exposure", "OpenTo")}),
        ({}, {"Policy": _open({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})}, set()),
        ({"Policy": _open("*", WITHIN)}, {"Policy": _open("*")}, {("exposure", "OpenTo")}),
        ({"Policy": FRIEND}, {}, {("disruption", "Policy")}),
        (
            {"DeadLetterConfig": {"Arn": "q"}},
            {},
            {("protection-loss", "DeadLetter")},
        ),
        ({"KmsKeyIdentifier": "k"}, {}, {("protection-loss", "KmsKeyIdentifier")}),
        (
            {"LogConfig": {"Level": "ERROR"}},
            {"LogConfig": {"Level": "OFF"}},
            {("protection-loss", "Log.Level")},
        ),
        ({}, {"Description": "new", "DeadLetterConfig": {"Arn": "q"}}, set()),
    ],
)
def test_changes_of_a_bus_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(BUS, _bus(**before), _bus(**after)) == expected


def test_condition_is_read_in_both_spellings() -> None:
    spelt = _open("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    one = described(BUS, _bus(Policy=_open("*", WITHIN)))
    other = described(BUS, _bus(Policy=spelt))
    assert one.properties["Policy"] == other.properties["Policy"]
    assert one.properties["OpenTo"] == ["* if aws:PrincipalOrgID"]


def _rule(**changes: Json) -> dict[str, Json]:
    return {"Name": "paid", "Arn": f"{ARN}:rule/orders/paid", "EventBusName": "orders", **changes}


QUEUE, OTHER = {"Id": "1", "Arn": "arn:q"}, {"Id": "1", "Arn": "arn:other"}
LETTERS: dict[str, Json] = {"DeadLetterConfig": {"Arn": "arn:dead"}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"State": "ENABLED"}, {"State": "DISABLED"}, {("disruption", "State")}),
        ({"State": "DISABLED"}, {"State": "ENABLED"}, set()),
        ({"Targets": [QUEUE]}, {"Targets": []}, {("disruption", "Targets")}),
        ({"Targets": [QUEUE]}, {"Targets": [OTHER]}, {("disruption", "Targets")}),
        ({"Targets": [QUEUE]}, {"Targets": [QUEUE, {"Id": "2", "Arn": "arn:o"}]}, set()),
        ({"Targets": [QUEUE]}, {"Targets": [{**QUEUE, "InputPath": "$.detail"}]}, set()),
        (
            {"Targets": [{**QUEUE, **LETTERS}]},
            {"Targets": [QUEUE]},
            {("protection-loss", "values(Targets)[].DeadLetterConfig.Arn")},
        ),
        (
            {"EventPattern": '{"source": ["a", "b"]}'},
            {"EventPattern": '{"source": ["a"]}'},
            {("disruption", "EventPattern")},
        ),
        ({"EventPattern": '{"source": ["a"]}'}, {"EventPattern": '{"source": ["a", "b"]}'}, set()),
        (
            {"ScheduleExpression": "rate(1 day)"},
            {"EventPattern": '{"source": ["a"]}'},
            {("disruption", "ScheduleExpression")},
        ),
        ({"ScheduleExpression": "rate(1 day)"}, {"ScheduleExpression": "rate(1 hour)"}, set()),
    ],
)
def test_changes_of_a_rule_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(RULE, _rule(**before), _rule(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "less"),
    [
        ({"a": ["x"]}, {}, False),
        ({"a": ["x"]}, {"a": ["x"], "b": ["y"]}, True),
        ({"a": {"b": ["x", "y"]}}, {"a": {"b": ["y"]}}, True),
        ({"a": {"b": ["x"]}}, {"a": {"b": ["x", "y"]}}, False),
        ({"$or": [{"a": ["x"]}]}, {"$or": [{"a": ["y"]}]}, True),
        ({"a": [{"prefix": "x"}]}, {"a": [{"prefix": "xy"}]}, True),
        ({"a": ["x"]}, None, True),
        (None, {"a": ["x"]}, False),
    ],
)
def test_pattern_that_matches_less_is_told_from_one_that_matches_more(
    before: Json, after: Json, less: bool
) -> None:
    assert matches_less(before, after) is less


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"RetentionDays": 7}, {"RetentionDays": 3}, {("data-loss", "RetentionDays")}),
        ({"RetentionDays": 0}, {"RetentionDays": 3}, {("data-loss", "RetentionDays")}),
        ({"RetentionDays": 7}, {"RetentionDays": 0}, set()),
        (
            {},
            {"EventPattern": '{"source": ["a"]}'},
            {("protection-loss", "EventPattern")},
        ),
        ({"KmsKeyIdentifier": "k"}, {}, {("protection-loss", "KmsKeyIdentifier")}),
    ],
)
def test_changes_of_an_archive_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    archive: dict[str, Json] = {"ArchiveName": "kept", "EventSourceArn": "arn:bus"}
    kind = "AWS::Events::Archive"
    assert hazards(kind, {**archive, **before}, {**archive, **after}) == expected


def test_connection_that_is_signed_out_disrupts() -> None:
    kind = "AWS::Events::Connection"
    works: dict[str, Json] = {"Name": "c", "ConnectionState": "AUTHORIZED"}
    gone = {**works, "ConnectionState": "DEAUTHORIZED"}
    assert hazards(kind, works, gone) == {("disruption", "ConnectionState")}
    assert hazards(kind, gone, works) == set()
    assert touches("events:DeauthorizeConnection", {"Name": "c"}) == {
        ("Events::Connection", "erase", ("c",), "credentials")
    }


def test_destination_that_is_led_elsewhere_disrupts() -> None:
    kind = "AWS::Events::ApiDestination"
    here: dict[str, Json] = {"Name": "d", "InvocationEndpoint": "https://a.example"}
    there = {**here, "InvocationEndpoint": "https://b.example"}
    assert hazards(kind, here, there) == {("disruption", "InvocationEndpoint")}
    assert hazards(kind, here, {**here, "Description": "new"}) == set()


@pytest.mark.parametrize("bus", ["orders", f"{ARN}:event-bus/orders"])
def test_rules_of_one_name_are_told_apart_by_their_bus(bus: str) -> None:
    found = touches("events:DisableRule", {"Name": "paid", "EventBusName": bus})
    assert found == {("Events::Rule", "update", ("orders/paid",), "")}
    found = touches("events:DisableRule", {"Name": "paid"})
    assert found == {("Events::Rule", "update", ("default/paid",), "")}
    assert "orders/paid" in described(RULE, _rule()).handles
    assert "default/paid" not in described(RULE, _rule()).handles


def test_targets_are_parts_of_their_rule() -> None:
    gone = touches("events:RemoveTargets", {"Rule": "paid", "Ids": ["1", "2"]})
    assert gone == {
        ("Events::Rule", "update", ("default/paid",), "target 1"),
        ("Events::Rule", "update", ("default/paid",), "target 2"),
    }
    put = touches("events:PutTargets", {"Rule": "paid", "Targets": [QUEUE]})
    assert put == {("Events::Rule", "update", ("default/paid",), "target 1")}


def test_tags_go_to_what_their_arn_says() -> None:
    rule, bus = f"{ARN}:rule/orders/paid", f"{ARN}:event-bus/orders"
    assert touches("events:TagResource", {"ResourceARN": rule}) == {
        ("Events::Rule", "update", (rule,), "tags")
    }
    assert touches("events:TagResource", {"ResourceARN": bus}) == {
        ("Events::EventBus", "update", (bus,), "tags")
    }


def test_putting_events_changes_no_bus_and_replaying_them_is_undecided() -> None:
    entries = [{"Source": "a"}, {"Source": "a", "EventBusName": f"{ARN}:event-bus/orders"}]
    assert touches("events:PutEvents", {"Entries": entries}) == {
        ("Events::EventBus", "read", ("default",), ""),
        ("Events::EventBus", "read", ("orders",), ""),
    }
    assert is_unread("events:StartReplay", {"ReplayName": "r"})


def test_rule_that_is_put_again_loses_what_is_left_out() -> None:
    put = call("events:PutRule", {"Name": "paid", "EventPattern": "{}", "State": "DISABLED"})
    (touch,) = CATALOG.touches(put)
    assert dict(touch.resets) == {"Description": None, "RoleArn": None, "ScheduleExpression": None}
    assert set(touch.sets) == {"EventPattern", "State"}
