"""Who is told less of a bucket, what is copied less of it, what logs let through less."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import hazards

BUCKET = "AWS::S3::Bucket"
GROUP = "AWS::Logs::LogGroup"


def _told(*queues: Json, **more: Json) -> dict[str, Json]:
    return {"Name": "b", "Notification": {"QueueConfigurations": list(queues), **more}}


def _queue(arn: str = "arn:q", *events: str, **more: Json) -> dict[str, Json]:
    wanted: list[Json] = list(events or ("s3:ObjectCreated:*",))
    return {"Id": "n", "QueueArn": arn, "Events": wanted, **more}


ENDING: Json = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".pdf"}]}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_told(_queue()), _told()),
        (_told(_queue()), _told(_queue("arn:other"))),
        (_told(_queue()), _told(_queue("arn:q", "s3:ObjectCreated:Put"))),
        (_told(_queue()), _told(_queue(Filter=ENDING))),
        (_told(EventBridgeConfiguration={}), _told()),
    ],
)
def test_who_is_not_told_any_more_is_disrupted(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    assert hazards(BUCKET, before, after) == {("disruption", "Notifications")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_told(), _told(_queue())),
        (_told(_queue()), _told({**_queue(), "Id": "renamed"})),
        (_told(_queue()), _told(_queue(), _queue("arn:other", Id="m"))),
        (_told(_queue("arn:q", "s3:ObjectCreated:Put")), _told(_queue())),
        (_told(_queue(Filter=ENDING)), _told(_queue())),
        (_told(), _told(EventBridgeConfiguration={})),
    ],
)
def test_who_is_told_as_much_as_before_is_not(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    assert hazards(BUCKET, before, after) == set()


def _copied(*rules: Json) -> dict[str, Json]:
    return {"Name": "b", "Replication": {"Role": "arn:r", "Rules": list(rules)}}


def _rule(**more: Json) -> dict[str, Json]:
    return {"ID": "r", "Status": "Enabled", "Destination": {"Bucket": "arn:far"}, **more}


@pytest.mark.parametrize(
    "after",
    [
        _copied(),
        _copied(_rule(Status="Disabled")),
        _copied(_rule(Destination={"Bucket": "arn:near"})),
        _copied(_rule(Filter={"Prefix": "some/"})),
    ],
)
def test_what_is_not_copied_any_more_loses_protection(after: dict[str, Json]) -> None:
    assert hazards(BUCKET, _copied(_rule()), after) == {("protection-loss", "Replication.Rules")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_copied(_rule()), _copied(_rule(ID="renamed"))),
        (_copied(_rule()), _copied(_rule(), _rule(ID="s", Destination={"Bucket": "arn:near"}))),
        (_copied(_rule(Filter={"Prefix": "some/"})), _copied(_rule())),
        (_copied(_rule(Status="Disabled")), _copied()),
    ],
)
def test_what_is_copied_as_much_as_before_loses_none(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    assert hazards(BUCKET, before, after) == set()


def _filtered(pattern: str, key: str) -> dict[str, Json]:
    return {"logGroupName": "g", key: [{"filterName": "f", "filterPattern": pattern}]}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("subscriptionFilters", ("disruption", "SubscriptionFilters")),
        ("metricFilters", ("protection-loss", "MetricFilters")),
    ],
)
def test_a_filter_that_lets_something_else_through_is_dangerous(
    key: str, expected: tuple[str, str]
) -> None:
    everything, errors = _filtered("", key), _filtered("ERROR", key)
    assert hazards(GROUP, everything, errors) == {expected}
    assert hazards(GROUP, errors, _filtered("WARN", key)) == {expected}
    assert hazards(GROUP, errors, everything) == set()
