"""Redshift on every emulator: clusters, what they refer to, and snapshots of living and gone."""

from __future__ import annotations

from functools import partial
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "größe"}]
_SECRET = {"MasterUsername": "owner", "MasterUserPassword": "Correct-horse-1"}


def _redshift(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("redshift", operation, params)


def _network(api: Api) -> tuple[list[str], str]:
    vpc = cast(JsonObject, api.call("ec2", "CreateVpc", {"CidrBlock": "10.8.0.0/16"})["Vpc"])
    subnet = cast(
        JsonObject,
        api.call(
            "ec2",
            "CreateSubnet",
            {
                "VpcId": vpc["VpcId"],
                "CidrBlock": "10.8.1.0/24",
                "AvailabilityZone": "us-east-1a",
            },
        )["Subnet"],
    )
    group = api.call(
        "ec2",
        "CreateSecurityGroup",
        {"GroupName": "warehouse", "Description": "warehouse", "VpcId": vpc["VpcId"]},
    )
    return [str(subnet["SubnetId"])], str(group["GroupId"])


def _make(api: Api) -> None:
    redshift = partial(_redshift, api)
    subnets, group = _network(api)
    redshift(
        "CreateClusterSubnetGroup",
        ClusterSubnetGroupName="private",
        Description="where the warehouse lives",
        SubnetIds=subnets,
        Tags=_TAGS,
    )
    redshift(
        "CreateClusterParameterGroup",
        ParameterGroupName="tuned",
        ParameterGroupFamily="redshift-1.0",
        Description="tuned",
        Tags=_TAGS,
    )
    _make_cluster(api, group)
    for name in ("warehouse", "gone"):
        redshift(
            "CreateClusterSnapshot",
            SnapshotIdentifier=f"{name}-before",
            ClusterIdentifier=name,
            Tags=_TAGS,
        )
    redshift("DeleteCluster", ClusterIdentifier="gone", SkipFinalClusterSnapshot=True)


def _make_cluster(api: Api, group: str) -> None:
    redshift = partial(_redshift, api)
    redshift(
        "CreateCluster",
        ClusterIdentifier="warehouse",
        DBName="facts",
        NodeType="ra3.xlplus",
        ClusterType="multi-node",
        NumberOfNodes=2,
        ClusterSubnetGroupName="private",
        ClusterParameterGroupName="tuned",
        VpcSecurityGroupIds=[group],
        AutomatedSnapshotRetentionPeriod=7,
        PreferredMaintenanceWindow="sun:05:00-sun:05:30",
        AllowVersionUpgrade=False,
        PubliclyAccessible=False,
        Encrypted=True,
        EnhancedVpcRouting=True,
        Port=5440,
        Tags=_TAGS,
        **_SECRET,
    )
    api.call("s3", "CreateBucket", {"Bucket": "audit-logs"})
    redshift(
        "EnableLogging",
        ClusterIdentifier="warehouse",
        BucketName="audit-logs",
        S3KeyPrefix="warehouse/",
    )
    for name in ("copied", "gone"):
        redshift("CreateCluster", ClusterIdentifier=name, NodeType="ra3.xlplus", **_SECRET)
    # Copies of what is encrypted need a key in the other region.
    redshift(
        "EnableSnapshotCopy",
        ClusterIdentifier="copied",
        DestinationRegion="us-west-2",
        RetentionPeriod=7,
    )


def _update(api: Api) -> None:
    _redshift(
        api,
        "ModifyCluster",
        ClusterIdentifier="warehouse",
        AutomatedSnapshotRetentionPeriod=9,
    )


def _retake(api: Api) -> None:
    for name in ("warehouse", "gone"):
        _redshift(api, "DeleteClusterSnapshot", SnapshotIdentifier=f"{name}-before")
        _redshift(
            api,
            "CreateClusterSnapshot",
            SnapshotIdentifier=f"{name}-before",
            ClusterIdentifier="warehouse",
        )


def _remake(api: Api) -> None:
    for name in ("warehouse", "copied"):
        _redshift(api, "DeleteCluster", ClusterIdentifier=name, SkipFinalClusterSnapshot=True)
        _redshift(api, "CreateCluster", ClusterIdentifier=name, NodeType="ra3.xlplus", **_SECRET)


_REMAKES = {
    "ClusterSnapshot": _retake,
    "Cluster": _remake,
    "ClusterSubnetGroup": None,
    "ClusterParameterGroup": None,
}

CASES = tuple(
    Case(
        service="redshift",
        type=f"AWS::Redshift::{kind}",
        make=_make,
        remake=remake,
        update=_update,
        services=("ec2", "s3"),
    )
    for kind, remake in _REMAKES.items()
)
