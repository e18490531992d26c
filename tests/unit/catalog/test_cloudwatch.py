"""CloudWatch: what calls touch, and which changes are dangerous."""

from __future__ import annotations

import pytest

from executor.catalog.catalog import Catalog
from executor.model.effect import Hazard
from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, call, hazards, is_unread, touches

ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
RULE = "AWS::CloudWatch::InsightRule"
ARN = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:errors"


def _alarm(**changes: Json) -> dict[str, Json]:
    return {
        "AlarmName": "errors",
        "AlarmArn": ARN,
        "ActionsEnabled": True,
        "AlarmActions": ["arn:ops"],
        "MetricName": "Errors",
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }


@pytest.mark.parametrize(
    ("after", "field"),
    [
        ({"ActionsEnabled": False}, "ActionsEnabled"),
        ({"AlarmActions": []}, "AlarmActions"),
        ({"AlarmActions": ["arn:other"]}, "AlarmActions"),
        ({"MetricName": "Invocations"}, "Metric"),
        ({"Threshold": 50}, "Condition"),
        ({"ComparisonOperator": "LessThanThreshold"}, "Condition"),
    ],
)
def test_an_alarm_that_watches_less_is_a_loss_of_protection(
    after: dict[str, Json], field: str
) -> None:
    assert hazards(ALARM, _alarm(), _alarm(**after)) == {("protection-loss", field)}


@pytest.mark.parametrize(
    "after",
    [
        {"Threshold": 4},
        {"AlarmActions": ["arn:ops", "arn:other"]},
        {"OKActions": ["arn:ops"]},
        {"AlarmDescription": "said better"},
        {"StateValue": "ALARM"},
    ],
)
def test_an_alarm_that_watches_as_well_as_before_is_no_danger(after: dict[str, Json]) -> None:
    assert hazards(ALARM, _alarm(), _alarm(**after)) == set()


def test_of_a_lower_bound_a_lower_one_is_weaker() -> None:
    below = {"ComparisonOperator": "LessThanThreshold"}
    weaker = hazards(ALARM, _alarm(**below), _alarm(**below, Threshold=1))
    assert weaker == {("protection-loss", "Condition")}
    assert hazards(ALARM, _alarm(**below), _alarm(**below, Threshold=9)) == set()


def test_missing_data_that_does_not_count_any_more_is_a_loss() -> None:
    strict = _alarm(TreatMissingData="breaching")
    assert hazards(ALARM, strict, _alarm()) == {("protection-loss", "TreatMissingData")}
    assert hazards(ALARM, _alarm(), strict) == set()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"AlarmRule": "FALSE"}, {("protection-loss", "AlarmRule")}),
        ({"ActionsSuppressor": "lag"}, {("protection-loss", "ActionsSuppressor")}),
        ({"ActionsEnabled": False}, {("protection-loss", "ActionsEnabled")}),
        ({"AlarmDescription": "said better"}, set()),
    ],
)
def test_changes_of_a_composite_alarm_and_their_dangers(
    after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    before: dict[str, Json] = {"AlarmName": "any", "AlarmRule": "TRUE", "ActionsEnabled": True}
    assert hazards(COMPOSITE, before, {**before, **after}) == expected


def test_an_insight_rule_that_is_switched_off_is_a_loss() -> None:
    on, off = ({"Name": "r", "State": state} for state in ("ENABLED", "DISABLED"))
    assert hazards(RULE, on, off) == {("protection-loss", "Enabled")}
    assert hazards(RULE, off, on) == set()


def test_deleting_alarms_touches_each_whichever_kind_it_is() -> None:
    found = touches("cloudwatch:DeleteAlarms", {"AlarmNames": ["a", "b"]})
    assert found == {
        (f"CloudWatch::{kind}", "delete", (name,), "")
        for kind in ("Alarm", "CompositeAlarm")
        for name in ("a", "b")
    }


def test_putting_an_alarm_makes_it() -> None:
    found = touches("cloudwatch:PutMetricAlarm", {"AlarmName": "a"})
    assert found == {("CloudWatch::Alarm", "create", ("a",), "")}


def test_setting_the_state_of_an_alarm_sets_off_its_actions() -> None:
    made = call("cloudwatch:SetAlarmState", {"AlarmName": "a", "StateValue": "ALARM"})
    assert {t.hazard for t in Catalog().touches(made)} == {Hazard.DISRUPTION}


def test_tags_are_of_what_the_arn_says() -> None:
    found = touches("cloudwatch:TagResource", {"ResourceARN": ARN, "Tags": []})
    assert {kind for kind, *_ in found} == {"CloudWatch::Alarm", "CloudWatch::CompositeAlarm"}
    board = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/main"
    found = touches("cloudwatch:UntagResource", {"ResourceARN": board, "TagKeys": []})
    assert found == {("CloudWatch::Dashboard", "update", (board,), "")}


def test_a_measurement_is_no_change_and_a_stream_is_not_read() -> None:
    assert not is_unread("cloudwatch:PutMetricData", {"Namespace": "n"})
    assert is_unread("cloudwatch:DeleteMetricStream", {"Name": "s"})
