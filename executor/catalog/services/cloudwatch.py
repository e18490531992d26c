"""Amazon CloudWatch: alarms, composite alarms, dashboards, insight rules.

The state of an alarm comes and goes and is not read. Nothing has a birth mark: what is put
under a name that was deleted is told by the trace. Anomaly detectors, metric streams, alarms on
logs and mute rules are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import parsed
from executor.catalog.raw import objects, rows, text
from executor.catalog.weakening import added, any_change, lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_METRIC = (
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Unit",
    "Metrics",
    "ThresholdMetricId",
)
_TIMING = ("Period", "EvaluationPeriods", "DatapointsToAlarm")
_PUT = (
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    *_ACTIONS,
    *_METRIC,
    *_TIMING,
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)
_SUPPRESSION = (
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)
_PUT_COMPOSITE = (
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    *_ACTIONS,
    "AlarmRule",
    *_SUPPRESSION,
)


def _common(raw: JsonObject) -> dict[str, Json]:
    return {
        "AlarmDescription": raw.get("AlarmDescription") or "",
        "ActionsEnabled": bool(raw.get("ActionsEnabled")),
        **{key: sorted(map(str, rows(raw, key))) for key in _ACTIONS},
    }


def _alarm(raw: JsonObject) -> Json:
    condition = {
        "Operator": raw.get("ComparisonOperator"),
        "Threshold": raw.get("Threshold"),
    }
    return {
        **_common(raw),
        "Metric": {key: raw.get(key) or None for key in _METRIC},
        **{key: raw.get(key) for key in _TIMING},
        "Condition": condition,
        "TreatMissingData": raw.get("TreatMissingData") or "missing",
    }


def _composite(raw: JsonObject) -> Json:
    rest = {key: raw.get(key) or None for key in _SUPPRESSION}
    return {**_common(raw), "AlarmRule": raw.get("AlarmRule"), **rest}


def _given(raw: JsonObject, keys: tuple[str, ...]) -> dict[str, object]:
    params: dict[str, object] = {
        key: raw[key] for key in keys if raw.get(key) not in (None, "", [])
    }
    tags = [tag for tag in objects(raw, "Tags") if not text(tag, "Key").startswith("aws:")]
    return {**params, "Tags": tags} if tags else params


def _put_alarm(raw: JsonObject, data: DataMark | None) -> _Params:
    yield _given(raw, _PUT)


def _put_composite(raw: JsonObject, data: DataMark | None) -> _Params:
    yield _given(raw, _PUT_COMPOSITE)


def _less_watchful(before: Json, after: Json) -> bool:
    """The alarm goes off later, or at something else."""
    old, new = (value if isinstance(value, Mapping) else {} for value in (before, after))
    if old.get("Operator") != new.get("Operator"):
        return True
    was, now = old.get("Threshold"), new.get("Threshold")
    if not (isinstance(was, int | float) and isinstance(now, int | float)):
        return True
    operator = str(new.get("Operator"))
    if operator.startswith("GreaterThan"):
        return now > was
    return now < was if operator.startswith("LessThan") else now != was


def _breach_forgiven(before: Json, after: Json) -> bool:
    return before == "breaching"


_WATCH_HAZARDS = (
    HazardRule(field="ActionsEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
    HazardRule(field="AlarmActions", hazard=Hazard.PROTECTION_LOSS, when=lost),
    HazardRule(field="InsufficientDataActions", hazard=Hazard.PROTECTION_LOSS, when=lost),
)


def _tagged(kind: str) -> str:
    return f"[params.ResourceARN][?contains(@, ':{kind}')]"


def _shared() -> tuple[Operation, ...]:
    """What metric alarms and composite ones have in common; calls do not say which it is."""
    return (
        *on(Verb.DELETE, "params.AlarmNames", "DeleteAlarms", many=True),
        *on(
            Verb.UPDATE,
            "params.AlarmNames",
            "DisableAlarmActions",
            "EnableAlarmActions",
            many=True,
        ),
        # It sets off what the alarm is there to set off.
        *on(
            Verb.UPDATE,
            "params.AlarmName",
            "SetAlarmState",
            part="'state'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.UPDATE, _tagged("alarm:"), "TagResource", "UntagResource"),
    )


_TAGS = Detail(
    operation="ListTagsForResource",
    params={"ResourceARN": "AlarmArn"},
    pick="Tags",
    into="Tags",
)

ALARM = ResourceType(
    type="AWS::CloudWatch::Alarm",
    listing=Listing(
        operation="DescribeAlarms",
        items="MetricAlarms[]",
        params={"AlarmTypes": ["MetricAlarm"]},
    ),
    details=(_TAGS,),
    id="AlarmName",
    arn="AlarmArn",
    settings=_alarm,
    tags="Tags",
    seeds=(Seed(operation="PutMetricAlarm", params=_put_alarm, creates=True, optional=False),),
    operations=(*on(Verb.CREATE, "params.AlarmName", "PutMetricAlarm"), *_shared()),
    hazards=(
        *_WATCH_HAZARDS,
        HazardRule(field="Metric", hazard=Hazard.PROTECTION_LOSS, when=any_change),
        HazardRule(field="Condition", hazard=Hazard.PROTECTION_LOSS, when=_less_watchful),
        HazardRule(field="TreatMissingData", hazard=Hazard.PROTECTION_LOSS, when=_breach_forgiven),
    ),
)

COMPOSITE_ALARM = ResourceType(
    type="AWS::CloudWatch::CompositeAlarm",
    listing=Listing(
        operation="DescribeAlarms",
        items="CompositeAlarms[]",
        params={"AlarmTypes": ["CompositeAlarm"]},
    ),
    details=(_TAGS,),
    id="AlarmName",
    arn="AlarmArn",
    settings=_composite,
    tags="Tags",
    depends_on=("AWS::CloudWatch::Alarm",),
    seeds=(
        Seed(operation="PutCompositeAlarm", params=_put_composite, creates=True, optional=False),
    ),
    operations=(*on(Verb.CREATE, "params.AlarmName", "PutCompositeAlarm"), *_shared()),
    hazards=(
        *_WATCH_HAZARDS,
        HazardRule(field="AlarmRule", hazard=Hazard.PROTECTION_LOSS, when=any_change),
        HazardRule(field="ActionsSuppressor", hazard=Hazard.PROTECTION_LOSS, when=added),
    ),
)


def _dashboard(raw: JsonObject) -> Json:
    return {"Body": parsed(raw.get("DashboardBody"))}


def _put_dashboard(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"DashboardName": raw["DashboardName"], "DashboardBody": text(raw, "DashboardBody")}


DASHBOARD = ResourceType(
    type="AWS::CloudWatch::Dashboard",
    listing=Listing(operation="ListDashboards", items="DashboardEntries[]"),
    details=(
        Detail(
            operation="GetDashboard",
            params={"DashboardName": "DashboardName"},
            pick="DashboardBody",
            into="DashboardBody",
        ),
    ),
    id="DashboardName",
    arn="DashboardArn",
    settings=_dashboard,
    seeds=(Seed(operation="PutDashboard", params=_put_dashboard, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.DashboardName", "PutDashboard"),
        *on(Verb.DELETE, "params.DashboardNames", "DeleteDashboards", many=True),
        *on(Verb.UPDATE, _tagged("dashboard/"), "TagResource", "UntagResource"),
    ),
)


def _rule(raw: JsonObject) -> Json:
    return {
        "Definition": parsed(raw.get("Definition")),
        "Enabled": (raw.get("State") or "ENABLED") == "ENABLED",
    }


def _put_rule(raw: JsonObject, data: DataMark | None) -> _Params:
    state = raw.get("State") or "ENABLED"
    yield {
        "RuleName": raw["Name"],
        "RuleDefinition": text(raw, "Definition"),
        "RuleState": state,
    }


INSIGHT_RULE = ResourceType(
    type="AWS::CloudWatch::InsightRule",
    listing=Listing(operation="DescribeInsightRules", items="InsightRules[]"),
    id="Name",
    address="arn:{partition}:cloudwatch:{region}:{account}:insight-rule/{id}",
    settings=_rule,
    builtin="ManagedRule",
    seeds=(Seed(operation="PutInsightRule", params=_put_rule, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.RuleName", "PutInsightRule"),
        *on(Verb.DELETE, "params.RuleNames", "DeleteInsightRules", many=True),
        *on(
            Verb.UPDATE,
            "params.RuleNames",
            "DisableInsightRules",
            "EnableInsightRules",
            many=True,
        ),
        *on(Verb.UPDATE, _tagged("insight-rule/"), "TagResource", "UntagResource"),
    ),
    hazards=(HazardRule(field="Enabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),),
)

SERVICE = Service(
    name="cloudwatch",
    types=(ALARM, COMPOSITE_ALARM, DASHBOARD, INSIGHT_RULE),
    harmless={"PutMetricData": "adds a measurement; none that is there changes"},
)
