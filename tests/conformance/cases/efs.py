"""EFS on every emulator: file systems, what mounts them, and what enters them."""

from __future__ import annotations

import json
from functools import partial
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import Case

_MOUNTED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "mounted",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
        }
    ],
}


def _efs(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("efs", operation, params)


def _make(api: Api) -> None:
    vpc = cast(JsonObject, api.call("ec2", "CreateVpc", {"CidrBlock": "10.6.0.0/16"})["Vpc"])
    subnet = cast(
        JsonObject,
        api.call(
            "ec2",
            "CreateSubnet",
            {
                "VpcId": vpc["VpcId"],
                "CidrBlock": "10.6.1.0/24",
                "AvailabilityZone": "us-east-1a",
            },
        )["Subnet"],
    )
    group = api.call(
        "ec2",
        "CreateSecurityGroup",
        {"GroupName": "files", "Description": "files", "VpcId": vpc["VpcId"]},
    )
    _make_files(api, str(subnet["SubnetId"]), str(group["GroupId"]))


def _make_files(api: Api, subnet: str, group: str) -> None:
    efs = partial(_efs, api)
    files = efs(
        "CreateFileSystem",
        CreationToken="shared",
        Encrypted=True,
        PerformanceMode="generalPurpose",
        ThroughputMode="bursting",
        Tags=[{"Key": "Name", "Value": "größe"}],
    )["FileSystemId"]
    efs("PutBackupPolicy", FileSystemId=files, BackupPolicy={"Status": "ENABLED"})
    efs(
        "PutLifecycleConfiguration",
        FileSystemId=files,
        LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}],
    )
    efs("PutFileSystemPolicy", FileSystemId=files, Policy=json.dumps(_MOUNTED))
    efs("CreateMountTarget", FileSystemId=files, SubnetId=subnet, SecurityGroups=[group])
    efs(
        "CreateAccessPoint",
        ClientToken="reports",
        FileSystemId=files,
        PosixUser={"Uid": 1001, "Gid": 1001},
        RootDirectory={
            "Path": "/reports",
            "CreationInfo": {"OwnerUid": 1001, "OwnerGid": 1001, "Permissions": "750"},
        },
        Tags=[{"Key": "team", "Value": "reports"}],
    )
    efs("CreateFileSystem", CreationToken="plain")


def _remake(api: Api) -> None:
    systems = cast("list[JsonObject]", _efs(api, "DescribeFileSystems")["FileSystems"])
    shared = str(next(f["FileSystemId"] for f in systems if f["CreationToken"] == "shared"))
    mounted = cast(
        "list[JsonObject]",
        _efs(api, "DescribeMountTargets", FileSystemId=shared)["MountTargets"],
    )
    target = str(mounted[0]["MountTargetId"])
    groups = _efs(api, "DescribeMountTargetSecurityGroups", MountTargetId=target)
    for point in cast("list[JsonObject]", _efs(api, "DescribeAccessPoints")["AccessPoints"]):
        _efs(api, "DeleteAccessPoint", AccessPointId=point["AccessPointId"])
    _efs(api, "DeleteMountTarget", MountTargetId=target)
    for system in systems:
        _efs(api, "DeleteFileSystem", FileSystemId=system["FileSystemId"])
    group = cast("list[str]", groups["SecurityGroups"])[0]
    _make_files(api, str(mounted[0]["SubnetId"]), group)


CASES = tuple(
    Case(service="efs", type=f"AWS::EFS::{kind}", make=_make, remake=_remake, services=("ec2",))
    for kind in ("AccessPoint", "MountTarget", "FileSystem")
)
