"""Amazon CloudWatch Logs: log groups, with their streams as data.

Metric filters and subscription filters are parts of their group. Events are not read: what a
stream holds is not known, and a stream's creation time stands for it. Data protection policies,
destinations, deliveries, queries, transformers, index policies, anomaly detectors and the
account's policies are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Reading,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import lost, removed, shrunk, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

# AWS tells fifty streams a call and answers 25 such calls a second.
_MOST_STREAMS = 1000
# Groups of the infrequent-access class have no filters, and the question is refused.
_NOT_OF_THIS_CLASS = frozenset({"InvalidParameterException", "InvalidOperationException"})
_GROUP = "params.logGroupName"
_METRIC_FILTER = ("filterPattern", "metricTransformations", "applyOnTransformedLogs")
_SUBSCRIPTION_FILTER = (
    "filterPattern",
    "destinationArn",
    "roleArn",
    "distribution",
    "applyOnTransformedLogs",
)


def _arn(raw: JsonObject) -> str:
    return text(raw, "logGroupArn") or text(raw, "arn").removesuffix(":*")


def _filter(raw: JsonObject, keys: Sequence[str]) -> dict[str, Json]:
    return {key: raw[key] for key in keys if raw.get(key) not in (None, "", False)}


def _settings(raw: JsonObject) -> Json:
    return {
        "RetentionInDays": raw.get("retentionInDays"),
        "KmsKeyId": raw.get("kmsKeyId"),
        "LogGroupClass": raw.get("logGroupClass") or "STANDARD",
        "DeletionProtectionEnabled": bool(raw.get("deletionProtectionEnabled")),
        "MetricFilters": {
            text(f, "filterName"): _filter(f, _METRIC_FILTER) for f in objects(raw, "metricFilters")
        },
        "SubscriptionFilters": {
            text(f, "filterName"): _subscription(f) for f in objects(raw, "subscriptionFilters")
        },
    }


def _subscription(raw: JsonObject) -> dict[str, Json]:
    return {"distribution": "ByLogStream", **_filter(raw, _SUBSCRIPTION_FILTER)}


def _streams(reading: Reading, raw: JsonObject) -> DataMark:
    most = min(_MOST_STREAMS, reading.cap)
    params = {"logGroupName": raw["logGroupName"]}
    streams = (
        stream
        for page in reading.pages("DescribeLogStreams", params)
        for stream in objects(page, "logStreams")
    )
    found = list(islice(streams, most + 1))
    complete = len(found) <= most
    return DataMark(
        unit="stream",
        count=len(found) if complete else None,
        entries={text(s, "logStreamName"): str(s.get("creationTime")) for s in found[:most]},
        complete=complete,
    )


def _create(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    params: dict[str, object] = {"logGroupName": raw["logGroupName"]}
    for key in ("kmsKeyId", "logGroupClass"):
        if raw.get(key):
            params[key] = raw[key]
    if raw.get("tags"):
        params["tags"] = raw["tags"]
    yield params


def _retain(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    if raw.get("retentionInDays"):
        yield {"logGroupName": raw["logGroupName"], "retentionInDays": raw["retentionInDays"]}


def _protect(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    if raw.get("deletionProtectionEnabled"):
        yield {"logGroupIdentifier": raw["logGroupName"], "deletionProtectionEnabled": True}


def _fill(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    for stream in data.entries if data else ():
        yield {"logGroupName": raw["logGroupName"], "logStreamName": stream}


def _metric_filters(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    for item in objects(raw, "metricFilters"):
        yield {
            "logGroupName": raw["logGroupName"],
            "filterName": item["filterName"],
            "filterPattern": text(item, "filterPattern"),
            **_filter(item, _METRIC_FILTER[1:]),
        }


def _subscriptions(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    for item in objects(raw, "subscriptionFilters"):
        yield {
            "logGroupName": raw["logGroupName"],
            "filterName": item["filterName"],
            "filterPattern": text(item, "filterPattern"),
            **_filter(item, _SUBSCRIPTION_FILTER[1:]),
        }


def _named(params: JsonObject, response: JsonObject) -> Sequence[str]:
    names = (text(params, key) for key in ("logGroupName", "logGroupIdentifier"))
    by_arn = (text(params, key) for key in ("resourceIdentifier", "resourceArn"))
    found = [*names, *(a for a in by_arn if ":log-group:" in a)]
    return [name.removesuffix(":*") for name in found if name]


def _delivers_less(before: Json, after: Json) -> bool:
    """A filter lets something else through than before: some of it is not let through any more."""
    old, new = (value if isinstance(value, Mapping) else {} for value in (before, after))
    return any(name in new and _narrower(table(old, name), table(new, name)) for name in old)


def _narrower(before: JsonObject, after: JsonObject) -> bool:
    pattern = after.get("filterPattern")
    return bool(pattern) and pattern != before.get("filterPattern")


LOG_GROUP = ResourceType(
    type="AWS::Logs::LogGroup",
    listing=Listing(operation="DescribeLogGroups", items="logGroups[]"),
    details=(
        Detail(
            operation="ListTagsForResource",
            params={"resourceArn": "logGroupArn"},
            pick="tags",
            into="tags",
        ),
        Detail(
            operation="DescribeMetricFilters",
            params={"logGroupName": "logGroupName"},
            pick="metricFilters",
            into="metricFilters",
            absent=_NOT_OF_THIS_CLASS,
        ),
        Detail(
            operation="DescribeSubscriptionFilters",
            params={"logGroupName": "logGroupName"},
            pick="subscriptionFilters",
            into="subscriptionFilters",
            absent=_NOT_OF_THIS_CLASS,
        ),
    ),
    id="logGroupName",
    name="logGroupName",
    arn=_arn,
    handles=("arn",),
    settings=_settings,
    birth={"created": "creationTime"},
    tags="tags",
    stateful=True,
    data=_streams,
    probes=("DescribeLogStreams",),
    seeds=(
        Seed(operation="CreateLogGroup", params=_create, creates=True, optional=False),
        Seed(operation="PutRetentionPolicy", params=_retain),
        Seed(
            operation="CreateLogStream",
            params=_fill,
            tolerate=frozenset({"ResourceAlreadyExistsException"}),
        ),
        Seed(operation="PutMetricFilter", params=_metric_filters),
        Seed(operation="PutSubscriptionFilter", params=_subscriptions, late=True),
        Seed(operation="PutLogGroupDeletionProtection", params=_protect),
    ),
    operations=(
        *on(Verb.CREATE, _GROUP, "CreateLogGroup"),
        *on(Verb.DELETE, _GROUP, "DeleteLogGroup"),
        *on(
            Verb.UPDATE,
            _named,
            "AssociateKmsKey",
            "DeleteRetentionPolicy",
            "DisassociateKmsKey",
            "PutLogGroupDeletionProtection",
            "PutRetentionPolicy",
            "TagLogGroup",
            "TagResource",
            "UntagLogGroup",
            "UntagResource",
        ),
        *on(
            Verb.UPDATE,
            _GROUP,
            "DeleteMetricFilter",
            "PutMetricFilter",
            part="join(' ', ['metric filter', params.filterName])",
        ),
        *on(
            Verb.UPDATE,
            _GROUP,
            "DeleteSubscriptionFilter",
            "PutSubscriptionFilter",
            part="join(' ', ['subscription filter', params.filterName])",
        ),
        *on(Verb.WRITE, _GROUP, "CreateLogStream", "PutLogEvents", part="params.logStreamName"),
        *on(Verb.ERASE, _GROUP, "DeleteLogStream", part="params.logStreamName"),
    ),
    hazards=(
        HazardRule(field="RetentionInDays", hazard=Hazard.DATA_LOSS, when=shrunk),
        HazardRule(field="KmsKeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(
            field="DeletionProtectionEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(field="MetricFilters", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="SubscriptionFilters", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="SubscriptionFilters", hazard=Hazard.DISRUPTION, when=_delivers_less),
        HazardRule(field="MetricFilters", hazard=Hazard.PROTECTION_LOSS, when=_delivers_less),
        HazardRule(
            field="map(&destinationArn, values(SubscriptionFilters))",
            hazard=Hazard.DISRUPTION,
            when=lost,
        ),
    ),
)

SERVICE = Service(name="logs", types=(LOG_GROUP,))
