"""API Gateway: resources, methods and integrations of a REST API, as its parts.

They are told apart by method and path (`GET /orders`), and not by the ids of resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from executor.catalog.declarations import Seed
from executor.catalog.raw import objects, table, text
from executor.catalog.shaping import Making, Params, by, deep_given, given, made
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

# An API that a stack has made has them already.
_THERE = frozenset({"ConflictException"})
_METHOD = (
    "authorizationType",
    "authorizationScopes",
    "apiKeyRequired",
    "operationName",
    "requestParameters",
    "requestModels",
)
_INTEGRATION = (
    "type",
    "uri",
    "connectionType",
    "connectionId",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "contentHandling",
    "timeoutInMillis",
    "tlsConfig",
    "responseTransferMode",
    "integrationTarget",
)
_METHOD_RESPONSE = ("responseParameters", "responseModels")
_INTEGRATION_RESPONSE = (
    "selectionPattern",
    "responseParameters",
    "responseTemplates",
    "contentHandling",
)


@dataclass(frozen=True, slots=True)
class _Method:
    """One method of one resource."""

    resource: str
    path: str
    verb: str
    told: JsonObject

    @property
    def integration(self) -> JsonObject:
        return table(self.told, "methodIntegration")


def _methods(raw: JsonObject) -> Iterator[_Method]:
    for resource in objects(raw, "Resources"):
        for verb, told in sorted(table(resource, "resourceMethods").items()):
            if isinstance(told, Mapping):
                yield _Method(text(resource, "id"), text(resource, "path"), verb, told)


def methods(raw: JsonObject) -> dict[str, Json]:
    """Return `GET /path` -> what the method is like."""
    authorizers, validators = by(raw, "Authorizers", "id"), by(raw, "Validators", "id")
    found: dict[str, Json] = {}
    for method in _methods(raw):
        told = method.told
        authorizer = authorizers.get(text(told, "authorizerId"), {})
        validator = validators.get(text(told, "requestValidatorId"), {})
        found[f"{method.verb} {method.path}"] = {
            **{key: deep_given(value) for key, value in given(told, *_METHOD).items()},
            "authorizer": authorizer.get("name") or text(told, "authorizerId") or None,
            "validator": validator.get("name") or text(told, "requestValidatorId") or None,
            "responses": _responses(table(told, "methodResponses"), _METHOD_RESPONSE),
            "integration": _integration(method.integration),
        }
    return found


def _integration(told: JsonObject) -> Json:
    if not told:
        return None
    # A mock has no method to speak of, and yet some engine tells one.
    spoken = given(told, "httpMethod") if told.get("type") != "MOCK" else {}
    return {
        **{key: deep_given(value) for key, value in given(told, *_INTEGRATION).items()},
        **spoken,
        "responses": _responses(table(told, "integrationResponses"), _INTEGRATION_RESPONSE),
    }


def _responses(told: Mapping[str, Json], keys: tuple[str, ...]) -> dict[str, Json]:
    return {
        status: deep_given(given(response, *keys))
        for status, response in told.items()
        if isinstance(response, Mapping)
    }


def less_guarded(before: Json, after: Json) -> bool:
    """A method that asked for a sign-in, an authorizer or a key asks for less."""
    old, new = table({"m": before}, "m"), table({"m": after}, "m")
    return any(
        _is_less(method, new[name])
        for name, method in old.items()
        if isinstance(method, Mapping) and isinstance(new.get(name), Mapping)
    )


def _is_less(before: JsonObject, after: Json) -> bool:
    if not isinstance(after, Mapping):
        return False
    asked = before.get("authorizationType") not in (None, "NONE")
    asks = after.get("authorizationType") not in (None, "NONE")
    unlocked = before.get("apiKeyRequired") is True and after.get("apiKeyRequired") is not True
    scopes = before.get("authorizationScopes") and not after.get("authorizationScopes")
    return (asked and not asks) or unlocked or bool(asks and scopes)


def _make_resources(raw: JsonObject, data: DataMark | None) -> Params:
    # A parent comes before what is under it.
    for resource in sorted(objects(raw, "Resources"), key=lambda r: text(r, "path").count("/")):
        if resource.get("parentId"):
            place = {"parentId": resource["parentId"], "pathPart": resource["pathPart"]}
            yield Making(text(resource, "id"), {"restApiId": raw["id"], **place})


def _lacks_resource(params: Mapping[str, object], theirs: JsonObject) -> bool:
    wanted = (params["parentId"], params["pathPart"])
    there = objects(theirs, "Resources")
    return all((r.get("parentId"), r.get("pathPart")) != wanted for r in there)


def _where(raw: JsonObject, method: _Method) -> dict[str, object]:
    return {"restApiId": raw["id"], "resourceId": method.resource, "httpMethod": method.verb}


def _put_methods(raw: JsonObject, data: DataMark | None) -> Params:
    for method in _methods(raw):
        options = given(method.told, "authorizerId", "requestValidatorId", *_METHOD)
        yield {**_where(raw, method), "authorizationType": "NONE", **options}


def _put_method_responses(raw: JsonObject, data: DataMark | None) -> Params:
    for method in _methods(raw):
        for status, told in table(method.told, "methodResponses").items():
            options = given(told, *_METHOD_RESPONSE) if isinstance(told, Mapping) else {}
            yield {**_where(raw, method), "statusCode": status, **options}


def _put_integrations(raw: JsonObject, data: DataMark | None) -> Params:
    for method in _methods(raw):
        told = method.integration
        if told:
            spoken = given(told, "httpMethod") if told.get("type") != "MOCK" else {}
            yield {
                **_where(raw, method),
                **{key: deep_given(value) for key, value in given(told, *_INTEGRATION).items()},
                **({"integrationHttpMethod": spoken["httpMethod"]} if spoken else {}),
            }


def _put_integration_responses(raw: JsonObject, data: DataMark | None) -> Params:
    for method in _methods(raw):
        for status, told in table(method.integration, "integrationResponses").items():
            options = given(told, *_INTEGRATION_RESPONSE) if isinstance(told, Mapping) else {}
            yield {**_where(raw, method), "statusCode": status, **options}


METHOD_SEEDS = (
    Seed(
        operation="CreateResource",
        params=_make_resources,
        learn=made("id"),
        lacking=_lacks_resource,
    ),
    Seed(operation="PutMethod", params=_put_methods, tolerate=_THERE),
    Seed(operation="PutMethodResponse", params=_put_method_responses, tolerate=_THERE),
    Seed(operation="PutIntegration", params=_put_integrations, tolerate=_THERE),
    Seed(operation="PutIntegrationResponse", params=_put_integration_responses, tolerate=_THERE),
)
"""What rebuilds resources, methods and integrations, once authorizers are there."""
