"""Redshift and OpenSearch: what calls touch, and which changes of settings are dangerous."""

from __future__ import annotations

import json

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, call, hazards, is_unread, touches

CLUSTER = "AWS::Redshift::Cluster"
SNAPSHOT = "AWS::Redshift::ClusterSnapshot"
DOMAIN = "AWS::OpenSearchService::Domain"


def _cluster(**changes: Json) -> dict[str, Json]:
    return {
        "ClusterIdentifier": "warehouse",
        "ClusterStatus": "available",
        "AutomatedSnapshotRetentionPeriod": 7,
        "NodeType": "ra3.xlplus",
        "NumberOfNodes": 2,
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {},
            {"AutomatedSnapshotRetentionPeriod": 1},
            {("data-loss", "AutomatedSnapshotRetentionPeriod")},
        ),
        ({}, {"AutomatedSnapshotRetentionPeriod": 14}, set()),
        (
            {},
            {"ManualSnapshotRetentionPeriod": 7},
            {("protection-loss", "ManualSnapshotRetentionPeriod")},
        ),
        ({"ManualSnapshotRetentionPeriod": 7}, {"ManualSnapshotRetentionPeriod": -1}, set()),
        ({"Encrypted": True}, {}, {("protection-loss", "Encrypted")}),
        ({"EnhancedVpcRouting": True}, {}, {("protection-loss", "EnhancedVpcRouting")}),
        ({"MultiAZ": "Enabled"}, {"MultiAZ": "Disabled"}, {("protection-loss", "MultiAZ")}),
        ({}, {"PubliclyAccessible": True}, {("exposure", "PubliclyAccessible")}),
        ({"PubliclyAccessible": True}, {}, set()),
        ({}, {"ClusterStatus": "paused"}, {("disruption", "Paused")}),
        ({"ClusterStatus": "paused"}, {}, set()),
        ({}, {"NodeType": "dc2.large"}, {("disruption", "NodeType")}),
        ({}, {"NumberOfNodes": 1}, {("disruption", "NumberOfNodes")}),
        (
            {"Endpoint": {"Port": 5439}},
            {"Endpoint": {"Port": 5440}},
            {("disruption", "Port")},
        ),
        (
            {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}]},
            {},
            {("disruption", "VpcSecurityGroupIds")},
        ),
        ({"IamRoles": [{"IamRoleArn": "arn:r"}]}, {}, {("disruption", "IamRoles")}),
        ({}, {"MasterPasswordSecretArn": "arn:s"}, {("disruption", "ManagedPassword")}),
        (
            {"Logging": {"LoggingEnabled": True, "BucketName": "b"}},
            {"Logging": {"LoggingEnabled": False}},
            {("protection-loss", "Logging")},
        ),
        (
            {"ClusterSnapshotCopyStatus": {"DestinationRegion": "r", "RetentionPeriod": 7}},
            {},
            {("protection-loss", "SnapshotCopy")},
        ),
        (
            {"ClusterSnapshotCopyStatus": {"DestinationRegion": "r", "RetentionPeriod": 7}},
            {"ClusterSnapshotCopyStatus": {"DestinationRegion": "r", "RetentionPeriod": 1}},
            {("protection-loss", "SnapshotCopy.RetentionPeriod")},
        ),
        (
            {},
            {"ClusterSnapshotCopyStatus": {"DestinationRegion": "r", "RetentionPeriod": 7}},
            set(),
        ),
        (
            {"SnapshotScheduleIdentifier": "nightly"},
            {},
            {("protection-loss", "SnapshotScheduleIdentifier")},
        ),
        ({}, {"PreferredMaintenanceWindow": "sun:01:00-sun:02:00"}, set()),
    ],
)
def test_warehouse(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(CLUSTER, _cluster(**before), _cluster(**after)) == expected


def _snapshot(**changes: Json) -> dict[str, Json]:
    return {"SnapshotIdentifier": "s", "SnapshotArn": "arn:s", **changes}


def test_snapshot_that_will_go_by_itself_and_one_that_others_may_restore() -> None:
    kept, doomed = (
        _snapshot(ManualSnapshotRetentionPeriod=-1),
        _snapshot(ManualSnapshotRetentionPeriod=1),
    )
    assert hazards(SNAPSHOT, kept, doomed) == {("data-loss", "ManualSnapshotRetentionPeriod")}
    assert hazards(SNAPSHOT, doomed, kept) == set()
    shared = _snapshot(AccountsWithRestoreAccess=[{"AccountId": "210987654321"}])
    assert hazards(SNAPSHOT, _snapshot(), shared) == {("exposure", "SharedWith")}
    assert hazards(SNAPSHOT, shared, _snapshot()) == {("disruption", "SharedWith")}


def _parameters(**values: str) -> dict[str, Json]:
    found: list[Json] = [
        {"ParameterName": n, "ParameterValue": v, "Source": "user"} for n, v in values.items()
    ]
    return {"ParameterGroupName": "p", "Parameters": found}


def test_parameters_that_asked_for_encryption_and_for_an_audit_log() -> None:
    kind = "AWS::Redshift::ClusterParameterGroup"
    strict = _parameters(require_ssl="true", enable_user_activity_logging="true")
    assert hazards(kind, strict, _parameters(require_ssl="false")) == {
        ("protection-loss", "Parameters.require_ssl"),
        ("protection-loss", "Parameters.enable_user_activity_logging"),
    }
    assert hazards(kind, _parameters(), strict) == set()


def test_subnet_that_is_taken_from_a_group() -> None:
    def group(*ids: str) -> dict[str, Json]:
        return {"ClusterSubnetGroupName": "g", "Subnets": [{"SubnetIdentifier": i} for i in ids]}

    kind = "AWS::Redshift::ClusterSubnetGroup"
    assert hazards(kind, group("a", "b"), group("a")) == {("disruption", "SubnetIds")}
    assert hazards(kind, group("a"), group("a", "b")) == set()


def test_batch_of_deletions_leaves_out_those_that_failed() -> None:
    params: dict[str, Json] = {
        "Identifiers": [{"SnapshotIdentifier": "a"}, {"SnapshotIdentifier": "b"}]
    }
    response: dict[str, Json] = {"Errors": [{"SnapshotIdentifier": "b"}]}
    assert touches("redshift:BatchDeleteClusterSnapshots", params, response) == {
        ("Redshift::ClusterSnapshot", "delete", ("a",), "")
    }


def test_credentials_may_be_asked_for_unless_a_user_is_made_for_them() -> None:
    asked: dict[str, Json] = {"ClusterIdentifier": "warehouse", "DbUser": "u"}
    assert not is_unread("redshift:GetClusterCredentials", asked)
    assert is_unread("redshift:GetClusterCredentials", {**asked, "AutoCreate": True})


def test_deletion_of_a_warehouse_with_a_last_snapshot() -> None:
    asked: dict[str, Json] = {
        "ClusterIdentifier": "warehouse",
        "FinalClusterSnapshotIdentifier": "last",
    }
    assert touches("redshift:DeleteCluster", asked) == {
        ("Redshift::Cluster", "delete", ("warehouse",), ""),
        ("Redshift::ClusterSnapshot", "create", ("last",), ""),
    }


def test_what_is_not_read_of_redshift_leaves_a_run_undecided() -> None:
    assert is_unread("redshift:AuthorizeDataShare", {"DataShareArn": "arn:d"})
    assert is_unread("redshift:DeleteScheduledAction", {"ScheduledActionName": "s"})


def _policy(principal: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "es:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OWN = _policy("arn:aws:iam::123456789012:root")


def _domain(**changes: Json) -> dict[str, Json]:
    return {
        "DomainName": "search",
        "ARN": "arn:aws:es:us-east-1:123456789012:domain/search",
        "EngineVersion": "OpenSearch_2.11",
        "ClusterConfig": {"InstanceCount": 3, "ZoneAwarenessEnabled": True},
        "DomainEndpointOptions": {"EnforceHTTPS": True},
        **changes,
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {},
            {"DomainEndpointOptions": {"EnforceHTTPS": False}},
            {("protection-loss", "DomainEndpointOptions.EnforceHTTPS")},
        ),
        # An engine that forgets what an update left out has not switched it off.
        ({}, {"DomainEndpointOptions": {"TLSSecurityPolicy": "t"}}, set()),
        (
            {"EncryptionAtRestOptions": {"Enabled": True}},
            {"EncryptionAtRestOptions": {"Enabled": False}},
            {("protection-loss", "EncryptionAtRestOptions.Enabled")},
        ),
        (
            {"NodeToNodeEncryptionOptions": {"Enabled": True}},
            {"NodeToNodeEncryptionOptions": {"Enabled": False}},
            {("protection-loss", "NodeToNodeEncryptionOptions.Enabled")},
        ),
        (
            {},
            {"ClusterConfig": {"InstanceCount": 1, "ZoneAwarenessEnabled": False}},
            {
                ("protection-loss", "ClusterConfig.InstanceCount"),
                ("protection-loss", "ClusterConfig.ZoneAwarenessEnabled"),
            },
        ),
        ({}, {"ClusterConfig": {"InstanceCount": 6, "ZoneAwarenessEnabled": True}}, set()),
        (
            {"ClusterConfig": {"InstanceCount": 3, "DedicatedMasterEnabled": True}},
            {"ClusterConfig": {"InstanceCount": 3, "DedicatedMasterEnabled": False}},
            {("protection-loss", "ClusterConfig.DedicatedMasterEnabled")},
        ),
        (
            {},
            {"AutomatedSnapshotPauseOptions": {"Enabled": True}},
            {("protection-loss", "SnapshotsPaused")},
        ),
        (
            {"LogPublishingOptions": {"AUDIT_LOGS": {"Enabled": True}}},
            {"LogPublishingOptions": {"AUDIT_LOGS": {"Enabled": False}}},
            {("protection-loss", "Logs")},
        ),
        (
            {"AdvancedSecurityOptions": {"Enabled": True}},
            {"AdvancedSecurityOptions": {"Enabled": False}},
            {("exposure", "AdvancedSecurity.Enabled")},
        ),
        (
            {"AdvancedSecurityOptions": {"Enabled": True}},
            {"AdvancedSecurityOptions": {"Enabled": True, "AnonymousAuthEnabled": True}},
            {("exposure", "AdvancedSecurity.AnonymousAuthEnabled")},
        ),
        ({"CognitoOptions": {"Enabled": True}}, {}, {("exposure", "Cognito")}),
        ({"AccessPolicies": OWN}, {"AccessPolicies": _policy("*")}, {("exposure", "OpenTo")}),
        ({}, {"AccessPolicies": OWN}, set()),
        ({"AccessPolicies": OWN}, {}, {("disruption", "Policy")}),
        (
            {"VPCOptions": {"SecurityGroupIds": ["sg-1", "sg-2"]}},
            {"VPCOptions": {"SecurityGroupIds": ["sg-1"]}},
            {("disruption", "Network.SecurityGroupIds")},
        ),
        ({}, {"EngineVersion": "OpenSearch_2.13"}, {("disruption", "EngineVersion")}),
        ({}, {"SnapshotOptions": {"AutomatedSnapshotStartHour": 3}}, set()),
    ],
)
def test_domain(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(DOMAIN, _domain(**before), _domain(**after)) == expected


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("DeleteDomain", "DeleteElasticsearchDomain"),
        ("UpdateDomainConfig", "UpdateElasticsearchDomainConfig"),
        ("StartServiceSoftwareUpdate", "StartElasticsearchServiceSoftwareUpdate"),
        ("RevokeVpcEndpointAccess", "RevokeVpcEndpointAccess"),
    ],
)
def test_both_apis_touch_the_same_domains(newer: str, older: str) -> None:
    asked: dict[str, Json] = {"DomainName": "search"}
    by_newer = CATALOG.touches(call(f"opensearch:{newer}", asked))
    assert by_newer == CATALOG.touches(call(f"es:{older}", asked))
    assert {touch.type for touch in by_newer} == {DOMAIN}
    assert set(CATALOG.reached("es", older)) == {"es", "opensearch"}


def test_index_that_is_deleted_is_lost_data_of_its_domain() -> None:
    asked: dict[str, Json] = {"DomainName": "search", "IndexName": "orders"}
    assert touches("opensearch:DeleteIndex", asked) == {
        ("OpenSearchService::Domain", "erase", ("search",), "index orders")
    }


def test_restart_of_a_node_disrupts() -> None:
    asked: dict[str, Json] = {"DomainName": "search", "Action": "REBOOT_NODE"}
    (touch,) = CATALOG.touches(call("opensearch:StartDomainMaintenance", asked))
    assert touch.hazard == "disruption"


def test_applications_are_not_read() -> None:
    assert is_unread("opensearch:DeleteApplication", {"id": "a"})
