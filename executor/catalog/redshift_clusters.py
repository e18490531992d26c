"""Redshift: clusters.

What a warehouse holds is neither read nor copied. A cluster that is renamed is one gone and
another one made.
"""

from __future__ import annotations

from collections.abc import Sequence

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.identifiers import (
    PASSWORD,
    Params,
    arns_of,
    by,
    disrupting,
    given,
    names_in,
    own_tags,
)
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change, lost, removed, shrunk, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_PLAIN = (
    "AvailabilityZone",
    "AvailabilityZoneRelocationStatus",
    "ClusterSubnetGroupName",
    "ClusterVersion",
    "DBName",
    "DefaultIamRoleArn",
    "IpAddressType",
    "KmsKeyId",
    "MaintenanceTrackName",
    "MasterUsername",
    "NodeType",
    "NumberOfNodes",
    "PreferredMaintenanceWindow",
    "SnapshotScheduleIdentifier",
)
_SWITCHES = ("AllowVersionUpgrade", "Encrypted", "EnhancedVpcRouting", "PubliclyAccessible")
_ASKED = (
    "AutomatedSnapshotRetentionPeriod",
    "AvailabilityZone",
    "ClusterIdentifier",
    "ClusterVersion",
    "DBName",
    "DefaultIamRoleArn",
    "KmsKeyId",
    "MaintenanceTrackName",
    "ManualSnapshotRetentionPeriod",
    "NodeType",
    "PreferredMaintenanceWindow",
)
_ID = by("params.ClusterIdentifier")
_FOREVER = -1


def tag_operations(kind: str) -> tuple[Operation, ...]:
    """Return what tagging means for the resources of a kind (`cluster`)."""
    return on(Verb.UPDATE, arns_of(kind), "CreateTags", "DeleteTags", part="'tags'")


def kept_for_less_long(before: Json, after: Json) -> bool:
    """Snapshots are kept for fewer days; -1 is for ever."""
    if before == after or after == _FOREVER:
        return False
    return before in (None, _FOREVER) or shrunk(before, after)


def _logging(raw: JsonObject) -> Json:
    found = table(raw, "Logging")
    if not found.get("LoggingEnabled"):
        return None
    return given(found, "BucketName", "LogDestinationType", "S3KeyPrefix")  # type: ignore[return-value]


def _copies(raw: JsonObject) -> Json:
    found = table(raw, "ClusterSnapshotCopyStatus")
    if not found:
        return None
    return given(  # type: ignore[return-value]
        found,
        "DestinationRegion",
        "ManualSnapshotRetentionPeriod",
        "RetentionPeriod",
        "SnapshotCopyGrantName",
    )


