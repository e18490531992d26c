"""Amazon MemoryDB: clusters, their subnet groups, snapshots and users.

What a cluster holds is neither read nor copied, and passwords are never told. Access control
lists, parameter groups and clusters of several regions are not read. What is being deleted is
taken for gone: nothing stops it.
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
    Service,
    on,
)
from executor.catalog.identifiers import (
    PASSWORD,
    Params,
    by,
    disrupting,
    given,
    names_in,
    own_tags,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import any_change, lost, shrunk
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_OPEN = "open-access"
_NO_PASSWORD = "no-password"
_CLUSTER = by("params.ClusterName")
_SUBNETS = by("params.SubnetGroupName")
_PLAIN = (
    "ACLName",
    "AvailabilityMode",
    "DataTiering",
    "Description",
    "Engine",
    "EngineVersion",
    "KmsKeyId",
    "MaintenanceWindow",
    "MultiRegionClusterName",
    "NodeType",
    "ParameterGroupName",
    "SnapshotWindow",
    "SubnetGroupName",
)


def _tagging(kind: str) -> tuple[Operation, ...]:
    """Return what tagging means for the resources of a kind (`cluster`)."""

    def handles(params: JsonObject, response: JsonObject) -> Sequence[str]:
        arn = text(params, "ResourceArn")
        return (arn,) if arn.split(":", 5)[-1].startswith(f"{kind}/") else ()

    return on(Verb.UPDATE, handles, "TagResource", "UntagResource", part="'tags'")


_TAGS = Detail(operation="ListTags", params={"ResourceArn": "ARN"}, pick="TagList", into="TagList")


def _nodes(raw: JsonObject) -> list[int]:
    """Return how many nodes every shard has."""
    return [len(rows(shard, "Nodes")) for shard in objects(raw, "Shards")]


def _cluster(raw: JsonObject) -> Json:
    nodes = _nodes(raw)
    return {
        **{key: raw.get(key) or None for key in _PLAIN},
        "AutoMinorVersionUpgrade": bool(raw.get("AutoMinorVersionUpgrade")),
        "NodesPerShard": min(nodes) if nodes else None,
        "NumberOfShards": raw.get("NumberOfShards"),
        "SecurityGroupIds": names_in(raw, "SecurityGroups", "SecurityGroupId"),
        "SnapshotRetentionLimit": raw.get("SnapshotRetentionLimit") or 0,
        "TLSEnabled": bool(raw.get("TLSEnabled")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params = given(
        raw,
        "ACLName",
        "Description",
        "Engine",
        "EngineVersion",
        "KmsKeyId",
        "MaintenanceWindow",
        "NodeType",
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "SubnetGroupName",
    )
    nodes = _nodes(raw)
    if nodes:
        params |= {"NumShards": len(nodes), "NumReplicasPerShard": max(0, min(nodes) - 1)}
    if text(raw, "ParameterGroupName") and not text(raw, "ParameterGroupName").startswith(
        "default."
    ):
        params["ParameterGroupName"] = raw["ParameterGroupName"]
    security = names_in(raw, "SecurityGroups", "SecurityGroupId")
    if security:
        params["SecurityGroupIds"] = security
    if raw.get("DataTiering") == "true":
        params["DataTiering"] = True
    port = table(raw, "ClusterEndpoint").get("Port")
    if port:
        params["Port"] = port
    yield {
        **params,
        "ClusterName": raw["Name"],
        "AutoMinorVersionUpgrade": bool(raw.get("AutoMinorVersionUpgrade")),
        "TLSEnabled": bool(raw.get("TLSEnabled")),
        "Tags": own_tags(raw),
    }


def _opened(before: Json, after: Json) -> bool:
    """Users were told apart, and are not any more."""
    return after == _OPEN


def _one_zone(before: Json, after: Json) -> bool:
    """It was spread over zones, and is not any more."""
    return str(before).lower() == "multiaz"


CLUSTER = ResourceType(
    type="AWS::MemoryDB::Cluster",
    listing=Listing(
        operation="DescribeClusters", items="Clusters[]", params={"ShowShardDetails": True}
    ),
    details=(_TAGS,),
    id="Name",
    name="Name",
    arn="ARN",
    settings=_cluster,
    tags="TagList",
    stateful=True,
    settling="contains(['creating', 'updating', 'snapshotting'], Status)",
    ignore="Status == 'deleting'",
    depends_on=(
        "AWS::MemoryDB::SubnetGroup",
        "AWS::MemoryDB::User",
        "AWS::EC2::SecurityGroup",
    ),
    seeds=(Seed(operation="CreateCluster", params=_create, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, by("params.ClusterName", "response.Cluster.ARN"), "CreateCluster"),
        *on(Verb.DELETE, _CLUSTER, "DeleteCluster"),
        *on(Verb.UPDATE, _CLUSTER, "UpdateCluster"),
        *disrupting(_CLUSTER, "failover", "FailoverShard"),
        *on(
            Verb.UPDATE,
            "params.ClusterNames",
            "BatchUpdateCluster",
            part="'service update'",
            many=True,
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.READ, _CLUSTER, "CreateSnapshot"),
        *_tagging("cluster"),
    ),
    hazards=(
        HazardRule(field="SnapshotRetentionLimit", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="NodesPerShard", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="AvailabilityMode", hazard=Hazard.PROTECTION_LOSS, when=_one_zone),
        HazardRule(field="ACLName", hazard=Hazard.EXPOSURE, when=_opened),
        HazardRule(field="ACLName", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="NumberOfShards", hazard=Hazard.DISRUPTION, when=shrunk),
        HazardRule(field="SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="NodeType", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="EngineVersion", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)


def _subnet_group(raw: JsonObject) -> Json:
    return {
        "Description": raw.get("Description"),
        "SubnetIds": names_in(raw, "Subnets", "Identifier"),
        "VpcId": raw.get("VpcId"),
    }


def _create_subnet_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "SubnetGroupName": raw["Name"],
        **given(raw, "Description"),
        "SubnetIds": names_in(raw, "Subnets", "Identifier"),
        "Tags": own_tags(raw),
    }


SUBNET_GROUP = ResourceType(
    type="AWS::MemoryDB::SubnetGroup",
    listing=Listing(operation="DescribeSubnetGroups", items="SubnetGroups[]"),
    details=(_TAGS,),
    id="Name",
    name="Name",
    arn="ARN",
    settings=_subnet_group,
    tags="TagList",
    builtin="Name == 'default'",
    depends_on=("AWS::EC2::Subnet",),
    seeds=(
        Seed(
            operation="CreateSubnetGroup",
            params=_create_subnet_group,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, _SUBNETS, "CreateSubnetGroup"),
        *on(Verb.UPDATE, _SUBNETS, "UpdateSubnetGroup"),
        *on(Verb.DELETE, _SUBNETS, "DeleteSubnetGroup"),
        *_tagging("subnetgroup"),
    ),
    hazards=(HazardRule(field="SubnetIds", hazard=Hazard.DISRUPTION, when=lost),),
)


def _of(raw: JsonObject) -> str:
    return text(table(raw, "ClusterConfiguration"), "Name")


def _snapshot(raw: JsonObject) -> Json:
    return {"ClusterName": _of(raw), "KmsKeyId": raw.get("KmsKeyId") or None}


def _take(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "ClusterName": _of(raw),
        "SnapshotName": raw["Name"],
        **given(raw, "KmsKeyId"),
        "Tags": own_tags(raw),
    }


SNAPSHOT = ResourceType(
    type="AWS::MemoryDB::Snapshot",
    # The automated ones come and go with their cluster.
    listing=Listing(operation="DescribeSnapshots", items="Snapshots[?Source != 'automated']"),
    details=(_TAGS,),
    id="Name",
    name="Name",
    arn="ARN",
    settings=_snapshot,
    tags="TagList",
    stateful=True,
    settling="contains(['creating', 'copying'], Status)",
    ignore="Status == 'deleting'",
    depends_on=("AWS::MemoryDB::Cluster",),
    seeds=(Seed(operation="CreateSnapshot", params=_take, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, by("params.SnapshotName"), "CreateSnapshot"),
        *on(Verb.CREATE, by("params.TargetSnapshotName"), "CopySnapshot"),
        *on(Verb.READ, by("params.SourceSnapshotName"), "CopySnapshot"),
        *on(Verb.CREATE, by("params.FinalSnapshotName"), "DeleteCluster"),
        *on(Verb.READ, by("params.SnapshotName"), "CreateCluster"),
        *on(Verb.DELETE, by("params.SnapshotName"), "DeleteSnapshot"),
        *_tagging("snapshot"),
    ),
)


def _user(raw: JsonObject) -> Json:
    return {
        "AccessString": raw.get("AccessString"),
        "Authentication": table(raw, "Authentication").get("Type") or "password",
    }


def _create_user(raw: JsonObject, data: DataMark | None) -> Params:
    way: dict[str, object] = {"Type": "password", "Passwords": [PASSWORD]}
    if table(raw, "Authentication").get("Type") == "iam":
        way = {"Type": "iam"}
    yield {
        "UserName": raw["Name"],
        "AccessString": raw.get("AccessString") or "off",
        "AuthenticationMode": way,
        "Tags": own_tags(raw),
    }


def _let_in(before: Json, after: Json) -> bool:
    """A password was asked for, and is not any more."""
    return str(after).startswith(_NO_PASSWORD)


USER = ResourceType(
    type="AWS::MemoryDB::User",
    listing=Listing(operation="DescribeUsers", items="Users[]"),
    details=(_TAGS,),
    id="Name",
    name="Name",
    arn="ARN",
    settings=_user,
    tags="TagList",
    builtin="Name == 'default'",
    settling="Status == 'modifying'",
    ignore="Status == 'deleting'",
    seeds=(Seed(operation="CreateUser", params=_create_user, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, by("params.UserName", "response.User.ARN"), "CreateUser"),
        *on(Verb.DELETE, by("params.UserName"), "DeleteUser"),
        *on(Verb.UPDATE, by("params.UserName"), "UpdateUser"),
        *on(
            Verb.UPDATE,
            by("params.UserName", when="params.AuthenticationMode.Type"),
            "UpdateUser",
            part="'passwords'",
            hazard=Hazard.DISRUPTION,
        ),
        *_tagging("user"),
    ),
    hazards=(
        HazardRule(field="Authentication", hazard=Hazard.EXPOSURE, when=_let_in),
        # Whether it allows more or less is the cluster's own language.
        HazardRule(field="AccessString", hazard=Hazard.EXPOSURE, when=any_change),
        HazardRule(field="AccessString", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)

SERVICE = Service(
    name="memorydb",
    types=(SUBNET_GROUP, USER, CLUSTER, SNAPSHOT),
    # Subnet groups are made of subnets.
    reaches=("ec2",),
)
