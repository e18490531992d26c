"""Kinesis streams with their consumers, and delivery streams, on every emulator."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"
_PARTNER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "partner",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
            "Action": ["kinesis:DescribeStreamSummary", "kinesis:GetRecords"],
            "Resource": _ARN,
        }
    ],
}


def _kinesis(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("kinesis", operation, params)


def _wait(api: Api, name: str) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        told = _kinesis(api, "DescribeStream", StreamName=name)["StreamDescription"]
        assert isinstance(told, dict)
        if told["StreamStatus"] == "ACTIVE":
            return
        time.sleep(0.1)
    raise AssertionError(f"the stream {name} did not settle")


def _make(api: Api) -> None:
    kinesis = partial(_kinesis, api)
    kinesis("CreateStream", StreamName="clicks", ShardCount=3)
    _wait(api, "clicks")
    kinesis("AddTagsToStream", StreamName="clicks", Tags={"team": "größe"})
    kinesis("IncreaseStreamRetentionPeriod", StreamName="clicks", RetentionPeriodHours=72)
    kinesis(
        "StartStreamEncryption",
        StreamName="clicks",
        EncryptionType="KMS",
        KeyId="alias/aws/kinesis",
    )
    _wait(api, "clicks")
    kinesis("EnableEnhancedMonitoring", StreamName="clicks", ShardLevelMetrics=["IncomingBytes"])
    kinesis("PutResourcePolicy", ResourceARN=_ARN, Policy=json.dumps(_PARTNER))
    kinesis("PutRecord", StreamName="clicks", Data=b"click", PartitionKey="a")
    kinesis("RegisterStreamConsumer", StreamARN=_ARN, ConsumerName="reports")
    kinesis("CreateStream", StreamName="on-demand", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    _wait(api, "on-demand")


def _update(api: Api) -> None:
    _kinesis(api, "DecreaseStreamRetentionPeriod", StreamName="clicks", RetentionPeriodHours=48)


def _remake_streams(api: Api) -> None:
    for name in ("clicks", "on-demand"):
        _kinesis(api, "DeleteStream", StreamName=name, EnforceConsumerDeletion=True)
    ends = time.monotonic() + 20
    while _kinesis(api, "ListStreams")["StreamNames"] and time.monotonic() < ends:
        time.sleep(0.1)
    _make(api)


def _remake_consumer(api: Api) -> None:
    # By ARN: asked by name, moto removes the others.
    (arn,) = _consumers(api)
    _kinesis(api, "DeregisterStreamConsumer", ConsumerARN=arn)
    ends = time.monotonic() + 20
    while _consumers(api):
        assert time.monotonic() < ends
        time.sleep(0.1)
    _kinesis(api, "RegisterStreamConsumer", StreamARN=_ARN, ConsumerName="reports")


def _consumers(api: Api) -> list[str]:
    told = cast(
        "list[JsonObject]", _kinesis(api, "ListStreamConsumers", StreamARN=_ARN)["Consumers"]
    )
    return [str(consumer["ConsumerARN"]) for consumer in told]


def _make_deliveries(api: Api) -> None:
    api.call("s3", "CreateBucket", {"Bucket": "lake"})
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "firehose.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    api.call(
        "iam", "CreateRole", {"RoleName": "deliver", "AssumeRolePolicyDocument": json.dumps(trust)}
    )
    _kinesis(api, "CreateStream", StreamName="clicks", ShardCount=1)
    _wait(api, "clicks")
    _create_deliveries(api)


def _create_deliveries(api: Api) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/deliver"
    bucket = {"RoleARN": role, "BucketARN": "arn:aws:s3:::lake"}
    create = partial(api.call, "firehose", "CreateDeliveryStream")
    create(
        {
            "DeliveryStreamName": "direct",
            "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
            "ExtendedS3DestinationConfiguration": {
                **bucket,
                "Prefix": "raw/",
                "CompressionFormat": "GZIP",
                "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60},
            },
            "Tags": [{"Key": "team", "Value": "größe"}],
        }
    )
    create(
        {
            "DeliveryStreamName": "from-stream",
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": _ARN, "RoleARN": role},
            "ExtendedS3DestinationConfiguration": bucket,
        }
    )
    create(
        {
            "DeliveryStreamName": "to-a-partner",
            "HttpEndpointDestinationConfiguration": {
                "EndpointConfiguration": {
                    "Url": "https://partner.example/in",
                    "Name": "partner",
                    "AccessKey": "correct-horse-battery",
                },
                "S3BackupMode": "FailedDataOnly",
                "S3Configuration": bucket,
            },
        }
    )


def _remake_deliveries(api: Api) -> None:
    for name in ("direct", "from-stream", "to-a-partner"):
        api.call("firehose", "DeleteDeliveryStream", {"DeliveryStreamName": name})
    _create_deliveries(api)


def _stop_encryption(api: Api) -> None:
    api.call("firehose", "StopDeliveryStreamEncryption", {"DeliveryStreamName": "direct"})


CASES = (
    # The consumer first: it goes with its stream.
    Case(
        service="kinesis",
        type="AWS::Kinesis::StreamConsumer",
        make=_make,
        remake=_remake_consumer,
        update=_update,
    ),
    Case(
        service="kinesis",
        type="AWS::Kinesis::Stream",
        make=_make,
        remake=_remake_streams,
    ),
    Case(
        service="firehose",
        type="AWS::KinesisFirehose::DeliveryStream",
        make=_make_deliveries,
        remake=_remake_deliveries,
        update=_stop_encryption,
        services=("iam", "s3", "kinesis"),
    ),
)
