"""AWS Lambda: functions, with versions, URL, permissions and concurrency as parts.

Values of environment variables are kept as digests only, code as its digest: a replica's
functions have stand-ins with the digests for values, so that a change cannot read the target's
secrets from it, and run a placeholder. A tool that compares them with its own (Terraform)
updates them in the replica although the target has them already.

A function has no birth mark (`LastModified` and `RevisionId` move with every update): that it
was re-created is told by the trace alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.lambda_names import (
    function_of,
    permissions,
    qualifier_of,
    statements,
)
from executor.catalog.lambda_placeholder import placeholder_zip
from executor.catalog.policies import narrowed, opened, outsiders
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import lost, removed
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark
from executor.model.stand_in import STAND_IN

_ABSENT = frozenset({"ResourceNotFoundException"})
_THERE = frozenset({"ResourceConflictException"})
_STANDS_IN = re.compile(rf"{STAND_IN}:(sha256:[0-9a-f]{{64}})")
_ANY_FUNCTION = {"FunctionName": "FunctionName"}
_MOST_VERSIONS = 200
_PLAIN = ("Runtime", "Handler", "Role", "Timeout", "MemorySize", "CodeSha256", "KMSKeyArn")

_Params = Iterator[Mapping[str, object]]


def _concealed(raw: JsonObject) -> JsonObject:
    """Return a function's description with digests for the values of its environment."""
    variables = table(table(raw, "Environment"), "Variables")
    return {**raw, "Environment": {n: _digest(str(v)) for n, v in variables.items()}}


def _described(answer: JsonObject) -> Json:
    found = dict(table(answer, "Configuration"))
    image = text(table(answer, "Code"), "ImageUri")
    return {
        **found,
        "ImageUri": image or None,
        "Tags": answer.get("Tags"),
        "Concurrency": table(answer, "Concurrency").get("ReservedConcurrentExecutions"),
    }


def _digest(value: str) -> str:
    # A replica is given stand-ins for values, which name their digests, so that target and
    # replica read the same.
    stand_in = _STANDS_IN.fullmatch(value)
    if stand_in is not None:
        return stand_in[1]
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def _function(raw: JsonObject) -> Json:
    permitted = statements(raw.get("Policy"), "")
    return {
        **{name: raw.get(name) or None for name in _PLAIN},
        "Description": raw.get("Description") or "",
        "PackageType": raw.get("PackageType") or "Zip",
        "Architectures": raw.get("Architectures") or ["x86_64"],
        "EphemeralStorage": table(raw, "EphemeralStorage").get("Size"),
        "Tracing": table(raw, "TracingConfig").get("Mode"),
        "DeadLetter": table(raw, "DeadLetterConfig").get("TargetArn"),
        "Layers": [text(layer, "Arn") for layer in objects(raw, "Layers")],
        "SubnetIds": _sorted(table(raw, "VpcConfig"), "SubnetIds"),
        "SecurityGroupIds": _sorted(table(raw, "VpcConfig"), "SecurityGroupIds"),
        "Environment": raw.get("Environment"),
        "ReservedConcurrency": raw.get("Concurrency"),
        "Policy": permitted,
        "OpenTo": outsiders(permitted, text(raw, "$account")),
        "Versions": {
            text(v, "Version"): v.get("CodeSha256")
            for v in objects(raw, "Versions")
            if v.get("Version") != "$LATEST"
        },
        "Url": _url(raw),
        "EventInvoke": [
            {
                "Qualifier": text(c, "FunctionArn").rsplit(":", 1)[-1],
                "MaximumRetryAttempts": c.get("MaximumRetryAttempts"),
                "DestinationConfig": _filled(table(c, "DestinationConfig")),
            }
            for c in objects(raw, "EventInvoke")
        ],
    }


def _sorted(raw: JsonObject, key: str) -> list[str]:
    return sorted(str(item) for item in rows(raw, key))


def _filled(raw: JsonObject) -> dict[str, Json]:
    return {key: value for key, value in raw.items() if value}


