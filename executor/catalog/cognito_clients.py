"""Cognito: clients of user pools. Their secrets are never kept; a replica's have others."""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.cognito_pools import POOLS
from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.shaping import Params, deep_given, given
from executor.catalog.weakening import lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_CLIENT = "params.ClientId"
_LISTS = (
    "ReadAttributes",
    "WriteAttributes",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
)
_OPTIONS = (
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ExplicitAuthFlows",
    "DefaultRedirectURI",
    "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "EnablePropagateAdditionalUserContextData",
    "AuthSessionValidity",
    "RefreshTokenRotation",
)
# What an update of the client leaves out goes back to its default.
_RESETS: Mapping[str, JsonObject] = {
    "ExplicitAuthFlows": {
        "ExplicitAuthFlows": [
            "ALLOW_CUSTOM_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
            "ALLOW_USER_SRP_AUTH",
        ]
    },
    "AllowedOAuthFlowsUserPoolClient": {"AllowedOAuthFlowsUserPoolClient": False},
    **{name: {name: None} for name in _LISTS},
}


def _concealed(raw: JsonObject) -> JsonObject:
    return {**raw, "ClientSecret": "kept back"} if raw.get("ClientSecret") else raw


def _client(raw: JsonObject) -> Json:
    found = given(raw, *_OPTIONS, *_LISTS)
    return {
        **{key: _ordered(deep_given(value)) for key, value in found.items()},
        "UserPoolId": raw.get("UserPoolId"),
        "HasSecret": bool(raw.get("ClientSecret")),
    }


def _ordered(value: Json) -> Json:
    return [*sorted(str(item) for item in value)] if isinstance(value, list) else value


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    found = given(raw, "UserPoolId", "ClientName", *_OPTIONS, *_LISTS)
    secret = {"GenerateSecret": True} if raw.get("ClientSecret") else {}
    yield {**found, **secret}


USER_POOL_CLIENT = ResourceType(
    type="AWS::Cognito::UserPoolClient",
    listing=Listing(
        operation="ListUserPoolClients",
        items="UserPoolClients[]",
        params={"MaxResults": 60},
        within=POOLS,
        given={"UserPoolId": "Id"},
    ),
    details=(
        Detail(
            operation="DescribeUserPoolClient",
            params={"UserPoolId": "UserPoolId", "ClientId": "ClientId"},
            pick="UserPoolClient",
        ),
    ),
    id="ClientId",
    name="ClientName",
    conceal=_concealed,
    settings=_client,
    birth={"id": "ClientId", "created": "CreationDate"},
    depends_on=("AWS::Cognito::UserPool",),
    seeds=(
        Seed(
            operation="CreateUserPoolClient",
            params=_create,
            learn={"ClientId": "UserPoolClient.ClientId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.UserPoolClient.ClientId", "CreateUserPoolClient"),
        *on(Verb.DELETE, _CLIENT, "DeleteUserPoolClient"),
        *on(Verb.UPDATE, _CLIENT, "UpdateUserPoolClient", resets=_RESETS),
        *on(Verb.UPDATE, _CLIENT, "AddUserPoolClientSecret", part="'secret'"),
        *on(
            Verb.UPDATE,
            _CLIENT,
            "DeleteUserPoolClientSecret",
            part="'secret'",
            hazard=Hazard.DISRUPTION,
        ),
    ),
    hazards=(
        *(
            HazardRule(field=name, hazard=Hazard.DISRUPTION, when=lost)
            for name in ("ExplicitAuthFlows", *_LISTS)
        ),
        HazardRule(
            field="AllowedOAuthFlowsUserPoolClient", hazard=Hazard.DISRUPTION, when=turned_off
        ),
        HazardRule(field="EnableTokenRevocation", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(
            field="PreventUserExistenceErrors",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: before == "ENABLED",
        ),
    ),
)
