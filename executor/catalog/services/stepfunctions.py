"""AWS Step Functions: state machines with their versions, aliases, activities.

Executions are not read, and starting one or letting one go on leaves a run undecided: what a
state machine does is not rehearsed. Versions are rebuilt with the definition of today.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import objects, table, text
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

# Engines number versions by themselves; a gap is filled as far as this.
_WIDEST_GAP = 100
_MACHINES = Listing(operation="ListStateMachines", items="stateMachines[]")
_OPTIONS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


def _version(arn: str) -> int:
    last = arn.rpartition(":")[2]
    return int(last) if last.isdigit() else 0


def _versions(raw: JsonObject) -> dict[int, JsonObject]:
    found = {_version(text(v, "stateMachineVersionArn")): v for v in objects(raw, "versions")}
    return dict(sorted(found.items()))


def _machine(raw: JsonObject) -> Json:
    try:
        definition: Json = json.loads(text(raw, "definition"))
    except ValueError:
        definition = text(raw, "definition")
    return {
        "type": raw.get("type") or "STANDARD",
        "roleArn": raw.get("roleArn"),
        "definition": definition,
        "logging": deep_given(raw.get("loggingConfiguration")) or {},
        "tracing": bool(table(raw, "tracingConfiguration").get("enabled")),
        "encryption": deep_given(raw.get("encryptionConfiguration")) or {},
        "versions": [str(number) for number in _versions(raw)],
    }


def _make(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(raw, "name", "definition", "roleArn", "type", *_OPTIONS),
        "tags": tag_list(raw, "tags"),
    }


def _fillers(raw: JsonObject) -> list[int]:
    known = _versions(raw)
    missing = [n for n in range(1, max(known, default=0)) if n not in known]
    return missing if len(missing) <= _WIDEST_GAP else []


def _publish(raw: JsonObject, data: DataMark | None) -> Params:
    """Yield an update per version, since what has not changed has no new one."""
    machine = {"stateMachineArn": raw["stateMachineArn"]}
    numbers = sorted([*_versions(raw), *_fillers(raw)])
    for number in numbers:
        yield {
            **machine,
            "definition": _remarked(text(raw, "definition"), number),
            "publish": True,
            "versionDescription": f"version {number}",
        }
    if numbers:
        yield {**machine, "definition": raw["definition"]}


def _remarked(definition: str, number: int) -> str:
    try:
        found = json.loads(definition)
    except ValueError:
        return definition
    return json.dumps({**found, "Comment": f"version {number}"})


def _learn_version(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    number = str(params.get("versionDescription", "")).rpartition(" ")[2]
    ours = f"{raw['stateMachineArn']}:{number}"
    theirs = text(answer, "stateMachineVersionArn")
    return {ours: theirs} if number and theirs and int(number) in _versions(raw) else {}


def _unpublish(raw: JsonObject, data: DataMark | None) -> Params:
    for number in _fillers(raw):
        yield {"stateMachineVersionArn": f"{raw['stateMachineArn']}:{number}"}


def _of_machine(params: JsonObject, response: JsonObject) -> list[str]:
    # arn:aws:states:REGION:ACCOUNT:stateMachine:NAME[:VERSION]
    arn = text(params, "stateMachineArn") or text(params, "stateMachineVersionArn")
    return [":".join(arn.split(":")[:7])] if arn else []


def _of_execution(params: JsonObject, response: JsonObject) -> list[str]:
    # arn:aws:states:REGION:ACCOUNT:execution:NAME:ID, `express` for the other kind
    parts = text(params, "executionArn").split(":")
    return [":".join([*parts[:5], "stateMachine", parts[6]])] if len(parts) > 6 else []


def _tagged(kind: str) -> str:
    return f"params.resourceArn | [@][?contains(@, ':{kind}:')]"


STATE_MACHINE = ResourceType(
    type="AWS::StepFunctions::StateMachine",
    listing=_MACHINES,
    details=(
        Detail(operation="DescribeStateMachine", params={"stateMachineArn": "stateMachineArn"}),
        Detail(
            operation="ListStateMachineVersions",
            params={"stateMachineArn": "stateMachineArn"},
            pick="stateMachineVersions",
            into="versions",
        ),
        Detail(
            operation="ListTagsForResource",
            params={"resourceArn": "stateMachineArn"},
            pick="tags",
            into="tags",
        ),
    ),
    id="stateMachineArn",
    name="name",
    arn="stateMachineArn",
    settings=_machine,
    birth={"created": "creationDate"},
    tags="tags",
    settling="status == 'DELETING'",
    depends_on=("AWS::IAM::Role", "AWS::Logs::LogGroup"),
    seeds=(
        Seed(operation="CreateStateMachine", params=_make, creates=True, optional=False),
        Seed(operation="UpdateStateMachine", params=_publish, learn=_learn_version),
        Seed(operation="DeleteStateMachineVersion", params=_unpublish),
    ),
    operations=(
        *on(Verb.CREATE, "[params.name, response.stateMachineArn]", "CreateStateMachine"),
        *on(Verb.DELETE, _of_machine, "DeleteStateMachine"),
        *on(Verb.UPDATE, _of_machine, "UpdateStateMachine"),
        *on(
            Verb.UPDATE,
            _of_machine,
            "DeleteStateMachineVersion",
            "PublishStateMachineVersion",
            part="'version'",
        ),
        *on(
            Verb.UPDATE,
            _of_execution,
            "StopExecution",
            part="join(' ', ['execution', params.executionArn])",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.UPDATE, _tagged("stateMachine"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="logging.level", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="tracing", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="encryption.kmsKeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="versions", hazard=Hazard.DISRUPTION, when=lost),
    ),
)


def _routes(raw: JsonObject) -> dict[str, Json]:
    return {
        text(route, "stateMachineVersionArn").rpartition(":")[2]: route.get("weight")
        for route in objects(raw, "routingConfiguration")
    }


def _alias(raw: JsonObject) -> Json:
    return {"description": raw.get("description") or "", "routes": _routes(raw)}


def _make_alias(raw: JsonObject, data: DataMark | None) -> Params:
    yield given(raw, "name", "description", "routingConfiguration")


ALIAS = ResourceType(
    type="AWS::StepFunctions::StateMachineAlias",
    listing=Listing(
        operation="ListStateMachineAliases",
        items="stateMachineAliases[]",
        within=_MACHINES,
        given={"stateMachineArn": "stateMachineArn"},
        into="machine",
    ),
    details=(
        Detail(
            operation="DescribeStateMachineAlias",
            params={"stateMachineAliasArn": "stateMachineAliasArn"},
        ),
    ),
    id="stateMachineAliasArn",
    name="name",
    arn="stateMachineAliasArn",
    settings=_alias,
    birth={"created": "creationDate"},
    depends_on=("AWS::StepFunctions::StateMachine",),
    seeds=(
        Seed(operation="CreateStateMachineAlias", params=_make_alias, creates=True, optional=False),
    ),
    operations=(
        *on(Verb.CREATE, "response.stateMachineAliasArn", "CreateStateMachineAlias"),
        *on(Verb.DELETE, "params.stateMachineAliasArn", "DeleteStateMachineAlias"),
        *on(Verb.UPDATE, "params.stateMachineAliasArn", "UpdateStateMachineAlias"),
    ),
    hazards=(HazardRule(field="routes", hazard=Hazard.DISRUPTION, when=lost),),
)


def _make_activity(raw: JsonObject, data: DataMark | None) -> Params:
    yield {**given(raw, "name", "encryptionConfiguration"), "tags": tag_list(raw, "tags")}


ACTIVITY = ResourceType(
    type="AWS::StepFunctions::Activity",
    listing=Listing(operation="ListActivities", items="activities[]"),
    details=(
        Detail(operation="DescribeActivity", params={"activityArn": "activityArn"}),
        Detail(
            operation="ListTagsForResource",
            params={"resourceArn": "activityArn"},
            pick="tags",
            into="tags",
            # Some engine knows no activities here.
            absent=frozenset({"ResourceNotFound"}),
        ),
    ),
    id="activityArn",
    name="name",
    arn="activityArn",
    settings="{encryption: encryptionConfiguration}",
    birth={"created": "creationDate"},
    tags="tags",
    seeds=(Seed(operation="CreateActivity", params=_make_activity, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "[params.name, response.activityArn]", "CreateActivity"),
        *on(Verb.DELETE, "params.activityArn", "DeleteActivity"),
        *on(Verb.UPDATE, _tagged("activity"), "TagResource", "UntagResource", part="'tags'"),
    ),
)

SERVICE = Service(name="stepfunctions", types=(STATE_MACHINE, ALIAS, ACTIVITY))
