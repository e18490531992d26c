"""DynamoDB: backups, copies and streams of tables; what calls touch, and what is dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

TABLE = "AWS::DynamoDB::Table"
BACKUP = "AWS::DynamoDB::Backup"
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
BACKUP_ARN = f"{ARN}/backup/01"


def _table(**changes: Json) -> dict[str, Json]:
    return {"TableName": "orders", "TableArn": ARN, **changes}


def _copies(*regions: str) -> Json:
    return [{"RegionName": region} for region in regions]


def _flows(status: str) -> Json:
    return [{"StreamArn": "arn:s", "DestinationStatus": status}]


def _recovery(days: int | None = None) -> Json:
    told: dict[str, Json] = {"PointInTimeRecoveryStatus": "ENABLED"}
    if days:
        told["RecoveryPeriodInDays"] = days
    return {"PointInTimeRecoveryDescription": told}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"Replicas": _copies("eu-west-1", "us-east-1")},
            {"Replicas": _copies("us-east-1")},
            {("protection-loss", "Replicas")},
        ),
        # A table is no copy of itself.
        ({"Replicas": _copies("us-east-1")}, {}, set()),
        ({}, {"Replicas": _copies("eu-west-1")}, set()),
        (
            {"StreamDestinations": _flows("ACTIVE")},
            {"StreamDestinations": _flows("DISABLED")},
            {("disruption", "StreamDestinations")},
        ),
        (
            {"StreamDestinations": _flows("DISABLED")},
            {"StreamDestinations": _flows("ENABLING")},
            set(),
        ),
        ({"VectorIndexes": [{"IndexName": "v"}]}, {}, {("disruption", "VectorIndexes")}),
        ({}, {"VectorIndexes": [{"IndexName": "v"}]}, set()),
        (
            {"ContinuousBackups": _recovery()},
            {},
            {("protection-loss", "PointInTimeRecovery")},
        ),
        (
            {"ContinuousBackups": _recovery(35)},
            {"ContinuousBackups": _recovery(1)},
            {("protection-loss", "RecoveryPeriodInDays")},
        ),
        (
            {"ContinuousBackups": _recovery(1)},
            {"ContinuousBackups": _recovery(35)},
            set(),
        ),
    ],
)
def test_table(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(TABLE, _table(**before), _table(**after)) == expected


def test_copy_that_is_taken_away_is_told_by_the_call_where_an_engine_keeps_none() -> None:
    asked: dict[str, Json] = {
        "TableName": "orders",
        "ReplicaUpdates": [{"Delete": {"RegionName": "eu-west-1"}}],
    }
    found = CATALOG.touches(call("dynamodb:UpdateTable", asked))
    assert {(t.part, t.hazard) for t in found} == {
        ("", None),
        ("replica eu-west-1", "protection-loss"),
    }
    asked = {"TableName": "orders", "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}
    found = CATALOG.touches(call("dynamodb:UpdateTable", asked))
    assert {t.hazard for t in found} == {None}


def test_backup_is_made_and_ended_by_its_arn() -> None:
    made: dict[str, Json] = {"BackupDetails": {"BackupArn": BACKUP_ARN}}
    assert touches("dynamodb:CreateBackup", {"TableName": "orders", "BackupName": "b"}, made) == {
        ("DynamoDB::Backup", "create", (BACKUP_ARN,), ""),
        ("DynamoDB::Table", "read", ("orders",), ""),
    }
    assert touches("dynamodb:DeleteBackup", {"BackupArn": BACKUP_ARN}) == {
        ("DynamoDB::Backup", "delete", (BACKUP_ARN,), "")
    }


def test_restoring_makes_a_table() -> None:
    asked = {"TargetTableName": "again", "BackupArn": BACKUP_ARN}
    assert touches("dynamodb:RestoreTableFromBackup", asked) == {
        ("DynamoDB::Table", "create", ("again",), ""),
        ("DynamoDB::Backup", "read", (BACKUP_ARN,), ""),
    }
    asked = {"TargetTableName": "again", "SourceTableName": "orders"}
    assert touches("dynamodb:RestoreTableToPointInTime", asked) == {
        ("DynamoDB::Table", "create", ("again",), ""),
        ("DynamoDB::Table", "read", ("orders",), ""),
    }


def test_export_writes_to_its_bucket_which_is_read_for_it() -> None:
    asked = {"TableArn": ARN, "S3Bucket": "lake"}
    assert touches("dynamodb:ExportTableToPointInTime", asked) == {
        ("S3::Bucket", "write", ("lake",), ""),
        ("DynamoDB::Table", "read", (ARN,), ""),
    }
    assert "s3" in CATALOG.reached("dynamodb", "ExportTableToPointInTime")
    assert "s3" not in CATALOG.reached("dynamodb", "UpdateTable")


def test_backups_that_aws_makes_are_built_in() -> None:
    raw: dict[str, Json] = {"BackupArn": BACKUP_ARN, "BackupName": "b", "TableName": "orders"}
    assert not described(BACKUP, {**raw, "BackupType": "USER"}).builtin
    assert described(BACKUP, {**raw, "BackupType": "SYSTEM"}).builtin
    assert described(BACKUP, {**raw, "BackupType": "AWS_BACKUP"}).builtin


def test_stand_in_for_a_table_that_is_gone_has_its_keys_and_one_that_is_there_needs_none() -> None:
    kind = CATALOG.type(BACKUP)
    assert kind is not None
    make, _, remove = kind.seeds
    keys: Json = [{"AttributeName": "customer", "KeyType": "HASH"}]
    gone: dict[str, Json] = {"TableName": "orders", "Table": {"KeySchema": keys}, "Source": None}
    (asked,) = make.params(gone, None)
    assert asked["KeySchema"] == keys
    assert list(remove.params(gone, None)) == [{"TableName": "orders"}]
    there = {**gone, "Source": "ACTIVE"}
    assert list(make.params(there, None)) == list(remove.params(there, None)) == []


def test_global_tables_of_the_old_kind_are_not_read() -> None:
    assert is_unread("dynamodb:UpdateGlobalTable", {"GlobalTableName": "t", "ReplicaUpdates": []})
    assert not is_unread("dynamodb:UpdateContributorInsights", {"TableName": "orders"})
