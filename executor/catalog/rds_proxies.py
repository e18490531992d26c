"""RDS: proxies that stand before databases, and their endpoints.

A proxy's target group, and the databases in it, are parts of the proxy.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    Params,
    by,
    given,
    own_tags,
    tag_operations,
    tags_by,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.rds_naming import moving
from executor.catalog.weakening import lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

_PROXY = by("params.DBProxyName")
_ENDPOINT = by("params.DBProxyEndpointName", "params.NewDBProxyEndpointName")
_AUTH = ("AuthScheme", "ClientPasswordAuthType", "Description", "IAMAuth", "SecretArn", "UserName")
_POOL = (
    "ConnectionBorrowTimeout",
    "InitQuery",
    "MaxConnectionsPercent",
    "MaxIdleConnectionsPercent",
    "SessionPinningFilters",
)
# Parameter that registers a target -> what its description calls its kind.
_KINDS = {"DBInstanceIdentifiers": "RDS_INSTANCE", "DBClusterIdentifiers": "TRACKED_CLUSTER"}


def _auth(raw: JsonObject) -> list[JsonObject]:
    found = [_set(way, *_AUTH) for way in objects(raw, "Auth")]
    return sorted(found, key=canonical)


def _set(raw: JsonObject, *keys: str) -> JsonObject:
    return {key: raw[key] for key in keys if raw.get(key) not in (None, "", [])}


def _targets(raw: JsonObject) -> list[str]:
    return sorted(
        f"{text(target, 'Type')} {text(target, 'RdsResourceId')}"
        for target in objects(raw, "Targets")
        # Members of a cluster come and go with it.
        if not target.get("TrackedClusterId")
    )


def _pools(raw: JsonObject) -> dict[str, Json]:
    pools: dict[str, Json] = {}
    for group in objects(raw, "TargetGroups"):
        pools[text(group, "TargetGroupName")] = _set(table(group, "ConnectionPoolConfig"), *_POOL)
    return pools


def _proxy(raw: JsonObject) -> Json:
    return {
        "Auth": list(_auth(raw)),
        "DebugLogging": bool(raw.get("DebugLogging")),
        "EngineFamily": raw.get("EngineFamily"),
        "IdleClientTimeout": raw.get("IdleClientTimeout"),
        "RequireTLS": bool(raw.get("RequireTLS")),
        "RoleArn": raw.get("RoleArn"),
        "Pools": _pools(raw),
        "Targets": list(_targets(raw)),
        "VpcSecurityGroupIds": sorted(str(g) for g in rows(raw, "VpcSecurityGroupIds")),
        "VpcSubnetIds": sorted(str(s) for s in rows(raw, "VpcSubnetIds")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(
            raw,
            "DBProxyName",
            "EngineFamily",
            "IdleClientTimeout",
            "RoleArn",
            "VpcSecurityGroupIds",
            "VpcSubnetIds",
        ),
        "Auth": _auth(raw),
        "DebugLogging": bool(raw.get("DebugLogging")),
        "RequireTLS": bool(raw.get("RequireTLS")),
        "Tags": own_tags(raw),
    }


def _set_pools(raw: JsonObject, data: DataMark | None) -> Params:
    for name, pool in _pools(raw).items():
        yield {
            "DBProxyName": raw["DBProxyName"],
            "TargetGroupName": name,
            "ConnectionPoolConfig": pool,
        }


def _register(raw: JsonObject, data: DataMark | None) -> Params:
    for parameter, kind in _KINDS.items():
        names = [
            text(target, "RdsResourceId")
            for target in objects(raw, "Targets")
            if target.get("Type") == kind and not target.get("TrackedClusterId")
        ]
        if names:
            yield {"DBProxyName": raw["DBProxyName"], parameter: names}


DB_PROXY = ResourceType(
    type="AWS::RDS::DBProxy",
    listing=Listing(operation="DescribeDBProxies", items="DBProxies[]"),
    details=(
        Detail(
            operation="DescribeDBProxyTargetGroups",
            params={"DBProxyName": "DBProxyName"},
            pick="TargetGroups",
            into="TargetGroups",
        ),
        Detail(
            operation="DescribeDBProxyTargets",
            params={"DBProxyName": "DBProxyName"},
            pick="Targets",
            into="Targets",
        ),
        tags_by("DBProxyArn"),
    ),
    id="DBProxyName",
    name="DBProxyName",
    arn="DBProxyArn",
    settings=_proxy,
    birth={"arn": "DBProxyArn", "created": "CreatedDate"},
    tags="TagList",
    settling=moving("Status"),
    depends_on=("AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::RDS::DBInstance"),
    seeds=(
        Seed(
            operation="CreateDBProxy",
            params=_create,
            learn={"DBProxyArn": "DBProxy.DBProxyArn"},
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyDBProxyTargetGroup", params=_set_pools),
        Seed(operation="RegisterDBProxyTargets", params=_register),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.DBProxyName", "response.DBProxy.DBProxyArn"),
            "CreateDBProxy",
        ),
        *on(Verb.DELETE, _PROXY, "DeleteDBProxy"),
        *on(Verb.UPDATE, by("params.DBProxyName", "params.NewDBProxyName"), "ModifyDBProxy"),
        *on(
            Verb.UPDATE,
            _PROXY,
            "DeregisterDBProxyTargets",
            "ModifyDBProxyTargetGroup",
            "RegisterDBProxyTargets",
            part="'targets'",
        ),
        *tag_operations("db-proxy"),
    ),
    hazards=(
        HazardRule(field="RequireTLS", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Targets", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Auth", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="VpcSecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
    ),
)


def _endpoint(raw: JsonObject) -> Json:
    return {
        "DBProxyName": raw.get("DBProxyName"),
        "TargetRole": raw.get("TargetRole"),
        "VpcSecurityGroupIds": sorted(str(g) for g in rows(raw, "VpcSecurityGroupIds")),
        "VpcSubnetIds": sorted(str(s) for s in rows(raw, "VpcSubnetIds")),
    }


def _create_endpoint(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(
            raw,
            "DBProxyEndpointName",
            "DBProxyName",
            "TargetRole",
            "VpcSecurityGroupIds",
            "VpcSubnetIds",
        ),
        "Tags": own_tags(raw),
    }


DB_PROXY_ENDPOINT = ResourceType(
    type="AWS::RDS::DBProxyEndpoint",
    listing=Listing(operation="DescribeDBProxyEndpoints", items="DBProxyEndpoints[]"),
    details=(tags_by("DBProxyEndpointArn"),),
    id="DBProxyEndpointName",
    name="DBProxyEndpointName",
    arn="DBProxyEndpointArn",
    settings=_endpoint,
    birth={"arn": "DBProxyEndpointArn", "created": "CreatedDate"},
    tags="TagList",
    # It comes with its proxy.
    builtin="IsDefault",
    settling=moving("Status"),
    depends_on=("AWS::RDS::DBProxy",),
    seeds=(
        Seed(
            operation="CreateDBProxyEndpoint",
            params=_create_endpoint,
            learn={"DBProxyEndpointArn": "DBProxyEndpoint.DBProxyEndpointArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.DBProxyEndpointName", "response.DBProxyEndpoint.DBProxyEndpointArn"),
            "CreateDBProxyEndpoint",
        ),
        *on(Verb.DELETE, _ENDPOINT, "DeleteDBProxyEndpoint"),
        *on(Verb.UPDATE, _ENDPOINT, "ModifyDBProxyEndpoint"),
        *tag_operations("db-proxy-endpoint"),
    ),
    hazards=(HazardRule(field="VpcSecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),),
)
