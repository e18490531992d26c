"""ElastiCache: groups of subnets and of parameters, which clusters refer to.

Groups named `default…` are AWS's own: they are adopted and never made.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    Params,
    by,
    names_in,
    own_tags,
    tag_operations,
    tags_by,
)
from executor.catalog.raw import objects, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_MOST_PARAMETERS = 20
_SUBNETS = by("params.CacheSubnetGroupName")
_PARAMETERS = by("params.CacheParameterGroupName")


def _subnet_group(raw: JsonObject) -> Json:
    return {
        "CacheSubnetGroupDescription": raw.get("CacheSubnetGroupDescription"),
        "SubnetIds": names_in(raw, "Subnets", "SubnetIdentifier"),
        "VpcId": raw.get("VpcId"),
    }


def _create_subnet_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "CacheSubnetGroupName": raw["CacheSubnetGroupName"],
        "CacheSubnetGroupDescription": raw.get("CacheSubnetGroupDescription") or "-",
        "SubnetIds": names_in(raw, "Subnets", "SubnetIdentifier"),
        "Tags": own_tags(raw),
    }


SUBNET_GROUP = ResourceType(
    type="AWS::ElastiCache::SubnetGroup",
    listing=Listing(operation="DescribeCacheSubnetGroups", items="CacheSubnetGroups[]"),
    details=(tags_by("ARN"),),
    id="CacheSubnetGroupName",
    name="CacheSubnetGroupName",
    arn="ARN",
    settings=_subnet_group,
    tags="TagList",
    builtin="CacheSubnetGroupName == 'default'",
    depends_on=("AWS::EC2::Subnet",),
    seeds=(
        Seed(
            operation="CreateCacheSubnetGroup",
            params=_create_subnet_group,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.CacheSubnetGroupName", "response.CacheSubnetGroup.ARN"),
            "CreateCacheSubnetGroup",
        ),
        *on(Verb.UPDATE, _SUBNETS, "ModifyCacheSubnetGroup"),
        *on(Verb.DELETE, _SUBNETS, "DeleteCacheSubnetGroup"),
        *tag_operations("subnetgroup"),
    ),
    hazards=(HazardRule(field="SubnetIds", hazard=Hazard.DISRUPTION, when=lost),),
)


def _set(raw: JsonObject) -> dict[str, str]:
    """Return the parameters that somebody set; engines tell the others as well."""
    return {
        text(parameter, "ParameterName"): str(parameter.get("ParameterValue"))
        for parameter in objects(raw, "Parameters")
        if parameter.get("Source", "user") == "user"
    }


def _parameter_group(raw: JsonObject) -> Json:
    return {
        "Family": raw.get("CacheParameterGroupFamily"),
        "Description": raw.get("Description"),
        "Parameters": dict(_set(raw)),
    }


def _create_parameter_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "CacheParameterGroupName": raw["CacheParameterGroupName"],
        "CacheParameterGroupFamily": raw["CacheParameterGroupFamily"],
        "Description": raw.get("Description") or "-",
        "Tags": own_tags(raw),
    }


def _set_parameters(raw: JsonObject, data: DataMark | None) -> Params:
    wanted = [{"ParameterName": n, "ParameterValue": v} for n, v in sorted(_set(raw).items())]
    for start in range(0, len(wanted), _MOST_PARAMETERS):
        yield {
            "CacheParameterGroupName": raw["CacheParameterGroupName"],
            "ParameterNameValues": wanted[start : start + _MOST_PARAMETERS],
        }


PARAMETER_GROUP = ResourceType(
    type="AWS::ElastiCache::ParameterGroup",
    listing=Listing(operation="DescribeCacheParameterGroups", items="CacheParameterGroups[]"),
    details=(
        Detail(
            operation="DescribeCacheParameters",
            params={"CacheParameterGroupName": "CacheParameterGroupName", "Source": "'user'"},
            pick="Parameters",
            into="Parameters",
        ),
        tags_by("ARN"),
    ),
    id="CacheParameterGroupName",
    name="CacheParameterGroupName",
    arn="ARN",
    settings=_parameter_group,
    tags="TagList",
    builtin="starts_with(CacheParameterGroupName, 'default.')",
    seeds=(
        Seed(
            operation="CreateCacheParameterGroup",
            params=_create_parameter_group,
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyCacheParameterGroup", params=_set_parameters),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.CacheParameterGroupName", "response.CacheParameterGroup.ARN"),
            "CreateCacheParameterGroup",
        ),
        *on(Verb.UPDATE, _PARAMETERS, "ModifyCacheParameterGroup", "ResetCacheParameterGroup"),
        *on(Verb.DELETE, _PARAMETERS, "DeleteCacheParameterGroup"),
        *tag_operations("parametergroup"),
    ),
)
