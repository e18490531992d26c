"""API Gateway: routes, integrations, authorizers, deployments and stages of HTTP APIs."""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Seed
from executor.catalog.raw import objects, table, text
from executor.catalog.shaping import Making, Params, by, deep_given, given, made, tag_map
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_INTEGRATION = (
    "ConnectionId",
    "ConnectionType",
    "ContentHandlingStrategy",
    "CredentialsArn",
    "Description",
    "IntegrationMethod",
    "IntegrationSubtype",
    "IntegrationType",
    "IntegrationUri",
    "PassthroughBehavior",
    "PayloadFormatVersion",
    "RequestParameters",
    "RequestTemplates",
    "ResponseParameters",
    "TemplateSelectionExpression",
    "TimeoutInMillis",
    "TlsConfig",
)
_ROUTE = (
    "ApiKeyRequired",
    "AuthorizationScopes",
    "AuthorizationType",
    "ModelSelectionExpression",
    "OperationName",
    "RequestModels",
    "RequestParameters",
    "RouteResponseSelectionExpression",
    "Target",
)
_AUTHORIZER = (
    "Name",
    "AuthorizerType",
    "AuthorizerCredentialsArn",
    "AuthorizerPayloadFormatVersion",
    "AuthorizerResultTtlInSeconds",
    "AuthorizerUri",
    "EnableSimpleResponses",
    "IdentitySource",
    "IdentityValidationExpression",
    "JwtConfiguration",
)
_STAGE = (
    "AccessLogSettings",
    "AutoDeploy",
    "ClientCertificateId",
    "DefaultRouteSettings",
    "Description",
    "RouteSettings",
    "StageVariables",
)


def _told(raw: JsonObject, keys: tuple[str, ...]) -> dict[str, Json]:
    found = {key: deep_given(value) for key, value in given(raw, *keys).items()}
    return {key: value for key, value in found.items() if value not in ({}, [])}


def integrations(raw: JsonObject) -> dict[str, Json]:
    """Return id -> what the integration is like."""
    return {
        name: _told(item, _INTEGRATION)
        for name, item in by(raw, "Integrations", "IntegrationId").items()
    }


def routes(raw: JsonObject) -> dict[str, Json]:
    """Return `GET /path` -> what the route is like."""
    authorizers = by(raw, "Authorizers", "AuthorizerId")
    found: dict[str, Json] = {}
    for key, route in by(raw, "Routes", "RouteKey").items():
        told = text(route, "AuthorizerId")
        authorizer = text(authorizers.get(told, {}), "Name") or told or None
        found[key] = {"Authorizer": authorizer, **_told(route, _ROUTE)}
    return found


def authorizers(raw: JsonObject) -> dict[str, Json]:
    """Return name -> what the authorizer is like."""
    return {
        name: _told(item, _AUTHORIZER[1:]) for name, item in by(raw, "Authorizers", "Name").items()
    }


def stages(raw: JsonObject) -> dict[str, Json]:
    """Return name -> what the stage is like; one that deploys by itself has no deployment."""
    found: dict[str, Json] = {}
    for name, stage in by(raw, "Stages", "StageName").items():
        deployed = {} if stage.get("AutoDeploy") else given(stage, "DeploymentId")
        found[name] = {**_told(stage, _STAGE), **deployed, "Tags": tag_map(stage)}
    return found


def less_guarded(before: Json, after: Json) -> bool:
    """A route that asked for a sign-in or a key asks for less."""
    old, new = table({"r": before}, "r"), table({"r": after}, "r")
    return any(
        _is_less(route, new[name])
        for name, route in old.items()
        if isinstance(route, Mapping) and name in new
    )


def _is_less(before: JsonObject, after: Json) -> bool:
    if not isinstance(after, Mapping):
        return False
    asked = before.get("AuthorizationType") not in (None, "NONE")
    asks = after.get("AuthorizationType") not in (None, "NONE")
    unlocked = before.get("ApiKeyRequired") is True and after.get("ApiKeyRequired") is not True
    scopes = before.get("AuthorizationScopes") and not after.get("AuthorizationScopes")
    return (asked and not asks) or unlocked or bool(asks and scopes)


