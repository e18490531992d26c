"""RDS: what calls touch, and which changes of settings are dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

INSTANCE = "AWS::RDS::DBInstance"
CLUSTER = "AWS::RDS::DBCluster"
ARN = "arn:aws:rds:us-east-1:123456789012"


def _instance(**changes: Json) -> dict[str, Json]:
    return {
        "DBInstanceIdentifier": "orders",
        "DBInstanceArn": f"{ARN}:db:orders",
        "DBInstanceClass": "db.t3.medium",
        "DBInstanceStatus": "available",
        "BackupRetentionPeriod": 7,
        **changes,
    }


def _cluster(**changes: Json) -> dict[str, Json]:
    return {
        "DBClusterIdentifier": "ledger",
        "DBClusterArn": f"{ARN}:cluster:ledger",
        "Status": "available",
        "BackupRetentionPeriod": 7,
        **changes,
    }


def _groups(*ids: str) -> Json:
    return [{"VpcSecurityGroupId": name, "Status": "active"} for name in ids]


SAFEGUARDS: list[tuple[dict[str, Json], dict[str, Json], set[tuple[str, str]]]] = [
    (
        {"DeletionProtection": True},
        {"DeletionProtection": False},
        {("protection-loss", "DeletionProtection")},
    ),
    ({"DeletionProtection": False}, {"DeletionProtection": True}, set()),
    (
        {},
        {"BackupRetentionPeriod": 0},
        {("data-loss", "BackupRetentionPeriod"), ("protection-loss", "BackupRetentionPeriod")},
    ),
    ({}, {"BackupRetentionPeriod": 1}, {("protection-loss", "BackupRetentionPeriod")}),
    ({}, {"BackupRetentionPeriod": 14}, set()),
    ({"BackupRetentionPeriod": 0}, {"BackupRetentionPeriod": 7}, set()),
    ({"StorageEncrypted": True}, {}, {("protection-loss", "StorageEncrypted")}),
    ({}, {"StorageEncrypted": True}, set()),
    ({}, {"PubliclyAccessible": True}, {("exposure", "PubliclyAccessible")}),
    ({"PubliclyAccessible": True}, {"PubliclyAccessible": False}, set()),
    (
        {"EnabledCloudwatchLogsExports": ["audit", "error"]},
        {"EnabledCloudwatchLogsExports": ["error"]},
        {("protection-loss", "LogExports")},
    ),
    (
        {"EnabledCloudwatchLogsExports": ["error"]},
        {"EnabledCloudwatchLogsExports": ["audit", "error"]},
        set(),
    ),
    (
        {"VpcSecurityGroups": _groups("sg-1", "sg-2")},
        {"VpcSecurityGroups": _groups("sg-1")},
        {("disruption", "VpcSecurityGroupIds")},
    ),
    ({"VpcSecurityGroups": _groups("sg-1")}, {"VpcSecurityGroups": _groups("sg-2", "sg-1")}, set()),
    ({"EngineVersion": "15.4"}, {"EngineVersion": "16.3"}, {("disruption", "EngineVersion")}),
    (
        {"IAMDatabaseAuthenticationEnabled": True},
        {},
        {("disruption", "IAMDatabaseAuthenticationEnabled")},
    ),
    ({}, {"IAMDatabaseAuthenticationEnabled": True}, set()),
    ({"DomainMemberships": [{"Domain": "d-1"}]}, {}, {("disruption", "Domains")}),
    ({}, {"DomainMemberships": [{"Domain": "d-1"}]}, set()),
    ({}, {"MasterUserSecret": {"SecretArn": "arn:s"}}, {("disruption", "ManagedPassword")}),
    (
        {"MasterUserSecret": {"SecretArn": "arn:s"}},
        {"MasterUserSecret": {"SecretArn": "arn:s", "SecretStatus": "rotating"}},
        set(),
    ),
    ({}, {"PreferredBackupWindow": "01:00-02:00"}, set()),
]


@pytest.mark.parametrize(("before", "after", "expected"), SAFEGUARDS)
def test_instance_and_cluster(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(INSTANCE, _instance(**before), _instance(**after)) == expected
    assert hazards(CLUSTER, _cluster(**before), _cluster(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"MultiAZ": True}, {"MultiAZ": False}, {("protection-loss", "MultiAZ")}),
        ({"MultiAZ": False}, {"MultiAZ": True}, set()),
        ({}, {"DBInstanceStatus": "stopped"}, {("disruption", "Stopped")}),
        ({"DBInstanceStatus": "stopped"}, {}, set()),
        ({}, {"DBInstanceClass": "db.t3.small"}, {("disruption", "DBInstanceClass")}),
        ({"Endpoint": {"Port": 5432}}, {"Endpoint": {"Port": 5433}}, {("disruption", "Port")}),
        (
            {"DBSubnetGroup": {"DBSubnetGroupName": "a"}},
            {"DBSubnetGroup": {"DBSubnetGroupName": "b"}},
            {("disruption", "DBSubnetGroupName")},
        ),
        (
            {"ReadReplicaSourceDBInstanceIdentifier": "main"},
            {},
            {("disruption", "ReadReplicaSourceDBInstanceIdentifier")},
        ),
        (
            {"AssociatedRoles": [{"FeatureName": "s3Import", "RoleArn": "arn:r"}]},
            {"AssociatedRoles": []},
            {("disruption", "Roles")},
        ),
        (
            {
                "DBInstanceAutomatedBackupsReplications": [
                    {"DBInstanceAutomatedBackupsArn": "arn:b"}
                ]
            },
            {},
            {("protection-loss", "BackupReplicas")},
        ),
        ({"AllocatedStorage": 20}, {"AllocatedStorage": 50}, set()),
    ],
)
def test_instance(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(INSTANCE, _instance(**before), _instance(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Status": "stopped"}, {("disruption", "Stopped")}),
        (
            {"BacktrackWindow": 3600},
            {"BacktrackWindow": 0},
            {("protection-loss", "BacktrackWindow")},
        ),
        ({"BacktrackWindow": 0}, {"BacktrackWindow": 3600}, set()),
        (
            {"GlobalClusterIdentifier": "world"},
            {},
            {("protection-loss", "GlobalClusterIdentifier")},
        ),
        ({"HttpEndpointEnabled": True}, {}, {("disruption", "HttpEndpointEnabled")}),
        (
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 16}},
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 2}},
            {("disruption", "ServerlessV2ScalingConfiguration.MaxCapacity")},
        ),
        (
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 2}},
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 16}},
            set(),
        ),
        (
            {"DBClusterInstanceClass": "a"},
            {"DBClusterInstanceClass": "b"},
            {("disruption", "DBClusterInstanceClass")},
        ),
        ({"Port": 3306}, {"Port": 3307}, {("disruption", "Port")}),
        ({"AssociatedRoles": [{"RoleArn": "arn:r"}]}, {}, {("disruption", "Roles")}),
        (
            {"ReplicationSourceIdentifier": "arn:c"},
            {},
            {("disruption", "ReplicationSourceIdentifier")},
        ),
    ],
)
def test_cluster(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(CLUSTER, _cluster(**before), _cluster(**after)) == expected


def _snapshot(*accounts: str) -> dict[str, Json]:
    shared: Json = [{"AttributeName": "restore", "AttributeValues": list(accounts)}]
    return {"DBSnapshotIdentifier": "s", "DBSnapshotArn": f"{ARN}:snapshot:s", "Attributes": shared}


def test_sharing_a_snapshot_is_exposure_and_taking_it_back_disruption() -> None:
    kind = "AWS::RDS::DBSnapshot"
    assert hazards(kind, _snapshot(), _snapshot("all")) == {("exposure", "SharedWith")}
    assert hazards(kind, _snapshot("1"), _snapshot("1", "2")) == {("exposure", "SharedWith")}
    assert hazards(kind, _snapshot("1"), _snapshot()) == {("disruption", "SharedWith")}
    assert hazards(kind, _snapshot("1"), _snapshot("1")) == set()


def _parameters(**values: str) -> dict[str, Json]:
    parameters: list[Json] = [
        {"ParameterName": name.replace("__", "."), "ParameterValue": value}
        for name, value in values.items()
    ]
    return {"DBParameterGroupName": "p", "DBParameterGroupArn": "arn:p", "Parameters": parameters}


def test_parameter_that_asked_for_encrypted_connections() -> None:
    kind, lax = "AWS::RDS::DBParameterGroup", {("protection-loss", "EncryptedConnections")}
    forced = _parameters(rds__force_ssl="1")
    assert hazards(kind, forced, _parameters(rds__force_ssl="0")) == lax
    assert hazards(kind, forced, _parameters()) == lax
    assert hazards(kind, _parameters(), forced) == set()
    assert hazards(kind, forced, _parameters(rds__force_ssl="1", work_mem="64")) == set()


def test_subnets_and_options_that_are_taken_away() -> None:
    def subnets(*ids: str) -> dict[str, Json]:
        return {"DBSubnetGroupName": "g", "Subnets": [{"SubnetIdentifier": i} for i in ids]}

    kind = "AWS::RDS::DBSubnetGroup"
    assert hazards(kind, subnets("a", "b"), subnets("b")) == {("disruption", "SubnetIds")}
    assert hazards(kind, subnets("b"), subnets("a", "b")) == set()

    def options(*names: str) -> dict[str, Json]:
        return {"OptionGroupName": "o", "Options": [{"OptionName": n} for n in names]}

    kind = "AWS::RDS::OptionGroup"
    assert hazards(kind, options("TDE"), options()) == {("disruption", "Options")}
    assert hazards(kind, options(), options("TDE")) == set()


def _rows(operation: str, params: dict[str, Json]) -> set[tuple[str, str, str]]:
    return {(kind, verb, part) for kind, verb, _, part in touches(operation, params)}


def test_deletion_with_a_last_snapshot_makes_the_snapshot() -> None:
    params: dict[str, Json] = {
        "DBInstanceIdentifier": "Orders",
        "FinalDBSnapshotIdentifier": "last",
    }
    assert touches("rds:DeleteDBInstance", params) == {
        ("RDS::DBInstance", "delete", ("Orders", "orders"), ""),
        ("RDS::DBSnapshot", "create", ("last",), ""),
    }
    assert touches("rds:DeleteDBInstance", {"DBInstanceIdentifier": "orders"}) == {
        ("RDS::DBInstance", "delete", ("orders",), "")
    }


def test_deleting_a_cluster_acts_on_its_members() -> None:
    response: dict[str, Json] = {
        "DBCluster": {"DBClusterMembers": [{"DBInstanceIdentifier": "ledger-1"}]}
    }
    assert touches("rds:DeleteDBCluster", {"DBClusterIdentifier": "ledger"}, response) == {
        ("RDS::DBCluster", "delete", ("ledger",), ""),
        ("RDS::DBInstance", "operate", ("ledger-1",), ""),
    }


@pytest.mark.parametrize(
    ("operation", "params", "hazard"),
    [
        ("RebootDBInstance", {"DBInstanceIdentifier": "orders"}, "disruption"),
        ("FailoverDBCluster", {"DBClusterIdentifier": "ledger"}, "disruption"),
        (
            "ModifyDBInstance",
            {"DBInstanceIdentifier": "orders", "MasterUserPassword": "…"},
            "disruption",
        ),
        ("StopActivityStream", {"ResourceArn": f"{ARN}:cluster:ledger"}, "protection-loss"),
        (
            "StopDBInstanceAutomatedBackupsReplication",
            {"SourceDBInstanceArn": f"{ARN}:db:orders"},
            "protection-loss",
        ),
    ],
)
def test_call_that_is_dangerous_by_itself(
    operation: str, params: dict[str, Json], hazard: str
) -> None:
    found = CATALOG.touches(call(f"rds:{operation}", params))
    assert hazard in {touch.hazard for touch in found}


def test_change_of_settings_is_not_dangerous_by_itself() -> None:
    asked = {"DBInstanceIdentifier": "orders", "BackupRetentionPeriod": 3}
    found = CATALOG.touches(call("rds:ModifyDBInstance", asked))
    assert {touch.hazard for touch in found} == {None}


def test_tags_are_of_what_the_arn_is_of() -> None:
    for kind, short in (
        ("db", "DBInstance"),
        ("cluster", "DBCluster"),
        ("snapshot", "DBSnapshot"),
        ("subgrp", "DBSubnetGroup"),
    ):
        asked: dict[str, Json] = {"ResourceName": f"{ARN}:{kind}:x", "Tags": []}
        assert _rows("rds:AddTagsToResource", asked) == {(f"RDS::{short}", "update", "tags")}
    assert is_unread("rds:AddTagsToResource", {"ResourceName": f"{ARN}:es:subscription"})


def test_rename_touches_both_names() -> None:
    asked = {"DBInstanceIdentifier": "old", "NewDBInstanceIdentifier": "new"}
    ((_, _, handles, _),) = touches("rds:ModifyDBInstance", asked)
    assert set(handles) == {"old", "new"}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("rds:DeleteBlueGreenDeployment", {"BlueGreenDeploymentIdentifier": "b"})
    assert is_unread(
        "rds:DeleteTenantDatabase",
        {"DBInstanceIdentifier": "orders", "TenantDBName": "t", "FinalDBSnapshotIdentifier": "f"},
    )
    assert is_unread("rds:DeleteEventSubscription", {"SubscriptionName": "s"})


def test_default_groups_and_backups_of_living_instances_are_built_in() -> None:
    own = described("AWS::RDS::DBParameterGroup", {"DBParameterGroupName": "tuned"})
    default = described("AWS::RDS::DBParameterGroup", {"DBParameterGroupName": "default.mysql8.0"})
    assert (own.builtin, default.builtin) == (False, True)
    kind = "AWS::RDS::DBInstanceAutomatedBackup"
    alive = described(kind, {"DbiResourceId": "db-1", "Status": "active"})
    retained = described(kind, {"DbiResourceId": "db-1", "Status": "retained"})
    assert (alive.builtin, retained.builtin) == (True, False)


def test_no_password_of_the_target_is_needed_to_rebuild() -> None:
    kind = CATALOG.type(INSTANCE)
    assert kind is not None
    (asked,) = kind.seeds[0].params(_instance(Engine="postgres"), None)
    assert asked["MasterUserPassword"] == "not-the-real-password"


def test_replica_is_made_after_its_source_and_one_of_another_region_on_its_own() -> None:
    kind = CATALOG.type(INSTANCE)
    assert kind is not None
    assert callable(kind.order)
    replica = _instance(ReadReplicaSourceDBInstanceIdentifier="main")
    abroad = _instance(ReadReplicaSourceDBInstanceIdentifier="arn:aws:rds:eu-west-1:1:db:main")
    assert str(kind.order(_instance())) < str(kind.order(replica))
    alone, as_replica = kind.seeds[0].params, kind.seeds[1].params
    assert (list(alone(replica, None)), len(list(as_replica(replica, None)))) == ([], 1)
    assert (len(list(alone(abroad, None))), list(as_replica(abroad, None))) == (1, [])


def _world(*members: str, protected: bool = True) -> dict[str, Json]:
    told: list[Json] = [{"DBClusterArn": f"{ARN}:cluster:{name}"} for name in members]
    return {
        "GlobalClusterIdentifier": "world",
        "GlobalClusterArn": "arn:aws:rds::123456789012:global-cluster:world",
        "DeletionProtection": protected,
        "GlobalClusterMembers": told,
    }


def test_global_cluster_that_loses_a_member_or_its_protection() -> None:
    kind = "AWS::RDS::GlobalCluster"
    assert hazards(kind, _world("a", "b"), _world("a")) == {("protection-loss", "Members")}
    assert hazards(kind, _world("a"), _world("a", "b")) == set()
    assert hazards(kind, _world("a"), _world("a", protected=False)) == {
        ("protection-loss", "DeletionProtection")
    }


def test_cluster_that_leaves_a_global_one_is_touched_with_it() -> None:
    asked: dict[str, Json] = {
        "GlobalClusterIdentifier": "world",
        "DbClusterIdentifier": f"{ARN}:cluster:ledger",
    }
    assert _rows("rds:RemoveFromGlobalCluster", asked) == {
        ("RDS::GlobalCluster", "update", "members"),
        ("RDS::DBCluster", "update", "global cluster"),
    }
    assert _rows("rds:CreateDBCluster", {"DBClusterIdentifier": "a"}) == {
        ("RDS::DBCluster", "create", "")
    }


def _proxy(**changes: Json) -> dict[str, Json]:
    return {
        "DBProxyName": "front",
        "DBProxyArn": f"{ARN}:db-proxy:prx-1",
        "RequireTLS": True,
        "Targets": [{"Type": "RDS_INSTANCE", "RdsResourceId": "orders"}],
        "Auth": [{"AuthScheme": "SECRETS", "SecretArn": "arn:s", "IAMAuth": "REQUIRED"}],
        "VpcSecurityGroupIds": ["sg-1"],
        **changes,
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"RequireTLS": False}, {("protection-loss", "RequireTLS")}),
        ({"Targets": []}, {("disruption", "Targets")}),
        ({"Auth": []}, {("disruption", "Auth")}),
        ({"VpcSecurityGroupIds": []}, {("disruption", "VpcSecurityGroupIds")}),
        ({"VpcSecurityGroupIds": ["sg-1", "sg-2"]}, set()),
        ({"IdleClientTimeout": 60}, set()),
    ],
)
def test_proxy(after: dict[str, Json], expected: set[tuple[str, str]]) -> None:
    assert hazards("AWS::RDS::DBProxy", _proxy(), _proxy(**after)) == expected


def test_member_of_a_cluster_behind_a_proxy_is_no_target_of_its_own() -> None:
    cluster: Json = {"Type": "TRACKED_CLUSTER", "RdsResourceId": "ledger"}
    member: Json = {
        "Type": "RDS_INSTANCE",
        "RdsResourceId": "ledger-1",
        "TrackedClusterId": "ledger",
    }
    with_member = described("AWS::RDS::DBProxy", _proxy(Targets=[cluster, member]))
    alone = described("AWS::RDS::DBProxy", _proxy(Targets=[cluster]))
    assert with_member.properties == alone.properties


def test_endpoint_that_comes_with_its_proxy_is_built_in() -> None:
    kind = "AWS::RDS::DBProxyEndpoint"
    raw: dict[str, Json] = {"DBProxyEndpointName": "front", "VpcSecurityGroupIds": ["sg-1"]}
    assert described(kind, {**raw, "IsDefault": True}).builtin
    assert not described(kind, {**raw, "IsDefault": False}).builtin
    assert hazards(kind, raw, {**raw, "VpcSecurityGroupIds": []}) == {
        ("disruption", "VpcSecurityGroupIds")
    }
