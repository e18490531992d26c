r"""Amazon Route 53: record sets, each a resource of its own.

A record set has no id at AWS. Here it is `ZONE/NAME/TYPE`, with `/SET` for one of several that
answer by weight, place or health. A name is written as people write it: in small letters,
with `*` for `\052`, without the dot at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from executor.catalog.declarations import HazardRule, Listing, Operation, ResourceType, Seed, on
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change, lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]

_OCTAL = re.compile(r"\\([0-7]{3})")
_ROUTING = (
    "Region",
    "Failover",
    "GeoLocation",
    "GeoProximityLocation",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "TrafficPolicyInstanceId",
    "HealthCheckId",
)
_APEX = ("NS", "SOA")


def zone_id(given: str) -> str:
    """Return a hosted zone's bare id; calls and answers write `/hostedzone/ID` too."""
    return given.rpartition("/")[2]


def plain_name(given: str) -> str:
    """Return a domain name as people write it."""
    return _OCTAL.sub(lambda found: chr(int(found.group(1), 8)), given).lower().removesuffix(".")


def _key(zone: str, record: JsonObject) -> str:
    parts = [zone_id(zone), plain_name(text(record, "Name")), text(record, "Type")]
    return "/".join([*parts, *([text(record, "SetIdentifier")] if _is_one_of(record) else [])])


def _is_one_of(record: JsonObject) -> bool:
    return bool(record.get("SetIdentifier"))


def _id(raw: JsonObject) -> str:
    return _key(text(table(raw, "Zone"), "Id"), raw)


def _name(raw: JsonObject) -> str:
    return plain_name(text(raw, "Name"))


def _settings(raw: JsonObject) -> Json:
    alias = table(raw, "AliasTarget")
    values = sorted(text(r, "Value") for r in objects(raw, "ResourceRecords"))
    # The challenges of certificate authorities come and go.
    challenge = _name(raw).startswith("_acme-challenge.")
    return {
        "Name": _name(raw),
        "Type": raw.get("Type"),
        "TTL": raw.get("TTL"),
        "Values": [] if challenge else values,
        "Challenge": values if challenge else [],
        "Alias": f"{alias.get('HostedZoneId')} {plain_name(text(alias, 'DNSName'))}"
        if alias
        else None,
        "EvaluateTargetHealth": bool(alias.get("EvaluateTargetHealth")),
        "SetIdentifier": raw.get("SetIdentifier") or None,
        "Weight": raw.get("Weight"),
        **{key: raw.get(key) or None for key in _ROUTING},
    }


def _built_in(raw: JsonObject) -> bool:
    apex = plain_name(text(table(raw, "Zone"), "Name")) == _name(raw)
    return apex and text(raw, "Type") in _APEX


def _upsert(raw: JsonObject) -> Mapping[str, object]:
    record = {key: value for key, value in raw.items() if key != "Zone"}
    # Engines keep a name as it is spelled, and are asked for it as people spell it.
    record["Name"] = f"{_name(raw)}."
    return {
        "HostedZoneId": zone_id(text(table(raw, "Zone"), "Id")),
        "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    }


def _answers(raw: JsonObject, data: DataMark | None) -> Params:
    if not raw.get("AliasTarget"):
        yield _upsert(raw)


def _aliases(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("AliasTarget"):
        yield _upsert(raw)


def _changes(params: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (action, id) of each change in a batch."""
    for change in objects(table(params, "ChangeBatch"), "Changes"):
        record = table(change, "ResourceRecordSet")
        yield text(change, "Action"), _key(text(params, "HostedZoneId"), record)


def _made(params: JsonObject, response: JsonObject) -> list[str]:
    """Return what a batch makes.

    `UPSERT` may make a record set or change it; the snapshots tell which. What a batch deletes
    and creates at once was never gone: batches are atomic.
    """
    changes = list(_changes(params))
    deleted = {key for action, key in changes if action == "DELETE"}
    return [key for action, key in changes if action != "DELETE" and key not in deleted]


def _deleted(params: JsonObject, response: JsonObject) -> list[str]:
    kept = {key for action, key in _changes(params) if action != "DELETE"}
    return [key for action, key in _changes(params) if action == "DELETE" and key not in kept]


def _swapped(params: JsonObject, response: JsonObject) -> list[str]:
    changes = list(_changes(params))
    deleted = {key for action, key in changes if action == "DELETE"}
    return [key for action, key in changes if action != "DELETE" and key in deleted]


def _silenced(before: Json, after: Json) -> bool:
    return before != 0 and after == 0


def _batches() -> Iterable[Operation]:
    for verb, handles in ((Verb.CREATE, _made), (Verb.DELETE, _deleted), (Verb.UPDATE, _swapped)):
        yield from on(verb, handles, "ChangeResourceRecordSets", many=True)


RECORD_SET = ResourceType(
    type="AWS::Route53::RecordSet",
    listing=Listing(
        operation="ListResourceRecordSets",
        items="ResourceRecordSets[]",
        within=Listing(operation="ListHostedZones", items="HostedZones[].{Id: Id, Name: Name}"),
        given={"HostedZoneId": "Id"},
        into="Zone",
    ),
    id=_id,
    name=_name,
    handles=("Name",),
    settings=_settings,
    builtin=_built_in,
    depends_on=("AWS::Route53::HostedZone", "AWS::Route53::HealthCheck"),
    # A zone comes with records of its own, which may have been changed.
    adopt=_id,
    seeds=(
        Seed(operation="ChangeResourceRecordSets", params=_answers),
        # An alias may name a record set of its own zone.
        Seed(operation="ChangeResourceRecordSets", params=_aliases, late=True),
    ),
    operations=tuple(_batches()),
    hazards=(
        HazardRule(field="Values", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Alias", hazard=Hazard.DISRUPTION, when=lambda old, new: bool(old)),
        HazardRule(field="Weight", hazard=Hazard.DISRUPTION, when=_silenced),
        HazardRule(field="Failover", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="HealthCheckId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="EvaluateTargetHealth", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
    ),
)
