"""Tables, end to end: their backups, copies and safeguards."""

from __future__ import annotations

import pytest

from executor import Report
from tests.integration.conftest import Production, Rehearse

RECOVER = {"PointInTimeRecoveryEnabled": True}


@pytest.fixture
def engine() -> str:
    return "embedded"


@pytest.fixture
def table(production: Production) -> None:
    production.call(
        "dynamodb",
        "CreateTable",
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    production.call(
        "dynamodb",
        "UpdateContinuousBackups",
        TableName="orders",
        PointInTimeRecoverySpecification=RECOVER,
    )


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


def test_point_in_time_recovery_that_is_switched_off_is_held(
    table: None, rehearse: Rehearse
) -> None:
    report = rehearse(
        """
c('dynamodb').update_continuous_backups(
    TableName='orders', PointInTimeRecoverySpecification={'PointInTimeRecoveryEnabled': False}
)
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss"}


def test_deleting_a_backup_of_a_table_that_is_gone_is_denied(
    production: Production, table: None, rehearse: Rehearse
) -> None:
    made = production.call("dynamodb", "CreateBackup", TableName="orders", BackupName="nightly")
    details = made["BackupDetails"]
    assert isinstance(details, dict)
    production.call("dynamodb", "DeleteTable", TableName="orders")
    report = rehearse(f"c('dynamodb').delete_backup(BackupArn={details['BackupArn']!r})")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::DynamoDB::Backup", "nightly")}


def test_a_copy_in_another_region_that_is_taken_away_is_held(
    production: Production, table: None, rehearse: Rehearse
) -> None:
    copy = [{"Create": {"RegionName": "eu-west-1"}}]
    production.call("dynamodb", "UpdateTable", TableName="orders", ReplicaUpdates=copy)
    report = rehearse(
        """
c('dynamodb').update_table(
    TableName='orders', ReplicaUpdates=[{'Delete': {'RegionName': 'eu-west-1'}}]
)
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss"}


def test_a_backup_and_a_table_restored_from_it_are_allowed(table: None, rehearse: Rehearse) -> None:
    report = rehearse(
        """
dynamodb = c('dynamodb')
backup = dynamodb.create_backup(TableName='orders', BackupName='before')['BackupDetails']
dynamodb.restore_table_from_backup(TargetTableName='again', BackupArn=backup['BackupArn'])
"""
    )
    assert report.decision == "allow"
    assert effects(report) == {
        ("create", "AWS::DynamoDB::Backup", "before"),
        ("create", "AWS::DynamoDB::Table", "again"),
    }
