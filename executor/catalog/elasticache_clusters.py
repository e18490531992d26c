"""ElastiCache: clusters of nodes, and replication groups with their members.

What a cache holds is neither read nor copied. Members of a replication group come and go with
it; the group is what is made. What is being deleted is taken for gone: nothing stops it.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    PASSWORD,
    Params,
    by,
    disrupting,
    given,
    names_in,
    own_tags,
    tag_operations,
    tags_by,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import any_change, lost, shrunk, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

_CLUSTER = (
    "AutoMinorVersionUpgrade",
    "CacheNodeType",
    "CacheSubnetGroupName",
    "Engine",
    "EngineVersion",
    "NetworkType",
    "NumCacheNodes",
    "PreferredMaintenanceWindow",
    "SnapshotWindow",
)
_GROUP = (
    "CacheNodeType",
    "DataTiering",
    "Description",
    "Engine",
    "KmsKeyId",
    "NetworkType",
    "SnapshotWindow",
    "TransitEncryptionMode",
)
_SWITCHES = ("AtRestEncryptionEnabled", "AuthTokenEnabled", "TransitEncryptionEnabled")
_TOKEN = PASSWORD
_CLUSTER_ID = by("params.CacheClusterId")
_GROUP_ID = by("params.ReplicationGroupId")
_UPDATES = "params.CacheClusterIds"
_DEFAULT_PORTS = {"memcached": 11211}


def _logs(raw: JsonObject) -> list[JsonObject]:
    kept: list[JsonObject] = [
        {
            key: log.get(key)
            for key in ("LogType", "DestinationType", "DestinationDetails", "LogFormat")
        }
        for log in objects(raw, "LogDeliveryConfigurations")
    ]
    return sorted(kept, key=canonical)


def _group_of(raw: JsonObject) -> Json:
    return table(raw, "CacheParameterGroup").get("CacheParameterGroupName")


def _cluster(raw: JsonObject) -> Json:
    return {
        **{key: raw.get(key) for key in _CLUSTER},
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        "ReplicationGroupId": raw.get("ReplicationGroupId") or None,
        "SnapshotRetentionLimit": raw.get("SnapshotRetentionLimit") or 0,
        "CacheParameterGroupName": _group_of(raw),
        "SecurityGroupIds": names_in(raw, "SecurityGroups", "SecurityGroupId"),
        "Logs": _logs(raw),
    }


def _port(raw: JsonObject) -> dict[str, object]:
    for node in objects(raw, "CacheNodes"):
        port = table(node, "Endpoint").get("Port")
        if port and port != _DEFAULT_PORTS.get(text(raw, "Engine"), 6379):
            return {"Port": port}
    return {}


def _common(raw: JsonObject) -> dict[str, object]:
    """Return what clusters and groups are asked for alike."""
    params = given(
        raw,
        "CacheNodeType",
        "Engine",
        "NetworkType",
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "AutoMinorVersionUpgrade",
    )
    if raw.get("TransitEncryptionEnabled"):
        params["TransitEncryptionEnabled"] = True
    if raw.get("AuthTokenEnabled"):
        params["AuthToken"] = _TOKEN
    if _logs(raw):
        params["LogDeliveryConfigurations"] = _logs(raw)
    return {**params, "Tags": own_tags(raw)}


def _create_cluster(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("ReplicationGroupId"):
        return
    params = {
        **given(raw, "CacheClusterId", "NumCacheNodes", "EngineVersion"),
        **given(raw, "PreferredMaintenanceWindow"),
        **_common(raw),
        **_port(raw),
    }
    subnets, group = text(raw, "CacheSubnetGroupName"), str(_group_of(raw) or "")
    if subnets and subnets != "default":
        params["CacheSubnetGroupName"] = subnets
    if group and not group.startswith("default."):
        params["CacheParameterGroupName"] = group
    security = names_in(raw, "SecurityGroups", "SecurityGroupId")
    yield {**params, "SecurityGroupIds": security} if security else params


CACHE_CLUSTER = ResourceType(
    type="AWS::ElastiCache::CacheCluster",
    listing=Listing(operation="DescribeCacheClusters", items="CacheClusters[]"),
    details=(tags_by("ARN"),),
    id="CacheClusterId",
    name="CacheClusterId",
    arn="ARN",
    settings=_cluster,
    birth={"created": "CacheClusterCreateTime"},
    tags="TagList",
    stateful=True,
    builtin="ReplicationGroupId",
    settling="contains(['creating', 'modifying', 'rebooting cluster nodes'], CacheClusterStatus)",
    ignore="CacheClusterStatus == 'deleting'",
    depends_on=(
        "AWS::ElastiCache::SubnetGroup",
        "AWS::ElastiCache::ParameterGroup",
        "AWS::EC2::SecurityGroup",
    ),
    seeds=(
        Seed(operation="CreateCacheCluster", params=_create_cluster, creates=True, optional=False),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.CacheClusterId", "response.CacheCluster.ARN"),
            "CreateCacheCluster",
        ),
        *on(Verb.DELETE, _CLUSTER_ID, "DeleteCacheCluster"),
        *on(Verb.UPDATE, _CLUSTER_ID, "ModifyCacheCluster"),
        # What the nodes hold lies in their memory.
        *on(Verb.ERASE, _CLUSTER_ID, "RebootCacheCluster", part="'what the nodes held'"),
        *on(Verb.READ, _CLUSTER_ID, "CreateSnapshot"),
        *on(
            Verb.UPDATE,
            _UPDATES,
            "BatchApplyUpdateAction",
            part="'service update'",
            many=True,
            hazard=Hazard.DISRUPTION,
        ),
        *tag_operations("cluster"),
    ),
    hazards=(
        HazardRule(field="NumCacheNodes", hazard=Hazard.DATA_LOSS, when=shrunk),
        HazardRule(field="SnapshotRetentionLimit", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(
            field="TransitEncryptionEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(field="AuthTokenEnabled", hazard=Hazard.EXPOSURE, when=turned_off),
        HazardRule(field="Logs", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="CacheNodeType", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="EngineVersion", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)


def _nodes(raw: JsonObject) -> dict[str, Json]:
    """Return id -> number of nodes of every shard."""
    return {
        text(shard, "NodeGroupId"): len(rows(shard, "NodeGroupMembers"))
        for shard in objects(raw, "NodeGroups")
    }


def _replication_group(raw: JsonObject) -> Json:
    return {
        **{key: raw.get(key) or None for key in _GROUP},
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        "AutoMinorVersionUpgrade": raw.get("AutoMinorVersionUpgrade"),
        "AutomaticFailover": raw.get("AutomaticFailover") in ("enabled", "enabling"),
        "MultiAZ": raw.get("MultiAZ") == "enabled",
        "ClusterEnabled": bool(raw.get("ClusterEnabled")),
        "SnapshotRetentionLimit": raw.get("SnapshotRetentionLimit") or 0,
        "Shards": _nodes(raw),
        "UserGroupIds": sorted(str(name) for name in rows(raw, "UserGroupIds")),
        "GlobalGroup": table(raw, "GlobalReplicationGroupInfo").get("GlobalReplicationGroupId"),
        "Logs": _logs(raw),
    }


def _create_group(raw: JsonObject, data: DataMark | None) -> Params:
    nodes = [count for count in _nodes(raw).values() if isinstance(count, int)]
    size: dict[str, object] = {"NumCacheClusters": nodes[0] if nodes else 1}
    if len(nodes) > 1 or raw.get("ClusterEnabled"):
        size = {"NumNodeGroups": len(nodes), "ReplicasPerNodeGroup": max(0, min(nodes) - 1)}
    if raw.get("AtRestEncryptionEnabled"):
        size |= {"AtRestEncryptionEnabled": True, **given(raw, "KmsKeyId")}
    if raw.get("DataTiering") == "enabled":
        size["DataTieringEnabled"] = True
    yield {
        "ReplicationGroupId": raw["ReplicationGroupId"],
        "ReplicationGroupDescription": raw.get("Description") or "-",
        "AutomaticFailoverEnabled": raw.get("AutomaticFailover") in ("enabled", "enabling"),
        "MultiAZEnabled": raw.get("MultiAZ") == "enabled",
        **given(raw, "UserGroupIds", "TransitEncryptionMode"),
        **size,
        **_common(raw),
    }


def _fewer(before: Json, after: Json) -> bool:
    """A shard is gone, or has fewer nodes than it had."""
    left = after if isinstance(after, dict) else {}
    return isinstance(before, dict) and any(shrunk(n, left.get(i, 0)) for i, n in before.items())


def _all_gone(before: Json, after: Json) -> bool:
    """There were user groups, and whoever reaches it needs none any more."""
    return bool(before) and not after


REPLICATION_GROUP = ResourceType(
    type="AWS::ElastiCache::ReplicationGroup",
    listing=Listing(operation="DescribeReplicationGroups", items="ReplicationGroups[]"),
    details=(tags_by("ARN"),),
    id="ReplicationGroupId",
    name="ReplicationGroupId",
    arn="ARN",
    settings=_replication_group,
    birth={"created": "ReplicationGroupCreateTime"},
    tags="TagList",
    stateful=True,
    settling="contains(['creating', 'modifying', 'snapshotting'], Status)",
    ignore="Status == 'deleting'",
    depends_on=(
        "AWS::ElastiCache::SubnetGroup",
        "AWS::ElastiCache::UserGroup",
        "AWS::EC2::SecurityGroup",
    ),
    seeds=(
        Seed(
            operation="CreateReplicationGroup",
            params=_create_group,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.ReplicationGroupId", "response.ReplicationGroup.ARN"),
            "CreateReplicationGroup",
        ),
        *on(Verb.DELETE, _GROUP_ID, "DeleteReplicationGroup"),
        *on(
            Verb.UPDATE,
            _GROUP_ID,
            "DecreaseReplicaCount",
            "IncreaseReplicaCount",
            "ModifyReplicationGroup",
            "ModifyReplicationGroupShardConfiguration",
        ),
        # It takes over what another server holds, and gives up its own.
        *on(Verb.ERASE, _GROUP_ID, "StartMigration", part="'what the nodes held'"),
        *disrupting(_GROUP_ID, "failover", "TestFailover"),
        *on(
            Verb.UPDATE,
            by("params.ReplicationGroupId", when="params.PrimaryClusterId"),
            "ModifyReplicationGroup",
            part="'primary'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            by("params.ReplicationGroupId", when="params.AuthTokenUpdateStrategy"),
            "ModifyReplicationGroup",
            part="'auth token'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.READ, _GROUP_ID, "CreateSnapshot"),
        *on(Verb.UPDATE, _GROUP_ID, "CreateCacheCluster", part="'replicas'"),
        *on(
            Verb.UPDATE,
            "params.ReplicationGroupIds",
            "BatchApplyUpdateAction",
            part="'service update'",
            many=True,
            hazard=Hazard.DISRUPTION,
        ),
        *tag_operations("replicationgroup"),
    ),
    hazards=(
        HazardRule(field="Shards", hazard=Hazard.PROTECTION_LOSS, when=_fewer),
        HazardRule(field="AutomaticFailover", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="MultiAZ", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="SnapshotRetentionLimit", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(field="GlobalGroup", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(
            field="TransitEncryptionEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(field="Logs", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="AuthTokenEnabled", hazard=Hazard.EXPOSURE, when=turned_off),
        HazardRule(field="UserGroupIds", hazard=Hazard.EXPOSURE, when=_all_gone),
        HazardRule(field="UserGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="CacheNodeType", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)
