"""AWS Config's recorder, delivery channel and rules."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import Case


def make_recorder(api: Api) -> None:
    recorder = {
        "name": "default",
        "roleARN": "arn:aws:iam::123456789012:role/config",
        "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
    }
    api.call("config", "PutConfigurationRecorder", {"ConfigurationRecorder": recorder})
    channel = {
        "name": "default",
        "s3BucketName": "history",
        "configSnapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"},
    }
    api.call("config", "PutDeliveryChannel", {"DeliveryChannel": channel})
    api.call("config", "StartConfigurationRecorder", {"ConfigurationRecorderName": "default"})
    _make_rule(api)


def _make_rule(api: Api) -> None:
    rule = {
        "ConfigRuleName": "encrypted",
        "Description": "all buckets are",
        "Scope": {"ComplianceResourceTypes": ["AWS::S3::Bucket"]},
        "Source": {
            "Owner": "AWS",
            "SourceIdentifier": "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED",
        },
    }
    tags = [{"Key": "team", "Value": "a b"}]
    api.call("config", "PutConfigRule", {"ConfigRule": rule, "Tags": tags})


def _remake_rule(api: Api) -> None:
    api.call("config", "DeleteConfigRule", {"ConfigRuleName": "encrypted"})
    _make_rule(api)


def _update(api: Api) -> None:
    api.call("config", "StopConfigurationRecorder", {"ConfigurationRecorderName": "default"})


CASES = (
    Case(
        service="config",
        type="AWS::Config::ConfigurationRecorder",
        make=make_recorder,
        update=_update,
    ),
    Case(
        service="config",
        type="AWS::Config::DeliveryChannel",
        make=make_recorder,
    ),
    Case(
        service="config",
        type="AWS::Config::ConfigRule",
        make=make_recorder,
        remake=_remake_rule,
    ),
)
