"""ElastiCache on every emulator: caches of all kinds, and what they refer to."""

from __future__ import annotations

from functools import partial
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "größe"}]


def _cache(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("elasticache", operation, params)


def _network(api: Api) -> tuple[list[str], str]:
    vpc = cast(JsonObject, api.call("ec2", "CreateVpc", {"CidrBlock": "10.7.0.0/16"})["Vpc"])
    subnets: list[str] = []
    for n, zone in enumerate("ab"):
        answer = api.call(
            "ec2",
            "CreateSubnet",
            {
                "VpcId": vpc["VpcId"],
                "CidrBlock": f"10.7.{n}.0/24",
                "AvailabilityZone": f"us-east-1{zone}",
            },
        )
        subnets.append(str(cast(JsonObject, answer["Subnet"])["SubnetId"]))
    group = api.call(
        "ec2",
        "CreateSecurityGroup",
        {"GroupName": "caches", "Description": "caches", "VpcId": vpc["VpcId"]},
    )
    return subnets, str(group["GroupId"])


def _make(api: Api) -> None:
    subnets, group = _network(api)
    cache = partial(_cache, api)
    cache(
        "CreateCacheSubnetGroup",
        CacheSubnetGroupName="private",
        CacheSubnetGroupDescription="where caches live",
        SubnetIds=subnets,
        Tags=_TAGS,
    )
    cache(
        "CreateCacheParameterGroup",
        CacheParameterGroupName="tuned",
        CacheParameterGroupFamily="redis7",
        Description="tuned",
        Tags=_TAGS,
    )
    cache(
        "ModifyCacheParameterGroup",
        CacheParameterGroupName="tuned",
        ParameterNameValues=[
            {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}
        ],
    )
    _make_users(api)
    _make_clusters(api, group)
    cache("CreateSnapshot", SnapshotName="before", CacheClusterId="sessions", Tags=_TAGS)


def _make_users(api: Api) -> None:
    for name in ("alice", "default-user"):
        _cache(
            api,
            "CreateUser",
            UserId=name,
            UserName="default" if name == "default-user" else name,
            Engine="redis",
            AccessString="on ~app::* +@read",
            Passwords=["correct-horse-battery"],
            Tags=_TAGS,
        )
    _cache(
        api,
        "CreateUserGroup",
        UserGroupId="readers",
        Engine="redis",
        UserIds=["default-user", "alice"],
        Tags=_TAGS,
    )


def _make_clusters(api: Api, group: str) -> None:
    cache = partial(_cache, api)
    cache(
        "CreateCacheCluster",
        CacheClusterId="sessions",
        Engine="redis",
        EngineVersion="7.1",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
        CacheSubnetGroupName="private",
        CacheParameterGroupName="tuned",
        SecurityGroupIds=[group],
        SnapshotRetentionLimit=5,
        SnapshotWindow="03:00-04:00",
        PreferredMaintenanceWindow="sun:05:00-sun:06:00",
        Tags=_TAGS,
    )
    cache(
        "CreateCacheCluster",
        CacheClusterId="pages",
        Engine="memcached",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=2,
    )
    cache(
        "CreateReplicationGroup",
        ReplicationGroupId="carts",
        ReplicationGroupDescription="shopping carts",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        AtRestEncryptionEnabled=True,
        TransitEncryptionEnabled=True,
        AuthToken="correct-horse-battery",
        CacheSubnetGroupName="private",
        SecurityGroupIds=[group],
        SnapshotRetentionLimit=7,
        Tags=_TAGS,
    )
    cache(
        "CreateReplicationGroup",
        ReplicationGroupId="sharded",
        ReplicationGroupDescription="in three parts",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumNodeGroups=3,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
    )
    cache(
        "CreateServerlessCache",
        ServerlessCacheName="bursty",
        Engine="redis",
        Description="bursty",
        Tags=_TAGS,
    )


def _update(api: Api) -> None:
    _cache(
        api,
        "ModifyReplicationGroup",
        ReplicationGroupId="carts",
        SnapshotRetentionLimit=8,
        ApplyImmediately=True,
    )


def _remake_clusters(api: Api) -> None:
    for name in ("sessions", "pages"):
        _cache(api, "DeleteCacheCluster", CacheClusterId=name)
    _cache(
        api,
        "CreateCacheCluster",
        CacheClusterId="sessions",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
    )
    _cache(
        api,
        "CreateCacheCluster",
        CacheClusterId="pages",
        Engine="memcached",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
    )


def _remake_groups(api: Api) -> None:
    for name in ("carts", "sharded"):
        _cache(api, "DeleteReplicationGroup", ReplicationGroupId=name)
    for name in ("carts", "sharded"):
        _cache(
            api,
            "CreateReplicationGroup",
            ReplicationGroupId=name,
            ReplicationGroupDescription="again",
            CacheNodeType="cache.t3.micro",
            NumCacheClusters=1,
        )


def _retake(api: Api) -> None:
    _cache(api, "DeleteSnapshot", SnapshotName="before")
    _cache(api, "CreateSnapshot", SnapshotName="before", CacheClusterId="sessions")


def _remake_serverless(api: Api) -> None:
    _cache(api, "DeleteServerlessCache", ServerlessCacheName="bursty")
    _cache(api, "CreateServerlessCache", ServerlessCacheName="bursty", Engine="redis")


_REMAKES = {
    "Snapshot": _retake,
    "CacheCluster": _remake_clusters,
    "ReplicationGroup": _remake_groups,
    "ServerlessCache": _remake_serverless,
    "SubnetGroup": None,
    "ParameterGroup": None,
    "User": None,
    "UserGroup": None,
}

CASES = tuple(
    Case(
        service="elasticache",
        type=f"AWS::ElastiCache::{kind}",
        make=_make,
        remake=remake,
        update=_update,
        services=("ec2",),
    )
    for kind, remake in _REMAKES.items()
)
