"""Kinesis, Firehose and EFS: what calls touch, and which changes of settings are dangerous."""

from __future__ import annotations

import json

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, described, hazards, is_unread, touches

STREAM = "AWS::Kinesis::Stream"
DELIVERY = "AWS::KinesisFirehose::DeliveryStream"
FILES = "AWS::EFS::FileSystem"
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
TIMED = f"{ARN}/consumer/app:1795690731"


def _policy(principal: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "kinesis:GetRecords",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


STRANGER = _policy("arn:aws:iam::210987654321:root")
OWN = _policy("arn:aws:iam::123456789012:root")


def _stream(**changes: Json) -> dict[str, Json]:
    return {"StreamName": "clicks", "StreamARN": ARN, "RetentionPeriodHours": 72, **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"RetentionPeriodHours": 24}, {("data-loss", "RetentionPeriodHours")}),
        ({}, {"RetentionPeriodHours": 168}, set()),
        (
            {"EncryptionType": "KMS", "KeyId": "k"},
            {"EncryptionType": "NONE"},
            {("protection-loss", "EncryptionType")},
        ),
        ({"EncryptionType": "NONE"}, {"EncryptionType": "KMS", "KeyId": "k"}, set()),
        ({}, {"Policy": STRANGER}, {("exposure", "OpenTo")}),
        ({}, {"Policy": OWN}, set()),
        ({"Policy": OWN}, {}, {("disruption", "Policy")}),
        ({"OpenShardCount": 2}, {"OpenShardCount": 4}, set()),
    ],
)
def test_stream(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(STREAM, _stream(**before), _stream(**after)) == expected


def test_shards_of_a_stream_that_scales_by_itself_are_no_setting() -> None:
    mode: Json = {"StreamMode": "ON_DEMAND"}
    two = described(STREAM, _stream(StreamModeDetails=mode, OpenShardCount=2))
    four = described(STREAM, _stream(StreamModeDetails=mode, OpenShardCount=4))
    assert two.properties == four.properties


def test_stream_is_named_by_name_or_arn() -> None:
    by_name = touches("kinesis:DeleteStream", {"StreamName": "clicks"})
    by_arn = touches("kinesis:DeleteStream", {"StreamARN": ARN})
    assert by_name == {("Kinesis::Stream", "delete", ("clicks",), "")}
    assert by_arn == {("Kinesis::Stream", "delete", (ARN,), "")}
    assert set(touches("kinesis:PutRecord", {"StreamName": "clicks"})) == {
        ("Kinesis::Stream", "write", ("clicks",), "")
    }


def test_stream_in_which_localstack_keeps_a_tables_changes_is_built_in() -> None:
    assert described(STREAM, _stream(StreamName="__ddb_stream_orders")).builtin
    assert not described(STREAM, _stream()).builtin


def test_consumer_is_found_by_its_name_though_its_arn_ends_with_a_moment() -> None:
    raw: dict[str, Json] = {
        "ConsumerName": "app",
        "ConsumerARN": TIMED,
        "Stream": {"StreamName": "clicks", "StreamARN": ARN},
    }
    consumer = described("AWS::Kinesis::StreamConsumer", raw)
    ((_, verb, handles, _),) = touches(
        "kinesis:DeregisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "app"}
    )
    assert verb == "delete"
    assert consumer.handles & set(handles)
    other = touches("kinesis:DeregisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "b"})
    assert all(not consumer.handles & set(handles) for _, _, handles, _ in other)
    ((_, verb, handles, _),) = touches("kinesis:DeregisterStreamConsumer", {"ConsumerARN": TIMED})
    assert consumer.handles & set(handles)


def test_channels_are_not_read() -> None:
    assert is_unread("kinesis:DeleteChannel", {"ChannelARN": "arn:c"})
    assert not is_unread("kinesis:DeleteStream", {"StreamName": "clicks"})


def _delivery(changes: dict[str, Json] | None = None, *, bucket: str = "lake") -> dict[str, Json]:
    told: dict[str, Json] = {"BucketARN": f"arn:aws:s3:::{bucket}", "Prefix": "raw/"}
    return {
        "DeliveryStreamName": "d",
        "DeliveryStreamARN": "arn:d",
        "Destinations": [{"ExtendedS3DestinationDescription": told}],
        **(changes or {}),
    }


def _encrypted(status: str) -> dict[str, Json]:
    return {"DeliveryStreamEncryptionConfiguration": {"KeyType": "AWS_OWNED_CMK", "Status": status}}


def _from(arn: str) -> dict[str, Json]:
    return {"Source": {"KinesisStreamSourceDescription": {"KinesisStreamARN": arn}}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            _delivery(_encrypted("ENABLED")),
            _delivery(_encrypted("DISABLED")),
            {("protection-loss", "Encryption")},
        ),
        (_delivery(), _delivery(_encrypted("ENABLED")), set()),
        (_delivery(), _delivery(bucket="attic"), {("disruption", "Destinations")}),
        (
            _delivery(),
            _delivery(
                {
                    "Destinations": [
                        {
                            "ExtendedS3DestinationDescription": {
                                "BucketARN": "arn:aws:s3:::lake",
                                "Prefix": "new/",
                            }
                        }
                    ]
                }
            ),
            set(),
        ),
        (
            _delivery(_from("arn:a")),
            _delivery(_from("arn:b")),
            {("disruption", "Source")},
        ),
    ],
)
def test_delivery_stream(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(DELIVERY, before, after) == expected


def test_destination_is_asked_for_as_it_is_described_with_stand_ins_for_secrets() -> None:
    told: Json = {
        "EndpointConfiguration": {"Url": "https://partner.example", "Name": "partner"},
        "S3DestinationDescription": {"BucketARN": "arn:b", "RoleARN": "arn:r"},
    }
    kind = CATALOG.type(DELIVERY)
    assert kind is not None
    raw = _delivery({"Destinations": [{"HttpEndpointDestinationDescription": told}]})
    (asked,) = kind.seeds[0].params(raw, None)
    wanted = asked["HttpEndpointDestinationConfiguration"]
    assert wanted == {
        "EndpointConfiguration": {
            "Url": "https://partner.example",
            "Name": "partner",
            "AccessKey": "not-the-real-secret",
        },
        "S3Configuration": {"BucketARN": "arn:b", "RoleARN": "arn:r"},
    }


def _files(**changes: Json) -> dict[str, Json]:
    return {"FileSystemId": "fs-1", "FileSystemArn": "arn:fs-1", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"Backup": "ENABLED"}, {"Backup": "DISABLED"}, {("protection-loss", "Backup")}),
        ({"Backup": "ENABLED"}, {"Backup": "ENABLING"}, set()),
        ({"Backup": "DISABLED"}, {"Backup": "ENABLING"}, set()),
        (
            {"FileSystemProtection": {"ReplicationOverwriteProtection": "ENABLED"}},
            {"FileSystemProtection": {"ReplicationOverwriteProtection": "DISABLED"}},
            {("protection-loss", "OverwriteProtection")},
        ),
        (
            {"Replication": [{"Destinations": [{"Region": "r", "FileSystemId": "fs-2"}]}]},
            {},
            {("protection-loss", "Replicas")},
        ),
        # Without a policy anybody may mount it who reaches it.
        ({"Policy": OWN}, {}, {("exposure", "OpenTo")}),
        ({}, {"Policy": OWN}, {("disruption", "OpenTo")}),
        ({}, {"Policy": _policy("*")}, set()),
        (
            {"Policy": OWN},
            {"Policy": _policy("arn:aws:iam::123456789012:role/x")},
            {("disruption", "Policy")},
        ),
        (
            {"Policy": OWN},
            {"Policy": _policy("*")},
            {("exposure", "OpenTo")},
        ),
        ({}, {"Lifecycle": [{"TransitionToIA": "AFTER_7_DAYS"}]}, set()),
    ],
)
def test_file_system(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(FILES, _files(**before), _files(**after)) == expected


def test_mount_target_that_loses_a_security_group() -> None:
    def target(*groups: str) -> dict[str, Json]:
        return {"MountTargetId": "fsmt-1", "SecurityGroups": list(groups)}

    kind = "AWS::EFS::MountTarget"
    assert hazards(kind, target("a", "b"), target("b")) == {("disruption", "SecurityGroups")}
    assert hazards(kind, target("b"), target("a", "b")) == set()


def test_tags_of_a_file_system_and_of_an_access_point_are_told_apart() -> None:
    assert touches("efs:TagResource", {"ResourceId": "fs-1", "Tags": []}) == {
        ("EFS::FileSystem", "update", ("fs-1",), "tags")
    }
    arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1"
    assert touches("efs:UntagResource", {"ResourceId": arn}) == {
        ("EFS::AccessPoint", "update", ("fsap-1",), "tags")
    }


def test_replication_takes_the_place_of_what_its_destination_holds() -> None:
    params: dict[str, Json] = {
        "SourceFileSystemId": "fs-1",
        "Destinations": [{"Region": "eu-west-1", "FileSystemId": "fs-2"}],
    }
    assert touches("efs:CreateReplicationConfiguration", params) == {
        ("EFS::FileSystem", "update", ("fs-1",), "replication"),
        ("EFS::FileSystem", "erase", ("fs-2",), ""),
    }
