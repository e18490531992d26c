"""DynamoDB: backups of tables, each a resource of its own.

A backup outlives its table; in a replica a table of its keys stands in then, and is removed
again. What a backup holds is not told by AWS. Those that AWS makes when a table with
point-in-time recovery is deleted, and those of AWS Backup, are built in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import Detail, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, table, text
from executor.model.call import Verb
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_NO_TABLE = frozenset({"ResourceNotFoundException", "TableNotFoundException"})
_TABLE_THERE = frozenset({"ResourceInUseException", "TableAlreadyExistsException"})


def _backup(raw: JsonObject) -> Json:
    return {
        "BackupName": raw.get("BackupName"),
        "BackupType": raw.get("BackupType"),
        "Expires": bool(raw.get("BackupExpiryDateTime")),
        "TableName": raw.get("TableName"),
    }


def _stand_in(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Source") is not None:
        return
    keys = objects(table(raw, "Table"), "KeySchema")
    # Of which kind a key is, is not told.
    kinds = [{"AttributeName": text(k, "AttributeName"), "AttributeType": "S"} for k in keys]
    yield {
        "TableName": raw["TableName"],
        "KeySchema": keys or [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": kinds or [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _take(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"TableName": raw["TableName"], "BackupName": raw["BackupName"]}


def _take_away(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Source") is None:
        yield {"TableName": raw["TableName"]}


BACKUP = ResourceType(
    type="AWS::DynamoDB::Backup",
    listing=Listing(
        operation="ListBackups", items="BackupSummaries[]", params={"BackupType": "ALL"}
    ),
    details=(
        Detail(
            operation="DescribeBackup",
            params={"BackupArn": "BackupArn"},
            pick="BackupDescription.SourceTableDetails",
            into="Table",
        ),
        Detail(
            operation="DescribeTable",
            of="AWS::DynamoDB::Table",
            params={"TableName": "TableName"},
            pick="Table.TableStatus",
            into="Source",
            absent=_NO_TABLE,
        ),
    ),
    id="BackupArn",
    name="BackupName",
    arn="BackupArn",
    settings=_backup,
    birth={"id": "BackupArn", "created": "BackupCreationDateTime"},
    stateful=True,
    builtin="BackupType != 'USER'",
    settling="BackupStatus == 'CREATING'",
    ignore="BackupStatus == 'DELETED'",
    depends_on=("AWS::DynamoDB::Table",),
    order="BackupCreationDateTime",
    seeds=(
        Seed(
            operation="CreateTable",
            params=_stand_in,
            tolerate=_TABLE_THERE,
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateBackup",
            params=_take,
            learn={"BackupArn": "BackupDetails.BackupArn"},
            creates=True,
            optional=False,
        ),
        Seed(operation="DeleteTable", params=_take_away, tolerate=_NO_TABLE, creates=True),
    ),
    operations=(
        *on(Verb.CREATE, "response.BackupDetails.BackupArn", "CreateBackup"),
        *on(Verb.DELETE, "params.BackupArn", "DeleteBackup"),
        *on(Verb.READ, "params.BackupArn", "RestoreTableFromBackup"),
    ),
)
