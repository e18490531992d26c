"""Which changes of settings are dangerous, and which are not, service by service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, described, hazards

Raw: TypeAlias = Mapping[str, Json]
_OPEN = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
_OWN = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
            "Action": "*",
            "Resource": "*",
        }
    }
)


def _bucket(**said: Json) -> Raw:
    return {"Name": "b", **said}


def _rule(days: int, prefix: str = "") -> dict[str, Json]:
    which: dict[str, Json] = {"Prefix": prefix}
    return {"ID": "r", "Status": "Enabled", "Filter": which, "Expiration": {"Days": days}}


def _found(kind: str, before: Raw, after: Raw) -> set[str]:
    return {hazard for hazard, _ in hazards(f"AWS::{kind}", before, after)}


_ON: dict[str, Json] = {"Status": "Enabled"}
_BLOCKED: dict[str, Json] = {"BlockPublicAcls": True, "BlockPublicPolicy": True}
_KMS: list[Json] = [
    {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"Versioning": _ON}, {"Versioning": {"Status": "Suspended"}}, {"protection-loss"}),
        ({"Versioning": {"Status": "Suspended"}}, {"Versioning": _ON}, set()),
        ({}, {"Lifecycle": [_rule(1)]}, {"data-loss"}),
        ({"Lifecycle": [_rule(30)]}, {"Lifecycle": [_rule(7)]}, {"data-loss"}),
        ({"Lifecycle": [_rule(7)]}, {"Lifecycle": [_rule(30)]}, set()),
        ({"Lifecycle": [_rule(7)]}, {"Lifecycle": [_rule(7, "tmp/")]}, set()),
        ({"Lifecycle": [_rule(7, "tmp/")]}, {"Lifecycle": [_rule(7)]}, {"data-loss"}),
        ({"Lifecycle": [_rule(7)]}, {}, set()),
        ({}, {"Lifecycle": [{**_rule(1), "Status": "Disabled"}]}, set()),
        ({"PublicAccessBlock": _BLOCKED}, {}, {"exposure"}),
        ({}, {"PublicAccessBlock": _BLOCKED}, set()),
        ({}, {"Policy": _OPEN}, {"exposure"}),
        ({}, {"Policy": _OWN}, set()),
        ({"Policy": _OWN}, {}, {"disruption"}),
        ({"Encryption": _KMS}, {}, {"protection-loss"}),
        ({}, {"Encryption": _KMS}, set()),
        ({"Replication": {"Rules": [{"ID": "r"}]}}, {}, {"protection-loss"}),
        (
            {"Notification": {"QueueConfigurations": [{"Id": "n", "QueueArn": "q"}]}},
            {},
            {"disruption"},
        ),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, {}, set()),
    ],
)
def test_bucket(before: Raw, after: Raw, expected: set[str]) -> None:
    assert _found("S3::Bucket", _bucket(**before), _bucket(**after)) == expected


def test_grant_to_everybody_opens_a_bucket() -> None:
    group = "http://acs.amazonaws.com/groups/global/AllUsers"
    owner: Json = {"Grantee": {"ID": "me"}, "Permission": "FULL_CONTROL"}
    everybody: Json = {"Grantee": {"URI": group}, "Permission": "READ"}
    before = _bucket(Acl={"Owner": {"ID": "me"}, "Grants": [owner]})
    after = _bucket(Acl={"Owner": {"ID": "me"}, "Grants": [owner, everybody]})
    assert _found("S3::Bucket", before, after) == {"exposure"}


def test_order_of_a_policy_changes_nothing() -> None:
    one: Json = {"Sid": "1", "Effect": "Allow", "Principal": "*", "Action": ["b", "a"]}
    two: Json = {"Sid": "2", "Effect": "Deny", "Principal": "*", "Action": "c"}
    before = described("AWS::S3::Bucket", _bucket(Policy=json.dumps({"Statement": [one, two]})))
    after = described("AWS::S3::Bucket", _bucket(Policy=json.dumps({"Statement": [two, one]})))
    assert before.properties == after.properties


def _queue(**said: Json) -> Raw:
    return {"QueueUrl": "https://sqs/123456789012/q", "Attributes": said}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"MessageRetentionPeriod": "345600"}, {"MessageRetentionPeriod": "60"}, {"data-loss"}),
        ({"MessageRetentionPeriod": "60"}, {"MessageRetentionPeriod": "345600"}, set()),
        ({"RedrivePolicy": '{"maxReceiveCount": "3"}'}, {}, {"protection-loss"}),
        (
            {"RedrivePolicy": '{"maxReceiveCount":3}'},
            {"RedrivePolicy": '{"maxReceiveCount":"3"}'},
            set(),
        ),
        ({"KmsMasterKeyId": "k"}, {"KmsMasterKeyId": ""}, {"protection-loss"}),
        ({}, {"Policy": _OPEN}, {"exposure"}),
        ({"VisibilityTimeout": "30"}, {"VisibilityTimeout": "60"}, set()),
    ],
)
def test_queue(before: Raw, after: Raw, expected: set[str]) -> None:
    assert _found("SQS::Queue", _queue(**before), _queue(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"TimeToLive": {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}}, {"data-loss"}),
        ({"TimeToLive": {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}}, {}, set()),
        (
            {
                "ContinuousBackups": {
                    "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}
                }
            },
            {},
            {"protection-loss"},
        ),
        ({"DeletionProtectionEnabled": True}, {}, {"protection-loss"}),
        ({"GlobalSecondaryIndexes": [{"IndexName": "g"}]}, {}, {"disruption"}),
        (
            {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}},
            {},
            {"disruption"},
        ),
        ({"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"}}, {}, {"protection-loss"}),
        ({}, {"ResourcePolicy": _OPEN}, {"exposure"}),
    ],
)
def test_table(before: Raw, after: Raw, expected: set[str]) -> None:
    name: Raw = {"TableName": "t", "TableArn": "arn:t"}
    assert _found("DynamoDB::Table", {**name, **before}, {**name, **after}) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"retentionInDays": 1}, {"data-loss"}),
        ({"retentionInDays": 30}, {"retentionInDays": 7}, {"data-loss"}),
        ({"retentionInDays": 7}, {}, set()),
        ({"kmsKeyId": "k"}, {}, {"protection-loss"}),
        ({"deletionProtectionEnabled": True}, {}, {"protection-loss"}),
        ({"metricFilters": [{"filterName": "f"}]}, {}, {"disruption"}),
        (
            {"subscriptionFilters": [{"filterName": "f", "destinationArn": "a"}]},
            {"subscriptionFilters": [{"filterName": "f", "destinationArn": "b"}]},
            {"disruption"},
        ),
    ],
)
def test_log_group(before: Raw, after: Raw, expected: set[str]) -> None:
    name: Raw = {"logGroupName": "/a", "arn": "arn:aws:logs:r:1:log-group:/a:*"}
    assert _found("Logs::LogGroup", {**name, **before}, {**name, **after}) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"RotationEnabled": True}, {"RotationEnabled": False}, {"protection-loss"}),
        ({"KmsKeyId": "k"}, {}, {"protection-loss"}),
        ({"ReplicationStatus": [{"Region": "eu-west-1"}]}, {}, {"protection-loss"}),
        ({}, {"ResourcePolicy": _OPEN}, {"exposure"}),
        (
            {"VersionIdsToStages": {"1": ["AWSCURRENT"]}},
            {"VersionIdsToStages": {"1": ["AWSPREVIOUS"], "2": ["AWSCURRENT"]}},
            set(),
        ),
    ],
)
def test_secret(before: Raw, after: Raw, expected: set[str]) -> None:
    name: Raw = {"Name": "s", "ARN": "arn:s"}
    assert _found("SecretsManager::Secret", {**name, **before}, {**name, **after}) == expected


def test_topic_opened_to_everybody() -> None:
    before: Raw = {"TopicArn": "arn:aws:sns:r:123456789012:t", "Attributes": {"Policy": _OWN}}
    after: Raw = {**before, "Attributes": {"Policy": _OPEN}}
    assert "exposure" in _found("SNS::Topic", before, after)


def test_subscription_that_filters_otherwise_disrupts() -> None:
    before: Raw = {"SubscriptionArn": "arn:s", "Attributes": {"FilterPolicy": '{"a":["b"]}'}}
    after: Raw = {"SubscriptionArn": "arn:s", "Attributes": {"FilterPolicy": '{"a":["c"]}'}}
    assert _found("SNS::Subscription", before, after) == {"disruption"}


def test_parameter_keeps_a_digest_and_never_the_value() -> None:
    kind = CATALOG.type("AWS::SSM::Parameter")
    assert kind is not None
    pick = kind.details[0].pick
    assert callable(pick)
    kept = pick({"Parameter": {"Name": "/a", "Value": "hunter2"}})
    assert isinstance(kept, Mapping)
    assert set(kept) == {"ValueDigest"}
    assert "hunter2" not in str(kept)
