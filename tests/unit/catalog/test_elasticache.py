"""ElastiCache: what calls touch, and which changes of settings are dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

CLUSTER = "AWS::ElastiCache::CacheCluster"
GROUP = "AWS::ElastiCache::ReplicationGroup"


def _cluster(**changes: Json) -> dict[str, Json]:
    return {
        "CacheClusterId": "sessions",
        "ARN": "arn:c",
        "NumCacheNodes": 2,
        "CacheNodeType": "a",
        "SnapshotRetentionLimit": 5,
        **changes,
    }


def _shard(name: str, nodes: int) -> Json:
    members: list[Json] = [{"CacheNodeId": str(n)} for n in range(nodes)]
    return {"NodeGroupId": name, "NodeGroupMembers": members}


def _group(**changes: Json) -> dict[str, Json]:
    return {
        "ReplicationGroupId": "carts",
        "ARN": "arn:g",
        "AutomaticFailover": "enabled",
        "MultiAZ": "enabled",
        "SnapshotRetentionLimit": 7,
        "NodeGroups": [_shard("0001", 2)],
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"NumCacheNodes": 1}, {("data-loss", "NumCacheNodes")}),
        ({}, {"NumCacheNodes": 3}, set()),
        ({}, {"SnapshotRetentionLimit": 0}, {("protection-loss", "SnapshotRetentionLimit")}),
        ({}, {"SnapshotRetentionLimit": 9}, set()),
        ({}, {"CacheNodeType": "b"}, {("disruption", "CacheNodeType")}),
        ({"EngineVersion": "6"}, {"EngineVersion": "7"}, {("disruption", "EngineVersion")}),
        (
            {"TransitEncryptionEnabled": True},
            {},
            {("protection-loss", "TransitEncryptionEnabled")},
        ),
        ({"AuthTokenEnabled": True}, {}, {("exposure", "AuthTokenEnabled")}),
        ({}, {"AuthTokenEnabled": True}, set()),
        (
            {"SecurityGroups": [{"SecurityGroupId": "sg-1"}]},
            {},
            {("disruption", "SecurityGroupIds")},
        ),
        (
            {"LogDeliveryConfigurations": [{"LogType": "slow-log"}]},
            {},
            {("protection-loss", "Logs")},
        ),
        ({}, {"SnapshotWindow": "01:00-02:00"}, set()),
    ],
)
def test_cluster(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(CLUSTER, _cluster(**before), _cluster(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {},
            {"AutomaticFailover": "disabled"},
            {("protection-loss", "AutomaticFailover")},
        ),
        ({"AutomaticFailover": "disabled"}, {"AutomaticFailover": "enabling"}, set()),
        ({}, {"MultiAZ": "disabled"}, {("protection-loss", "MultiAZ")}),
        ({}, {"SnapshotRetentionLimit": 1}, {("protection-loss", "SnapshotRetentionLimit")}),
        ({}, {"NodeGroups": [_shard("0001", 1)]}, {("protection-loss", "Shards")}),
        ({}, {"NodeGroups": [_shard("0001", 3)]}, set()),
        (
            {"NodeGroups": [_shard("0001", 2), _shard("0002", 2)]},
            {"NodeGroups": [_shard("0001", 2)]},
            {("protection-loss", "Shards")},
        ),
        (
            {"UserGroupIds": ["readers"]},
            {"UserGroupIds": []},
            {("exposure", "UserGroupIds"), ("disruption", "UserGroupIds")},
        ),
        (
            {"UserGroupIds": ["readers", "writers"]},
            {"UserGroupIds": ["readers"]},
            {("disruption", "UserGroupIds")},
        ),
        ({"UserGroupIds": []}, {"UserGroupIds": ["readers"]}, set()),
        (
            {"GlobalReplicationGroupInfo": {"GlobalReplicationGroupId": "world"}},
            {},
            {("protection-loss", "GlobalGroup")},
        ),
        ({"AuthTokenEnabled": True}, {}, {("exposure", "AuthTokenEnabled")}),
        ({"CacheNodeType": "a"}, {"CacheNodeType": "b"}, {("disruption", "CacheNodeType")}),
        ({"Description": "a"}, {"Description": "b"}, set()),
    ],
)
def test_replication_group(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(GROUP, _group(**before), _group(**after)) == expected


def test_user_who_needs_no_password_any_more_and_one_who_may_do_other_things() -> None:
    def user(kind: str, access: str = "on ~* +@read") -> dict[str, Json]:
        return {"UserId": "u", "Authentication": {"Type": kind}, "AccessString": access}

    kind = "AWS::ElastiCache::User"
    assert hazards(kind, user("password"), user("no-password")) == {("exposure", "Authentication")}
    assert hazards(kind, user("no-password"), user("password")) == set()
    assert hazards(kind, user("password"), user("password", "on ~* +@all")) == {
        ("exposure", "AccessString"),
        ("disruption", "AccessString"),
    }


def test_user_that_leaves_a_group_and_subnet_that_does() -> None:
    def users(*names: str) -> dict[str, Json]:
        return {"UserGroupId": "g", "UserIds": list(names)}

    kind = "AWS::ElastiCache::UserGroup"
    assert hazards(kind, users("a", "b"), users("a")) == {("disruption", "UserIds")}
    assert hazards(kind, users("a"), users("a", "b")) == set()

    def subnets(*ids: str) -> dict[str, Json]:
        return {"CacheSubnetGroupName": "g", "Subnets": [{"SubnetIdentifier": i} for i in ids]}

    kind = "AWS::ElastiCache::SubnetGroup"
    assert hazards(kind, subnets("a", "b"), subnets("a")) == {("disruption", "SubnetIds")}
    assert hazards(kind, subnets("a"), subnets("a", "b")) == set()


def test_serverless_cache() -> None:
    def cache(**changes: Json) -> dict[str, Json]:
        return {"ServerlessCacheName": "s", "SnapshotRetentionLimit": 5, **changes}

    kind = "AWS::ElastiCache::ServerlessCache"
    assert hazards(kind, cache(UserGroupId="g"), cache()) == {("exposure", "UserGroupId")}
    assert hazards(kind, cache(), cache(SnapshotRetentionLimit=0)) == {
        ("protection-loss", "SnapshotRetentionLimit")
    }
    assert hazards(kind, cache(SecurityGroupIds=["sg-1"]), cache()) == {
        ("disruption", "SecurityGroupIds")
    }
    assert hazards(kind, cache(), cache(UserGroupId="g", SnapshotRetentionLimit=9)) == set()


def test_reboot_loses_what_the_nodes_hold_and_failover_disrupts() -> None:
    assert touches("elasticache:RebootCacheCluster", {"CacheClusterId": "Sessions"}) == {
        ("ElastiCache::CacheCluster", "erase", ("Sessions", "sessions"), "what the nodes held")
    }
    (touch,) = CATALOG.touches(call("elasticache:TestFailover", {"ReplicationGroupId": "carts"}))
    assert touch.hazard == "disruption"


def test_change_of_the_auth_token_disrupts_and_of_other_settings_does_not() -> None:
    asked = {"ReplicationGroupId": "carts", "AuthToken": "…", "AuthTokenUpdateStrategy": "SET"}
    found = CATALOG.touches(call("elasticache:ModifyReplicationGroup", asked))
    assert {t.hazard for t in found} == {None, "disruption"}
    asked = {"ReplicationGroupId": "carts", "SnapshotWindow": "01:00-02:00"}
    found = CATALOG.touches(call("elasticache:ModifyReplicationGroup", asked))
    assert {t.hazard for t in found} == {None}


def test_last_snapshot_is_made_with_the_deletion() -> None:
    asked = {"ReplicationGroupId": "carts", "FinalSnapshotIdentifier": "last"}
    assert touches("elasticache:DeleteReplicationGroup", asked) == {
        ("ElastiCache::ReplicationGroup", "delete", ("carts",), ""),
        ("ElastiCache::Snapshot", "create", ("last",), ""),
    }


def test_member_of_a_group_is_built_in_and_what_is_being_deleted_is_gone() -> None:
    assert described(CLUSTER, _cluster(ReplicationGroupId="carts")).builtin
    assert not described(CLUSTER, _cluster()).builtin
    kind = CATALOG.type(CLUSTER)
    assert kind is not None
    assert kind.ignore == "CacheClusterStatus == 'deleting'"


def test_global_groups_are_not_read() -> None:
    assert is_unread("elasticache:DeleteGlobalReplicationGroup", {"GlobalReplicationGroupId": "g"})
    assert not is_unread("elasticache:DeleteReplicationGroup", {"ReplicationGroupId": "g"})


def test_shards_are_asked_for_as_they_are() -> None:
    kind = CATALOG.type(GROUP)
    assert kind is not None
    (plain,) = kind.seeds[0].params(_group(), None)
    assert plain["NumCacheClusters"] == 2
    sharded = _group(ClusterEnabled=True, NodeGroups=[_shard(f"000{n}", 3) for n in range(4)])
    (parts,) = kind.seeds[0].params(sharded, None)
    assert (parts["NumNodeGroups"], parts["ReplicasPerNodeGroup"]) == (4, 2)
    assert "NumCacheClusters" not in parts
