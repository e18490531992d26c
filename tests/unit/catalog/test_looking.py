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
        # Backups and snapshots are read with them, too.
        ("dynamodb:DescribeTable", {"AWS::DynamoDB::Table"}),
        ("rds:DescribeDBInstances", {"AWS::RDS::DBInstance"}),
        ("ec2:DescribeVolumes", {"AWS::EC2::Volume"}),
    ],
)
def test_what_is_looked_at_is_known(operation: str, types: set[str]) -> None:
    assert looked_at(operation) == types


def test_a_detail_of_another_type_names_one_that_the_operation_shows() -> None:
    borrowed = [
        (kind.type, detail)
        for name in CATALOG.services
        for service in [CATALOG.service(name)]
        for kind in (service.types if service else ())
        for detail in kind.details
        if detail.of
    ]
    assert borrowed
    for name, detail in borrowed:
        owner = CATALOG.type(detail.of)
        assert owner is not None, f"{name} asks of {detail.of}, which nobody declares"
        shown = {*owner.listing.operations, *(d.operation for d in owner.details)}
        assert detail.operation in shown


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
