"""DynamoDB tables on every emulator."""

from __future__ import annotations

import time
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_ORDERS = {"TableName": "orders.v1"}


def _attribute(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": kind}


def _key(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": kind}


def _make(api: Api) -> None:
    by_customer = [_key("customer", "HASH")]
    by_day = [_key("id", "HASH"), _key("customer", "RANGE")]
    api.call(
        "dynamodb",
        "CreateTable",
        {
            **_ORDERS,
            "KeySchema": [_key("id", "HASH"), _key("n", "RANGE")],
            "AttributeDefinitions": [
                _attribute("id", "S"),
                _attribute("n", "N"),
                _attribute("customer", "S"),
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-customer",
                    "KeySchema": by_customer,
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "by-day",
                    "KeySchema": by_day,
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "Tags": [{"Key": "team", "Value": "größe"}],
        },
    )
    for n in range(60):
        item = {"id": {"S": "ü"}, "n": {"N": f"{n}.50"}, "customer": {"S": "c"}}
        api.call("dynamodb", "PutItem", {**_ORDERS, "Item": item})
    expiry = {"Enabled": True, "AttributeName": "until"}
    api.call("dynamodb", "UpdateTimeToLive", {**_ORDERS, "TimeToLiveSpecification": expiry})
    api.call(
        "dynamodb",
        "UpdateContinuousBackups",
        {**_ORDERS, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
    )
    api.call(
        "dynamodb",
        "CreateTable",
        {
            "TableName": "blobs",
            "KeySchema": [_key("id", "HASH")],
            "AttributeDefinitions": [_attribute("id", "B")],
            "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
            "DeletionProtectionEnabled": True,
        },
    )
    api.call("dynamodb", "PutItem", {"TableName": "blobs", "Item": {"id": {"B": b"\x00\xff"}}})


def _remake(api: Api) -> None:
    unprotected = {"TableName": "blobs", "DeletionProtectionEnabled": False}
    api.call("dynamodb", "UpdateTable", unprotected)
    for name in ("orders.v1", "blobs"):
        api.call("dynamodb", "DeleteTable", {"TableName": name})
    _make(api)


def _update(api: Api) -> None:
    wider = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    api.call("dynamodb", "UpdateTable", {"TableName": "blobs", "ProvisionedThroughput": wider})


def _plain(api: Api, name: str) -> None:
    api.call(
        "dynamodb",
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": [_key("id", "HASH")],
            "AttributeDefinitions": [_attribute("id", "S")],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        },
    )


def _make_copied(api: Api) -> None:
    """A table with a copy in another region, and one whose changes flow to a stream."""
    _plain(api, "everywhere")
    replica = [{"Create": {"RegionName": "eu-west-1"}}]
    api.call("dynamodb", "UpdateTable", {"TableName": "everywhere", "ReplicaUpdates": replica})
    api.call("kinesis", "CreateStream", {"StreamName": "changes", "ShardCount": 1})
    _wait_for_stream(api)
    _plain(api, "flowing")
    api.call(
        "dynamodb",
        "EnableKinesisStreamingDestination",
        {
            "TableName": "flowing",
            "StreamArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/changes",
        },
    )


def _wait_for_stream(api: Api) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        told = api.call("kinesis", "DescribeStreamSummary", {"StreamName": "changes"})
        summary = told["StreamDescriptionSummary"]
        assert isinstance(summary, dict)
        if summary["StreamStatus"] == "ACTIVE":
            return
        time.sleep(0.1)


def _back_up(api: Api) -> None:
    for name in ("alive", "gone"):
        _plain(api, name)
        api.call("dynamodb", "CreateBackup", {"TableName": name, "BackupName": f"{name}-nightly"})
    api.call("dynamodb", "DeleteTable", {"TableName": "gone"})


def _back_up_again(api: Api) -> None:
    for backup in cast(
        "list[JsonObject]", api.call("dynamodb", "ListBackups", {})["BackupSummaries"]
    ):
        api.call("dynamodb", "DeleteBackup", {"BackupArn": backup["BackupArn"]})
        again = {"TableName": "alive", "BackupName": backup["BackupName"]}
        api.call("dynamodb", "CreateBackup", again)


CASES = (
    Case(
        service="dynamodb",
        type="AWS::DynamoDB::Table",
        make=_make,
        remake=_remake,
        update=_update,
    ),
    Case(
        service="dynamodb",
        type="AWS::DynamoDB::Table",
        make=_make_copied,
        services=("kinesis",),
    ),
    Case(
        service="dynamodb",
        type="AWS::DynamoDB::Backup",
        make=_back_up,
        remake=_back_up_again,
    ),
)
