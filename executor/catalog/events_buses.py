"""EventBridge: event buses with their policies, and archives of their events.

An archive's events cannot be read: every archive counts as full.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import cast

from executor.catalog.declarations import (
    Asking,
    Detail,
    HazardRule,
    LackingError,
    Listing,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.events_patterns import matches_less, pattern
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.catalog.weakening import removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

DEFAULT = "default"
BUSES = Listing(operation="ListEventBuses", items="EventBuses[]")
TAGS = Detail(
    operation="ListTagsForResource", params={"ResourceARN": "Arn"}, pick="Tags", into="Tags"
)
_OPTIONS = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def bus_name(value: str) -> str:
    """Return the name of a bus that is named by name or ARN, or not at all."""
    return value.rpartition(":event-bus/")[2] or DEFAULT


def tagged(kind: str) -> str:
    """Return what names a resource of the kind (`rule`) in calls that take any ARN."""
    return f"params.ResourceARN | [@][?contains(@, ':{kind}/')]"


def _document(raw: JsonObject) -> JsonObject | None:
    """Return the bus's policy; None when it has none, or one that says nothing."""
    try:
        found = json.loads(text(raw, "Policy") or "{}")
    except ValueError:
        return None
    statements = [_statement(s) for s in objects(found, "Statement")]
    return policy({**found, "Statement": statements}) if statements else None


def _statement(statement: JsonObject) -> JsonObject:
    # An engine keeps a condition as `PutPermission` takes it, and not as a policy spells it.
    condition = table(statement, "Condition")
    if set(condition) != {"Type", "Key", "Value"}:
        return statement
    test: JsonObject = {text(condition, "Key"): condition["Value"]}
    return {**statement, "Condition": {text(condition, "Type"): test}}


def _bus(raw: JsonObject) -> Json:
    document = _document(raw)
    return {
        **given(raw, "Description", "KmsKeyIdentifier", "EventSourceName"),
        "DeadLetter": table(raw, "DeadLetterConfig").get("Arn"),
        "Log": deep_given(raw.get("LogConfig")) or None,
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"Name": raw["Name"], **given(raw, *_OPTIONS), "Tags": tag_list(raw)}


def _settle_default(raw: JsonObject, data: DataMark | None) -> Params:
    options = given(raw, *_OPTIONS)
    if raw["Name"] == DEFAULT and options:
        yield {"Name": DEFAULT, **options}


def _permit(raw: JsonObject, data: DataMark | None) -> Params:
    document = _document(raw)
    statements = objects(document or {}, "Statement")
    permissions = [_permission(statement) for statement in statements]
    if all(permissions):
        # Some engine knows a policy by its statements only.
        yield from ({"EventBusName": raw["Name"], **p} for p in permissions if p)
    else:
        yield {"EventBusName": raw["Name"], "Policy": json.dumps(document)}


def _keep_whole(ask: Asking, params: Mapping[str, object]) -> Iterable[Mapping[str, object]]:
    """Yield what is to be called; a whole policy is tried, and undone where it is not kept."""
    if "Policy" not in params:
        return [params]
    bus = str(params["EventBusName"])
    ask("PutPermission", params)
    told = ask("DescribeEventBus", {"Name": bus})
    if _document(told) != policy(str(params["Policy"])):
        # An engine that knows no whole policies lets in everybody instead.
        ask("RemovePermission", {"EventBusName": bus, "RemoveAllPermissions": True})
        raise LackingError("the engine keeps no policies but of single permissions")
    return []


def _permission(statement: JsonObject) -> dict[str, object] | None:
    """Return the parameters that put this statement; None when there are none that do."""
    principals = rows(table(statement, "Principal"), "AWS")
    condition = _condition(table(statement, "Condition"))
    plain = (
        statement.get("Effect") == "Allow"
        and statement.get("Action") == ["events:PutEvents"]
        and len(principals) == 1
        and condition is not None
    )
    if not plain or not text(statement, "Sid"):
        return None
    who = str(principals[0])
    account = who.split(":")[4] if who.endswith(":root") else who
    return {
        "StatementId": statement["Sid"],
        "Action": "events:PutEvents",
        "Principal": account,
        **({"Condition": condition} if condition else {}),
    }


