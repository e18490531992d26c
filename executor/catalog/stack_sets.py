"""AWS CloudFormation: stack sets, with where their stacks are.

The stacks of a set lie in accounts and regions that are not read with it. So what changes
them, or a set that has some, is not declared, and leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, digest
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]

_ROLES = ("AdministrationRoleARN", "ExecutionRoleName", "PermissionModel")


def _parameters(raw: JsonObject) -> dict[str, Json]:
    found = objects(raw, "Parameters")
    return {text(item, "ParameterKey"): item.get("ParameterValue") for item in found}


def _set(raw: JsonObject) -> Json:
    return {
        "Description": raw.get("Description") or "",
        "TemplateDigest": digest(text(raw, "TemplateBody")),
        "Parameters": _parameters(raw),
        "Capabilities": sorted(map(str, rows(raw, "Capabilities"))),
        **{key: raw.get(key) or None for key in _ROLES},
        "AutoDeployment": raw.get("AutoDeployment") or None,
        "ManagedExecution": bool(table(raw, "ManagedExecution").get("Active")),
        "Instances": sorted(
            f"{text(i, 'Account')} {text(i, 'Region')}" for i in objects(raw, "Instances")
        ),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "StackSetName": raw["StackSetName"],
        "TemplateBody": text(raw, "TemplateBody"),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value or ""}
            for key, value in _parameters(raw).items()
        ],
    }
    keys = ("Description", "Capabilities", *_ROLES, "AutoDeployment", "Tags")
    params |= {key: raw[key] for key in keys if raw.get(key)}
    if table(raw, "ManagedExecution").get("Active"):
        params["ManagedExecution"] = {"Active": True}
    yield params


STACK_SET = ResourceType(
    type="AWS::CloudFormation::StackSet",
    listing=Listing(
        operation="ListStackSets",
        items="Summaries[].{StackSetName: StackSetName}",
        params={"Status": "ACTIVE"},
    ),
    details=(
        Detail(
            operation="DescribeStackSet",
            params={"StackSetName": "StackSetName"},
            pick="StackSet",
        ),
        Detail(
            operation="ListStackInstances",
            params={"StackSetName": "StackSetName"},
            pick="Summaries",
            into="Instances",
        ),
    ),
    id="StackSetId",
    name="StackSetName",
    arn="StackSetARN",
    settings=_set,
    birth={"id": "StackSetId"},
    tags="Tags",
    seeds=(
        Seed(
            operation="CreateStackSet",
            params=_create,
            learn={"StackSetId": "StackSetId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[params.StackSetName, response.StackSetId]", "CreateStackSet"),
        *on(Verb.DELETE, "params.StackSetName", "DeleteStackSet"),
    ),
    hazards=(HazardRule(field="Instances", hazard=Hazard.DATA_LOSS, when=lost),),
)
