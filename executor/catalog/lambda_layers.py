"""AWS Lambda: versions of layers, each a resource of its own.

Code is its digest only; a replica's layers hold a placeholder.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.lambda_names import Params
from executor.catalog.lambda_placeholder import placeholder_zip
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import rows, table, text
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_VERSION = {"LayerName": "Layer.LayerName", "VersionNumber": "Version"}
# A layer whose versions are numbered higher gets other numbers in a replica.
_MOST_FILLERS = 100


def _name(raw: JsonObject) -> str:
    return f"{text(table(raw, 'Layer'), 'LayerName')}:{raw.get('Version')}"


def _order(raw: JsonObject) -> str:
    return f"{text(table(raw, 'Layer'), 'LayerName')}:{_number(raw):012}"


def _number(raw: JsonObject) -> int:
    found = raw.get("Version")
    return found if isinstance(found, int) else 0


def _settings(raw: JsonObject) -> Json:
    document = policy(raw.get("Policy"))
    return {
        "Description": raw.get("Description") or "",
        "CompatibleRuntimes": sorted(map(str, rows(raw, "CompatibleRuntimes"))),
        "CompatibleArchitectures": sorted(map(str, rows(raw, "CompatibleArchitectures"))),
        "LicenseInfo": raw.get("LicenseInfo") or "",
        "CodeSha256": raw.get("CodeSha256"),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }


def _fillers(raw: JsonObject) -> list[int]:
    """Return the numbers between the version before and this one, which must be used up."""
    before = [n for n in rows(raw, "Siblings") if isinstance(n, int) and n < _number(raw)]
    missing = list(range(max(before, default=0) + 1, _number(raw)))
    return missing if len(missing) <= _MOST_FILLERS else []


def _fill(raw: JsonObject, data: DataMark | None) -> Params:
    for _ in _fillers(raw):
        yield {"LayerName": table(raw, "Layer")["LayerName"], "Content": _content()}


def _publish(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {"LayerName": table(raw, "Layer")["LayerName"]}
    for key in ("Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"):
        if raw.get(key):
            params[key] = raw[key]
    yield {**params, "Content": _content()}


def _drop_fillers(raw: JsonObject, data: DataMark | None) -> Params:
    for n in _fillers(raw):
        yield {"LayerName": table(raw, "Layer")["LayerName"], "VersionNumber": n}


def _content() -> dict[str, object]:
    return {"ZipFile": placeholder_zip("", "layer.none")}


def _permit(raw: JsonObject, data: DataMark | None) -> Params:
    document = policy(raw.get("Policy")) or {}
    for statement in rows(document, "Statement"):
        found = table({"statement": statement}, "statement")
        action = next(iter(rows(found, "Action")), "lambda:GetLayerVersion")
        params = {
            "LayerName": table(raw, "Layer")["LayerName"],
            "VersionNumber": raw["Version"],
            "StatementId": text(found, "Sid") or "seeded",
            "Action": action,
            "Principal": _principal(found),
        }
        organization = _organization(found)
        yield {**params, "OrganizationId": organization} if organization else params


def _principal(statement: JsonObject) -> str:
    names = rows(table(statement, "Principal"), "AWS")
    first = str(next(iter(names), "*"))
    # An account is told as its root, and given as its number.
    return first.split(":")[4] if first.count(":") > 4 else first


def _organization(statement: JsonObject) -> str:
    for tests in table(statement, "Condition").values():
        values = rows(table({"tests": tests}, "tests"), "aws:PrincipalOrgID")
        if values:
            return str(values[0])
    return ""


def _named(params: JsonObject, response: JsonObject) -> list[str]:
    name = text(params, "LayerName").rpartition(":layer:")[2]
    return [f"{name}:{params.get('VersionNumber')}"] if name else []


def _made(params: JsonObject, response: JsonObject) -> list[str]:
    arn = text(response, "LayerVersionArn")
    return [arn, arn.rpartition(":layer:")[2]] if arn else []


LAYER_VERSION = ResourceType(
    type="AWS::Lambda::LayerVersion",
    listing=Listing(
        operation="ListLayerVersions",
        items="LayerVersions[]",
        within=Listing(operation="ListLayers", items="Layers[].{LayerName: LayerName}"),
        given={"LayerName": "LayerName"},
        into="Layer",
    ),
    details=(
        Detail(
            operation="GetLayerVersion",
            params=_VERSION,
            pick="Content.CodeSha256",
            into="CodeSha256",
        ),
        Detail(
            operation="GetLayerVersionPolicy",
            params=_VERSION,
            pick="Policy",
            into="Policy",
            absent=frozenset({"ResourceNotFoundException"}),
        ),
        Detail(
            operation="ListLayerVersions",
            params={"LayerName": "Layer.LayerName"},
            pick="LayerVersions[].Version",
            into="Siblings",
        ),
    ),
    id="LayerVersionArn",
    name=_name,
    arn="LayerVersionArn",
    settings=_settings,
    represented=("CodeSha256",),
    birth={"created": "CreatedDate"},
    order=_order,
    seeds=(
        Seed(operation="PublishLayerVersion", params=_fill, creates=True),
        Seed(
            operation="PublishLayerVersion",
            params=_publish,
            learn={"LayerVersionArn": "LayerVersionArn"},
            creates=True,
            optional=False,
        ),
        Seed(operation="DeleteLayerVersion", params=_drop_fillers, creates=True),
        Seed(
            operation="AddLayerVersionPermission",
            params=_permit,
            tolerate=frozenset({"ResourceConflictException"}),
        ),
    ),
    operations=(
        *on(Verb.CREATE, _made, "PublishLayerVersion"),
        *on(Verb.DELETE, _named, "DeleteLayerVersion"),
        *on(
            Verb.UPDATE,
            _named,
            "AddLayerVersionPermission",
            "RemoveLayerVersionPermission",
            part="'policy'",
        ),
    ),
    hazards=(
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)
