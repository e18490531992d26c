"""RDS: snapshots of instances and of clusters.

Only those are read that somebody made: the automated ones come and go with what they are of,
and nobody can delete them. A snapshot often outlives its instance; in a replica a stand-in is
made for it then, and removed again.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, Pick, ResourceType, Seed, on
from executor.catalog.identifiers import (
    PASSWORD,
    Make,
    Params,
    by,
    given,
    own_tags,
    tag_operations,
)
from executor.catalog.raw import objects, rows
from executor.catalog.rds_naming import (
    CLUSTER_GONE,
    CLUSTER_THERE,
    INSTANCE_GONE,
    INSTANCE_THERE,
    moving,
)
from executor.catalog.weakening import added, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_INSTANCE = (
    "AllocatedStorage",
    "DBInstanceIdentifier",
    "Engine",
    "EngineVersion",
    "Encrypted",
    "IAMDatabaseAuthenticationEnabled",
    "Iops",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "OptionGroupName",
    "Port",
    "StorageType",
    "VpcId",
)
_CLUSTER = (
    "AllocatedStorage",
    "DBClusterIdentifier",
    "Engine",
    "EngineVersion",
    "IAMDatabaseAuthenticationEnabled",
    "KmsKeyId",
    "MasterUsername",
    "Port",
    "StorageEncrypted",
    "VpcId",
)


def _shared_with(raw: JsonObject) -> list[str]:
    """Return the accounts that may restore it, `all` for everybody, sorted."""
    return sorted(
        str(account)
        for attribute in objects(raw, "Attributes")
        if attribute.get("AttributeName") == "restore"
        for account in rows(attribute, "AttributeValues")
    )


def _of(*keys: str) -> Pick:
    def settings(raw: JsonObject) -> Json:
        return {**{key: raw.get(key) or None for key in keys}, "SharedWith": _shared_with(raw)}

    return settings


def _instance_stand_in(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("Source") is not None:
        return
    yield {
        **given(raw, "DBInstanceIdentifier", "Engine", "EngineVersion", "StorageType", "Iops"),
        **given(raw, "KmsKeyId", "LicenseModel", "Port"),
        "AllocatedStorage": raw.get("AllocatedStorage") or 20,
        "DBInstanceClass": "db.t3.medium",
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
        "StorageEncrypted": bool(raw.get("Encrypted")),
        "EnableIAMDatabaseAuthentication": bool(raw.get("IAMDatabaseAuthenticationEnabled")),
    }


def _cluster_stand_in(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("Source") is not None:
        return
    yield {
        **given(raw, "DBClusterIdentifier", "Engine", "EngineVersion", "KmsKeyId", "Port"),
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
        "StorageEncrypted": bool(raw.get("StorageEncrypted")),
    }


def _take_away(key: str) -> Make:
    def params(raw: JsonObject, data: DataMark | None) -> Params:
        if raw.get("Source") is None:
            yield {key: raw[key], "SkipFinalSnapshot": True}

    return params


def _take(*keys: str) -> Make:
    def params(raw: JsonObject, data: DataMark | None) -> Params:
        yield {**given(raw, *keys), "Tags": own_tags(raw)}

    return params


def _share(key: str) -> Make:
    def params(raw: JsonObject, data: DataMark | None) -> Params:
        if _shared_with(raw):
            yield {key: raw[key], "AttributeName": "restore", "ValuesToAdd": _shared_with(raw)}

    return params


_HAZARDS = (
    HazardRule(field="SharedWith", hazard=Hazard.EXPOSURE, when=added),
    HazardRule(field="SharedWith", hazard=Hazard.DISRUPTION, when=lost),
)

DB_SNAPSHOT = ResourceType(
    type="AWS::RDS::DBSnapshot",
    listing=Listing(
        operation="DescribeDBSnapshots",
        items="DBSnapshots[?SnapshotType == 'manual']",
        params={"SnapshotType": "manual"},
    ),
    details=(
        Detail(
            operation="DescribeDBSnapshotAttributes",
            params={"DBSnapshotIdentifier": "DBSnapshotIdentifier"},
            pick="DBSnapshotAttributesResult.DBSnapshotAttributes",
            into="Attributes",
        ),
        Detail(
            operation="DescribeDBInstances",
            of="AWS::RDS::DBInstance",
            params={"DBInstanceIdentifier": "DBInstanceIdentifier"},
            pick="DBInstances[0].DbiResourceId",
            into="Source",
            absent=INSTANCE_GONE,
        ),
    ),
    id="DBSnapshotIdentifier",
    name="DBSnapshotIdentifier",
    arn="DBSnapshotArn",
    settings=_of(*_INSTANCE),
    birth={"created": "SnapshotCreateTime"},
    tags="TagList",
    stateful=True,
    settling=moving("Status"),
    depends_on=("AWS::RDS::DBInstance",),
    order="SnapshotCreateTime",
    seeds=(
        Seed(
            operation="CreateDBInstance",
            params=_instance_stand_in,
            # moto keeps retained backups of one minute under one name.
            tolerate=INSTANCE_THERE | {"DBSnapshotAlreadyExists"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateDBSnapshot",
            params=_take("DBSnapshotIdentifier", "DBInstanceIdentifier"),
            creates=True,
            optional=False,
        ),
        Seed(
            operation="DeleteDBInstance",
            params=_take_away("DBInstanceIdentifier"),
            tolerate=INSTANCE_GONE,
            creates=True,
        ),
        Seed(operation="ModifyDBSnapshotAttribute", params=_share("DBSnapshotIdentifier")),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.DBSnapshotIdentifier", "response.DBSnapshot.DBSnapshotArn"),
            "CreateDBSnapshot",
        ),
        *on(Verb.CREATE, by("params.DBSnapshotIdentifier"), "StopDBInstance"),
        *on(Verb.CREATE, by("params.FinalDBSnapshotIdentifier"), "DeleteDBInstance"),
        *on(
            Verb.CREATE,
            by("params.TargetDBSnapshotIdentifier", "response.DBSnapshot.DBSnapshotArn"),
            "CopyDBSnapshot",
        ),
        *on(Verb.READ, by("params.SourceDBSnapshotIdentifier"), "CopyDBSnapshot"),
        *on(Verb.READ, by("params.DBSnapshotIdentifier"), "RestoreDBInstanceFromDBSnapshot"),
        *on(
            Verb.UPDATE,
            by("params.DBSnapshotIdentifier"),
            "ModifyDBSnapshot",
            "ModifyDBSnapshotAttribute",
        ),
        *on(Verb.DELETE, by("params.DBSnapshotIdentifier"), "DeleteDBSnapshot"),
        *tag_operations("snapshot"),
    ),
    hazards=_HAZARDS,
)

DB_CLUSTER_SNAPSHOT = ResourceType(
    type="AWS::RDS::DBClusterSnapshot",
    listing=Listing(
        operation="DescribeDBClusterSnapshots",
        items="DBClusterSnapshots[?SnapshotType == 'manual']",
        params={"SnapshotType": "manual"},
    ),
    details=(
        Detail(
            operation="DescribeDBClusterSnapshotAttributes",
            params={"DBClusterSnapshotIdentifier": "DBClusterSnapshotIdentifier"},
            pick="DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes",
            into="Attributes",
        ),
        Detail(
            operation="DescribeDBClusters",
            of="AWS::RDS::DBCluster",
            params={"DBClusterIdentifier": "DBClusterIdentifier"},
            pick="DBClusters[0].DbClusterResourceId",
            into="Source",
            absent=CLUSTER_GONE,
        ),
    ),
    id="DBClusterSnapshotIdentifier",
    name="DBClusterSnapshotIdentifier",
    arn="DBClusterSnapshotArn",
    settings=_of(*_CLUSTER),
    birth={"created": "SnapshotCreateTime"},
    tags="TagList",
    stateful=True,
    settling=moving("Status"),
    depends_on=("AWS::RDS::DBCluster",),
    order="SnapshotCreateTime",
    seeds=(
        Seed(
            operation="CreateDBCluster",
            params=_cluster_stand_in,
            tolerate=CLUSTER_THERE,
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateDBClusterSnapshot",
            params=_take("DBClusterSnapshotIdentifier", "DBClusterIdentifier"),
            creates=True,
            optional=False,
        ),
        Seed(
            operation="DeleteDBCluster",
            params=_take_away("DBClusterIdentifier"),
            tolerate=CLUSTER_GONE,
            creates=True,
        ),
        Seed(
            operation="ModifyDBClusterSnapshotAttribute",
            params=_share("DBClusterSnapshotIdentifier"),
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by(
                "params.DBClusterSnapshotIdentifier",
                "response.DBClusterSnapshot.DBClusterSnapshotArn",
            ),
            "CreateDBClusterSnapshot",
        ),
        *on(Verb.CREATE, by("params.FinalDBSnapshotIdentifier"), "DeleteDBCluster"),
        *on(
            Verb.CREATE,
            by(
                "params.TargetDBClusterSnapshotIdentifier",
                "response.DBClusterSnapshot.DBClusterSnapshotArn",
            ),
            "CopyDBClusterSnapshot",
        ),
        *on(Verb.READ, by("params.SourceDBClusterSnapshotIdentifier"), "CopyDBClusterSnapshot"),
        *on(
            Verb.READ,
            by("params.SnapshotIdentifier", "params.DBClusterSnapshotIdentifier"),
            "RestoreDBClusterFromSnapshot",
            "RestoreDBInstanceFromDBSnapshot",
        ),
        *on(
            Verb.UPDATE,
            by("params.DBClusterSnapshotIdentifier"),
            "ModifyDBClusterSnapshotAttribute",
        ),
        *on(Verb.DELETE, by("params.DBClusterSnapshotIdentifier"), "DeleteDBClusterSnapshot"),
        *tag_operations("cluster-snapshot"),
    ),
    hazards=_HAZARDS,
)
