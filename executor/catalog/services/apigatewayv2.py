"""Amazon API Gateway: HTTP and WebSocket APIs with their parts.

Domain names and their mappings, VPC links, models, answers of routes and integrations, routing
rules and portals are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.apigatewayv2_parts import (
    PART_SEEDS,
    authorizers,
    integrations,
    led_elsewhere,
    less_guarded,
    routes,
    stages,
    unlogged,
)
from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import text
from executor.catalog.shaping import Params, alike, by, deep_given, given, tag_map
from executor.catalog.weakening import added, lost, removed, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_OPTIONS = (
    "ProtocolType",
    "Description",
    "Version",
    "ApiKeySelectionExpression",
    "CorsConfiguration",
    "DisableExecuteApiEndpoint",
    "DisableSchemaValidation",
    "IpAddressType",
    "RouteSelectionExpression",
)
_BY_API = {"ApiId": "ApiId"}
_API = "params.ApiId"


def _api(raw: JsonObject) -> Json:
    return {
        **{key: deep_given(value) for key, value in given(raw, *_OPTIONS).items()},
        "DisableExecuteApiEndpoint": bool(raw.get("DisableExecuteApiEndpoint")),
        "Routes": routes(raw),
        "Integrations": integrations(raw),
        "Authorizers": authorizers(raw),
        "Stages": stages(raw),
        "Deployments": {
            name: text(item, "Description")
            for name, item in by(raw, "Deployments", "DeploymentId").items()
            if not item.get("AutoDeployed")
        },
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    options = {key: deep_given(value) for key, value in given(raw, "Name", *_OPTIONS).items()}
    yield {**options, "Tags": tag_map(raw)}


def _part(kind: str, name: str) -> str:
    return f"join(' ', ['{kind}', params.{name}])"


def _under(params: JsonObject, response: JsonObject) -> list[str]:
    # arn:aws:apigateway:REGION::/apis/ID[/stages/NAME]
    parts = text(params, "ResourceArn").partition("/apis/")[2].split("/")
    return [parts[0]] if parts[0] else []


def _details() -> tuple[Detail, ...]:
    kinds = ("Routes", "Integrations", "Authorizers", "Stages", "Deployments")
    return tuple(
        Detail(operation=f"Get{kind}", params=_BY_API, pick="Items", into=kind) for kind in kinds
    )


API = ResourceType(
    type="AWS::ApiGatewayV2::Api",
    listing=Listing(operation="GetApis", items="Items[]"),
    details=_details(),
    id="ApiId",
    name="Name",
    address="arn:{partition}:apigateway:{region}::/apis/{id}",
    settings=_api,
    birth={"id": "ApiId", "created": "CreatedDate"},
    tags="Tags",
    depends_on=("AWS::Lambda::Function", "AWS::Cognito::UserPool"),
    learns_adopted=alike(
        {
            "Routes": ("RouteKey", "RouteId"),
            "Integrations": ("IntegrationUri", "IntegrationId"),
            "Authorizers": ("Name", "AuthorizerId"),
        }
    ),
    seeds=(
        Seed(
            operation="CreateApi",
            params=_create,
            learn={"ApiId": "ApiId", "ApiEndpoint": "ApiEndpoint"},
            creates=True,
            optional=False,
        ),
        *PART_SEEDS,
    ),
    operations=(
        *on(Verb.CREATE, "response.ApiId", "CreateApi", "ImportApi"),
        *on(Verb.DELETE, _API, "DeleteApi"),
        *on(Verb.UPDATE, _API, "ReimportApi", "UpdateApi"),
        *on(Verb.UPDATE, _API, "DeleteCorsConfiguration", part="'cors'"),
        *on(
            Verb.UPDATE,
            _API,
            "CreateRoute",
            "DeleteRoute",
            "DeleteRouteRequestParameter",
            "UpdateRoute",
            part="'route'",
        ),
        *on(
            Verb.UPDATE,
            _API,
            "CreateIntegration",
            "DeleteIntegration",
            "UpdateIntegration",
            part="'integration'",
        ),
        *on(
            Verb.UPDATE,
            _API,
            "CreateAuthorizer",
            "DeleteAuthorizer",
            "UpdateAuthorizer",
            part="'authorizer'",
        ),
        *on(
            Verb.UPDATE,
            _API,
            "CreateDeployment",
            "DeleteDeployment",
            "UpdateDeployment",
            part="'deployment'",
        ),
        *on(
            Verb.UPDATE,
            _API,
            "CreateStage",
            "DeleteAccessLogSettings",
            "DeleteRouteSettings",
            "DeleteStage",
            "UpdateStage",
            part=_part("stage", "StageName"),
        ),
        *on(Verb.UPDATE, _under, "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="Routes", hazard=Hazard.EXPOSURE, when=less_guarded),
        HazardRule(field="Routes", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Routes", hazard=Hazard.DISRUPTION, when=led_elsewhere),
        HazardRule(field="Integrations", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Authorizers", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Stages", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Stages", hazard=Hazard.PROTECTION_LOSS, when=unlogged),
        HazardRule(field="Deployments", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="CorsConfiguration", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(
            field="CorsConfiguration.AllowOrigins[?@ == '*']", hazard=Hazard.EXPOSURE, when=added
        ),
        HazardRule(field="DisableExecuteApiEndpoint", hazard=Hazard.EXPOSURE, when=turned_off),
        HazardRule(field="DisableExecuteApiEndpoint", hazard=Hazard.DISRUPTION, when=turned_on),
    ),
)

SERVICE = Service(
    name="apigatewayv2",
    types=(API,),
    harmless={
        "ExportApi": "tells an API as a document",
        "ResetAuthorizersCache": "lets a stage ask its authorizers again",
    },
)
