"""ECS: task definitions, each revision a resource of its own.

Deregistered revisions are not read. Values of environment variables are shown as digests; a
replica's revisions have the values all the same, because a deployment copies them from the last
revision to the next.

Engines number revisions by themselves. So that the next one that is registered gets the number
it gets in the target, the gaps between active revisions are filled, and the fillers deregistered.
A wide gap is left: no run registers that many, so no number is given twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from executor.catalog.declarations import Detail, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.model.call import Verb
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_WIDEST_GAP = 100
_FILLER = ({"name": "filler", "image": "none", "memory": 4, "essential": True},)
_OPTIONS = (
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
)


def _task_definition(raw: JsonObject) -> Json:
    containers = [_container(c) for c in objects(raw, "containerDefinitions")]
    return {
        **given(raw, "family", "revision", *_OPTIONS),
        "containerDefinitions": deep_given(containers),
    }


def _container(raw: JsonObject) -> JsonObject:
    environment = {
        text(pair, "name"): _digest(text(pair, "value")) for pair in objects(raw, "environment")
    }
    return {**raw, "environment": environment}


def _digest(value: str) -> str:
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def _short(raw: JsonObject) -> str:
    return f"{text(raw, 'family')}:{raw.get('revision')}"


def _in_order(raw: JsonObject) -> Json:
    return f"{text(raw, 'family')}:{_revision(raw):010d}"


def _revision(raw: JsonObject) -> int:
    found = raw.get("revision")
    return found if isinstance(found, int) else 0


def _with_fillers(raws: Sequence[JsonObject]) -> Iterator[JsonObject]:
    last: dict[str, int] = {}
    for raw in raws:
        family, revision = text(raw, "family"), _revision(raw)
        missing = range(last.get(family, 0) + 1, revision)
        last[family] = revision
        yield {**raw, "Fillers": list(missing) if len(missing) <= _WIDEST_GAP else []}


def _register(raw: JsonObject, data: DataMark | None) -> Params:
    for _ in rows(raw, "Fillers"):
        yield {"family": raw["family"], "containerDefinitions": _FILLER}
    tags = tag_list(raw, "tags")
    yield {
        "family": raw["family"],
        "containerDefinitions": raw["containerDefinitions"],
        **given(raw, *_OPTIONS),
        **({"tags": tags} if tags else {}),
    }


def _deregister(raw: JsonObject, data: DataMark | None) -> Params:
    for revision in rows(raw, "Fillers"):
        yield {"taskDefinition": f"{raw['family']}:{revision}"}


def _learn(raw: JsonObject, params: Mapping[str, object], answer: JsonObject) -> Mapping[str, str]:
    made = table(answer, "taskDefinition")
    if params.get("containerDefinitions") is _FILLER:
        return {}
    arns = {text(raw, "taskDefinitionArn"): text(made, "taskDefinitionArn")}
    return {**arns, _short(raw): _short(made)}


def _named(params: JsonObject, response: JsonObject) -> Sequence[str]:
    # By family alone it is the newest: the answer tells which.
    told = text(table(response, "taskDefinition"), "taskDefinitionArn")
    asked = text(params, "taskDefinition")
    return [name for name in (told, "" if told else asked) if name]


TASK_DEFINITION = ResourceType(
    type="AWS::ECS::TaskDefinition",
    listing=Listing(
        operation="ListTaskDefinitions",
        items="taskDefinitionArns[].{taskDefinitionArn: @}",
        params={"status": "ACTIVE"},
    ),
    details=(
        Detail(
            operation="DescribeTaskDefinition",
            params={"taskDefinition": "taskDefinitionArn", "include": '`["TAGS"]`'},
            pick="merge(taskDefinition, {tags: tags})",
        ),
    ),
    id="taskDefinitionArn",
    name=_short,
    arn="taskDefinitionArn",
    settings=_task_definition,
    birth={"registered": "registeredAt"},
    tags="tags",
    ignore="status && status != 'ACTIVE'",
    order=_in_order,
    among=_with_fillers,
    depends_on=("AWS::IAM::Role",),
    seeds=(
        Seed(
            operation="RegisterTaskDefinition",
            params=_register,
            learn=_learn,
            creates=True,
            optional=False,
        ),
        Seed(operation="DeregisterTaskDefinition", params=_deregister),
    ),
    operations=(
        *on(Verb.CREATE, "response.taskDefinition.taskDefinitionArn", "RegisterTaskDefinition"),
        *on(Verb.DELETE, _named, "DeregisterTaskDefinition"),
        *on(
            Verb.UPDATE,
            "params.resourceArn | [@][?contains(@, ':task-definition/')]",
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
    ),
)
