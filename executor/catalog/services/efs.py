"""Amazon EFS: file systems, mount targets, access points.

Files are neither read nor copied. A file system without a policy of its own lets in whoever
reaches one of its mount targets. Replication tells its destinations; what it makes in other
regions is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_NONE = frozenset({"PolicyNotFound"})
_ON = ("ENABLED", "ENABLING")
_ANYBODY = "*"
_SYSTEM = "params.FileSystemId"
_MOVING = (
    "LifeCycleState == 'creating' || LifeCycleState == 'deleting' || LifeCycleState == 'updating'"
)


def _tagging(prefix: str) -> tuple[Operation, ...]:
    """Return what tagging means for what has ids that begin with `prefix`."""

    def handles(params: JsonObject, response: JsonObject) -> Sequence[str]:
        identity = text(params, "ResourceId").rpartition("/")[2]
        return (identity,) if identity.startswith(f"{prefix}-") else ()

    return on(Verb.UPDATE, handles, "TagResource", "UntagResource", part="'tags'")


def _own_tags(raw: JsonObject) -> list[JsonObject]:
    return [t for t in objects(raw, "Tags") if not text(t, "Key").startswith("aws:")]


def _given(raw: JsonObject, *keys: str) -> dict[str, object]:
    return {key: raw[key] for key in keys if raw.get(key)}


def _open_to(raw: JsonObject) -> Json:
    document = policy(raw.get("Policy"))
    return outsiders(document, text(raw, "$account")) if document else [_ANYBODY]


def _let_in(before: Json, after: Json) -> bool:
    """Somebody is let in who was not; a policy of whatever kind lets in no more than none."""
    known = before if isinstance(before, list) else []
    return _ANYBODY not in known and opened(before, after)


def _shut_out(before: Json, after: Json) -> bool:
    """Anybody was let in, and now only some are."""
    left = after if isinstance(after, list) else []
    was_open = isinstance(before, list) and _ANYBODY in before
    return was_open and not any(str(who).startswith(_ANYBODY) for who in left)


def _less_allowed(before: Json, after: Json) -> bool:
    """A policy allows less than another did; without one everything is allowed."""
    return bool(after) and narrowed(before, after)


def _file_system(raw: JsonObject) -> Json:
    return {
        **{
            key: raw.get(key) or None
            for key in (
                "AvailabilityZoneName",
                "KmsKeyId",
                "PerformanceMode",
                "ProvisionedThroughputInMibps",
                "ThroughputMode",
            )
        },
        "Encrypted": bool(raw.get("Encrypted")),
        "OverwriteProtection": table(raw, "FileSystemProtection").get(
            "ReplicationOverwriteProtection"
        ),
        "Backup": raw.get("Backup") in _ON,
        "Lifecycle": sorted(objects(raw, "Lifecycle"), key=canonical),
        "Policy": policy(raw.get("Policy")),
        "OpenTo": _open_to(raw),
        "Replicas": sorted(
            f"{text(place, 'Region')} {text(place, 'FileSystemId')}"
            for replication in objects(raw, "Replication")
            for place in objects(replication, "Destinations")
        ),
    }


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    params = _given(
        raw,
        "AvailabilityZoneName",
        "CreationToken",
        "PerformanceMode",
        "ProvisionedThroughputInMibps",
        "ThroughputMode",
    )
    if raw.get("Encrypted"):
        params |= {"Encrypted": True, **_given(raw, "KmsKeyId")}
    yield {**params, "Tags": _own_tags(raw)}


def _back_up(raw: JsonObject, data: DataMark | None) -> _Params:
    # Where creation can ask for it too, some engines do not listen.
    if raw.get("Backup") in _ON:
        yield {"FileSystemId": raw["FileSystemId"], "BackupPolicy": {"Status": "ENABLED"}}


def _set_lifecycle(raw: JsonObject, data: DataMark | None) -> _Params:
    if rows(raw, "Lifecycle"):
        yield {"FileSystemId": raw["FileSystemId"], "LifecyclePolicies": rows(raw, "Lifecycle")}


def _put_policy(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Policy"):
        yield {
            "FileSystemId": raw["FileSystemId"],
            "Policy": raw["Policy"],
            "BypassPolicyLockoutSafetyCheck": True,
        }


def _of_system(operation: str, pick: str, into: str, *absent: str) -> Detail:
    return Detail(
        operation=operation,
        params={"FileSystemId": "FileSystemId"},
        pick=pick,
        into=into,
        absent=_NONE | {*absent},
    )


FILE_SYSTEM = ResourceType(
    type="AWS::EFS::FileSystem",
    listing=Listing(operation="DescribeFileSystems", items="FileSystems[]"),
    details=(
        _of_system("DescribeBackupPolicy", "BackupPolicy.Status", "Backup"),
        _of_system("DescribeLifecycleConfiguration", "LifecyclePolicies", "Lifecycle"),
        _of_system("DescribeFileSystemPolicy", "Policy", "Policy"),
        _of_system(
            "DescribeReplicationConfigurations",
            "Replications",
            "Replication",
            "ReplicationNotFound",
        ),
    ),
    id="FileSystemId",
    arn="FileSystemArn",
    handles=("CreationToken",),
    settings=_file_system,
    birth={"id": "FileSystemId", "created": "CreationTime"},
    tags="Tags",
    stateful=True,
    settling=_MOVING,
    ignore="LifeCycleState == 'deleted'",
    seeds=(
        Seed(
            operation="CreateFileSystem",
            params=_create,
            learn={"FileSystemId": "FileSystemId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="PutBackupPolicy", params=_back_up),
        Seed(operation="PutLifecycleConfiguration", params=_set_lifecycle),
        Seed(operation="PutFileSystemPolicy", params=_put_policy),
    ),
    operations=(
        *on(Verb.CREATE, "[response.FileSystemId, response.FileSystemArn]", "CreateFileSystem"),
        *on(Verb.DELETE, _SYSTEM, "DeleteFileSystem"),
        *on(
            Verb.UPDATE,
            _SYSTEM,
            "CreateTags",
            "DeleteFileSystemPolicy",
            "DeleteTags",
            "PutBackupPolicy",
            "PutFileSystemPolicy",
            "PutLifecycleConfiguration",
            "UpdateFileSystem",
            "UpdateFileSystemProtection",
        ),
        *on(
            Verb.UPDATE,
            "params.SourceFileSystemId",
            "CreateReplicationConfiguration",
            "DeleteReplicationConfiguration",
            part="'replication'",
        ),
        # What is replicated takes the place of whatever the destination holds.
        *on(
            Verb.ERASE,
            "params.Destinations[].FileSystemId",
            "CreateReplicationConfiguration",
            many=True,
        ),
        *_tagging("fs"),
    ),
    hazards=(
        HazardRule(field="Backup", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Replicas", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(
            field="OverwriteProtection",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: before == "ENABLED",
        ),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=_let_in),
        HazardRule(field="OpenTo", hazard=Hazard.DISRUPTION, when=_shut_out),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=_less_allowed),
    ),
)


def _mount_target(raw: JsonObject) -> Json:
    return {
        "FileSystemId": raw.get("FileSystemId"),
        "IpAddress": raw.get("IpAddress"),
        "SubnetId": raw.get("SubnetId"),
        "SecurityGroups": sorted(str(group) for group in rows(raw, "SecurityGroups")),
    }


def _mount(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {
        **_given(raw, "FileSystemId", "SubnetId", "IpAddress"),
        "SecurityGroups": rows(raw, "SecurityGroups"),
    }


MOUNT_TARGET = ResourceType(
    type="AWS::EFS::MountTarget",
    listing=Listing(
        operation="DescribeMountTargets",
        items="MountTargets[]",
        within=Listing(operation="DescribeFileSystems", items="FileSystems[]"),
        given={"FileSystemId": "FileSystemId"},
    ),
    details=(
        Detail(
            operation="DescribeMountTargetSecurityGroups",
            params={"MountTargetId": "MountTargetId"},
            pick="SecurityGroups",
            into="SecurityGroups",
        ),
    ),
    id="MountTargetId",
    # It makes a network interface, and ends it.
    handles=("NetworkInterfaceId",),
    settings=_mount_target,
    birth={"id": "MountTargetId"},
    settling=_MOVING,
    ignore="LifeCycleState == 'deleted'",
    depends_on=("AWS::EFS::FileSystem", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"),
    seeds=(
        Seed(
            operation="CreateMountTarget",
            params=_mount,
            learn={
                "MountTargetId": "MountTargetId",
                "NetworkInterfaceId": "NetworkInterfaceId",
            },
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[response.MountTargetId, response.NetworkInterfaceId]",
            "CreateMountTarget",
        ),
        *on(Verb.DELETE, "params.MountTargetId", "DeleteMountTarget"),
        *on(Verb.UPDATE, "params.MountTargetId", "ModifyMountTargetSecurityGroups"),
    ),
    hazards=(HazardRule(field="SecurityGroups", hazard=Hazard.DISRUPTION, when=lost),),
)


def _access_point(raw: JsonObject) -> Json:
    return {
        "FileSystemId": raw.get("FileSystemId"),
        "PosixUser": raw.get("PosixUser") or None,
        "RootDirectory": raw.get("RootDirectory") or None,
    }


def _create_access_point(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {
        **_given(raw, "FileSystemId", "PosixUser", "RootDirectory"),
        "ClientToken": raw.get("ClientToken") or raw["AccessPointId"],
        "Tags": _own_tags(raw),
    }


ACCESS_POINT = ResourceType(
    type="AWS::EFS::AccessPoint",
    listing=Listing(operation="DescribeAccessPoints", items="AccessPoints[]"),
    id="AccessPointId",
    arn="AccessPointArn",
    settings=_access_point,
    birth={"id": "AccessPointId"},
    tags="Tags",
    settling=_MOVING,
    ignore="LifeCycleState == 'deleted'",
    depends_on=("AWS::EFS::FileSystem",),
    seeds=(
        Seed(
            operation="CreateAccessPoint",
            params=_create_access_point,
            learn={"AccessPointId": "AccessPointId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[response.AccessPointId, response.AccessPointArn]", "CreateAccessPoint"),
        *on(Verb.DELETE, "params.AccessPointId", "DeleteAccessPoint"),
        *_tagging("fsap"),
    ),
)

SERVICE = Service(
    name="efs",
    types=(FILE_SYSTEM, MOUNT_TARGET, ACCESS_POINT),
    # Mount targets stand in subnets.
    reaches=("ec2",),
)
