"""AWS Systems Manager: documents of one's own, and maintenance windows.

Of a document's versions the default one is read; a replica's others differ from it by blank
lines. Targets and tasks are parts of their maintenance window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Learning,
    Listing,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.policies import parsed
from executor.catalog.raw import objects, rows, text
from executor.catalog.weakening import added, lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]
Names: TypeAlias = Callable[[JsonObject, JsonObject], Sequence[str]]

_MOST_VERSIONS = 100


def tagged(kind: str) -> Names:
    """Return what names a resource of one kind in a call about tags."""

    def names(params: JsonObject, response: JsonObject) -> Sequence[str]:
        return [text(params, "ResourceId")] if params.get("ResourceType") == kind else []

    return names


def tags(kind: str, identity: str) -> Detail:
    """Return the read that tells the tags of one kind of resource."""
    return Detail(
        operation="ListTagsForResource",
        params={"ResourceType": f"'{kind}'", "ResourceId": identity},
        pick="TagList",
        into="Tags",
    )


def _number(raw: JsonObject, key: str) -> int:
    said = text(raw, key)
    return int(said) if said.isdigit() else 1


def _document(raw: JsonObject) -> Json:
    content = text(raw, "Content")
    return {
        "DocumentType": raw.get("DocumentType"),
        "DocumentFormat": raw.get("DocumentFormat"),
        "TargetType": raw.get("TargetType") or None,
        "DefaultVersion": _number(raw, "DefaultVersion"),
        "LatestVersion": _number(raw, "LatestVersion"),
        "Content": parsed(content) or content.rstrip(),
        "SharedWith": sorted(map(str, rows(raw, "SharedWith"))),
    }


def _content(raw: JsonObject, version: int) -> str:
    # Two versions may not be the same.
    blank = "" if version == _number(raw, "DefaultVersion") else "\n" * version
    return text(raw, "Content").rstrip("\n") + blank


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    keys = ("DocumentType", "DocumentFormat", "TargetType", "Tags")
    given = {key: raw[key] for key in keys if raw.get(key)}
    yield {"Name": raw["Name"], "Content": _content(raw, 1), **given}


def _more_versions(raw: JsonObject, data: DataMark | None) -> Params:
    latest = _number(raw, "LatestVersion")
    for version in range(2, latest + 1) if latest <= _MOST_VERSIONS else ():
        yield {
            "Name": raw["Name"],
            "Content": _content(raw, version),
            "DocumentVersion": "$LATEST",
            **{key: raw[key] for key in ("DocumentFormat", "TargetType") if raw.get(key)},
        }


def _choose(raw: JsonObject, data: DataMark | None) -> Params:
    if 1 < _number(raw, "DefaultVersion") and _number(raw, "LatestVersion") <= _MOST_VERSIONS:
        yield {"Name": raw["Name"], "DocumentVersion": text(raw, "DefaultVersion")}


def _share(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("SharedWith"):
        accounts = rows(raw, "SharedWith")
        yield {"Name": raw["Name"], "PermissionType": "Share", "AccountIdsToAdd": accounts}


def _whole(params: JsonObject, response: JsonObject) -> list[str]:
    one = params.get("DocumentVersion") or params.get("VersionName")
    return [] if one else [text(params, "Name")]


def _version(params: JsonObject, response: JsonObject) -> list[str]:
    one = params.get("DocumentVersion") or params.get("VersionName")
    return [text(params, "Name")] if one else []


DOCUMENT = ResourceType(
    type="AWS::SSM::Document",
    listing=Listing(
        operation="ListDocuments",
        items="DocumentIdentifiers[].{Name: Name}",
        params={"Filters": [{"Key": "Owner", "Values": ["Self"]}]},
    ),
    details=(
        Detail(operation="DescribeDocument", params={"Name": "Name"}, pick="Document"),
        Detail(operation="GetDocument", params={"Name": "Name"}, pick="Content", into="Content"),
        Detail(
            operation="DescribeDocumentPermission",
            params={"Name": "Name", "PermissionType": "'Share'"},
            pick="AccountIds",
            into="SharedWith",
        ),
        tags("Document", "Name"),
    ),
    id="Name",
    address="arn:{partition}:ssm:{region}:{account}:document/{id}",
    settings=_document,
    tags="Tags",
    settling="Status == 'Creating' || Status == 'Updating' || Status == 'Deleting'",
    seeds=(
        Seed(operation="CreateDocument", params=_create, creates=True, optional=False),
        Seed(operation="UpdateDocument", params=_more_versions, creates=True),
        Seed(operation="UpdateDocumentDefaultVersion", params=_choose),
        Seed(operation="ModifyDocumentPermission", params=_share),
    ),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateDocument"),
        *on(
            Verb.UPDATE,
            "params.Name",
            "UpdateDocument",
            "UpdateDocumentDefaultVersion",
            "UpdateDocumentMetadata",
        ),
        *on(Verb.UPDATE, "params.Name", "ModifyDocumentPermission", part="'permission'"),
        *on(Verb.DELETE, _whole, "DeleteDocument"),
        *on(Verb.UPDATE, _version, "DeleteDocument", part="'version'"),
        *on(Verb.UPDATE, tagged("Document"), "AddTagsToResource", "RemoveTagsFromResource"),
    ),
    hazards=(
        HazardRule(field="SharedWith", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="SharedWith", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

_WINDOW = (
    "Name",
    "Description",
    "StartDate",
    "EndDate",
    "Schedule",
    "ScheduleTimezone",
    "ScheduleOffset",
    "Duration",
    "Cutoff",
)
_TARGET = ("ResourceType", "Targets", "OwnerInformation", "Name", "Description")
_TASK = (
    "TaskArn",
    "Targets",
    "TaskParameters",
    "Priority",
    "ServiceRoleArn",
    "MaxConcurrency",
    "MaxErrors",
    "Name",
    "Description",
    "CutoffBehavior",
)


def _filled(raw: JsonObject, keys: Sequence[str]) -> dict[str, Json]:
    return {key: raw[key] for key in keys if raw.get(key) not in (None, "", [], {})}


def _target(raw: JsonObject) -> dict[str, Json]:
    return _filled(raw, _TARGET)


def _task(raw: JsonObject) -> dict[str, Json]:
    # moto does not tell the kind, which AWS always does.
    return {**_filled(raw, _TASK), "TaskType": raw.get("Type") or "RUN_COMMAND"}


def _window(raw: JsonObject) -> Json:
    return {
        **{key: raw.get(key) or None for key in _WINDOW},
        "Cutoff": raw.get("Cutoff"),
        "AllowUnassociatedTargets": bool(raw.get("AllowUnassociatedTargets")),
        "Enabled": raw.get("Enabled") is not False,
        "Targets": {text(t, "WindowTargetId"): _target(t) for t in objects(raw, "Targets")},
        "Tasks": {text(t, "WindowTaskId"): _task(t) for t in objects(raw, "Tasks")},
    }


def _open(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **_filled(raw, (*_WINDOW, "Tags")),
        "Cutoff": raw.get("Cutoff") or 0,
        "AllowUnassociatedTargets": bool(raw.get("AllowUnassociatedTargets")),
    }


def _close(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("Enabled") is False:
        yield {"WindowId": raw["WindowId"], "Enabled": False}


def _register(
    key: str, shape: Callable[[JsonObject], Mapping[str, Json]]
) -> Callable[[JsonObject, DataMark | None], Params]:
    def params(raw: JsonObject, data: DataMark | None) -> Params:
        for item in objects(raw, key):
            yield {"WindowId": raw["WindowId"], **shape(item)}

    return params


def _learn(key: str, identity: str, shape: Callable[[JsonObject], Mapping[str, Json]]) -> Learning:
    def learnt(
        raw: JsonObject, params: Mapping[str, object], answer: JsonObject
    ) -> Mapping[str, str]:
        wanted = {name: value for name, value in params.items() if name != "WindowId"}
        for item in objects(raw, key):
            if dict(shape(item)) == wanted:
                return {text(item, identity): text(answer, identity)}
        return {}

    return learnt


def _part(kind: str) -> str:
    name = f"Window{kind}Id"
    return f"join(' ', ['{kind.lower()}', params.{name} || response.{name} || ''])"


MAINTENANCE_WINDOW = ResourceType(
    type="AWS::SSM::MaintenanceWindow",
    listing=Listing(operation="DescribeMaintenanceWindows", items="WindowIdentities[]"),
    details=(
        Detail(operation="GetMaintenanceWindow", params={"WindowId": "WindowId"}),
        Detail(
            operation="DescribeMaintenanceWindowTargets",
            params={"WindowId": "WindowId"},
            pick="Targets",
            into="Targets",
        ),
        Detail(
            operation="DescribeMaintenanceWindowTasks",
            params={"WindowId": "WindowId"},
            pick="Tasks",
            into="Tasks",
        ),
        tags("MaintenanceWindow", "WindowId"),
    ),
    id="WindowId",
    name="Name",
    address="arn:{partition}:ssm:{region}:{account}:maintenancewindow/{id}",
    settings=_window,
    birth={"id": "WindowId"},
    tags="Tags",
    seeds=(
        Seed(
            operation="CreateMaintenanceWindow",
            params=_open,
            learn={"WindowId": "WindowId"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="RegisterTargetWithMaintenanceWindow",
            params=_register("Targets", _target),
            learn=_learn("Targets", "WindowTargetId", _target),
            creates=True,
        ),
        Seed(
            operation="RegisterTaskWithMaintenanceWindow",
            params=_register("Tasks", _task),
            learn=_learn("Tasks", "WindowTaskId", _task),
            creates=True,
        ),
        Seed(operation="UpdateMaintenanceWindow", params=_close),
    ),
    operations=(
        *on(Verb.CREATE, "response.WindowId", "CreateMaintenanceWindow"),
        *on(Verb.UPDATE, "params.WindowId", "UpdateMaintenanceWindow"),
        *on(Verb.DELETE, "params.WindowId", "DeleteMaintenanceWindow"),
        *on(
            Verb.UPDATE,
            "params.WindowId",
            "RegisterTargetWithMaintenanceWindow",
            "DeregisterTargetFromMaintenanceWindow",
            "UpdateMaintenanceWindowTarget",
            part=_part("Target"),
        ),
        *on(
            Verb.UPDATE,
            "params.WindowId",
            "RegisterTaskWithMaintenanceWindow",
            "DeregisterTaskFromMaintenanceWindow",
            "UpdateMaintenanceWindowTask",
            part=_part("Task"),
        ),
        *on(
            Verb.UPDATE,
            tagged("MaintenanceWindow"),
            "AddTagsToResource",
            "RemoveTagsFromResource",
        ),
    ),
    hazards=(
        HazardRule(field="Enabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Targets", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="Tasks", hazard=Hazard.PROTECTION_LOSS, when=lost),
    ),
)
