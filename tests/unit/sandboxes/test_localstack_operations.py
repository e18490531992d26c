"""What LocalStack is known to implement, and to lack, by the image that runs."""

from __future__ import annotations

import pytest
from botocore.session import Session

from sandboxes.localstack.images import programs_in
from sandboxes.localstack.operations import load_operations

ALL = frozenset({"dynamodb", "kinesis", "lambda"})
NONE: frozenset[str] = frozenset()
CORE = {
    "s3": "CreateBucket DeleteBucket ListBuckets PutObject GetObject DeleteObject DeleteObjects "
    "PutBucketVersioning PutBucketPolicy PutPublicAccessBlock PutBucketLifecycleConfiguration",
    "sqs": "CreateQueue DeleteQueue PurgeQueue SetQueueAttributes SendMessage",
    "sns": "CreateTopic DeleteTopic Subscribe Unsubscribe",
    "dynamodb": "CreateTable DeleteTable UpdateTable PutItem DeleteItem BatchWriteItem Scan",
    "lambda": "CreateFunction DeleteFunction UpdateFunctionCode UpdateFunctionConfiguration",
    "iam": "CreateRole DeleteRole AttachRolePolicy CreateUser CreatePolicy PutRolePolicy",
    "ec2": "CreateVpc DeleteVpc CreateSubnet RunInstances TerminateInstances DeleteVolume",
    "kms": "CreateKey ScheduleKeyDeletion Encrypt Decrypt",
    "secretsmanager": "CreateSecret DeleteSecret GetSecretValue",
    "ssm": "PutParameter GetParameter DeleteParameter",
    "logs": "CreateLogGroup DeleteLogGroup PutRetentionPolicy",
    "cloudformation": "CreateStack UpdateStack DeleteStack ExecuteChangeSet",
    "sts": "GetCallerIdentity AssumeRole",
    "events": "PutRule DeleteRule PutTargets",
    "kinesis": "CreateStream DeleteStream PutRecord",
}
LACKING = [
    ("rds", "CreateDBInstance"),  # not in the open build
    ("ecs", "CreateCluster"),
    ("s3", "RenameObject"),  # emulators take it for something else
    ("s3", "DeleteBucketMetadataConfiguration"),
    ("ec2", "MonitorInstances"),  # moto has a method, which raises NotImplementedError
    ("ec2", "DescribeVolumeStatus"),
    ("lambda", "Invoke"),  # nothing runs the change's code
    ("dynamodb", "ExecuteStatement"),  # not in the DynamoDB that can be had as a package
    ("opensearch", "CreateDomain"),  # a program that is downloaded
]


@pytest.mark.parametrize("service", CORE)
def test_core_operations_are_listed(service: str) -> None:
    listed = load_operations("4.14.0", ALL).by_service[service]
    assert set(CORE[service].split()) - listed == set()


@pytest.mark.parametrize(("service", "operation"), LACKING)
def test_what_it_lacks_is_not_listed(service: str, operation: str) -> None:
    assert not load_operations("4.14.0", ALL).implements(service, operation)


def test_other_version_has_no_list() -> None:
    assert load_operations("9.9.9", ALL).by_service == {}


def test_names_are_botocores() -> None:
    session = Session()
    listed = load_operations("4.14.0", ALL).by_service
    assert set(listed) <= set(session.get_available_services())
    for service, names in listed.items():
        assert names <= set(session.get_service_model(service).operation_names)


@pytest.mark.parametrize("program", ["dynamodb", "kinesis"])
def test_service_whose_program_the_image_lacks_is_not_listed(program: str) -> None:
    assert program in load_operations("4.14.0", ALL).by_service
    assert program not in load_operations("4.14.0", ALL - {program}).by_service


def test_streams_of_tables_need_both_programs() -> None:
    assert "dynamodbstreams" in load_operations("4.14.0", ALL).by_service
    for program in ("dynamodb", "kinesis"):
        assert "dynamodbstreams" not in load_operations("4.14.0", ALL - {program}).by_service


def test_functions_can_be_made_and_not_changed_where_lambda_prepares_to_run_them() -> None:
    listed = load_operations("4.14.0", NONE)
    assert listed.implements("lambda", "CreateFunction")
    assert not listed.implements("lambda", "UpdateFunctionCode")


def test_the_image_says_which_programs_it_has() -> None:
    assert programs_in({"executor.programs": "lambda dynamodb"}) == {"lambda", "dynamodb"}
    assert programs_in({"executor.programs": ""}) == NONE
    assert programs_in({}) == {"dynamodb"}, "the pinned image says nothing, and has DynamoDB"
