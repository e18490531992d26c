"""API Gateway: API keys and usage plans. A key's value is never kept; a replica's has another."""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, table, text
from executor.catalog.shaping import Params, fewer, given, tag_map
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark


def _concealed(raw: JsonObject) -> JsonObject:
    return {key: value for key, value in raw.items() if key != "value"}


def _key(raw: JsonObject) -> Json:
    return {
        **given(raw, "description", "customerId"),
        "enabled": bool(raw.get("enabled")),
    }


def _create_key(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(raw, "name", "description", "enabled", "customerId"),
        "tags": tag_map(raw, "tags"),
    }


def _tagged(kind: str) -> str:
    return f"params.resourceArn | [@][?contains(@, '/{kind}/')]"


API_KEY = ResourceType(
    type="AWS::ApiGateway::ApiKey",
    listing=Listing(operation="GetApiKeys", items="items[]", params={"includeValues": False}),
    id="id",
    name="name",
    address="arn:{partition}:apigateway:{region}::/apikeys/{id}",
    conceal=_concealed,
    settings=_key,
    birth={"id": "id", "created": "createdDate"},
    tags="tags",
    # Whoever has the key cannot be given it again.
    stateful=True,
    seeds=(
        Seed(
            operation="CreateApiKey",
            params=_create_key,
            learn={"id": "id"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.id", "CreateApiKey"),
        *on(Verb.DELETE, "params.apiKey", "DeleteApiKey"),
        *on(Verb.UPDATE, "params.apiKey", "UpdateApiKey"),
        *on(Verb.UPDATE, _tagged("apikeys"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(HazardRule(field="enabled", hazard=Hazard.DISRUPTION, when=turned_off),),
)


def _plan(raw: JsonObject) -> Json:
    return {
        **given(raw, "description", "productCode"),
        "stages": sorted(
            f"{text(stage, 'apiId')}/{text(stage, 'stage')}" for stage in objects(raw, "apiStages")
        ),
        "throttle": given(table(raw, "throttle"), "burstLimit", "rateLimit"),
        "quota": given(table(raw, "quota"), "limit", "offset", "period"),
        "keys": sorted(text(key, "id") for key in objects(raw, "Keys")),
    }


def _create_plan(raw: JsonObject, data: DataMark | None) -> Params:
    stages = [given(stage, "apiId", "stage", "throttle") for stage in objects(raw, "apiStages")]
    yield {
        **given(raw, "name", "description", "throttle", "quota"),
        **({"apiStages": stages} if stages else {}),
        "tags": tag_map(raw, "tags"),
    }


def _keys(raw: JsonObject, data: DataMark | None) -> Params:
    for key in objects(raw, "Keys"):
        yield {"usagePlanId": raw["id"], "keyId": key["id"], "keyType": key.get("type", "API_KEY")}


def _less(before: Json, after: Json) -> bool:
    """A limit is lower than it was, or is there where there was none."""
    old, new = table({"l": before}, "l"), table({"l": after}, "l")
    if not old:
        return bool(new)
    return any(fewer(old.get(key), new.get(key)) for key in ("burstLimit", "rateLimit", "limit"))


USAGE_PLAN = ResourceType(
    type="AWS::ApiGateway::UsagePlan",
    listing=Listing(operation="GetUsagePlans", items="items[]"),
    details=(
        Detail(
            operation="GetUsagePlanKeys",
            params={"usagePlanId": "id"},
            pick="items[].{id: id, type: type}",
            into="Keys",
        ),
    ),
    id="id",
    name="name",
    address="arn:{partition}:apigateway:{region}::/usageplans/{id}",
    settings=_plan,
    birth={"id": "id"},
    tags="tags",
    depends_on=("AWS::ApiGateway::RestApi", "AWS::ApiGateway::ApiKey"),
    seeds=(
        Seed(
            operation="CreateUsagePlan",
            params=_create_plan,
            learn={"id": "id"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateUsagePlanKey",
            params=_keys,
            tolerate=frozenset({"ConflictException"}),
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.id", "CreateUsagePlan"),
        *on(Verb.DELETE, "params.usagePlanId", "DeleteUsagePlan"),
        *on(Verb.UPDATE, "params.usagePlanId", "UpdateUsagePlan"),
        *on(
            Verb.UPDATE,
            "params.usagePlanId",
            "CreateUsagePlanKey",
            "DeleteUsagePlanKey",
            part="join(' ', ['key', params.keyId])",
        ),
        *on(Verb.UPDATE, _tagged("usageplans"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="keys", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="stages", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="throttle", hazard=Hazard.DISRUPTION, when=_less),
        HazardRule(field="quota", hazard=Hazard.DISRUPTION, when=_less),
        HazardRule(field="throttle", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="quota", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)
