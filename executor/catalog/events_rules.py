"""EventBridge: rules, with their targets as parts.

Rules have no birth mark: that one was deleted and made again is told by the trace alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.events_buses import BUSES, DEFAULT, TAGS, bus_name, tagged
from executor.catalog.events_patterns import matches_less, pattern
from executor.catalog.raw import rows, table, text
from executor.catalog.shaping import Params, by, deep_given, given, tag_list
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

# A rule that is put again is what the call says, and nothing that it does not say.
_RESETS: Mapping[str, JsonObject] = {
    "State": {"State": "ENABLED"},
    **{
        name: {name: None}
        for name in ("Description", "EventPattern", "RoleArn", "ScheduleExpression")
    },
}
# What a call takes at once.
_MOST_TARGETS = 10


def _rule(raw: JsonObject) -> Json:
    return {
        **given(raw, "Description", "ScheduleExpression", "RoleArn", "ManagedBy"),
        "State": raw.get("State") or "ENABLED",
        "EventBusName": bus_name(text(raw, "EventBusName")),
        "EventPattern": pattern(raw.get("EventPattern")),
        "Targets": {
            name: deep_given({k: v for k, v in target.items() if k != "Id"})
            for name, target in by(raw, "Targets", "Id").items()
        },
    }


def _handles(raw: JsonObject) -> Json:
    bus, name = bus_name(text(raw, "EventBusName")), text(raw, "Name")
    # A stack knows a rule of a bus of one's own by both names.
    return [f"{bus}/{name}", f"{bus}|{name}"]


def _put(raw: JsonObject, data: DataMark | None) -> Params:
    optional = given(
        raw, "EventPattern", "ScheduleExpression", "State", "Description", "RoleArn", "EventBusName"
    )
    yield {"Name": raw["Name"], **optional, "Tags": tag_list(raw)}


def _put_targets(raw: JsonObject, data: DataMark | None) -> Params:
    targets = rows(raw, "Targets")
    for start in range(0, len(targets), _MOST_TARGETS):
        yield {**_where(raw), "Targets": targets[start : start + _MOST_TARGETS]}


def _where(raw: JsonObject) -> Mapping[str, object]:
    return {"Rule": raw["Name"], "EventBusName": raw.get("EventBusName") or DEFAULT}


def _named(params: JsonObject, response: JsonObject) -> list[str]:
    name = text(params, "Rule") or text(params, "Name")
    return [f"{bus_name(text(params, 'EventBusName'))}/{name}"]


def _targets_named(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"target {name}" for name in (*rows(params, "Ids"), *by(params, "Targets", "Id"))]


def _led_elsewhere(before: Json, after: Json) -> bool:
    """A target is gone, or is another under its name."""
    old, new = table({"t": before}, "t"), table({"t": after}, "t")
    return any(_goal(new.get(name)) != _goal(target) for name, target in old.items())


def _goal(target: Json) -> Json:
    return target.get("Arn") if isinstance(target, Mapping) else None


RULE = ResourceType(
    type="AWS::Events::Rule",
    listing=Listing(
        operation="ListRules",
        items="Rules[]",
        within=BUSES,
        given={"EventBusName": "Name"},
    ),
    details=(
        Detail(
            operation="ListTargetsByRule",
            params={"Rule": "Name", "EventBusName": "EventBusName"},
            pick="Targets",
            into="Targets",
        ),
        TAGS,
    ),
    id="Arn",
    name="Name",
    arn="Arn",
    handles=(_handles,),
    settings=_rule,
    tags="Tags",
    # Rules that services make for themselves (archives).
    builtin="ManagedBy",
    adopt="Arn",
    depends_on=("AWS::Events::EventBus", "AWS::Events::ApiDestination"),
    seeds=(
        Seed(operation="PutRule", params=_put, creates=True, optional=False),
        Seed(operation="PutTargets", params=_put_targets),
    ),
    operations=(
        *on(Verb.CREATE, _named, "PutRule", resets=_RESETS),
        *on(Verb.DELETE, _named, "DeleteRule"),
        *on(Verb.UPDATE, _named, "DisableRule", "EnableRule"),
        *on(Verb.UPDATE, _named, "PutTargets", "RemoveTargets", part=_targets_named),
        *on(Verb.UPDATE, tagged("rule"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="State", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Targets", hazard=Hazard.DISRUPTION, when=_led_elsewhere),
        HazardRule(field="EventPattern", hazard=Hazard.DISRUPTION, when=matches_less),
        HazardRule(field="ScheduleExpression", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(
            field="values(Targets)[].DeadLetterConfig.Arn",
            hazard=Hazard.PROTECTION_LOSS,
            when=lost,
        ),
    ),
)
