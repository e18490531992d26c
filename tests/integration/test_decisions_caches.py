"""Caches, end to end: what is denied, held and allowed."""

from __future__ import annotations

import pytest

from executor import Report
from tests.integration.conftest import Production, Rehearse


@pytest.fixture
def engine() -> str:
    return "embedded"


@pytest.fixture
def cache(production: Production) -> None:
    production.call(
        "elasticache",
        "CreateReplicationGroup",
        ReplicationGroupId="carts",
        ReplicationGroupDescription="carts",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        SnapshotRetentionLimit=7,
    )


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


def test_deleting_a_cache_is_denied(cache: None, rehearse: Rehearse) -> None:
    report = rehearse("c('elasticache').delete_replication_group(ReplicationGroupId='carts')")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::ElastiCache::ReplicationGroup", "carts")}
    assert "data-loss" in report.effects[0].hazards


def test_a_cache_without_snapshots_and_failover_is_held_and_a_new_one_allowed(
    cache: None, rehearse: Rehearse
) -> None:
    report = rehearse(
        """
elasticache = c('elasticache')
elasticache.modify_replication_group(
    ReplicationGroupId='carts', SnapshotRetentionLimit=0, AutomaticFailoverEnabled=False,
    ApplyImmediately=True,
)
elasticache.create_cache_cluster(
    CacheClusterId='pages', Engine='memcached', CacheNodeType='cache.t3.micro', NumCacheNodes=1
)
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss"}
    assert effects(report) == {
        ("update", "AWS::ElastiCache::ReplicationGroup", "carts"),
        ("create", "AWS::ElastiCache::CacheCluster", "pages"),
    }


def test_a_last_snapshot_that_the_engine_does_not_take_leaves_it_undecided(
    cache: None, rehearse: Rehearse
) -> None:
    report = rehearse(
        """
c('elasticache').delete_replication_group(
    ReplicationGroupId='carts', FinalSnapshotIdentifier='last'
)
""",
        expect=["delete AWS::ElastiCache::ReplicationGroup carts"],
    )
    assert report.decision == "undecided"
    assert rules(report) == {"unexplained"}