def _url(raw: JsonObject) -> Json:
    url = table(raw, "Url")
    if not url:
        return None
    return {"AuthType": url.get("AuthType"), "Cors": url.get("Cors") or None}


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    params: dict[str, object] = {
        "FunctionName": raw["FunctionName"],
        "Role": raw["Role"],
        "Environment": {
            "Variables": {n: f"{STAND_IN}:{v}" for n, v in table(raw, "Environment").items()}
        },
        **{
            key: raw[key]
            for key in ("Description", "Timeout", "MemorySize", "Architectures", "Tags")
            if raw.get(key)
        },
        **{
            key: {part: table(raw, key)[part]}
            for key, part in (("EphemeralStorage", "Size"), ("TracingConfig", "Mode"))
            if table(raw, key).get(part)
        },
    }
    if raw.get("PackageType") == "Image":
        params |= {"PackageType": "Image"}
    else:
        params |= {"Runtime": text(raw, "Runtime"), "Handler": text(raw, "Handler")}
    yield {**params, "Code": _code(raw, "")}


def _configure(raw: JsonObject, data: DataMark | None) -> _Params:
    # One at a time: an engine may know no such layer, and still the network.
    name = {"FunctionName": raw["FunctionName"]}
    layers = [text(layer, "Arn") for layer in objects(raw, "Layers")]
    network = table(raw, "VpcConfig")
    if rows(network, "SubnetIds"):
        groups, subnets = rows(network, "SecurityGroupIds"), rows(network, "SubnetIds")
        yield {**name, "VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": groups}}
    if raw.get("KMSKeyArn"):
        yield {**name, "KMSKeyArn": raw["KMSKeyArn"]}
    if table(raw, "DeadLetterConfig").get("TargetArn"):
        yield {**name, "DeadLetterConfig": raw["DeadLetterConfig"]}
    if layers:
        yield {**name, "Layers": layers}


def _versions(raw: JsonObject) -> dict[int, JsonObject]:
    found = objects(raw, "Versions")
    return {int(text(v, "Version")): v for v in found if text(v, "Version").isdigit()}


def _fillers(raw: JsonObject) -> list[int]:
    """Return the numbers that must be used up so that the versions get theirs."""
    numbers = set(_versions(raw))
    most = max(numbers, default=0)
    return [n for n in range(1, most) if n not in numbers] if most <= _MOST_VERSIONS else []


def _publish(raw: JsonObject, data: DataMark | None) -> _Params:
    # What is the same as before is not published anew, so each version gets code of its own.
    for n in sorted({*_versions(raw), *_fillers(raw)}):
        yield {"FunctionName": raw["FunctionName"], "Publish": True, **_code(raw, str(n))}


def _restore_code(raw: JsonObject, data: DataMark | None) -> _Params:
    if _versions(raw):
        yield {"FunctionName": raw["FunctionName"], **_code(raw, "")}


def _code(raw: JsonObject, mark: str) -> dict[str, object]:
    if raw.get("PackageType") == "Image":
        return {"ImageUri": raw.get("ImageUri") or "none"}
    runtime, handler = text(raw, "Runtime"), text(raw, "Handler")
    return {"ZipFile": placeholder_zip(runtime, handler, mark=mark)}


def _unpublished(params: Mapping[str, object], engine: JsonObject) -> bool:
    return not _versions(engine)


def _drop_fillers(raw: JsonObject, data: DataMark | None) -> _Params:
    for n in _fillers(raw):
        yield {"FunctionName": raw["FunctionName"], "Qualifier": str(n)}


def _permissions(raw: JsonObject, data: DataMark | None) -> _Params:
    yield from permissions(raw.get("Policy"), text(raw, "FunctionName"))


