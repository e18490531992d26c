"""AWS Lambda: aliases, with URL, permissions and provisioned concurrency as parts.

Moving an alias to another version is how functions are deployed; it is an update without
danger. Concurrency that is provisioned for a plain version is not read.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.lambda_names import (
    Params,
    alias_by_qualifier,
    by_alias,
    function_of,
    permissions,
    statements,
)
from executor.catalog.policies import narrowed, opened, outsiders
from executor.catalog.raw import table, text
from executor.catalog.weakening import removed
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_BY_QUALIFIER = {"FunctionName": "Function.FunctionName", "Qualifier": "Name"}


def _function(raw: JsonObject) -> str:
    return text(table(raw, "Function"), "FunctionName")


def _settings(raw: JsonObject) -> Json:
    permitted = statements(raw.get("Policy"), text(raw, "Name"))
    url = table(raw, "Url")
    return {
        "FunctionName": _function(raw),
        "FunctionVersion": raw.get("FunctionVersion"),
        "Description": raw.get("Description") or "",
        "Weights": table(table(raw, "RoutingConfig"), "AdditionalVersionWeights"),
        "ProvisionedConcurrency": raw.get("Provisioned"),
        "Policy": permitted,
        "OpenTo": outsiders(permitted, text(raw, "$account")),
        "Url": {"AuthType": url.get("AuthType"), "Cors": url.get("Cors") or None} if url else None,
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "FunctionName": _function(raw),
        "Name": raw["Name"],
        "FunctionVersion": raw["FunctionVersion"],
        "Description": raw.get("Description") or "",
    }
    weights = table(table(raw, "RoutingConfig"), "AdditionalVersionWeights")
    if weights:
        params["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    yield params


def _permit(raw: JsonObject, data: DataMark | None) -> Params:
    yield from permissions(raw.get("Policy"), _function(raw), text(raw, "Name"))


def _open_url(raw: JsonObject, data: DataMark | None) -> Params:
    url = table(raw, "Url")
    if url:
        cors = {"Cors": url["Cors"]} if url.get("Cors") else {}
        yield {**_qualified(raw), "AuthType": url["AuthType"], **cors}


def _provision(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("Provisioned"):
        yield {**_qualified(raw), "ProvisionedConcurrentExecutions": raw["Provisioned"]}


def _qualified(raw: JsonObject) -> dict[str, object]:
    return {"FunctionName": _function(raw), "Qualifier": raw["Name"]}


def _named(params: JsonObject, response: JsonObject) -> list[str]:
    """Return `FUNCTION:ALIAS` of a call about an alias itself."""
    names = [f"{name}:{text(params, 'Name')}" for name in function_of(params, response)]
    return [*names, *([text(response, "AliasArn")] if response.get("AliasArn") else [])]


def _deleted(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"{name}:{text(params, 'Name')}" for name in function_of(params, response)]


ALIAS = ResourceType(
    type="AWS::Lambda::Alias",
    listing=Listing(
        operation="ListAliases",
        items="Aliases[]",
        within=Listing(operation="ListFunctions", items="Functions[].{FunctionName: FunctionName}"),
        given={"FunctionName": "FunctionName"},
        into="Function",
    ),
    details=(
        Detail(
            operation="GetPolicy",
            params=_BY_QUALIFIER,
            pick="Policy",
            into="Policy",
            absent=frozenset({"ResourceNotFoundException"}),
        ),
        Detail(
            operation="GetFunctionUrlConfig",
            params=_BY_QUALIFIER,
            pick="{AuthType: AuthType, Cors: Cors}",
            into="Url",
            absent=frozenset({"ResourceNotFoundException"}),
        ),
        Detail(
            operation="GetProvisionedConcurrencyConfig",
            params=_BY_QUALIFIER,
            pick="RequestedProvisionedConcurrentExecutions",
            into="Provisioned",
            absent=frozenset(
                {"ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFoundException"}
            ),
        ),
    ),
    id="AliasArn",
    name="Name",
    arn="AliasArn",
    handles=(lambda raw: f"{_function(raw)}:{text(raw, 'Name')}",),
    settings=_settings,
    depends_on=("AWS::Lambda::Function",),
    seeds=(
        Seed(operation="CreateAlias", params=_create, creates=True, optional=False),
        Seed(
            operation="AddPermission",
            params=_permit,
            tolerate=frozenset({"ResourceConflictException"}),
        ),
        Seed(
            operation="CreateFunctionUrlConfig",
            params=_open_url,
            tolerate=frozenset({"ResourceConflictException"}),
        ),
        Seed(operation="PutProvisionedConcurrencyConfig", params=_provision),
    ),
    operations=(
        *on(Verb.CREATE, _named, "CreateAlias"),
        *on(Verb.UPDATE, _named, "UpdateAlias"),
        *on(Verb.DELETE, _deleted, "DeleteAlias"),
        *by_alias("AddPermission", "RemovePermission", part="'policy'"),
        *by_alias(
            "CreateFunctionUrlConfig",
            "UpdateFunctionUrlConfig",
            "DeleteFunctionUrlConfig",
            part="'url'",
        ),
        *on(
            Verb.UPDATE,
            alias_by_qualifier,
            "PutProvisionedConcurrencyConfig",
            "DeleteProvisionedConcurrencyConfig",
            part="'provisioned concurrency'",
        ),
    ),
    hazards=(
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(
            field="Url.AuthType", hazard=Hazard.EXPOSURE, when=lambda before, after: after == "NONE"
        ),
        HazardRule(field="Url", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="ProvisionedConcurrency", hazard=Hazard.DISRUPTION, when=removed),
    ),
)
