"""Search domains and warehouses, end to end: what is denied, held and allowed.

MiniStack has no Redshift; moto stands on both sides for it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from executor import Report
from tests.integration.conftest import Production, Rehearse

SECRET = {"MasterUsername": "owner", "MasterUserPassword": "Correct-horse-1"}
WAREHOUSE = ("AWS::Redshift::Cluster", "warehouse")


@pytest.fixture
def engine() -> str:
    return "embedded"


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


@pytest.fixture
def domain(production: Production) -> None:
    production.call(
        "opensearch",
        "CreateDomain",
        DomainName="search",
        DomainEndpointOptions={"EnforceHTTPS": True},
    )


def test_deleting_a_domain_is_denied(domain: None, rehearse: Rehearse) -> None:
    report = rehearse("c('opensearch').delete_domain(DomainName='search')")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::OpenSearchService::Domain", "search")}
    assert "data-loss" in report.effects[0].hazards


def test_a_domain_open_to_everybody_without_https_is_held_and_a_new_one_allowed(
    domain: None, rehearse: Rehearse
) -> None:
    report = rehearse(
        """
opensearch = c('opensearch')
everybody = {'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Principal': {'AWS': '*'}, 'Action': 'es:*', 'Resource': '*'}
]}
opensearch.update_domain_config(
    DomainName='search', DomainEndpointOptions={'EnforceHTTPS': False},
    AccessPolicies=json.dumps(everybody),
)
opensearch.create_domain(DomainName='more')
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss", "unexpected-exposure"}
    assert ("create", "AWS::OpenSearchService::Domain", "more") in effects(report)


def test_the_older_api_that_the_engine_lacks_leaves_a_run_undecided(
    domain: None, rehearse: Rehearse
) -> None:
    report = rehearse("c('es').delete_elasticsearch_domain(DomainName='search')")
    assert report.decision == "undecided"
    assert rules(report) == {"not-rehearsed"}


class TestOnMoto:
    """Redshift, with moto for the account and for the replica."""

    @pytest.fixture
    def plays_production(self) -> str:
        return "moto"

    @pytest.fixture(autouse=True)
    def _moto(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "executor.toml").write_text('[engine]\nemulator = "moto"\n')
        monkeypatch.chdir(tmp_path)

    @pytest.fixture
    def warehouse(self, production: Production) -> None:
        production.call(
            "redshift",
            "CreateCluster",
            ClusterIdentifier="warehouse",
            NodeType="ra3.xlplus",
            AutomatedSnapshotRetentionPeriod=7,
            **SECRET,
        )

    def test_deleting_a_warehouse_is_denied(self, warehouse: None, rehearse: Rehearse) -> None:
        report = rehearse(
            """
c('redshift').delete_cluster(ClusterIdentifier='warehouse', SkipFinalClusterSnapshot=True)
"""
        )
        assert report.engine["emulator"] == "moto"
        assert report.decision == "deny"
        assert effects(report) == {("delete", *WAREHOUSE)}

    def test_a_declared_deletion_is_allowed_with_its_last_snapshot(
        self, warehouse: None, rehearse: Rehearse
    ) -> None:
        report = rehearse(
            """
c('redshift').delete_cluster(
    ClusterIdentifier='warehouse', SkipFinalClusterSnapshot=False,
    FinalClusterSnapshotIdentifier='last',
)
""",
            expect=[
                "delete AWS::Redshift::Cluster warehouse",
                "create AWS::Redshift::ClusterSnapshot last",
            ],
        )
        assert report.decision == "allow"

    def test_snapshots_that_are_kept_for_less_long_are_lost(
        self, warehouse: None, rehearse: Rehearse
    ) -> None:
        report = rehearse(
            """
c('redshift').modify_cluster(
    ClusterIdentifier='warehouse', AutomatedSnapshotRetentionPeriod=1
)
"""
        )
        assert report.decision == "deny"
        assert rules(report) == {"unexpected-data-loss"}
