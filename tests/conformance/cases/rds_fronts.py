"""RDS on every emulator: what stands before databases, and over those of several regions."""

from __future__ import annotations

from functools import partial
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.cases.rds import SECRET, TAGS, call_rds, subnets, told
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case


def _make(api: Api) -> None:
    """A global cluster over a cluster, and a proxy before an instance."""
    rds = partial(call_rds, api)
    private, group = subnets(api)
    made = rds(
        "CreateDBCluster", DBClusterIdentifier="ledger", Engine="aurora-postgresql", **SECRET
    )
    rds(
        "CreateGlobalCluster",
        GlobalClusterIdentifier="world",
        SourceDBClusterIdentifier=told(made, "DBCluster", "DBClusterArn"),
        DeletionProtection=True,
    )
    rds(
        "CreateDBInstance",
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        AllocatedStorage=20,
        **SECRET,
    )
    _make_proxy(api, private, group)


def _make_proxy(api: Api, private: list[str], group: str) -> None:
    rds = partial(call_rds, api)
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:orders-abcdef"
    rds(
        "CreateDBProxy",
        DBProxyName="front",
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "REQUIRED"}],
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/proxy",
        VpcSubnetIds=private,
        VpcSecurityGroupIds=[group],
        RequireTLS=True,
        IdleClientTimeout=120,
        Tags=TAGS,
    )
    rds("RegisterDBProxyTargets", DBProxyName="front", DBInstanceIdentifiers=["orders"])
    rds(
        "CreateDBProxyEndpoint",
        DBProxyName="front",
        DBProxyEndpointName="readers",
        VpcSubnetIds=private,
        TargetRole="READ_ONLY",
        Tags=TAGS,
    )


def _remake_global(api: Api) -> None:
    rds = partial(call_rds, api)
    cluster = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:ledger"
    rds("ModifyGlobalCluster", GlobalClusterIdentifier="world", DeletionProtection=False)
    rds(
        "RemoveFromGlobalCluster",
        GlobalClusterIdentifier="world",
        DbClusterIdentifier=cluster,
    )
    rds("DeleteGlobalCluster", GlobalClusterIdentifier="world")
    rds(
        "CreateGlobalCluster",
        GlobalClusterIdentifier="world",
        SourceDBClusterIdentifier=cluster,
    )


def _remake_proxy(api: Api) -> None:
    proxies = cast("list[JsonObject]", call_rds(api, "DescribeDBProxies")["DBProxies"])
    call_rds(api, "DeleteDBProxy", DBProxyName="front")
    private = cast("list[str]", proxies[0]["VpcSubnetIds"])
    group = cast("list[str]", proxies[0]["VpcSecurityGroupIds"])[0]
    _make_proxy(api, private, group)


CASES = tuple(
    Case(
        service="rds",
        type=f"AWS::RDS::{kind}",
        make=_make,
        remake=remake,
        services=("ec2",),
    )
    for kind, remake in (
        ("DBProxyEndpoint", _remake_proxy),
        ("DBProxy", _remake_proxy),
        ("GlobalCluster", _remake_global),
    )
)
