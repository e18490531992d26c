from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from botocore.session import Session

from sandboxes.embedded.operations import load_operations, read_operations

EMULATORS = ["ministack", "moto"]
# What emulators answer with 200 or 204 and do something else.
LIES = [
    "DeleteBucketAnalyticsConfiguration",
    "DeleteBucketIntelligentTieringConfiguration",
    "DeleteBucketInventoryConfiguration",
    "DeleteBucketMetadataConfiguration",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketMetricsConfiguration",
    "RenameObject",
    "UpdateObjectEncryption",
]
CORE = {
    "s3": "CreateBucket DeleteBucket ListBuckets HeadBucket PutObject GetObject DeleteObject "
    "DeleteObjects CopyObject ListObjectsV2 ListObjectVersions PutBucketPolicy GetBucketPolicy "
    "DeleteBucketPolicy PutBucketVersioning GetBucketVersioning PutBucketEncryption "
    "GetBucketEncryption PutBucketTagging GetBucketTagging PutPublicAccessBlock "
    "GetPublicAccessBlock PutBucketLifecycleConfiguration GetBucketLifecycleConfiguration "
    "CreateMultipartUpload UploadPart CompleteMultipartUpload",
    "sqs": "CreateQueue DeleteQueue PurgeQueue ListQueues SetQueueAttributes SendMessage",
    "sns": "CreateTopic DeleteTopic Subscribe Unsubscribe ListTopics Publish",
    "dynamodb": "CreateTable DeleteTable DescribeTable ListTables PutItem GetItem DeleteItem "
    "UpdateItem Query Scan BatchWriteItem UpdateTable",
    "lambda": "CreateFunction DeleteFunction GetFunction ListFunctions UpdateFunctionCode "
    "UpdateFunctionConfiguration CreateEventSourceMapping AddPermission",
    "iam": "CreateRole DeleteRole GetRole ListRoles AttachRolePolicy DetachRolePolicy CreateUser "
    "PutRolePolicy CreatePolicy DeletePolicy",
    "ec2": "CreateVpc DeleteVpc DescribeVpcs CreateSubnet DeleteSubnet RunInstances "
    "TerminateInstances CreateVolume DeleteVolume AuthorizeSecurityGroupIngress",
    "kms": "CreateKey DescribeKey ScheduleKeyDeletion CancelKeyDeletion Encrypt Decrypt",
    "secretsmanager": "CreateSecret DeleteSecret GetSecretValue ListSecrets PutSecretValue",
    "ssm": "PutParameter GetParameter DeleteParameter DescribeParameters GetParametersByPath",
    "logs": "CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy",
    "cloudformation": "CreateStack UpdateStack DeleteStack DescribeStacks DescribeStackResources",
    "sts": "GetCallerIdentity AssumeRole",
    "events": "PutRule DeleteRule PutTargets RemoveTargets ListRules",
}


@pytest.mark.parametrize("emulator", EMULATORS)
def test_list_is_of_the_installed_version(emulator: str) -> None:
    assert load_operations(emulator, version(emulator)).by_service


@pytest.mark.parametrize("emulator", EMULATORS)
def test_other_version_has_no_list(emulator: str) -> None:
    assert load_operations(emulator, "0.0.1").by_service == {}


@pytest.mark.parametrize("emulator", EMULATORS)
@pytest.mark.parametrize("operation", LIES)
def test_operation_that_does_something_else_is_not_listed(emulator: str, operation: str) -> None:
    assert not load_operations(emulator, version(emulator)).implements("s3", operation)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_operation_that_would_run_code_is_not_listed(emulator: str) -> None:
    listed = load_operations(emulator, version(emulator))
    assert not listed.implements("lambda", "Invoke")
    assert not listed.implements("ssm", "SendCommand")


@pytest.mark.parametrize("emulator", EMULATORS)
@pytest.mark.parametrize("service", CORE)
def test_core_operations_are_listed(emulator: str, service: str) -> None:
    listed = load_operations(emulator, version(emulator)).by_service[service]
    assert set(CORE[service].split()) - listed == set()


@pytest.mark.parametrize(
    ("service", "operation"),
    [("ec2", "ModifyInstanceAttribute"), ("rds", "DescribeDBInstanceAutomatedBackups")],
)
def test_what_ministack_lacks_is_not_listed(service: str, operation: str) -> None:
    assert not load_operations("ministack", version("ministack")).implements(service, operation)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("lex-models", "DeleteBot"),
        ("kinesisanalytics", "CreateApplication"),
        ("opensearch", "GetApplication"),
        ("amplifybackend", "GetBackend"),
    ],
)
def test_what_another_part_of_moto_answers_is_not_listed(service: str, operation: str) -> None:
    assert not load_operations("moto", version("moto")).implements(service, operation)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_names_are_botocores(emulator: str) -> None:
    session = Session()
    listed = load_operations(emulator, version(emulator)).by_service
    assert set(listed) <= set(session.get_available_services())
    for service in CORE:
        assert listed[service] <= set(session.get_service_model(service).operation_names)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"emulator": "e", "version": "1"}',
        '{"emulator": "e", "version": "1", "operations": 3}',
        '{"emulator": "e", "version": "1", "operations": ["sqs"]}',
        '{"emulator": "e", "version": "1", "operations": {"sqs": ["CreateQueue"]}}',
        '{"emulator": "e", "version": "1", "operations": {"sqs": {"CreateQueue": ""}}}',
        '{"emulator": "e", "version": "1", "operations": {"sqs": {"CreateQueue": null}}}',
        '{"emulator": "e", "version": "1", "operations": {"sqs": {"CreateQueue": ["runs a:b"]}}}',
        '{"emulator": "e", "version": "1", "operations": '
        '{"sqs": {"CreateQueue": "runs a:b"}, "sns": {"Publish": 1}}}',
    ],
)
def test_unreadable_list_lists_nothing(content: str, tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    path.write_text(content)
    assert read_operations(path, "e", "1").by_service == {}
    assert read_operations(tmp_path / "missing.json", "e", "1").by_service == {}


def test_list_is_read_for_its_emulator_and_version_only(tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    content = {"emulator": "e", "version": "1", "operations": {"sqs": {"CreateQueue": "runs a:b"}}}
    path.write_text(json.dumps(content))
    assert read_operations(path, "e", "1").implements("sqs", "CreateQueue")
    assert not read_operations(path, "e", "2").by_service
    assert not read_operations(path, "f", "1").by_service
