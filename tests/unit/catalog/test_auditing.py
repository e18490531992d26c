"""CloudTrail and Config: what calls touch, and what makes an account see less of itself."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, CATALOG, hazards, is_unread, touches

TRAIL = "AWS::CloudTrail::Trail"
RECORDER = "AWS::Config::ConfigurationRecorder"
CHANNEL = "AWS::Config::DeliveryChannel"
RULE = "AWS::Config::ConfigRule"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
S3_DATA: Json = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}


def _selected(*selectors: Json) -> Json:
    return {"EventSelectors": list(selectors)}


def _everything(**changes: Json) -> Json:
    return {"ReadWriteType": "All", "IncludeManagementEvents": True, **changes}


FULL: dict[str, Json] = {
    "Name": "main",
    "TrailARN": ARN,
    "Logging": True,
    "IsMultiRegionTrail": True,
    "IncludeGlobalServiceEvents": True,
    "LogFileValidationEnabled": True,
    "S3BucketName": "trails",
    "KmsKeyId": "arn:key",
    "CloudWatchLogsLogGroupArn": "arn:logs",
    "SnsTopicARN": "arn:topic",
    "Selectors": _selected(_everything(DataResources=[S3_DATA])),
    "Insights": [{"InsightType": "ApiCallRateInsight"}],
}


@pytest.mark.parametrize(
    ("after", "field"),
    [
        ({"Logging": False}, "Logging"),
        ({"IsMultiRegionTrail": False}, "IsMultiRegionTrail"),
        ({"IncludeGlobalServiceEvents": False}, "IncludeGlobalServiceEvents"),
        ({"LogFileValidationEnabled": False}, "LogFileValidationEnabled"),
        ({"S3BucketName": "elsewhere"}, "S3BucketName"),
        ({"KmsKeyId": None}, "KmsKeyId"),
        ({"CloudWatchLogsLogGroupArn": ""}, "CloudWatchLogsLogGroupArn"),
        ({"SnsTopicARN": None}, "SnsTopicARN"),
        ({"Selectors": _selected(_everything())}, "EventSelectors"),
        ({"Insights": []}, "InsightSelectors"),
    ],
)
def test_a_trail_that_tells_less_is_a_loss_of_protection(
    after: dict[str, Json], field: str
) -> None:
    assert hazards(TRAIL, FULL, {**FULL, **after}) == {("protection-loss", field)}


def test_a_trail_that_tells_more_is_no_danger() -> None:
    less = {"Name": "main", "TrailARN": ARN, "S3BucketName": "trails"}
    more = {**FULL, "Selectors": _selected(_everything(), _everything(DataResources=[S3_DATA]))}
    assert hazards(TRAIL, less, more) == set()


@pytest.mark.parametrize("said", [{}, {"EventSelectors": []}, _selected(_everything())])
def test_a_trail_that_was_told_nothing_records_management_events(said: Json) -> None:
    silent = {"Name": "main", "TrailARN": ARN}
    assert hazards(TRAIL, silent, {**silent, "Selectors": said}) == set()


@pytest.mark.parametrize("name", ["main", ARN])
def test_stopping_to_log_touches_the_trail_by_any_name(name: str) -> None:
    found = touches("cloudtrail:StopLogging", {"Name": name})
    assert found == {("CloudTrail::Trail", "update", (name,), "logging")}


def test_tags_of_trails_are_read_and_those_of_stores_are_not() -> None:
    assert touches("cloudtrail:AddTags", {"ResourceId": ARN, "TagsList": []})
    store = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:eventdatastore/e"
    assert is_unread("cloudtrail:AddTags", {"ResourceId": store, "TagsList": []})
    assert is_unread("cloudtrail:DeleteEventDataStore", {"EventDataStore": store})


def test_a_trail_is_made_where_its_bucket_is() -> None:
    assert "s3" in CATALOG.reached("cloudtrail", "CreateTrail")
    assert "s3" not in CATALOG.reached("cloudtrail", "StopLogging")


def _recorder(**changes: Json) -> dict[str, Json]:
    group: dict[str, Json] = {"allSupported": True, "includeGlobalResourceTypes": True}
    return {"name": "default", "Recording": True, "recordingGroup": {**group, **changes}}


@pytest.mark.parametrize(
    ("after", "field"),
    [
        ({**_recorder(), "Recording": False}, "Recording"),
        (_recorder(allSupported=False), "AllSupported"),
        (_recorder(includeGlobalResourceTypes=False), "IncludeGlobalResourceTypes"),
        (
            _recorder(exclusionByResourceTypes={"resourceTypes": ["AWS::IAM::Role"]}),
            "ExcludedResourceTypes",
        ),
    ],
)
def test_a_recorder_that_records_less_is_a_loss_of_protection(
    after: dict[str, Json], field: str
) -> None:
    assert hazards(RECORDER, _recorder(), after) == {("protection-loss", field)}
    assert hazards(RECORDER, after, _recorder()) == set()


def test_types_that_are_not_recorded_any_more_are_a_loss() -> None:
    both = _recorder(allSupported=False, resourceTypes=["AWS::S3::Bucket", "AWS::IAM::Role"])
    one = _recorder(allSupported=False, resourceTypes=["AWS::S3::Bucket"])
    assert hazards(RECORDER, both, one) == {("protection-loss", "ResourceTypes")}
    assert hazards(RECORDER, one, both) == set()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"s3BucketName": "b"}, {("protection-loss", "s3BucketName")}),
        ({"snsTopicARN": None}, {("protection-loss", "snsTopicARN")}),
        ({"s3KmsKeyArn": None}, {("protection-loss", "s3KmsKeyArn")}),
        ({"s3KeyPrefix": "all"}, set()),
    ],
)
def test_changes_of_a_delivery_channel_and_their_dangers(
    after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    before: dict[str, Json] = {
        "name": "default",
        "s3BucketName": "a",
        "snsTopicARN": "arn:t",
        "s3KmsKeyArn": "arn:k",
    }
    assert hazards(CHANNEL, before, {**before, **after}) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"Source": {"SourceIdentifier": "OTHER"}}, {("protection-loss", "Source")}),
        ({"Scope": {"ComplianceResourceTypes": []}}, {("protection-loss", "Scope")}),
        ({"Description": "said better"}, set()),
        ({"ConfigRuleState": "EVALUATING"}, set()),
    ],
)
def test_changes_of_a_rule_and_their_dangers(
    after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    before: dict[str, Json] = {"ConfigRuleName": "r", "Source": {"SourceIdentifier": "ONE"}}
    assert hazards(RULE, before, {**before, **after}) == expected


def test_recorder_and_rule_are_named_by_the_call() -> None:
    assert touches(
        "config:StopConfigurationRecorder", {"ConfigurationRecorderName": "default"}
    ) == {("Config::ConfigurationRecorder", "update", ("default",), "recording")}
    assert touches("config:DeleteConfigRule", {"ConfigRuleName": "r"}) == {
        ("Config::ConfigRule", "delete", ("r",), "")
    }
    assert not is_unread("config:StartConfigRulesEvaluation", {"ConfigRuleNames": ["r"]})
    assert is_unread("config:StartRemediationExecution", {"ConfigRuleName": "r"})