def led_elsewhere(before: Json, after: Json) -> bool:
    """A route that led somewhere leads nowhere."""
    old, new = table({"r": before}, "r"), table({"r": after}, "r")
    return any(
        route.get("Target") and not left.get("Target")
        for name, route in old.items()
        if isinstance(route, Mapping) and isinstance(left := new.get(name), Mapping)
    )


def unlogged(before: Json, after: Json) -> bool:
    """A stage that stays lost its access log or its certificate."""
    old, new = table({"s": before}, "s"), table({"s": after}, "s")
    return any(
        stage.get(key) and not left.get(key)
        for name, stage in old.items()
        if isinstance(stage, Mapping) and isinstance(left := new.get(name), Mapping)
        for key in ("AccessLogSettings", "ClientCertificateId")
    )


def _make_authorizers(raw: JsonObject, data: DataMark | None) -> Params:
    for item in objects(raw, "Authorizers"):
        options = {"ApiId": raw["ApiId"], **_told(item, _AUTHORIZER)}
        yield Making(text(item, "AuthorizerId"), options)


def _make_integrations(raw: JsonObject, data: DataMark | None) -> Params:
    for item in objects(raw, "Integrations"):
        options = {"ApiId": raw["ApiId"], **_told(item, _INTEGRATION)}
        yield Making(text(item, "IntegrationId"), options)


def _make_routes(raw: JsonObject, data: DataMark | None) -> Params:
    for item in objects(raw, "Routes"):
        told = given(item, "RouteKey", "AuthorizerId")
        yield Making(text(item, "RouteId"), {"ApiId": raw["ApiId"], **told, **_told(item, _ROUTE)})


def _deploy(raw: JsonObject, data: DataMark | None) -> Params:
    for item in sorted(objects(raw, "Deployments"), key=lambda d: text(d, "CreatedDate")):
        options = {"ApiId": raw["ApiId"], **given(item, "Description")}
        yield Making(text(item, "DeploymentId"), options)


def _make_stages(raw: JsonObject, data: DataMark | None) -> Params:
    for item in objects(raw, "Stages"):
        deployed = {} if item.get("AutoDeploy") else given(item, "DeploymentId")
        yield {
            "ApiId": raw["ApiId"],
            "StageName": item["StageName"],
            **_told(item, _STAGE),
            **deployed,
            "Tags": tag_map(item),
        }


def _lacks(key: str, name: str, params: Mapping[str, object], theirs: JsonObject) -> bool:
    return str(params.get(name)) not in by(theirs, key, name)


def _lacks_all(key: str, theirs: JsonObject) -> bool:
    return not objects(theirs, key)


PART_SEEDS = (
    Seed(
        operation="CreateAuthorizer",
        params=_make_authorizers,
        learn=made("AuthorizerId"),
        lacking=lambda params, theirs: _lacks("Authorizers", "Name", params, theirs),
    ),
    Seed(
        operation="CreateIntegration",
        params=_make_integrations,
        learn=made("IntegrationId"),
        lacking=lambda params, theirs: _lacks_all("Integrations", theirs),
    ),
    Seed(
        operation="CreateRoute",
        params=_make_routes,
        learn=made("RouteId"),
        lacking=lambda params, theirs: _lacks("Routes", "RouteKey", params, theirs),
    ),
    Seed(
        operation="CreateDeployment",
        params=_deploy,
        learn=made("DeploymentId"),
        lacking=lambda params, theirs: _lacks_all("Deployments", theirs),
    ),
    Seed(
        operation="CreateStage",
        params=_make_stages,
        tolerate=frozenset({"ConflictException"}),
        lacking=lambda params, theirs: _lacks("Stages", "StageName", params, theirs),
    ),
)
"""What rebuilds the parts of an HTTP API."""
