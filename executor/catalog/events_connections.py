"""EventBridge: API destinations and the connections that they sign in by.

A connection's credentials are never told; a replica's has others.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.raw import rows, table, text
from executor.catalog.shaping import Params, deep_given, given
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_PLACEHOLDER = "seeded"
_WORKING = "AUTHORIZED"
_PARAMETERS = ("HeaderParameters", "QueryStringParameters", "BodyParameters")


def _connection(raw: JsonObject) -> Json:
    return {
        **given(raw, "Description", "AuthorizationType", "KmsKeyIdentifier"),
        "ConnectionState": raw.get("ConnectionState"),
        "AuthParameters": deep_given(raw.get("AuthParameters")) or {},
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    known = table(raw, "AuthParameters")
    yield {
        "Name": raw["Name"],
        "AuthorizationType": raw["AuthorizationType"],
        "AuthParameters": {**_credentials(known), **_http("InvocationHttpParameters", known)},
        **given(raw, "Description"),
    }


def _credentials(known: JsonObject) -> dict[str, object]:
    basic, key = table(known, "BasicAuthParameters"), table(known, "ApiKeyAuthParameters")
    oauth = table(known, "OAuthParameters")
    if basic:
        return {"BasicAuthParameters": {**basic, "Password": _PLACEHOLDER}}
    if key:
        return {"ApiKeyAuthParameters": {**key, "ApiKeyValue": _PLACEHOLDER}}
    if not oauth:
        return {}
    client = {**table(oauth, "ClientParameters"), "ClientSecret": _PLACEHOLDER}
    return {
        "OAuthParameters": {
            **given(oauth, "AuthorizationEndpoint", "HttpMethod"),
            "ClientParameters": client,
            **_http("OAuthHttpParameters", oauth),
        }
    }


def _http(key: str, known: JsonObject) -> dict[str, object]:
    found = table(known, key)
    if not found:
        return {}
    return {key: {part: [_filled(p) for p in rows(found, part)] for part in _PARAMETERS}}


def _filled(parameter: Json) -> Json:
    # The values of secret parameters are not told either.
    return {"Value": _PLACEHOLDER, **parameter} if isinstance(parameter, Mapping) else parameter


CONNECTION = ResourceType(
    type="AWS::Events::Connection",
    listing=Listing(operation="ListConnections", items="Connections[]"),
    details=(Detail(operation="DescribeConnection", params={"Name": "Name"}),),
    id="Name",
    name="Name",
    arn="ConnectionArn",
    settings=_connection,
    birth={"arn": "ConnectionArn", "created": "CreationTime"},
    # Its credentials go with it.
    stateful=True,
    settling="contains(['CREATING', 'UPDATING', 'DELETING', 'AUTHORIZING'], ConnectionState)",
    adopt="Name",
    seeds=(
        Seed(
            operation="CreateConnection",
            params=_create,
            learn={"ConnectionArn": "ConnectionArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[params.Name, response.ConnectionArn]", "CreateConnection"),
        *on(Verb.DELETE, "params.Name", "DeleteConnection"),
        *on(Verb.UPDATE, "params.Name", "UpdateConnection"),
        *on(Verb.ERASE, "params.Name", "DeauthorizeConnection", part="'credentials'"),
    ),
    hazards=(
        HazardRule(
            field="ConnectionState",
            hazard=Hazard.DISRUPTION,
            when=lambda before, after: before == _WORKING,
        ),
    ),
)


def _destination(raw: JsonObject) -> Json:
    return given(
        raw,
        "Description",
        "ConnectionArn",
        "InvocationEndpoint",
        "HttpMethod",
        "InvocationRateLimitPerSecond",
    )


def _create_destination(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"Name": text(raw, "Name"), **_as_given(raw)}


def _as_given(raw: JsonObject) -> JsonObject:
    found = _destination(raw)
    return found if isinstance(found, Mapping) else {}


API_DESTINATION = ResourceType(
    type="AWS::Events::ApiDestination",
    listing=Listing(operation="ListApiDestinations", items="ApiDestinations[]"),
    details=(Detail(operation="DescribeApiDestination", params={"Name": "Name"}),),
    id="Name",
    name="Name",
    arn="ApiDestinationArn",
    settings=_destination,
    birth={"arn": "ApiDestinationArn", "created": "CreationTime"},
    depends_on=("AWS::Events::Connection",),
    adopt="Name",
    seeds=(
        Seed(
            operation="CreateApiDestination",
            params=_create_destination,
            learn={"ApiDestinationArn": "ApiDestinationArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[params.Name, response.ApiDestinationArn]", "CreateApiDestination"),
        *on(Verb.DELETE, "params.Name", "DeleteApiDestination"),
        *on(Verb.UPDATE, "params.Name", "UpdateApiDestination"),
    ),
    hazards=(
        HazardRule(
            field="InvocationEndpoint",
            hazard=Hazard.DISRUPTION,
            when=lambda before, after: before is not None,
        ),
    ),
)
