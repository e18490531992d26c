"""MemoryDB on every emulator: a cluster with most that can be set, and what it refers to."""

from __future__ import annotations

from functools import partial

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.cases.rds import subnets
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "größe"}]


def _memorydb(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("memorydb", operation, params)


def _make(api: Api) -> None:
    memorydb = partial(_memorydb, api)
    private, group = subnets(api)
    memorydb(
        "CreateSubnetGroup",
        SubnetGroupName="private",
        Description="where clusters live",
        SubnetIds=private,
        Tags=_TAGS,
    )
    memorydb(
        "CreateUser",
        UserName="alice",
        AuthenticationMode={"Type": "password", "Passwords": ["correct-horse-battery"]},
        AccessString="on ~app::* +@read",
        Tags=_TAGS,
    )
    memorydb(
        "CreateCluster",
        ClusterName="ledger",
        Description="ledger",
        NodeType="db.t4g.small",
        ACLName="open-access",
        SubnetGroupName="private",
        SecurityGroupIds=[group],
        NumShards=2,
        NumReplicasPerShard=1,
        TLSEnabled=True,
        SnapshotRetentionLimit=5,
        SnapshotWindow="03:00-04:00",
        MaintenanceWindow="sun:05:00-sun:06:00",
        Tags=_TAGS,
    )
    memorydb("CreateSnapshot", ClusterName="ledger", SnapshotName="before", Tags=_TAGS)


CASES = tuple(
    Case(service="memorydb", type=f"AWS::MemoryDB::{kind}", make=_make, services=("ec2",))
    for kind in ("Cluster", "Snapshot", "SubnetGroup", "User")
)
