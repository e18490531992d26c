"""Looks at what no replica holds are told from looks at what it holds, or at nobody's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.catalog.calls import CATALOG, call


def is_blind(operation: str) -> bool:
    return bool(CATALOG.trace([replace(call(operation, {}), mutating=False)]).blind)


def looked_at(operation: str) -> set[str]:
    return set(CATALOG.trace([replace(call(operation, {}), mutating=False)]).looks[1])


@pytest.mark.parametrize(
    ("operation", "types"),
    [
        ("s3:ListBuckets", {"AWS::S3::Bucket"}),
        ("s3:HeadObject", {"AWS::S3::Bucket"}),
        ("dynamodb:GetItem", {"AWS::DynamoDB::Table"}),
        ("sns:ListSubscriptions", {"AWS::SNS::Subscription"}),
        ("sts:GetCallerIdentity", set()),
    ],
)
def test_what_is_looked_at_is_known(operation: str, types: set[str]) -> None:
    assert looked_at(operation) == types


@pytest.mark.parametrize(
    "operation",
    [
        "ec2:DescribeCarrierGateways",
        "iam:ListServerCertificates",
        "iam:GetServerCertificate",
        "s3:ListBucketInventoryConfigurations",
        "ssm:DescribePatchBaselines",
        "workspaces:DescribeWorkspaces",
        "cloudcontrol:ListResources",
    ],
)
def test_what_an_account_holds_and_nobody_reads_is_looked_at_in_vain(operation: str) -> None:
    assert is_blind(operation)


@pytest.mark.parametrize(
    "operation",
    [
        "dynamodb:Scan",
        "dynamodb:GetItem",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeTags",
        "ec2:DescribeVpcs",
        "iam:GetAccountPasswordPolicy",
        "iam:ListAttachedRolePolicies",
        "kms:ListAliases",
        "lambda:GetFunctionCodeSigningConfig",
        "logs:FilterLogEvents",
        "pricing:GetProducts",
        "s3:GetObject",
        "s3:ListObjectsV2",
        "sqs:GetQueueUrl",
        "sts:GetCallerIdentity",
    ],
)
def test_what_is_read_and_what_is_everybodys_is_answered(operation: str) -> None:
    assert not is_blind(operation)
