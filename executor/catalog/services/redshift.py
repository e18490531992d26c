"""Amazon Redshift: clusters, their snapshots, groups of subnets and of parameters.

Data shares, endpoints, schedules, usage limits, partners, hardware keys, profiles and what
belongs to IAM Identity Center are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Sequence

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.identifiers import PASSWORD, Params, by, given, names_in, own_tags
from executor.catalog.raw import objects, text
from executor.catalog.redshift_clusters import (
    CLUSTER,
    kept_for_less_long,
    tag_operations,
    taken_by,
)
from executor.catalog.weakening import added, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_MOST_PARAMETERS = 20
_SNAPSHOT = (
    "ClusterIdentifier",
    "DBName",
    "KmsKeyId",
    "MasterUsername",
    "NodeType",
    "NumberOfNodes",
    "Port",
)
_GONE = frozenset({"ClusterNotFound", "ClusterNotFoundFault"})
_THERE = frozenset({"ClusterAlreadyExists", "ClusterAlreadyExistsFault"})
_GROUP = by("params.ParameterGroupName")
_SUBNETS = by("params.ClusterSubnetGroupName")


def _subnet_group(raw: JsonObject) -> Json:
    return {
        "Description": raw.get("Description"),
        "SubnetIds": names_in(raw, "Subnets", "SubnetIdentifier"),
        "VpcId": raw.get("VpcId"),
    }


def _create_subnet_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "ClusterSubnetGroupName": raw["ClusterSubnetGroupName"],
        "Description": raw.get("Description") or "-",
        "SubnetIds": names_in(raw, "Subnets", "SubnetIdentifier"),
        "Tags": own_tags(raw, "Tags"),
    }


SUBNET_GROUP = ResourceType(
    type="AWS::Redshift::ClusterSubnetGroup",
    listing=Listing(operation="DescribeClusterSubnetGroups", items="ClusterSubnetGroups[]"),
    id="ClusterSubnetGroupName",
    name="ClusterSubnetGroupName",
    address="arn:{partition}:redshift:{region}:{account}:subnetgroup:{id}",
    settings=_subnet_group,
    tags="Tags",
    depends_on=("AWS::EC2::Subnet",),
    seeds=(
        Seed(
            operation="CreateClusterSubnetGroup",
            params=_create_subnet_group,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, _SUBNETS, "CreateClusterSubnetGroup"),
        *on(Verb.UPDATE, _SUBNETS, "ModifyClusterSubnetGroup"),
        *on(Verb.DELETE, _SUBNETS, "DeleteClusterSubnetGroup"),
        *tag_operations("subnetgroup"),
    ),
    hazards=(HazardRule(field="SubnetIds", hazard=Hazard.DISRUPTION, when=lost),),
)


def _set(raw: JsonObject) -> dict[str, Json]:
    """Return the parameters that somebody set; engines tell the others as well."""
    return {
        text(parameter, "ParameterName"): parameter.get("ParameterValue")
        for parameter in objects(raw, "Parameters")
        if parameter.get("Source", "user") == "user"
    }


def _parameter_group(raw: JsonObject) -> Json:
    return {
        "Family": raw.get("ParameterGroupFamily"),
        "Description": raw.get("Description"),
        "Parameters": _set(raw),
    }


def _create_parameter_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "ParameterGroupName": raw["ParameterGroupName"],
        "ParameterGroupFamily": raw["ParameterGroupFamily"],
        "Description": raw.get("Description") or "-",
        "Tags": own_tags(raw, "Tags"),
    }


def _set_parameters(raw: JsonObject, data: DataMark | None) -> Params:
    wanted = [{"ParameterName": n, "ParameterValue": v} for n, v in sorted(_set(raw).items())]
    for start in range(0, len(wanted), _MOST_PARAMETERS):
        yield {
            "ParameterGroupName": raw["ParameterGroupName"],
            "Parameters": wanted[start : start + _MOST_PARAMETERS],
        }


def _lax(before: Json, after: Json) -> bool:
    """Connections had to be encrypted, and need not any more."""
    return str(before).lower() == "true" and str(after).lower() != "true"


PARAMETER_GROUP = ResourceType(
    type="AWS::Redshift::ClusterParameterGroup",
    listing=Listing(operation="DescribeClusterParameterGroups", items="ParameterGroups[]"),
    details=(
        Detail(
            operation="DescribeClusterParameters",
            params={"ParameterGroupName": "ParameterGroupName", "Source": "'user'"},
            pick="Parameters",
            into="Parameters",
        ),
    ),
    id="ParameterGroupName",
    name="ParameterGroupName",
    address="arn:{partition}:redshift:{region}:{account}:parametergroup:{id}",
    settings=_parameter_group,
    tags="Tags",
    builtin="starts_with(ParameterGroupName, 'default.')",
    seeds=(
        Seed(
            operation="CreateClusterParameterGroup",
            params=_create_parameter_group,
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyClusterParameterGroup", params=_set_parameters),
    ),
    operations=(
        *on(Verb.CREATE, _GROUP, "CreateClusterParameterGroup"),
        *on(Verb.UPDATE, _GROUP, "ModifyClusterParameterGroup", "ResetClusterParameterGroup"),
        *on(Verb.DELETE, _GROUP, "DeleteClusterParameterGroup"),
        *tag_operations("parametergroup"),
    ),
    hazards=(
        HazardRule(field="Parameters.require_ssl", hazard=Hazard.PROTECTION_LOSS, when=_lax),
        HazardRule(
            field="Parameters.enable_user_activity_logging",
            hazard=Hazard.PROTECTION_LOSS,
            when=_lax,
        ),
    ),
)


def _snapshot(raw: JsonObject) -> Json:
    return {
        **{key: raw.get(key) or None for key in _SNAPSHOT},
        "Encrypted": bool(raw.get("Encrypted")),
        "ManualSnapshotRetentionPeriod": raw.get("ManualSnapshotRetentionPeriod") or -1,
        "SharedWith": names_in(raw, "AccountsWithRestoreAccess", "AccountId"),
    }


def _stand_in(raw: JsonObject, data: DataMark | None) -> Params:
    if taken_by(raw):
        return
    nodes = raw.get("NumberOfNodes")
    yield {
        **given(raw, "ClusterIdentifier", "DBName", "KmsKeyId", "Port"),
        "ClusterType": "multi-node" if isinstance(nodes, int) and nodes > 1 else "single-node",
        **({"NumberOfNodes": nodes} if isinstance(nodes, int) and nodes > 1 else {}),
        "NodeType": raw.get("NodeType") or "ra3.xlplus",
        "Encrypted": bool(raw.get("Encrypted")),
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
    }


def _take(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(raw, "SnapshotIdentifier", "ClusterIdentifier", "ManualSnapshotRetentionPeriod"),
        "Tags": own_tags(raw, "Tags"),
    }


def _take_away(raw: JsonObject, data: DataMark | None) -> Params:
    if not taken_by(raw):
        yield {"ClusterIdentifier": raw["ClusterIdentifier"], "SkipFinalClusterSnapshot": True}


def _share(raw: JsonObject, data: DataMark | None) -> Params:
    for account in names_in(raw, "AccountsWithRestoreAccess", "AccountId"):
        yield {
            "SnapshotIdentifier": raw["SnapshotIdentifier"],
            "AccountWithRestoreAccess": account,
        }


def _all_but_failed(params: JsonObject, response: JsonObject) -> Sequence[str]:
    """Return the snapshots of a batch of deletions that did not fail."""
    failed = {text(error, "SnapshotIdentifier") for error in objects(response, "Errors")}
    asked = [text(one, "SnapshotIdentifier") for one in objects(params, "Identifiers")]
    return tuple(name for name in asked if name and name not in failed)


SNAPSHOT = ResourceType(
    type="AWS::Redshift::ClusterSnapshot",
    # The automated ones come and go with their cluster.
    listing=Listing(
        operation="DescribeClusterSnapshots",
        items="Snapshots[?SnapshotType == 'manual']",
        params={"SnapshotType": "manual"},
    ),
    details=(
        Detail(
            operation="DescribeClusters",
            of="AWS::Redshift::Cluster",
            params={"ClusterIdentifier": "ClusterIdentifier"},
            pick="Clusters[].{ClusterIdentifier: ClusterIdentifier}",
            into="Source",
            absent=_GONE,
        ),
    ),
    id="SnapshotIdentifier",
    name="SnapshotIdentifier",
    arn="SnapshotArn",
    settings=_snapshot,
    birth={"created": "SnapshotCreateTime"},
    tags="Tags",
    stateful=True,
    settling="Status == 'creating'",
    ignore="Status == 'deleted'",
    depends_on=("AWS::Redshift::Cluster",),
    seeds=(
        Seed(
            operation="CreateCluster",
            params=_stand_in,
            tolerate=_THERE,
            creates=True,
            optional=False,
        ),
        Seed(operation="CreateClusterSnapshot", params=_take, creates=True, optional=False),
        Seed(operation="DeleteCluster", params=_take_away, tolerate=_GONE, creates=True),
        Seed(operation="AuthorizeSnapshotAccess", params=_share),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.SnapshotIdentifier", "response.Snapshot.SnapshotArn"),
            "CreateClusterSnapshot",
        ),
        *on(Verb.CREATE, by("params.TargetSnapshotIdentifier"), "CopyClusterSnapshot"),
        *on(Verb.READ, by("params.SourceSnapshotIdentifier"), "CopyClusterSnapshot"),
        *on(Verb.CREATE, by("params.FinalClusterSnapshotIdentifier"), "DeleteCluster"),
        *on(
            Verb.READ,
            by("params.SnapshotIdentifier", "params.SnapshotArn"),
            "RestoreFromClusterSnapshot",
        ),
        *on(
            Verb.UPDATE,
            by("params.SnapshotIdentifier", "params.SnapshotArn"),
            "AuthorizeSnapshotAccess",
            "ModifyClusterSnapshot",
            "RevokeSnapshotAccess",
        ),
        *on(
            Verb.UPDATE,
            "params.SnapshotIdentifierList",
            "BatchModifyClusterSnapshots",
            many=True,
        ),
        *on(Verb.DELETE, by("params.SnapshotIdentifier"), "DeleteClusterSnapshot"),
        *on(Verb.DELETE, _all_but_failed, "BatchDeleteClusterSnapshots", many=True),
        *tag_operations("snapshot"),
    ),
    hazards=(
        # It is deleted by itself after so many days.
        HazardRule(
            field="ManualSnapshotRetentionPeriod",
            hazard=Hazard.DATA_LOSS,
            when=kept_for_less_long,
        ),
        HazardRule(field="SharedWith", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="SharedWith", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

SERVICE = Service(
    name="redshift",
    types=(SUBNET_GROUP, PARAMETER_GROUP, CLUSTER, SNAPSHOT),
    # Subnet groups are made of subnets.
    reaches=("ec2",),
)
