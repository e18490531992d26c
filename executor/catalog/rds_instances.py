"""RDS: instances, and the automated backups that AWS keeps of them.

What a database holds is neither read nor copied. Passwords are never known: a replica's
instances have a placeholder, and a change of the password is seen in the call alone. An
instance that is renamed is one gone and another one made: its address and endpoint are others.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    PASSWORD,
    Params,
    arns_of,
    by,
    disrupting,
    given,
    names_in,
    own_tags,
    tag_operations,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.rds_naming import (
    emptied,
    moving,
)
from executor.catalog.weakening import any_change, lost, removed, shrunk, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_PLAIN = (
    "AllocatedStorage",
    "AvailabilityZone",
    "BackupRetentionPeriod",
    "BackupTarget",
    "CACertificateIdentifier",
    "CharacterSetName",
    "DBClusterIdentifier",
    "DBInstanceClass",
    "DBName",
    "DatabaseInsightsMode",
    "Engine",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "NetworkType",
    "PerformanceInsightsKMSKeyId",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PromotionTier",
    "ReadReplicaSourceDBClusterIdentifier",
    "ReadReplicaSourceDBInstanceIdentifier",
    "ReplicaMode",
    "StorageThroughput",
    "StorageType",
    "Timezone",
)
_SWITCHES = (
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "DedicatedLogVolume",
    "DeletionProtection",
    "IAMDatabaseAuthenticationEnabled",
    "MultiAZ",
    "PerformanceInsightsEnabled",
    "PubliclyAccessible",
    "StorageEncrypted",
)
# What a member of a cluster shares with it can only be asked of the cluster.
_CLUSTERS_OWN = (
    "AllocatedStorage",
    "BackupRetentionPeriod",
    "DBName",
    "KmsKeyId",
    "MasterUsername",
    "PreferredBackupWindow",
    "StorageThroughput",
    "Iops",
)
# Told, and asked for in other ways or not at all.
_TOLD_ONLY = (
    "BackupTarget",
    "DatabaseInsightsMode",
    "NetworkType",
    "PerformanceInsightsKMSKeyId",
    "ReadReplicaSourceDBClusterIdentifier",
    "ReadReplicaSourceDBInstanceIdentifier",
    "ReplicaMode",
)
_ASKED = ("DBInstanceIdentifier", *(key for key in _PLAIN if key not in _TOLD_ONLY))
_SELF = by("params.DBInstanceIdentifier", "response.DBInstance.DBInstanceArn")
# Emulators give it to every volume, and refuse to be asked for it.
_TAKES_THROUGHPUT = ("gp3",)


def _instance(raw: JsonObject) -> Json:
    endpoint = table(raw, "Endpoint")
    return {
        **{key: raw.get(key) or None for key in _PLAIN},
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        "BackupRetentionPeriod": raw.get("BackupRetentionPeriod") or 0,
        "Port": endpoint.get("Port") or raw.get("DbInstancePort"),
        "Stopped": raw.get("DBInstanceStatus") in ("stopped", "stopping"),
        "DBSubnetGroupName": table(raw, "DBSubnetGroup").get("DBSubnetGroupName"),
        "DBParameterGroups": names_in(raw, "DBParameterGroups", "DBParameterGroupName"),
        "OptionGroups": names_in(raw, "OptionGroupMemberships", "OptionGroupName"),
        "VpcSecurityGroupIds": names_in(raw, "VpcSecurityGroups", "VpcSecurityGroupId"),
        "LogExports": sorted(str(name) for name in rows(raw, "EnabledCloudwatchLogsExports")),
        "Roles": {
            text(r, "FeatureName"): r.get("RoleArn") for r in objects(raw, "AssociatedRoles")
        },
        "Domains": names_in(raw, "DomainMemberships", "Domain"),
        "ManagedPassword": bool(raw.get("MasterUserSecret")),
        "Processor": {text(f, "Name"): f.get("Value") for f in objects(raw, "ProcessorFeatures")},
        "BackupReplicas": names_in(
            raw, "DBInstanceAutomatedBackupsReplications", "DBInstanceAutomatedBackupsArn"
        ),
    }


def _source(raw: JsonObject) -> str:
    """Return the instance of this region that it is a replica of; empty when there is none."""
    source = text(raw, "ReadReplicaSourceDBInstanceIdentifier")
    return "" if source.startswith("arn:") else source


def _shared(raw: JsonObject) -> dict[str, object]:
    """Return what an instance, a member of a cluster and a replica are all asked for."""
    params: dict[str, object] = {
        key: bool(raw.get(key))
        for key in ("AutoMinorVersionUpgrade", "CopyTagsToSnapshot", "PubliclyAccessible")
    }
    if raw.get("IAMDatabaseAuthenticationEnabled"):
        params["EnableIAMDatabaseAuthentication"] = True
    if raw.get("PerformanceInsightsEnabled"):
        params["EnablePerformanceInsights"] = True
    if rows(raw, "EnabledCloudwatchLogsExports"):
        params["EnableCloudwatchLogsExports"] = rows(raw, "EnabledCloudwatchLogsExports")
    groups = names_in(raw, "DBParameterGroups", "DBParameterGroupName")
    if groups and not groups[0].startswith("default."):
        params["DBParameterGroupName"] = groups[0]
    subnets = table(raw, "DBSubnetGroup").get("DBSubnetGroupName")
    if subnets and subnets != "default":
        params["DBSubnetGroupName"] = subnets
    return {**params, "Tags": own_tags(raw)}


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    if _source(raw):
        return
    params = {**given(raw, *_ASKED), **_shared(raw)}
    if raw.get("StorageType") not in _TAKES_THROUGHPUT:
        params.pop("StorageThroughput", None)
    if raw.get("DBClusterIdentifier"):
        yield {key: value for key, value in params.items() if key not in _CLUSTERS_OWN}
        return
    groups = names_in(raw, "OptionGroupMemberships", "OptionGroupName")
    if groups and not groups[0].startswith("default:"):
        params["OptionGroupName"] = groups[0]
    yield {
        **params,
        "BackupRetentionPeriod": raw.get("BackupRetentionPeriod") or 0,
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
        "DeletionProtection": bool(raw.get("DeletionProtection")),
        "MultiAZ": bool(raw.get("MultiAZ")),
        "StorageEncrypted": bool(raw.get("StorageEncrypted")),
        "VpcSecurityGroupIds": names_in(raw, "VpcSecurityGroups", "VpcSecurityGroupId"),
        **_port(raw),
    }


def _port(raw: JsonObject) -> dict[str, object]:
    port = table(raw, "Endpoint").get("Port") or raw.get("DbInstancePort")
    return {"Port": port} if port else {}


def _create_replica(raw: JsonObject, data: DataMark | None) -> Params:
    if not _source(raw):
        return
    params = {
        "DBInstanceIdentifier": raw["DBInstanceIdentifier"],
        "SourceDBInstanceIdentifier": _source(raw),
        **given(
            raw,
            "AvailabilityZone",
            "DBInstanceClass",
            "MonitoringInterval",
            "MonitoringRoleArn",
            "StorageType",
        ),
        **_shared(raw),
        "DeletionProtection": bool(raw.get("DeletionProtection")),
        "MultiAZ": bool(raw.get("MultiAZ")),
    }
    # A replica of the same region and network takes its source's group.
    params.pop("DBSubnetGroupName", None)
    yield params


def _add_roles(raw: JsonObject, data: DataMark | None) -> Params:
    for role in objects(raw, "AssociatedRoles"):
        yield {
            "DBInstanceIdentifier": raw["DBInstanceIdentifier"],
            "RoleArn": role["RoleArn"],
            "FeatureName": text(role, "FeatureName"),
        }


def _stop(raw: JsonObject, data: DataMark | None) -> Params:
    alone = not raw.get("DBClusterIdentifier")
    if alone and raw.get("DBInstanceStatus") in ("stopped", "stopping"):
        yield {"DBInstanceIdentifier": raw["DBInstanceIdentifier"]}


DB_INSTANCE = ResourceType(
    type="AWS::RDS::DBInstance",
    listing=Listing(operation="DescribeDBInstances", items="DBInstances[]"),
    id="DBInstanceIdentifier",
    name="DBInstanceIdentifier",
    arn="DBInstanceArn",
    handles=("DbiResourceId",),
    settings=_instance,
    birth={"id": "DbiResourceId", "created": "InstanceCreateTime"},
    tags="TagList",
    stateful=True,
    settling=moving("DBInstanceStatus"),
    depends_on=(
        "AWS::EC2::SecurityGroup",
        "AWS::RDS::DBSubnetGroup",
        "AWS::RDS::DBParameterGroup",
        "AWS::RDS::OptionGroup",
        "AWS::RDS::DBCluster",
    ),
    # A replica comes after what it is a replica of.
    order=lambda raw: f"{bool(_source(raw)):d}{text(raw, 'InstanceCreateTime')}",
    seeds=(
        Seed(
            operation="CreateDBInstance",
            params=_create,
            learn={"DbiResourceId": "DBInstance.DbiResourceId"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateDBInstanceReadReplica",
            params=_create_replica,
            learn={"DbiResourceId": "DBInstance.DbiResourceId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="AddRoleToDBInstance", params=_add_roles),
        Seed(operation="StopDBInstance", params=_stop, late=True),
    ),
    operations=(
        *on(
            Verb.CREATE,
            _SELF,
            "CreateDBInstance",
            "CreateDBInstanceReadReplica",
            "RestoreDBInstanceFromDBSnapshot",
            "RestoreDBInstanceFromS3",
        ),
        *on(
            Verb.CREATE,
            by("params.TargetDBInstanceIdentifier", "response.DBInstance.DBInstanceArn"),
            "RestoreDBInstanceToPointInTime",
        ),
        *on(
            Verb.READ,
            by("params.SourceDBInstanceIdentifier"),
            "CreateDBInstanceReadReplica",
            "RestoreDBInstanceToPointInTime",
        ),
        *on(Verb.READ, by("params.DBInstanceIdentifier"), "CreateDBSnapshot"),
        *on(Verb.DELETE, by("params.DBInstanceIdentifier"), "DeleteDBInstance"),
        *on(
            Verb.UPDATE,
            by("params.DBInstanceIdentifier", "params.NewDBInstanceIdentifier"),
            "ModifyDBInstance",
        ),
        *on(
            Verb.UPDATE,
            by("params.DBInstanceIdentifier", when="params.MasterUserPassword"),
            "ModifyDBInstance",
            part="'master password'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            by("params.DBInstanceIdentifier"),
            "AddRoleToDBInstance",
            "RemoveRoleFromDBInstance",
            "PromoteReadReplica",
            "StartDBInstance",
            "StopDBInstance",
        ),
        *disrupting(by("params.DBInstanceIdentifier"), "reboot", "RebootDBInstance"),
        *disrupting(by("params.DBInstanceIdentifier"), "switchover", "SwitchoverReadReplica"),
        *disrupting(
            arns_of("db", "ResourceIdentifier"), "maintenance", "ApplyPendingMaintenanceAction"
        ),
        # A cluster's members stop, start and fail with it; it tells them.
        *on(
            Verb.OPERATE,
            by("response.DBCluster.DBClusterMembers[].DBInstanceIdentifier"),
            "DeleteDBCluster",
            "FailoverDBCluster",
            "ModifyDBCluster",
            "RebootDBCluster",
            "StartDBCluster",
            "StopDBCluster",
            many=True,
        ),
        *on(
            Verb.UPDATE,
            arns_of("db", "SourceDBInstanceArn"),
            "StartDBInstanceAutomatedBackupsReplication",
        ),
        *on(
            Verb.UPDATE,
            arns_of("db", "SourceDBInstanceArn"),
            "StopDBInstanceAutomatedBackupsReplication",
            part="'replication of backups'",
            hazard=Hazard.PROTECTION_LOSS,
        ),
        *on(
            Verb.UPDATE,
            arns_of("db", "ResourceArn"),
            "StopActivityStream",
            part="'activity stream'",
            hazard=Hazard.PROTECTION_LOSS,
        ),
        *tag_operations("db"),
    ),
    hazards=(
        HazardRule(field="DeletionProtection", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        # At zero days the backups that there are go at once.
        HazardRule(field="BackupRetentionPeriod", hazard=Hazard.DATA_LOSS, when=emptied),
        HazardRule(field="BackupRetentionPeriod", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="BackupReplicas", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="MultiAZ", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="StorageEncrypted", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="LogExports", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="PubliclyAccessible", hazard=Hazard.EXPOSURE, when=turned_on),
        HazardRule(field="Stopped", hazard=Hazard.DISRUPTION, when=turned_on),
        # It restarts, or moves, and is away meanwhile.
        HazardRule(field="DBInstanceClass", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="EngineVersion", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Port", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="DBSubnetGroupName", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="VpcSecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="IAMDatabaseAuthenticationEnabled", hazard=Hazard.DISRUPTION, when=turned_off
        ),
        HazardRule(field="Roles", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Domains", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="ManagedPassword", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(
            field="ReadReplicaSourceDBInstanceIdentifier", hazard=Hazard.DISRUPTION, when=removed
        ),
    ),
)
