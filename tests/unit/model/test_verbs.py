from __future__ import annotations

import pytest
from botocore.loaders import Loader

from executor.model import verbs
from executor.model.verbs import is_mutating


@pytest.mark.parametrize(
    "name",
    [
        "ec2:DescribeInstances",
        "ec2:GetPasswordData",
        "s3:ListObjectsV2",
        "s3:HeadBucket",
        "s3:SelectObjectContent",
        "dynamodb:Query",
        "dynamodb:BatchGetItem",
        "dynamodb:TransactGetItems",
        "logs:GetLogEvents",
        "logs:StartQuery",
        "cloudformation:ValidateTemplate",
        "cloudformation:DetectStackDrift",
        "cloudformation:EstimateTemplateCost",
        "iam:SimulatePrincipalPolicy",
        "secretsmanager:GetRandomPassword",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "sts:AssumeRole",
        "sts:GetSessionToken",
    ],
)
def test_what_looks_is_told_from_what_changes(name: str) -> None:
    assert not is_mutating(*name.split(":"))


@pytest.mark.parametrize(
    "name",
    [
        "s3:DeleteBucket",
        "s3:PutObject",
        "s3:RestoreObject",
        "sqs:ReceiveMessage",
        "sqs:PurgeQueue",
        "lambda:Invoke",
        "dynamodb:ExecuteStatement",
        "dynamodb:BatchExecuteStatement",
        "dynamodb:BatchWriteItem",
        "dynamodb:TransactWriteItems",
        "ec2:RunInstances",
        "ssm:SendCommand",
        "kms:ScheduleKeyDeletion",
        "license-manager:CheckInLicense",
        "license-manager:CheckoutLicense",
        "support:ResolveCase",
        "stepfunctions:GetActivityTask",
        "cognito-identity:GetId",
        "rds-data:ExecuteStatement",
        "s3:Getaway",
        "s3:",
        "unheard-of:Frobnicate",
    ],
)
def test_what_changes_or_is_in_doubt_is_mutating(name: str) -> None:
    assert is_mutating(*name.split(":"))


def test_the_exceptions_exist_and_are_needed() -> None:
    loader = Loader()
    for table, otherwise in (
        (verbs._CHANGES_ANYWAY, False),
        (verbs._LOOKS_ANYWAY, True),
    ):
        for name in table:
            service, operation = name.split(":")
            model = loader.load_service_model(service, "service-2")
            assert operation in model["operations"], name
            # Under another service's name no exception holds.
            assert is_mutating("elsewhere", operation) is otherwise, name


def test_no_operation_with_a_destructive_verb_looks() -> None:
    verbs_of_harm = ("Delete", "Put", "Update", "Create", "Remove", "Terminate", "Purge", "Reset")
    loader = Loader()
    for service in (
        "s3",
        "ec2",
        "rds",
        "iam",
        "dynamodb",
        "lambda",
        "kms",
        "sqs",
        "cloudformation",
    ):
        for operation in loader.load_service_model(service, "service-2")["operations"]:
            if operation.startswith((*verbs_of_harm, "Batch" + "Write", "Modify", "Detach")):
                assert is_mutating(service, operation), operation
