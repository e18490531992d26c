"""AWS Backup: plans, and what they select.

A selection is a resource of its own, as for CloudFormation: it cannot be changed, and what it
selects is read apart from its plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, table, text
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]

_FOREVER = float("inf")
# Told by one engine, left out by the other.
_USUAL_ZONE = "Etc/UTC"


def filled(raw: JsonObject) -> dict[str, Json]:
    """Return an object without what is empty."""
    return {key: value for key, value in raw.items() if value not in (None, "", [], {}, False)}


def tagged(kind: str) -> str:
    """Return the expression for the ARN of a call about tags of one kind of resource."""
    return f"[params.ResourceArn][?contains(@, ':{kind}:')]"


def _rule(raw: JsonObject) -> JsonObject:
    found = filled({key: value for key, value in raw.items() if key != "RuleId"})
    if found.get("ScheduleExpressionTimezone") == _USUAL_ZONE:
        del found["ScheduleExpressionTimezone"]
    return found


def _plan(raw: JsonObject) -> Json:
    plan = table(raw, "BackupPlan")
    return {
        "BackupPlanName": raw.get("BackupPlanName"),
        "Rules": {text(rule, "RuleName"): _rule(rule) for rule in objects(plan, "Rules")},
        "AdvancedBackupSettings": objects(plan, "AdvancedBackupSettings"),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    plan = table(raw, "BackupPlan")
    settings = objects(plan, "AdvancedBackupSettings")
    wanted: dict[str, object] = {
        "BackupPlanName": raw["BackupPlanName"],
        "Rules": [_rule(rule) for rule in objects(plan, "Rules")],
        **({"AdvancedBackupSettings": settings} if settings else {}),
    }
    tags = {"BackupPlanTags": raw["Tags"]} if raw.get("Tags") else {}
    yield {"BackupPlan": wanted, **tags}


def _saves_less(before: Json, after: Json) -> bool:
    """A rule is gone, or keeps less, or elsewhere, or not as often as it happens."""
    new = after if isinstance(after, Mapping) else {}
    old = before if isinstance(before, Mapping) else {}
    return any(
        name not in new or _weaker(_object(rule), _object(new[name])) for name, rule in old.items()
    )


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _weaker(before: JsonObject, after: JsonObject) -> bool:
    same = all(
        before.get(key) == after.get(key) for key in ("ScheduleExpression", "TargetBackupVaultName")
    )
    copies = [text(copy, "DestinationBackupVaultArn") for copy in objects(after, "CopyActions")]
    return (
        not same
        or _kept_days(after) < _kept_days(before)
        or bool(before.get("EnableContinuousBackup")) > bool(after.get("EnableContinuousBackup"))
        or any(
            text(copy, "DestinationBackupVaultArn") not in copies
            for copy in objects(before, "CopyActions")
        )
    )


def _kept_days(rule: JsonObject) -> float:
    days = table(rule, "Lifecycle").get("DeleteAfterDays")
    return days if isinstance(days, int) and days > 0 else _FOREVER


PLAN = ResourceType(
    type="AWS::Backup::BackupPlan",
    listing=Listing(operation="ListBackupPlans", items="BackupPlansList[]"),
    details=(
        Detail(
            operation="GetBackupPlan",
            params={"BackupPlanId": "BackupPlanId"},
            pick="BackupPlan",
            into="BackupPlan",
        ),
        Detail(
            operation="ListTags",
            params={"ResourceArn": "BackupPlanArn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="BackupPlanId",
    name="BackupPlanName",
    arn="BackupPlanArn",
    settings=_plan,
    birth={"id": "BackupPlanId"},
    tags="Tags",
    depends_on=("AWS::Backup::BackupVault",),
    seeds=(
        Seed(
            operation="CreateBackupPlan",
            params=_create,
            learn={"BackupPlanId": "BackupPlanId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.[BackupPlanId, BackupPlanArn]", "CreateBackupPlan"),
        *on(Verb.UPDATE, "params.BackupPlanId", "UpdateBackupPlan"),
        *on(Verb.DELETE, "params.BackupPlanId", "DeleteBackupPlan"),
        *on(Verb.UPDATE, tagged("backup-plan"), "TagResource", "UntagResource"),
    ),
    hazards=(HazardRule(field="Rules", hazard=Hazard.PROTECTION_LOSS, when=_saves_less),),
)


def _selection(raw: JsonObject) -> Json:
    found = filled(table(raw, "Selection"))
    conditions = filled(table(found, "Conditions"))
    return {
        "BackupPlanId": raw.get("BackupPlanId"),
        **{key: value for key, value in found.items() if key != "Conditions"},
        **({"Conditions": conditions} if conditions else {}),
    }


def _select(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"BackupPlanId": raw["BackupPlanId"], "BackupSelection": filled(table(raw, "Selection"))}


SELECTION = ResourceType(
    type="AWS::Backup::BackupSelection",
    listing=Listing(
        operation="ListBackupSelections",
        items="BackupSelectionsList[]",
        within=Listing(
            operation="ListBackupPlans", items="BackupPlansList[].{BackupPlanId: BackupPlanId}"
        ),
        given={"BackupPlanId": "BackupPlanId"},
    ),
    details=(
        Detail(
            operation="GetBackupSelection",
            params={"BackupPlanId": "BackupPlanId", "SelectionId": "SelectionId"},
            pick="BackupSelection",
            into="Selection",
        ),
    ),
    id="SelectionId",
    name="SelectionName",
    settings=_selection,
    birth={"id": "SelectionId"},
    depends_on=("AWS::Backup::BackupPlan",),
    seeds=(
        Seed(
            operation="CreateBackupSelection",
            params=_select,
            learn={"SelectionId": "SelectionId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.SelectionId", "CreateBackupSelection"),
        *on(Verb.DELETE, "params.SelectionId", "DeleteBackupSelection"),
    ),
)
