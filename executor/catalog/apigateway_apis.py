"""API Gateway: REST APIs.

Resources, methods, integrations, authorizers, validators, models, answers of the gateway,
deployments and stages are parts of their API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from executor.catalog.apigateway_methods import METHOD_SEEDS, less_guarded, methods
from executor.catalog.apigateway_stages import STAGE_SEEDS, deployments, stages, unlogged
from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Making, Params, alike, by, deep_given, given, made, tag_map
from executor.catalog.weakening import lost, removed, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

_OPTIONS = (
    "name",
    "description",
    "version",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "apiKeySource",
    "endpointConfiguration",
    "disableExecuteApiEndpoint",
    "securityPolicy",
)
_AUTHORIZER = (
    "name",
    "type",
    "providerARNs",
    "authType",
    "authorizerUri",
    "authorizerCredentials",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
)
_VALIDATOR = ("name", "validateRequestBody", "validateRequestParameters")
_MODEL = ("name", "description", "schema", "contentType")
_RESPONSE = ("statusCode", "responseParameters", "responseTemplates")
# Every API comes with these.
_OWN_MODELS = frozenset({"Empty", "Error"})
_BY_API = {"restApiId": "id"}
_API = "params.restApiId"


def _document(raw: JsonObject) -> JsonObject | None:
    # AWS tells the policy as the inside of a JSON text.
    value = text(raw, "policy")
    return policy(value) or policy(_unescaped(value))


def _unescaped(value: str) -> Json:
    try:
        found: Json = json.loads(f'"{value}"')
    except ValueError:
        return None
    return found


def _api(raw: JsonObject) -> Json:
    document = _document(raw)
    found = given(raw, *_OPTIONS)
    return {
        **{key: deep_given(value) for key, value in found.items() if key != "name"},
        "disableExecuteApiEndpoint": bool(raw.get("disableExecuteApiEndpoint")),
        "endpoints": [*rows(table(raw, "endpointConfiguration"), "types")],
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
        "authorizers": _named_parts(raw, "Authorizers", _AUTHORIZER),
        "validators": _named_parts(raw, "Validators", _VALIDATOR),
        "models": {
            name: model
            for name, model in _named_parts(raw, "Models", _MODEL).items()
            if name not in _OWN_MODELS
        },
        "responses": {
            text(r, "responseType"): deep_given(given(r, *_RESPONSE)) for r in _answers(raw)
        },
        "paths": sorted(text(resource, "path") for resource in objects(raw, "Resources")),
        "methods": methods(raw),
        "deployments": deployments(raw),
        "stages": stages(raw),
    }


def _named_parts(raw: JsonObject, key: str, settings: tuple[str, ...]) -> dict[str, Json]:
    return {
        name: deep_given({k: v for k, v in given(part, *settings).items() if k != "name"})
        for name, part in by(raw, key, "name").items()
    }


def _answers(raw: JsonObject) -> list[JsonObject]:
    return [r for r in objects(raw, "GatewayResponses") if not r.get("defaultResponse")]


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    document = _document(raw)
    options = given(raw, *_OPTIONS)
    if "endpointConfiguration" in options:
        options["endpointConfiguration"] = given(
            table(raw, "endpointConfiguration"), "types", "vpcEndpointIds", "ipAddressType"
        )
    yield {
        **options,
        **({"policy": json.dumps(document)} if document else {}),
        "tags": tag_map(raw, "tags"),
    }


def _learn_api(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    roots = [text(r, "id") for r in objects(raw, "Resources") if not r.get("parentId")]
    ours = text(raw, "rootResourceId") or next(iter(roots), "")
    return {text(raw, "id"): text(answer, "id"), ours: text(answer, "rootResourceId")}


def _each(raw: JsonObject, key: str, settings: tuple[str, ...]) -> Params:
    for part in objects(raw, key):
        options = {k: deep_given(v) for k, v in given(part, *settings).items()}
        yield Making(text(part, "id"), {"restApiId": raw["id"], **options})


def _lacks(key: str, params: Mapping[str, object], theirs: JsonObject) -> bool:
    return str(params["name"]) not in by(theirs, key, "name")


def _models(raw: JsonObject, data: DataMark | None) -> Params:
    for params in _each(raw, "Models", _MODEL):
        if params["name"] not in _OWN_MODELS:
            yield params


def _put_answers(raw: JsonObject, data: DataMark | None) -> Params:
    for response in _answers(raw):
        options = {k: deep_given(v) for k, v in given(response, *_RESPONSE).items()}
        yield {"restApiId": raw["id"], "responseType": response["responseType"], **options}


def _part(kind: str, name: str) -> str:
    return f"join(' ', ['{kind}', params.{name}])"


def _under(params: JsonObject, response: JsonObject) -> list[str]:
    # arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME]
    parts = text(params, "resourceArn").partition("/restapis/")[2].split("/")
    return [parts[0]] if parts[0] else []


def _public(before: Json, after: Json) -> bool:
    return before == ["PRIVATE"] and after != ["PRIVATE"]


def _less_denied(before: Json, after: Json) -> bool:
    """Something that the policy denied is not denied any more."""
    return any(denial not in _denials(after) for denial in _denials(before))


def _denials(document: Json) -> list[bytes]:
    found = table({"d": document}, "d")
    return [canonical(s) for s in objects(found, "Statement") if s.get("Effect") == "Deny"]


REST_API = ResourceType(
    type="AWS::ApiGateway::RestApi",
    listing=Listing(operation="GetRestApis", items="items[]"),
    details=(
        Detail(
            operation="GetResources",
            params={**_BY_API, "embed": '`["methods"]`', "limit": "`500`"},
            pick="items",
            into="Resources",
        ),
        Detail(operation="GetAuthorizers", params=_BY_API, pick="items", into="Authorizers"),
        Detail(operation="GetRequestValidators", params=_BY_API, pick="items", into="Validators"),
        Detail(operation="GetModels", params=_BY_API, pick="items", into="Models"),
        Detail(
            operation="GetGatewayResponses", params=_BY_API, pick="items", into="GatewayResponses"
        ),
        Detail(operation="GetDeployments", params=_BY_API, pick="items", into="Deployments"),
        Detail(operation="GetStages", params=_BY_API, pick="item", into="Stages"),
    ),
    id="id",
    name="name",
    address="arn:{partition}:apigateway:{region}::/restapis/{id}",
    settings=_api,
    birth={"id": "id", "created": "createdDate"},
    tags="tags",
    depends_on=("AWS::Lambda::Function", "AWS::Cognito::UserPool", "AWS::EC2::VPCEndpoint"),
    learns_adopted=alike(
        {
            "Resources": ("path", "id"),
            "Authorizers": ("name", "id"),
            "Validators": ("name", "id"),
            "Deployments": ("description", "id"),
        }
    ),
    seeds=(
        Seed(
            operation="CreateRestApi",
            params=_create,
            learn=_learn_api,
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateAuthorizer",
            params=lambda raw, data: _each(raw, "Authorizers", _AUTHORIZER),
            learn=made("id"),
            lacking=lambda params, theirs: _lacks("Authorizers", params, theirs),
        ),
        Seed(
            operation="CreateRequestValidator",
            params=lambda raw, data: _each(raw, "Validators", _VALIDATOR),
            learn=made("id"),
            lacking=lambda params, theirs: _lacks("Validators", params, theirs),
        ),
        Seed(
            operation="CreateModel",
            params=_models,
            tolerate=frozenset({"ConflictException"}),
            lacking=lambda params, theirs: _lacks("Models", params, theirs),
        ),
        Seed(operation="PutGatewayResponse", params=_put_answers),
        *METHOD_SEEDS,
        *STAGE_SEEDS,
    ),
    operations=(
        *on(Verb.CREATE, "response.id", "CreateRestApi", "ImportRestApi"),
        *on(Verb.DELETE, _API, "DeleteRestApi"),
        *on(Verb.UPDATE, _API, "PutRestApi", "UpdateRestApi"),
        *on(
            Verb.UPDATE,
            _API,
            "CreateResource",
            "DeleteResource",
            "UpdateResource",
            part="'resource'",
        ),
        *on(
            Verb.UPDATE,
            _API,
            "DeleteIntegration",
            "DeleteIntegrationResponse",
            "DeleteMethod",
            "DeleteMethodResponse",
            "PutIntegration",
            "PutIntegrationResponse",
            "PutMethod",
            "PutMethodResponse",
            "UpdateIntegration",
            "UpdateIntegrationResponse",
            "UpdateMethod",
            "UpdateMethodResponse",
            part=_part("method", "httpMethod"),
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
            "CreateModel",
            "CreateRequestValidator",
            "DeleteModel",
            "DeleteRequestValidator",
            "UpdateModel",
            "UpdateRequestValidator",
            part="'validation'",
        ),
        *on(
            Verb.UPDATE,
            _API,
            "DeleteGatewayResponse",
            "PutGatewayResponse",
            "UpdateGatewayResponse",
            part=_part("gateway response", "responseType"),
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
            "DeleteStage",
            "UpdateStage",
            part=_part("stage", "stageName"),
        ),
        *on(Verb.UPDATE, _under, "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="methods", hazard=Hazard.EXPOSURE, when=less_guarded),
        HazardRule(field="methods", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.EXPOSURE, when=_less_denied),
        HazardRule(field="Policy", hazard=Hazard.EXPOSURE, when=removed),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="endpoints", hazard=Hazard.EXPOSURE, when=_public),
        HazardRule(field="disableExecuteApiEndpoint", hazard=Hazard.EXPOSURE, when=turned_off),
        HazardRule(field="disableExecuteApiEndpoint", hazard=Hazard.DISRUPTION, when=turned_on),
        HazardRule(field="authorizers", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="validators", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="deployments", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="stages", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="stages", hazard=Hazard.PROTECTION_LOSS, when=unlogged),
    ),
)
