"""Amazon EventBridge Scheduler: schedules and their groups.

What a schedule sets off is not followed.
"""

from __future__ import annotations

from datetime import UTC, datetime

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import text
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.catalog.weakening import removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_DEFAULT = "default"
_OPTIONS = (
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "FlexibleTimeWindow",
    "Target",
    "Description",
    "KmsKeyArn",
    "ActionAfterCompletion",
)
_TAGGED = "params.ResourceArn | [@][?contains(@, ':schedule-group/')]"


def _make_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"Name": raw["Name"], "Tags": tag_list(raw)}


GROUP = ResourceType(
    type="AWS::Scheduler::ScheduleGroup",
    listing=Listing(operation="ListScheduleGroups", items="ScheduleGroups[]"),
    details=(
        Detail(
            operation="ListTagsForResource",
            params={"ResourceArn": "Arn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="Name",
    name="Name",
    arn="Arn",
    settings="{Name: Name}",
    birth={"created": "CreationDate"},
    tags="Tags",
    builtin=f"Name == '{_DEFAULT}'",
    settling="State == 'DELETING'",
    seeds=(
        Seed(operation="CreateScheduleGroup", params=_make_group, creates=True, optional=False),
    ),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateScheduleGroup"),
        *on(Verb.DELETE, "params.Name", "DeleteScheduleGroup"),
        *on(Verb.UPDATE, _TAGGED, "TagResource", "UntagResource", part="'tags'"),
    ),
)


def _schedule(raw: JsonObject) -> Json:
    return {
        "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "NONE",
        **{key: deep_given(value) for key, value in given(raw, *_OPTIONS).items()},
        "State": raw.get("State") or "ENABLED",
        "GroupName": raw.get("GroupName") or _DEFAULT,
    }


def _make_schedule(raw: JsonObject, data: DataMark | None) -> Params:
    found = given(raw, "Name", "GroupName", "State", *_OPTIONS)
    if _past(found.get("StartDate")):
        # Only what is yet to start takes a date; what has started runs anyway.
        del found["StartDate"]
    yield found


def _past(moment: Json) -> bool:
    return isinstance(moment, str) and datetime.fromisoformat(moment) < datetime.now(UTC)


def _handle(raw: JsonObject) -> Json:
    return f"{text(raw, 'GroupName') or _DEFAULT}/{text(raw, 'Name')}"


def _named(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"{text(params, 'GroupName') or _DEFAULT}/{text(params, 'Name')}"]


def _led_elsewhere(before: Json, after: Json) -> bool:
    return before is not None


def _ends_sooner(before: Json, after: Json) -> bool:
    return isinstance(after, str) and (not isinstance(before, str) or after < before)


SCHEDULE = ResourceType(
    type="AWS::Scheduler::Schedule",
    listing=Listing(operation="ListSchedules", items="Schedules[]"),
    details=(Detail(operation="GetSchedule", params={"Name": "Name", "GroupName": "GroupName"}),),
    id="Arn",
    name="Name",
    arn="Arn",
    handles=(_handle,),
    settings=_schedule,
    birth={"created": "CreationDate"},
    depends_on=("AWS::Scheduler::ScheduleGroup",),
    seeds=(Seed(operation="CreateSchedule", params=_make_schedule, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, _named, "CreateSchedule"),
        *on(Verb.DELETE, _named, "DeleteSchedule"),
        *on(Verb.UPDATE, _named, "UpdateSchedule"),
    ),
    hazards=(
        HazardRule(field="State", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Target.Arn", hazard=Hazard.DISRUPTION, when=_led_elsewhere),
        HazardRule(field="EndDate", hazard=Hazard.DISRUPTION, when=_ends_sooner),
        HazardRule(
            field="Target.DeadLetterConfig.Arn", hazard=Hazard.PROTECTION_LOSS, when=removed
        ),
        HazardRule(field="KmsKeyArn", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(
            field="ActionAfterCompletion",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: after == "DELETE",
        ),
    ),
)

SERVICE = Service(name="scheduler", types=(GROUP, SCHEDULE))
