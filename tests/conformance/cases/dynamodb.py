"""DynamoDB tables on every emulator."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import Case

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


TABLE = Case(
    service="dynamodb", type="AWS::DynamoDB::Table", make=_make, remake=_remake, update=_update
)
CASES = (TABLE,)
