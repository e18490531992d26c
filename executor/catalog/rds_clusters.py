"""RDS: clusters (Aurora, Multi-AZ, DocumentDB and Neptune alike).

Members are instances of their own, which tell their cluster. Serverless clusters of the first
kind are told as far as RDS tells them; custom endpoints are not read.
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
from executor.catalog.raw import objects, rows, text
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
    "BacktrackWindow",
    "BackupRetentionPeriod",
    "CharacterSetName",
    "DBClusterInstanceClass",
    "DBClusterParameterGroup",
    "DBSubnetGroup",
    "DatabaseInsightsMode",
    "DatabaseName",
    "Engine",
    "EngineMode",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "MasterUsername",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "NetworkType",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "ReplicationSourceIdentifier",
    "ScalingConfigurationInfo",
    "ServerlessV2ScalingConfiguration",
    "StorageType",
)
_SWITCHES = (
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "DeletionProtection",
    "GlobalWriteForwardingRequested",
    "HttpEndpointEnabled",
    "IAMDatabaseAuthenticationEnabled",
    "MultiAZ",
    "PerformanceInsightsEnabled",
    "PubliclyAccessible",
    "StorageEncrypted",
)
_ASKED = (
    "AllocatedStorage",
    "BacktrackWindow",
    "BackupRetentionPeriod",
    "CharacterSetName",
    "DBClusterIdentifier",
    "DBClusterInstanceClass",
    "DatabaseName",
    "Engine",
    "EngineMode",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "NetworkType",
    "Port",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "ReplicationSourceIdentifier",
    "ServerlessV2ScalingConfiguration",
)
_SCALING = (
    "AutoPause",
    "MaxCapacity",
    "MinCapacity",
    "SecondsBeforeTimeout",
    "SecondsUntilAutoPause",
    "TimeoutAction",
)
# The kind of cluster that takes its storage from a class of instances, as single ones do.
_OWN_STORAGE = ("mysql", "postgres")
_SELF = by("params.DBClusterIdentifier", "response.DBCluster.DBClusterArn")
_ARN = arns_of("cluster", "ResourceArn")


def _cluster(raw: JsonObject) -> Json:
    return {
        **{key: raw.get(key) or None for key in _PLAIN},
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        "BackupRetentionPeriod": raw.get("BackupRetentionPeriod") or 0,
        "BacktrackWindow": raw.get("BacktrackWindow") or 0,
        # Some engines tell its ARN.
        "GlobalClusterIdentifier": text(raw, "GlobalClusterIdentifier").rpartition(":")[2] or None,
        "Stopped": raw.get("Status") in ("stopped", "stopping"),
        "VpcSecurityGroupIds": names_in(raw, "VpcSecurityGroups", "VpcSecurityGroupId"),
        "LogExports": sorted(str(name) for name in rows(raw, "EnabledCloudwatchLogsExports")),
        "Roles": sorted(text(role, "RoleArn") for role in objects(raw, "AssociatedRoles")),
        "Domains": names_in(raw, "DomainMemberships", "Domain"),
        "ManagedPassword": bool(raw.get("MasterUserSecret")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params = given(raw, *_ASKED)
    if raw.get("Engine") not in _OWN_STORAGE:
        params.pop("AllocatedStorage", None)
        params.pop("Iops", None)
    elif raw.get("StorageType"):
        params["StorageType"] = raw["StorageType"]
    scaling = raw.get("ScalingConfigurationInfo")
    if isinstance(scaling, dict) and given(scaling, *_SCALING):
        params["ScalingConfiguration"] = given(scaling, *_SCALING)
    subnets, group = text(raw, "DBSubnetGroup"), text(raw, "DBClusterParameterGroup")
    if subnets and subnets != "default":
        params["DBSubnetGroupName"] = subnets
    if group and not group.startswith("default."):
        params["DBClusterParameterGroupName"] = group
    if rows(raw, "EnabledCloudwatchLogsExports"):
        params["EnableCloudwatchLogsExports"] = rows(raw, "EnabledCloudwatchLogsExports")
    if raw.get("IAMDatabaseAuthenticationEnabled"):
        params["EnableIAMDatabaseAuthentication"] = True
    if raw.get("HttpEndpointEnabled"):
        params["EnableHttpEndpoint"] = True
    yield {
        **params,
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
        "StorageEncrypted": bool(raw.get("StorageEncrypted")),
        "DeletionProtection": bool(raw.get("DeletionProtection")),
        "CopyTagsToSnapshot": bool(raw.get("CopyTagsToSnapshot")),
        "VpcSecurityGroupIds": names_in(raw, "VpcSecurityGroups", "VpcSecurityGroupId"),
        "Tags": own_tags(raw),
    }


def _add_roles(raw: JsonObject, data: DataMark | None) -> Params:
    for role in objects(raw, "AssociatedRoles"):
        yield {
            "DBClusterIdentifier": raw["DBClusterIdentifier"],
            **given(role, "RoleArn", "FeatureName"),
        }


def _stop(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("Status") in ("stopped", "stopping"):
        yield {"DBClusterIdentifier": raw["DBClusterIdentifier"]}


DB_CLUSTER = ResourceType(
    type="AWS::RDS::DBCluster",
    listing=Listing(operation="DescribeDBClusters", items="DBClusters[]"),
    id="DBClusterIdentifier",
    name="DBClusterIdentifier",
    arn="DBClusterArn",
    handles=("DbClusterResourceId",),
    settings=_cluster,
    birth={"id": "DbClusterResourceId", "created": "ClusterCreateTime"},
    tags="TagList",
    stateful=True,
    settling=moving("Status"),
    depends_on=(
        "AWS::EC2::SecurityGroup",
        "AWS::RDS::DBSubnetGroup",
        "AWS::RDS::DBClusterParameterGroup",
    ),
    order="ClusterCreateTime",
    seeds=(
        Seed(
            operation="CreateDBCluster",
            params=_create,
            learn={"DbClusterResourceId": "DBCluster.DbClusterResourceId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="AddRoleToDBCluster", params=_add_roles),
        Seed(operation="StopDBCluster", params=_stop, late=True),
    ),
    operations=(
        *on(
            Verb.CREATE,
            _SELF,
            "CreateDBCluster",
            "RestoreDBClusterFromS3",
            "RestoreDBClusterFromSnapshot",
            "RestoreDBClusterToPointInTime",
        ),
        *on(Verb.READ, by("params.SourceDBClusterIdentifier"), "RestoreDBClusterToPointInTime"),
        *on(Verb.READ, by("params.DBClusterIdentifier"), "CreateDBClusterSnapshot"),
        *on(Verb.DELETE, by("params.DBClusterIdentifier"), "DeleteDBCluster"),
        *on(
            Verb.UPDATE,
            by("params.DBClusterIdentifier", "params.NewDBClusterIdentifier"),
            "ModifyDBCluster",
        ),
        *on(
            Verb.UPDATE,
            by("params.DBClusterIdentifier", when="params.MasterUserPassword"),
            "ModifyDBCluster",
            part="'master password'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            by("params.DBClusterIdentifier"),
            "AddRoleToDBCluster",
            "PromoteReadReplicaDBCluster",
            "RemoveRoleFromDBCluster",
            "StartDBCluster",
            "StopDBCluster",
        ),
        *disrupting(by("params.DBClusterIdentifier"), "failover", "FailoverDBCluster"),
        *disrupting(by("params.DBClusterIdentifier"), "reboot", "RebootDBCluster"),
        *disrupting(
            arns_of("cluster", "ResourceIdentifier"),
            "maintenance",
            "ApplyPendingMaintenanceAction",
        ),
        # The whole cluster goes back to an earlier moment; what came after is lost.
        *on(Verb.ERASE, by("params.DBClusterIdentifier"), "BacktrackDBCluster"),
        *on(
            Verb.UPDATE,
            by("params.SourceDBClusterIdentifier"),
            "CreateGlobalCluster",
            part="'global cluster'",
        ),
        *on(
            Verb.UPDATE,
            by("params.DbClusterIdentifier"),
            "RemoveFromGlobalCluster",
            part="'global cluster'",
        ),
        *disrupting(
            by("params.TargetDbClusterIdentifier"),
            "failover",
            "FailoverGlobalCluster",
            "SwitchoverGlobalCluster",
        ),
        *on(Verb.UPDATE, _ARN, "DisableHttpEndpoint", "EnableHttpEndpoint"),
        *on(
            Verb.UPDATE,
            _ARN,
            "StopActivityStream",
            part="'activity stream'",
            hazard=Hazard.PROTECTION_LOSS,
        ),
        *tag_operations("cluster"),
    ),
    hazards=(
        HazardRule(field="DeletionProtection", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="BackupRetentionPeriod", hazard=Hazard.DATA_LOSS, when=emptied),
        HazardRule(field="BackupRetentionPeriod", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="BacktrackWindow", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="StorageEncrypted", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="GlobalClusterIdentifier", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="LogExports", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="PubliclyAccessible", hazard=Hazard.EXPOSURE, when=turned_on),
        HazardRule(field="Stopped", hazard=Hazard.DISRUPTION, when=turned_on),
        HazardRule(field="DBClusterInstanceClass", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="EngineVersion", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Port", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(
            field="ServerlessV2ScalingConfiguration.MaxCapacity",
            hazard=Hazard.DISRUPTION,
            when=shrunk,
        ),
        HazardRule(field="VpcSecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="HttpEndpointEnabled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Domains", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="ManagedPassword", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(
            field="IAMDatabaseAuthenticationEnabled", hazard=Hazard.DISRUPTION, when=turned_off
        ),
        HazardRule(field="Roles", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="ReplicationSourceIdentifier", hazard=Hazard.DISRUPTION, when=removed),
    ),
)