def _condition(condition: JsonObject) -> dict[str, object] | None:
    """Return a condition as `PutPermission` takes it; None for one that it cannot take."""
    if not condition:
        return {}
    tests = [
        {"Type": operator, "Key": key, "Value": value}
        for operator, keys in condition.items()
        for key, values in (keys.items() if isinstance(keys, Mapping) else ())
        for value in (values if isinstance(values, list) else [values])
    ]
    return cast("dict[str, object]", tests[0]) if len(tests) == 1 else None


def _named(params: JsonObject, response: JsonObject) -> list[str]:
    return [bus_name(text(params, "EventBusName"))]


def _addressed(params: JsonObject, response: JsonObject) -> list[str]:
    return [bus_name(text(entry, "EventBusName")) for entry in objects(params, "Entries")]


EVENT_BUS = ResourceType(
    type="AWS::Events::EventBus",
    listing=BUSES,
    details=(Detail(operation="DescribeEventBus", params={"Name": "Name"}), TAGS),
    id="Name",
    name="Name",
    arn="Arn",
    settings=_bus,
    birth={"created": "CreationTime"},
    tags="Tags",
    builtin=f"Name == '{DEFAULT}'",
    adopt="Name",
    seeds=(
        Seed(operation="CreateEventBus", params=_create, creates=True, optional=False),
        Seed(operation="UpdateEventBus", params=_settle_default),
        Seed(operation="PutPermission", params=_permit, complete=_keep_whole),
    ),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateEventBus"),
        *on(Verb.DELETE, "params.Name", "DeleteEventBus"),
        *on(Verb.UPDATE, f"params.Name || '{DEFAULT}'", "UpdateEventBus"),
        *on(Verb.UPDATE, _named, "PutPermission", "RemovePermission", part="'policy'"),
        *on(Verb.UPDATE, tagged("event-bus"), "TagResource", "UntagResource", part="'tags'"),
        # What events set off is no effect of this call: `judging.events` says what may be.
        *on(Verb.READ, _addressed, "PutEvents", many=True),
    ),
    hazards=(
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="DeadLetter", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="KmsKeyIdentifier", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="Log.Level", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
    ),
)


def _archive(raw: JsonObject) -> Json:
    return {
        **given(raw, "Description", "EventSourceArn", "KmsKeyIdentifier"),
        # Without a pattern every event is kept.
        "EventPattern": pattern(raw.get("EventPattern")) or {},
        # None stands for ever.
        "RetentionDays": raw.get("RetentionDays") or None,
    }


def _create_archive(raw: JsonObject, data: DataMark | None) -> Params:
    optional = given(raw, "Description", "EventPattern", "KmsKeyIdentifier")
    days = {"RetentionDays": raw["RetentionDays"]} if raw.get("RetentionDays") else {}
    yield {
        "ArchiveName": raw["ArchiveName"],
        "EventSourceArn": raw["EventSourceArn"],
        **optional,
        **days,
    }


def _ends_sooner(before: Json, after: Json) -> bool:
    return isinstance(after, int) and (not isinstance(before, int) or after < before)


ARCHIVE = ResourceType(
    type="AWS::Events::Archive",
    listing=Listing(operation="ListArchives", items="Archives[]"),
    details=(Detail(operation="DescribeArchive", params={"ArchiveName": "ArchiveName"}),),
    id="ArchiveName",
    name="ArchiveName",
    arn="ArchiveArn",
    address="arn:{partition}:events:{region}:{account}:archive/{id}",
    settings=_archive,
    birth={"created": "CreationTime"},
    stateful=True,
    settling="contains(['CREATING', 'UPDATING'], State)",
    depends_on=("AWS::Events::EventBus",),
    adopt="ArchiveName",
    seeds=(Seed(operation="CreateArchive", params=_create_archive, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "[params.ArchiveName, response.ArchiveArn]", "CreateArchive"),
        *on(Verb.DELETE, "params.ArchiveName", "DeleteArchive"),
        *on(Verb.UPDATE, "params.ArchiveName", "UpdateArchive"),
    ),
    hazards=(
        HazardRule(field="RetentionDays", hazard=Hazard.DATA_LOSS, when=_ends_sooner),
        HazardRule(field="EventPattern", hazard=Hazard.PROTECTION_LOSS, when=matches_less),
        HazardRule(field="KmsKeyIdentifier", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)
