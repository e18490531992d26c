"""Amazon ElastiCache: caches, their groups, users and snapshots.

Global replication groups, snapshots of serverless caches and security groups of the classic
kind are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, Service, on
from executor.catalog.elasticache_access import USER, USER_GROUP
from executor.catalog.elasticache_clusters import CACHE_CLUSTER, REPLICATION_GROUP
from executor.catalog.elasticache_groups import PARAMETER_GROUP, SUBNET_GROUP
from executor.catalog.identifiers import (
    Params,
    by,
    given,
    own_tags,
    tag_operations,
    tags_by,
)
from executor.catalog.raw import rows
from executor.catalog.weakening import lost, removed, shrunk
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_SNAPSHOT = (
    "CacheClusterId",
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "KmsKeyId",
    "ReplicationGroupId",
)
_SERVERLESS = by("params.ServerlessCacheName")


def _snapshot(raw: JsonObject) -> Json:
    return {key: raw.get(key) or None for key in _SNAPSHOT}


def _take(raw: JsonObject, data: DataMark | None) -> Params:
    # That of a group tells one of its members as well.
    source = given(raw, "ReplicationGroupId") or given(raw, "CacheClusterId")
    yield {**source, **given(raw, "SnapshotName", "KmsKeyId"), "Tags": own_tags(raw)}


SNAPSHOT = ResourceType(
    type="AWS::ElastiCache::Snapshot",
    # The automated ones come and go with what they are of.
    listing=Listing(
        operation="DescribeSnapshots", items="Snapshots[?SnapshotSource != 'automated']"
    ),
    details=(tags_by("ARN"),),
    id="SnapshotName",
    name="SnapshotName",
    arn="ARN",
    settings=_snapshot,
    birth={"created": "NodeSnapshots[0].SnapshotCreateTime"},
    tags="TagList",
    stateful=True,
    settling="contains(['creating', 'restoring', 'copying', 'exporting'], SnapshotStatus)",
    ignore="SnapshotStatus == 'deleting'",
    depends_on=("AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup"),
    seeds=(Seed(operation="CreateSnapshot", params=_take, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, by("params.SnapshotName", "response.Snapshot.ARN"), "CreateSnapshot"),
        *on(Verb.CREATE, by("params.TargetSnapshotName"), "CopySnapshot"),
        *on(Verb.READ, by("params.SourceSnapshotName"), "CopySnapshot"),
        *on(
            Verb.CREATE,
            by("params.FinalSnapshotIdentifier"),
            "DeleteCacheCluster",
            "DeleteReplicationGroup",
        ),
        *on(
            Verb.READ,
            by("params.SnapshotName"),
            "CreateCacheCluster",
            "CreateReplicationGroup",
        ),
        *on(Verb.DELETE, by("params.SnapshotName"), "DeleteSnapshot"),
        *tag_operations("snapshot"),
    ),
)


def _serverless(raw: JsonObject) -> Json:
    return {
        **{
            key: raw.get(key) or None
            for key in (
                "CacheUsageLimits",
                "DailySnapshotTime",
                "Description",
                "Engine",
                "KmsKeyId",
                "MajorEngineVersion",
                "UserGroupId",
            )
        },
        "SnapshotRetentionLimit": raw.get("SnapshotRetentionLimit") or 0,
        "SecurityGroupIds": sorted(str(group) for group in rows(raw, "SecurityGroupIds")),
        "SubnetIds": sorted(str(subnet) for subnet in rows(raw, "SubnetIds")),
    }


def _create_serverless(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(
            raw,
            "CacheUsageLimits",
            "DailySnapshotTime",
            "Description",
            "Engine",
            "KmsKeyId",
            "MajorEngineVersion",
            "SecurityGroupIds",
            "ServerlessCacheName",
            "SnapshotRetentionLimit",
            "SubnetIds",
            "UserGroupId",
        ),
        "Tags": own_tags(raw),
    }


SERVERLESS_CACHE = ResourceType(
    type="AWS::ElastiCache::ServerlessCache",
    listing=Listing(operation="DescribeServerlessCaches", items="ServerlessCaches[]"),
    details=(tags_by("ARN"),),
    id="ServerlessCacheName",
    name="ServerlessCacheName",
    arn="ARN",
    settings=_serverless,
    birth={"created": "CreateTime"},
    tags="TagList",
    stateful=True,
    settling="contains(['creating', 'modifying'], Status)",
    ignore="Status == 'deleting'",
    depends_on=("AWS::EC2::Subnet", "AWS::ElastiCache::UserGroup"),
    seeds=(
        Seed(
            operation="CreateServerlessCache",
            params=_create_serverless,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.ServerlessCacheName", "response.ServerlessCache.ARN"),
            "CreateServerlessCache",
        ),
        *on(Verb.UPDATE, _SERVERLESS, "ModifyServerlessCache"),
        *on(Verb.DELETE, _SERVERLESS, "DeleteServerlessCache"),
        *tag_operations("serverlesscache"),
    ),
    hazards=(
        HazardRule(field="SnapshotRetentionLimit", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="UserGroupId", hazard=Hazard.EXPOSURE, when=removed),
        HazardRule(field="SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

SERVICE = Service(
    name="elasticache",
    types=(
        SUBNET_GROUP,
        PARAMETER_GROUP,
        USER,
        USER_GROUP,
        CACHE_CLUSTER,
        REPLICATION_GROUP,
        SNAPSHOT,
        SERVERLESS_CACHE,
    ),
    # Subnet groups are made of subnets.
    reaches=("ec2",),
)