def _reserve(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Concurrency") is not None:
        yield {
            "FunctionName": raw["FunctionName"],
            "ReservedConcurrentExecutions": raw["Concurrency"],
        }


def _open_url(raw: JsonObject, data: DataMark | None) -> _Params:
    url = table(raw, "Url")
    if url:
        cors = {"Cors": url["Cors"]} if url.get("Cors") else {}
        yield {"FunctionName": raw["FunctionName"], "AuthType": url["AuthType"], **cors}


def _event_invoke(raw: JsonObject, data: DataMark | None) -> _Params:
    for config in objects(raw, "EventInvoke"):
        qualifier = text(config, "FunctionArn").partition(":function:")[2].partition(":")[2]
        targets = _filled(table(config, "DestinationConfig"))
        yield {
            "FunctionName": raw["FunctionName"],
            **({"Qualifier": qualifier} if qualifier and qualifier != "$LATEST" else {}),
            **{
                key: config[key]
                for key in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
                if config.get(key) is not None
            },
            **({"DestinationConfig": targets} if targets else {}),
        }


def _made(params: JsonObject, response: JsonObject) -> list[str]:
    # What goes with a function has an ARN that begins with the function's.
    named = function_of(params, response)
    return [*named, *([text(response, "FunctionArn")] if response.get("FunctionArn") else [])]


def _whole(params: JsonObject, response: JsonObject) -> list[str]:
    return [] if qualifier_of(params) else function_of(params, response)


def _version(params: JsonObject, response: JsonObject) -> list[str]:
    return function_of(params, response) if qualifier_of(params) else []


def _shut_off(before: Json, after: Json) -> bool:
    return after == 0


FUNCTION = ResourceType(
    type="AWS::Lambda::Function",
    conceal=_concealed,
    listing=Listing(operation="ListFunctions", items="Functions[].{FunctionName: FunctionName}"),
    details=(
        Detail(operation="GetFunction", params=_ANY_FUNCTION, pick=_described),
        Detail(
            operation="GetPolicy",
            params=_ANY_FUNCTION,
            pick="Policy",
            into="Policy",
            absent=_ABSENT,
        ),
        Detail(
            operation="ListVersionsByFunction",
            params=_ANY_FUNCTION,
            pick="Versions[].{Version: Version, CodeSha256: CodeSha256, Description: Description}",
            into="Versions",
        ),
        Detail(
            operation="GetFunctionUrlConfig",
            params=_ANY_FUNCTION,
            pick="{AuthType: AuthType, Cors: Cors}",
            into="Url",
            absent=_ABSENT,
        ),
        Detail(
            operation="ListFunctionEventInvokeConfigs",
            params=_ANY_FUNCTION,
            pick="FunctionEventInvokeConfigs",
            into="EventInvoke",
        ),
    ),
    id="FunctionName",
    name="FunctionName",
    arn="FunctionArn",
    settings=_function,
    represented=("CodeSha256", "Versions"),
    tags="Tags",
    settling="State == 'Pending' || LastUpdateStatus == 'InProgress'",
    depends_on=("AWS::IAM::Role",),
    seeds=(
        Seed(operation="CreateFunction", params=_create, creates=True, optional=False),
        Seed(operation="UpdateFunctionConfiguration", params=_configure),
        Seed(operation="UpdateFunctionCode", params=_publish, lacking=_unpublished),
        Seed(operation="UpdateFunctionCode", params=_restore_code, lacking=_unpublished),
        Seed(operation="DeleteFunction", params=_drop_fillers, lacking=_unpublished),
        Seed(operation="AddPermission", params=_permissions, tolerate=_THERE),
        Seed(operation="PutFunctionConcurrency", params=_reserve),
        Seed(operation="CreateFunctionUrlConfig", params=_open_url, tolerate=_THERE),
        # It may be an alias's.
        Seed(operation="PutFunctionEventInvokeConfig", params=_event_invoke, late=True),
    ),
    operations=(
        *on(Verb.CREATE, _made, "CreateFunction"),
        *on(Verb.DELETE, _whole, "DeleteFunction"),
        *on(Verb.UPDATE, _version, "DeleteFunction", part="'version'"),
        *on(
            Verb.UPDATE,
            function_of,
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "PutFunctionConcurrency",
            "DeleteFunctionConcurrency",
            "TagResource",
            "UntagResource",
        ),
        *on(Verb.UPDATE, function_of, "AddPermission", "RemovePermission", part="'policy'"),
        *on(Verb.UPDATE, function_of, "PublishVersion", part="'version'"),
        *on(
            Verb.UPDATE,
            function_of,
            "CreateFunctionUrlConfig",
            "UpdateFunctionUrlConfig",
            "DeleteFunctionUrlConfig",
            part="'url'",
        ),
        *on(
            Verb.UPDATE,
            function_of,
            "PutFunctionEventInvokeConfig",
            "UpdateFunctionEventInvokeConfig",
            "DeleteFunctionEventInvokeConfig",
            part="'event invoke configuration'",
        ),
        *on(
            Verb.OPERATE,
            function_of,
            "Invoke",
            "InvokeAsync",
            "InvokeWithResponseStream",
            reaches=("*",),
        ),
    ),
    hazards=(
        HazardRule(field="ReservedConcurrency", hazard=Hazard.DISRUPTION, when=_shut_off),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(
            field="Url.AuthType", hazard=Hazard.EXPOSURE, when=lambda before, after: after == "NONE"
        ),
        HazardRule(field="Url", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="Versions", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="DeadLetter", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(
            field="EventInvoke[].DestinationConfig.OnFailure.Destination",
            hazard=Hazard.PROTECTION_LOSS,
            when=lost,
        ),
    ),
)
