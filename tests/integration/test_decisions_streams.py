"""Streams and shared file systems, end to end: what is denied, held and allowed."""

from __future__ import annotations

import pytest

from executor import Report
from tests.integration.conftest import Production, Rehearse

CLICKS = ("AWS::Kinesis::Stream", "clicks")
BUCKET = {"RoleARN": "arn:aws:iam::123456789012:role/d", "BucketARN": "arn:aws:s3:::lake"}


@pytest.fixture
def engine() -> str:
    return "embedded"


@pytest.fixture
def stream(production: Production) -> None:
    production.call("kinesis", "CreateStream", StreamName="clicks", ShardCount=1)
    for state in iter(lambda: _state(production), "ACTIVE"):
        assert state == "CREATING"
    production.call(
        "kinesis", "IncreaseStreamRetentionPeriod", StreamName="clicks", RetentionPeriodHours=168
    )


def _state(production: Production) -> str:
    told = production.call("kinesis", "DescribeStreamSummary", StreamName="clicks")
    summary = told["StreamDescriptionSummary"]
    assert isinstance(summary, dict)
    return str(summary["StreamStatus"])


@pytest.fixture
def files(production: Production) -> str:
    made = production.call("efs", "CreateFileSystem", CreationToken="shared")
    production.call(
        "efs",
        "PutBackupPolicy",
        FileSystemId=made["FileSystemId"],
        BackupPolicy={"Status": "ENABLED"},
    )
    return str(made["FileSystemId"])


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


def test_deleting_a_stream_is_denied(stream: None, rehearse: Rehearse) -> None:
    report = rehearse("c('kinesis').delete_stream(StreamName='clicks')")
    assert report.decision == "deny"
    assert effects(report) == {("delete", *CLICKS)}
    assert "data-loss" in report.effects[0].hazards


def test_records_that_are_kept_for_less_long_are_lost(stream: None, rehearse: Rehearse) -> None:
    report = rehearse(
        """
c('kinesis').decrease_stream_retention_period(StreamName='clicks', RetentionPeriodHours=24)
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


def test_writing_to_a_stream_and_making_another_is_allowed(
    stream: None, rehearse: Rehearse
) -> None:
    report = rehearse(
        """
kinesis = c('kinesis')
kinesis.put_record(StreamName='clicks', Data=b'click', PartitionKey='a')
kinesis.create_stream(StreamName='more', ShardCount=1)
"""
    )
    assert report.decision == "allow"
    assert effects(report) == {("create", "AWS::Kinesis::Stream", "more")}


def test_a_delivery_stream_that_delivers_elsewhere_unencrypted_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    production.call(
        "firehose",
        "CreateDeliveryStream",
        DeliveryStreamName="direct",
        DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"},
        ExtendedS3DestinationConfiguration=BUCKET,
    )
    report = rehearse(
        """
firehose = c('firehose')
firehose.stop_delivery_stream_encryption(DeliveryStreamName='direct')
told = firehose.describe_delivery_stream(DeliveryStreamName='direct')['DeliveryStreamDescription']
firehose.update_destination(
    DeliveryStreamName='direct', CurrentDeliveryStreamVersionId=told['VersionId'],
    DestinationId=told['Destinations'][0]['DestinationId'],
    ExtendedS3DestinationUpdate={'BucketARN': 'arn:aws:s3:::elsewhere'},
)
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss", "unexpected-disruption"}


def test_deleting_a_file_system_is_denied(files: str, rehearse: Rehearse) -> None:
    report = rehearse(f"c('efs').delete_file_system(FileSystemId={files!r})")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::EFS::FileSystem", files)}


def test_a_file_system_that_is_backed_up_no_more_is_held(files: str, rehearse: Rehearse) -> None:
    report = rehearse(
        f"""
efs = c('efs')
efs.put_backup_policy(FileSystemId={files!r}, BackupPolicy={{'Status': 'DISABLED'}})
efs.create_access_point(FileSystemId={files!r}, ClientToken='reports')
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss"}
    assert {(action, kind) for action, kind, _ in effects(report)} == {
        ("update", "AWS::EFS::FileSystem"),
        ("create", "AWS::EFS::AccessPoint"),
    }