def _cluster(raw: JsonObject) -> Json:
    return {
        **{key: raw.get(key) or None for key in _PLAIN},
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        "AutomatedSnapshotRetentionPeriod": raw.get("AutomatedSnapshotRetentionPeriod") or 0,
        "ManualSnapshotRetentionPeriod": raw.get("ManualSnapshotRetentionPeriod") or _FOREVER,
        "MultiAZ": text(raw, "MultiAZ").lower() == "enabled",
        "Paused": raw.get("ClusterStatus") in ("paused", "pausing"),
        "Port": table(raw, "Endpoint").get("Port"),
        "VpcSecurityGroupIds": names_in(raw, "VpcSecurityGroups", "VpcSecurityGroupId"),
        "ParameterGroups": names_in(raw, "ClusterParameterGroups", "ParameterGroupName"),
        "IamRoles": names_in(raw, "IamRoles", "IamRoleArn"),
        "Logging": _logging(raw),
        "ManagedPassword": bool(raw.get("MasterPasswordSecretArn")),
        "SnapshotCopy": _copies(raw),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    nodes = raw.get("NumberOfNodes")
    size: dict[str, object] = {"ClusterType": "single-node"}
    if isinstance(nodes, int) and nodes > 1:
        size = {"ClusterType": "multi-node", "NumberOfNodes": nodes}
    params = {**given(raw, *_ASKED), **size}
    for key, value in (
        ("VpcSecurityGroupIds", names_in(raw, "VpcSecurityGroups", "VpcSecurityGroupId")),
        ("IamRoles", names_in(raw, "IamRoles", "IamRoleArn")),
        ("Port", table(raw, "Endpoint").get("Port")),
    ):
        if value:
            params[key] = value
    subnets = text(raw, "ClusterSubnetGroupName")
    if subnets and subnets != "default":
        params["ClusterSubnetGroupName"] = subnets
    groups = names_in(raw, "ClusterParameterGroups", "ParameterGroupName")
    if groups and not groups[0].startswith("default."):
        params["ClusterParameterGroupName"] = groups[0]
    yield {
        **params,
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
        "Tags": own_tags(raw, "Tags"),
    }


def _log(raw: JsonObject, data: DataMark | None) -> Params:
    found = _logging(raw)
    if isinstance(found, dict):
        yield {"ClusterIdentifier": raw["ClusterIdentifier"], **found}


def _copy(raw: JsonObject, data: DataMark | None) -> Params:
    found = _copies(raw)
    if isinstance(found, dict):
        yield {"ClusterIdentifier": raw["ClusterIdentifier"], **found}


def _pause(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("ClusterStatus") in ("paused", "pausing"):
        yield {"ClusterIdentifier": raw["ClusterIdentifier"]}


def _known_user(params: JsonObject, response: JsonObject) -> Sequence[str]:
    """Return the cluster that credentials are asked for, unless a user may be made for it."""
    name = text(params, "ClusterIdentifier")
    return () if params.get("AutoCreate") else (name, name.lower())


CLUSTER = ResourceType(
    type="AWS::Redshift::Cluster",
    listing=Listing(operation="DescribeClusters", items="Clusters[]"),
    details=(
        Detail(
            operation="DescribeLoggingStatus",
            params={"ClusterIdentifier": "ClusterIdentifier"},
            into="Logging",
        ),
    ),
    id="ClusterIdentifier",
    name="ClusterIdentifier",
    address="arn:{partition}:redshift:{region}:{account}:cluster:{id}",
    handles=("ClusterNamespaceArn",),
    settings=_cluster,
    birth={"id": "ClusterNamespaceArn", "created": "ClusterCreateTime"},
    tags="Tags",
    stateful=True,
    settling="contains(['creating', 'deleting', 'modifying', 'pausing', 'rebooting', 'renaming',"
    " 'resizing', 'resuming', 'rotating-keys', 'updating-hsm', 'final-snapshot'], ClusterStatus)",
    depends_on=(
        "AWS::EC2::SecurityGroup",
        "AWS::Redshift::ClusterSubnetGroup",
        "AWS::Redshift::ClusterParameterGroup",
    ),
    seeds=(
        Seed(operation="CreateCluster", params=_create, creates=True, optional=False),
        Seed(operation="EnableLogging", params=_log),
        Seed(operation="EnableSnapshotCopy", params=_copy),
        Seed(operation="PauseCluster", params=_pause, late=True),
    ),
    operations=(
        *on(Verb.CREATE, _ID, "CreateCluster", "RestoreFromClusterSnapshot"),
        *on(Verb.DELETE, _ID, "DeleteCluster"),
        *on(
            Verb.UPDATE,
            by("params.ClusterIdentifier", "params.NewClusterIdentifier"),
            "ModifyCluster",
        ),
        *on(
            Verb.UPDATE,
            by("params.ClusterIdentifier", when="params.MasterUserPassword"),
            "ModifyCluster",
            part="'master password'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _ID,
            "DisableLogging",
            "DisableSnapshotCopy",
            "EnableLogging",
            "EnableSnapshotCopy",
            "ModifyClusterIamRoles",
            "ModifyClusterSnapshotSchedule",
            "ModifySnapshotCopyRetentionPeriod",
            "PauseCluster",
            "ResizeCluster",
            "ResumeCluster",
        ),
        *disrupting(_ID, "reboot", "RebootCluster"),
        *disrupting(_ID, "failover", "FailoverPrimaryCompute"),
        *disrupting(_ID, "new revision", "ModifyClusterDbRevision"),
        *disrupting(_ID, "key rotation", "RotateEncryptionKey"),
        *on(Verb.READ, _known_user, "GetClusterCredentials"),
        *on(Verb.READ, _ID, "CreateClusterSnapshot"),
        *tag_operations("cluster"),
    ),
    hazards=(
        # Snapshots that are older than what is kept go at once.
        HazardRule(field="AutomatedSnapshotRetentionPeriod", hazard=Hazard.DATA_LOSS, when=shrunk),
        HazardRule(
            field="ManualSnapshotRetentionPeriod",
            hazard=Hazard.PROTECTION_LOSS,
            when=kept_for_less_long,
        ),
        HazardRule(field="SnapshotCopy", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(
            field="SnapshotCopy.RetentionPeriod",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: None not in (before, after) and shrunk(before, after),
        ),
        HazardRule(field="SnapshotScheduleIdentifier", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="Encrypted", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="EnhancedVpcRouting", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="MultiAZ", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Logging", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="PubliclyAccessible", hazard=Hazard.EXPOSURE, when=turned_on),
        HazardRule(field="Paused", hazard=Hazard.DISRUPTION, when=turned_on),
        HazardRule(field="NodeType", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="NumberOfNodes", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Port", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="VpcSecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="IamRoles", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="ManagedPassword", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)


def taken_by(raw: JsonObject) -> bool:
    """Whether the cluster that a snapshot is of is still there."""
    return bool(objects(raw, "Source"))
