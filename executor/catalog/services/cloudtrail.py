"""AWS CloudTrail: trails, with what they record and whether they do as settings.

A trail of several regions is told in its own only. What is delivered lies in a bucket. Event
data stores, channels and dashboards are not read: what changes them leaves a run undecided.
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
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change, lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_SWITCHES = (
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "IsOrganizationTrail",
    "LogFileValidationEnabled",
)
_PLACES = (
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
    "SnsTopicARN",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "KmsKeyId",
)
# What a trail records that was told nothing.
_DEFAULT: JsonObject = {"ReadWriteType": "All", "IncludeManagementEvents": True}
_BY_NAME = "params.Name"


def _plain(raw: JsonObject) -> JsonObject:
    return {key: value for key, value in raw.items() if value not in (None, "", [])}


def _selectors(raw: JsonObject) -> list[JsonObject]:
    found = [_plain(s) for s in objects(table(raw, "Selectors"), "EventSelectors")]
    if found or objects(table(raw, "Selectors"), "AdvancedEventSelectors"):
        return found
    return [_DEFAULT]


def _trail(raw: JsonObject) -> Json:
    return {
        **{key: bool(raw.get(key)) for key in _SWITCHES},
        **{key: raw.get(key) or None for key in _PLACES if key != "SnsTopicName"},
        "Logging": bool(raw.get("Logging")),
        "EventSelectors": _selectors(raw),
        "AdvancedEventSelectors": objects(table(raw, "Selectors"), "AdvancedEventSelectors"),
        "InsightSelectors": sorted(
            text(selector, "InsightType") for selector in objects(raw, "Insights")
        ),
    }


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    switches = {
        "IncludeGlobalServiceEvents": bool(raw.get("IncludeGlobalServiceEvents")),
        "IsMultiRegionTrail": bool(raw.get("IsMultiRegionTrail")),
        "EnableLogFileValidation": bool(raw.get("LogFileValidationEnabled")),
    }
    if raw.get("IsOrganizationTrail"):
        switches["IsOrganizationTrail"] = True
    places = {key: raw[key] for key in _PLACES if raw.get(key) and key != "SnsTopicARN"}
    yield {"Name": raw["Name"], **switches, **places}


def _start(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Logging"):
        yield {"Name": raw["Name"]}


def _select(raw: JsonObject, data: DataMark | None) -> _Params:
    advanced = objects(table(raw, "Selectors"), "AdvancedEventSelectors")
    if advanced:
        yield {"TrailName": raw["Name"], "AdvancedEventSelectors": advanced}
    elif _selectors(raw) != [_DEFAULT]:
        yield {"TrailName": raw["Name"], "EventSelectors": _selectors(raw)}


def _select_insights(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Insights"):
        yield {"TrailName": raw["Name"], "InsightSelectors": raw["Insights"]}


def _tag(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Tags"):
        yield {"ResourceId": raw["TrailARN"], "TagsList": raw["Tags"]}


TRAIL = ResourceType(
    type="AWS::CloudTrail::Trail",
    listing=Listing(
        operation="DescribeTrails", items="trailList[]", params={"includeShadowTrails": False}
    ),
    details=(
        Detail(
            operation="GetTrailStatus",
            params={"Name": "TrailARN"},
            pick="IsLogging",
            into="Logging",
        ),
        Detail(
            operation="GetEventSelectors",
            params={"TrailName": "TrailARN"},
            pick="{EventSelectors: EventSelectors, AdvancedEventSelectors: AdvancedEventSelectors}",
            into="Selectors",
        ),
        Detail(
            operation="GetInsightSelectors",
            params={"TrailName": "TrailARN"},
            pick="InsightSelectors",
            into="Insights",
            # The second is MiniStack's word for what it does not know.
            absent=frozenset({"InsightNotEnabledException", "InvalidParameterException"}),
        ),
        Detail(
            operation="ListTags",
            params={"ResourceIdList": "[TrailARN]"},
            pick="ResourceTagList[0].TagsList",
            into="Tags",
        ),
    ),
    id="Name",
    arn="TrailARN",
    settings=_trail,
    tags="Tags",
    depends_on=("AWS::S3::Bucket",),
    seeds=(
        Seed(operation="CreateTrail", params=_create, creates=True, optional=False),
        Seed(operation="AddTags", params=_tag),
        Seed(operation="PutEventSelectors", params=_select),
        Seed(operation="PutInsightSelectors", params=_select_insights),
        Seed(operation="StartLogging", params=_start),
    ),
    operations=(
        # A trail is made only where its bucket is.
        *on(Verb.CREATE, "[params.Name, response.TrailARN]", "CreateTrail", reaches=("s3",)),
        *on(Verb.UPDATE, _BY_NAME, "UpdateTrail", reaches=("s3",)),
        *on(Verb.DELETE, _BY_NAME, "DeleteTrail"),
        *on(Verb.UPDATE, _BY_NAME, "StartLogging", "StopLogging", part="'logging'"),
        *on(Verb.UPDATE, "params.TrailName", "PutEventSelectors", part="'event selectors'"),
        *on(Verb.UPDATE, "params.TrailName", "PutInsightSelectors", part="'insight selectors'"),
        *on(
            Verb.UPDATE,
            "[params.ResourceId][?contains(@, ':trail/')]",
            "AddTags",
            "RemoveTags",
        ),
    ),
    hazards=(
        HazardRule(field="Logging", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        *(
            HazardRule(field=switch, hazard=Hazard.PROTECTION_LOSS, when=turned_off)
            for switch in _SWITCHES
        ),
        HazardRule(field="EventSelectors", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="AdvancedEventSelectors", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="InsightSelectors", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="S3BucketName", hazard=Hazard.PROTECTION_LOSS, when=any_change),
        HazardRule(field="CloudWatchLogsLogGroupArn", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="SnsTopicARN", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="KmsKeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)

SERVICE = Service(name="cloudtrail", types=(TRAIL,))
