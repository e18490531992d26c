"""AWS CloudFormation: stacks with their members.

A stack is seeded first, from its own template, so that the engine makes its members; their
ids are learnt by logical id, and the members are then adopted, not made again. A stack whose
seeding fails is a gap, and its members are seeded one by one like anything else.

The address is the stack id, which is another one after every creation; the name is what two
incarnations share. Known limits: a template in a bucket (nested stacks) and parameters that
are looked up elsewhere cannot be had in an empty engine; `NoEcho` parameters are seeded as
the `****` that CloudFormation tells. The type registry and refactorings are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import denial_lost, policy
from executor.catalog.raw import objects, rows, text
from executor.catalog.stack_aims import aims
from executor.catalog.stack_sets import STACK_SET
from executor.catalog.weakening import lost, removed, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical, digest
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_NAMED = "[params.StackName, response.StackId]"
_REVIEW = "REVIEW_IN_PROGRESS"
# Its template says more, or less, than there is.
_NOT_WHOLE = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", _REVIEW)


def _status(raw: JsonObject) -> str:
    return text(raw, "StackStatus")


def _pairs(raw: JsonObject, key: str, name: str, value: str) -> dict[str, Json]:
    return {text(item, name): item.get(value) for item in objects(raw, key)}


def _template(raw: JsonObject) -> str:
    body = raw.get("Template")
    if not body:
        return ""
    return body if isinstance(body, str) else canonical(body).decode()


def _stack(raw: JsonObject) -> Json:
    status = _status(raw)
    return {
        "TemplateDigest": digest(_template(raw)),
        "Parameters": _pairs(raw, "Parameters", "ParameterKey", "ParameterValue"),
        "Outputs": _pairs(raw, "Outputs", "OutputKey", "OutputValue"),
        "Exports": sorted(text(o, "ExportName") for o in objects(raw, "Outputs") if _exported(o)),
        "NotificationARNs": sorted(str(item) for item in rows(raw, "NotificationARNs")),
        "EnableTerminationProtection": bool(raw.get("EnableTerminationProtection")),
        "RoleARN": raw.get("RoleARN") or None,
        "StackPolicy": policy(raw.get("StackPolicy")),
        "UnderReview": status == _REVIEW,
        "Broken": status.endswith("_FAILED") or status == "ROLLBACK_COMPLETE",
    }


def _exported(output: JsonObject) -> bool:
    return bool(output.get("ExportName"))


def _resources(raw: JsonObject) -> list[JsonObject]:
    found = [
        item
        for item in objects(raw, "Resources")
        if item.get("PhysicalResourceId") and item.get("ResourceStatus") != "DELETE_COMPLETE"
    ]
    return sorted(found, key=lambda item: text(item, "LogicalResourceId"))


def _members(raw: JsonObject) -> Json:
    return [
        {
            "LogicalId": item.get("LogicalResourceId"),
            "Type": item.get("ResourceType"),
            "Id": item.get("PhysicalResourceId"),
        }
        for item in _resources(raw)
    ]


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    nested = raw.get("ParentId")
    if nested or _status(raw) in _NOT_WHOLE or not raw.get("Template"):
        return
    params: dict[str, object] = {
        "StackName": raw["StackName"],
        "TemplateBody": _template(raw),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value or ""}
            for key, value in _pairs(raw, "Parameters", "ParameterKey", "ParameterValue").items()
        ],
        "Capabilities": list(rows(raw, "Capabilities")),
        "EnableTerminationProtection": bool(raw.get("EnableTerminationProtection")),
        # What could only be made in part would pass for the whole.
        "OnFailure": "DELETE",
    }
    if raw.get("StackPolicy"):
        params["StackPolicyBody"] = raw["StackPolicy"]
    tags = [t for t in objects(raw, "Tags") if not text(t, "Key").startswith("aws:")]
    yield {**params, "Tags": tags} if tags else params


def learn_members(target: JsonObject, engine: JsonObject) -> dict[str, str]:
    """Return target id -> engine id for each member both stacks have, by logical id.

    Where the id is an ARN or URL its last part, the name, is paired too.
    """
    made = {text(r, "LogicalResourceId"): r for r in _resources(engine)}
    pairs: dict[str, str] = {}
    for resource in _resources(target):
        other = made.get(text(resource, "LogicalResourceId"))
        if other is None or other.get("ResourceType") != resource.get("ResourceType"):
            continue
        ours, theirs = text(resource, "PhysicalResourceId"), text(other, "PhysicalResourceId")
        pairs[ours] = theirs
        pairs[_name(ours)] = _name(theirs)
    return pairs


def _name(identity: str) -> str:
    if identity.startswith("arn:aws:cloudformation:"):
        return identity.split("/")[1]
    return identity.replace(":", "/").rsplit("/", 1)[-1]


def _new(params: JsonObject, response: JsonObject) -> list[str]:
    return _change_set(params, response) if params.get("ChangeSetType") == "CREATE" else []


def _known(params: JsonObject, response: JsonObject) -> list[str]:
    kind = params.get("ChangeSetType") or "UPDATE"
    return _change_set(params, response) if kind == "UPDATE" else []


def _import(params: JsonObject, response: JsonObject) -> list[str]:
    return _change_set(params, response) if params.get("ChangeSetType") == "IMPORT" else []


def _change_set(params: JsonObject, response: JsonObject) -> list[str]:
    # The change set's id too: by it alone the set may be executed.
    found = (text(params, "StackName"), text(response, "StackId"), text(response, "Id"))
    return [name for name in found if name]


STACK = ResourceType(
    type="AWS::CloudFormation::Stack",
    listing=Listing(operation="DescribeStacks", items="Stacks[]"),
    details=(
        Detail(
            operation="ListStackResources",
            params={"StackName": "StackId"},
            pick="StackResourceSummaries",
            into="Resources",
        ),
        Detail(
            operation="GetTemplate",
            params={"StackName": "StackId", "TemplateStage": "'Original'"},
            pick="TemplateBody",
            into="Template",
            # A stack under review has none yet.
            absent=frozenset({"ValidationError"}),
        ),
        Detail(
            operation="GetStackPolicy",
            params={"StackName": "StackId"},
            pick="StackPolicyBody",
            into="StackPolicy",
            absent=frozenset({"ValidationError"}),
        ),
    ),
    id="StackId",
    name="StackName",
    arn="StackId",
    settings=_stack,
    birth={"id": "StackId", "created": "CreationTime"},
    tags="Tags",
    members=_members,
    settling=lambda raw: _status(raw).endswith("_IN_PROGRESS") and _status(raw) != _REVIEW,
    ignore="StackStatus == 'DELETE_COMPLETE'",
    order="CreationTime",
    seeds=(
        Seed(
            operation="CreateStack",
            params=_create,
            learn={"StackId": "StackId"},
            # A nested stack that its parent has made already.
            tolerate=frozenset({"AlreadyExistsException"}),
            creates=True,
            optional=False,
        ),
    ),
    learns_members=learn_members,
    operations=(
        *on(Verb.CREATE, _NAMED, "CreateStack"),
        *on(Verb.CREATE, _new, "CreateChangeSet"),
        *on(Verb.READ, _known, "CreateChangeSet"),
        *on(Verb.OPERATE, _import, "CreateChangeSet"),
        *on(Verb.READ, "[params.StackName, params.ChangeSetName]", "DeleteChangeSet"),
        *on(Verb.OPERATE, "[params.StackName, params.ChangeSetName]", "ExecuteChangeSet"),
        *on(Verb.UPDATE, _NAMED, "UpdateStack", "UpdateTerminationProtection"),
        *on(Verb.UPDATE, "params.StackName", "SetStackPolicy", part="'stack policy'"),
        *on(
            Verb.OPERATE,
            "params.StackName",
            "CancelUpdateStack",
            "ContinueUpdateRollback",
            "RollbackStack",
            "SignalResource",
        ),
        *on(Verb.DELETE, "params.StackName", "DeleteStack"),
    ),
    hazards=(
        HazardRule(
            field="EnableTerminationProtection", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(field="StackPolicy", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="StackPolicy", hazard=Hazard.PROTECTION_LOSS, when=denial_lost),
        HazardRule(field="Exports", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Broken", hazard=Hazard.DISRUPTION, when=turned_on),
    ),
)

_LOOKS = "compares what is there with a template; changes nothing"

SERVICE = Service(
    name="cloudformation",
    types=(STACK, STACK_SET),
    # A stack makes, changes and removes resources of any service.
    reaches=("*",),
    aims=aims,
    harmless={
        "DetectStackDrift": _LOOKS,
        "DetectStackResourceDrift": _LOOKS,
        "DetectStackSetDrift": _LOOKS,
        "EstimateTemplateCost": "computes a price; changes nothing",
        "ValidateTemplate": "reads a template; changes nothing",
    },
)
