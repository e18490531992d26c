"""Amazon Route 53: hosted zones, record sets, health checks.

A zone's own name servers and start of authority are record sets that AWS makes with it.
DNSSEC keys and query logging are parts of their zone. Traffic policies, CIDR collections,
reusable delegation sets and authorizations of other accounts' networks are not read: what
changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

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
from executor.catalog.route53_records import RECORD_SET, plain_name, zone_id
from executor.catalog.weakening import any_change, lost, removed, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_Names = Callable[[JsonObject, JsonObject], Sequence[str]]


def _zone(raw: JsonObject) -> str:
    return zone_id(text(raw, "Id"))


def _arn(kind: str, field: str) -> Callable[[JsonObject], str]:
    return lambda raw: f"arn:aws:route53:::{kind}/{zone_id(text(raw, field))}"


def _described(answer: JsonObject) -> Json:
    zone = table(answer, "HostedZone")
    # Tags are asked for by the bare id only.
    kept = {key: answer.get(key) for key in ("VPCs", "DelegationSet")}
    return {**zone, **kept, "ZoneId": _zone(zone)}


def _zone_settings(raw: JsonObject) -> Json:
    config = table(raw, "Config")
    dnssec = table(raw, "Dnssec")
    return {
        "Name": plain_name(text(raw, "Name")),
        "Comment": text(config, "Comment"),
        "PrivateZone": bool(config.get("PrivateZone")),
        "VPCs": sorted(f"{v.get('VPCRegion')} {v.get('VPCId')}" for v in objects(raw, "VPCs")),
        "DelegationSet": table(raw, "DelegationSet").get("Id") or None,
        "Signing": text(table(dnssec, "Status"), "ServeSignature") == "SIGNING",
        "KeySigningKeys": {
            text(key, "Name"): key.get("Status") for key in objects(dnssec, "KeySigningKeys")
        },
        "QueryLogging": sorted(text(log, "CloudWatchLogsLogGroupArn") for log in _logs(raw)),
    }


def _logs(raw: JsonObject) -> list[JsonObject]:
    every = objects(raw, "QueryLogging")
    return [log for log in every if zone_id(text(log, "HostedZoneId")) == _zone(raw)]


def _create_zone(raw: JsonObject, data: DataMark | None) -> _Params:
    config = table(raw, "Config")
    networks = objects(raw, "VPCs")
    yield {
        "Name": raw["Name"],
        "CallerReference": text(raw, "CallerReference") or _zone(raw),
        "HostedZoneConfig": {
            "Comment": text(config, "Comment"),
            "PrivateZone": bool(config.get("PrivateZone")),
        },
        **({"VPC": networks[0]} if networks else {}),
    }


def _more_networks(raw: JsonObject, data: DataMark | None) -> _Params:
    for network in objects(raw, "VPCs")[1:]:
        yield {"HostedZoneId": _zone(raw), "VPC": network}


def _log_queries(raw: JsonObject, data: DataMark | None) -> _Params:
    for log in _logs(raw):
        arn = log.get("CloudWatchLogsLogGroupArn")
        yield {"HostedZoneId": _zone(raw), "CloudWatchLogsLogGroupArn": arn}


def _tag(kind: str) -> Callable[[JsonObject, DataMark | None], _Params]:
    def params(raw: JsonObject, data: DataMark | None) -> _Params:
        if raw.get("Tags"):
            yield {"ResourceType": kind, "ResourceId": _zone(raw), "AddTags": raw["Tags"]}

    return params


def _learn_zone(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    return {_zone(raw): _zone(table(answer, "HostedZone"))}


def _learn_log(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    arn = params.get("CloudWatchLogsLogGroupArn")
    made = text(table(answer, "QueryLoggingConfig"), "Id")
    return {
        text(log, "Id"): made for log in _logs(raw) if log.get("CloudWatchLogsLogGroupArn") == arn
    }


def _by(field: str) -> _Names:
    """Return what names a zone in parameter `field`: an id, bare or in a path."""
    return lambda params, response: [zone_id(text(params, field))] if params.get(field) else []


def _made_zone(params: JsonObject, response: JsonObject) -> list[str]:
    made = _zone(table(response, "HostedZone"))
    return [made] if made else []


def _tagged(kind: str) -> _Names:
    def names(params: JsonObject, response: JsonObject) -> list[str]:
        ours = params.get("ResourceType") == kind
        return [zone_id(text(params, "ResourceId"))] if ours else []

    return names


_KEY_PART = "join(' ', ['key signing key', params.Name])"
_HEALTH_CHECK = "params.HealthCheckId"


def _check_settings(raw: JsonObject) -> Json:
    config = table(raw, "HealthCheckConfig")
    # What is off is told by one engine and left out by the other.
    return {key: value for key, value in config.items() if value not in (None, "", False, [])}


def _create_check(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {
        "CallerReference": text(raw, "CallerReference") or text(raw, "Id"),
        "HealthCheckConfig": _check_settings(raw),
    }


HOSTED_ZONE = ResourceType(
    type="AWS::Route53::HostedZone",
    listing=Listing(operation="ListHostedZones", items="HostedZones[].{Id: Id}"),
    details=(
        Detail(
            operation="GetHostedZone",
            params={"Id": "Id"},
            pick=_described,
        ),
        Detail(
            operation="ListTagsForResource",
            params={"ResourceType": "'hostedzone'", "ResourceId": "ZoneId"},
            pick="ResourceTagSet.Tags",
            into="Tags",
        ),
        # Networks' own zones are not signed, and the question is refused.
        Detail(
            operation="GetDNSSEC",
            params={"HostedZoneId": "Id"},
            into="Dnssec",
            absent=frozenset({"InvalidArgument", "InvalidInput"}),
        ),
        # Of all zones: moto finds no zone when it is asked for the logs of one.
        Detail(
            operation="ListQueryLoggingConfigs",
            params={},
            pick="QueryLoggingConfigs",
            into="QueryLogging",
            # MiniStack's word for what it does not know.
            absent=frozenset({"InvalidInput"}),
        ),
    ),
    id=_zone,
    name=lambda raw: plain_name(text(raw, "Name")),
    arn=_arn("hostedzone", "Id"),
    handles=("Id", "Name", lambda raw: [text(log, "Id") for log in _logs(raw)]),
    settings=_zone_settings,
    birth={"id": _zone, "reference": "CallerReference"},
    tags="Tags",
    depends_on=("AWS::EC2::VPC",),
    seeds=(
        Seed(
            operation="CreateHostedZone",
            params=_create_zone,
            learn=_learn_zone,
            creates=True,
            optional=False,
        ),
        Seed(operation="AssociateVPCWithHostedZone", params=_more_networks),
        Seed(operation="CreateQueryLoggingConfig", params=_log_queries, learn=_learn_log),
        Seed(operation="ChangeTagsForResource", params=_tag("hostedzone")),
    ),
    operations=(
        *on(Verb.CREATE, _made_zone, "CreateHostedZone"),
        *on(Verb.DELETE, _by("Id"), "DeleteHostedZone"),
        *on(Verb.UPDATE, _by("Id"), "UpdateHostedZoneComment"),
        *on(Verb.UPDATE, _by("HostedZoneId"), "UpdateHostedZoneFeatures"),
        *on(
            Verb.UPDATE,
            _by("HostedZoneId"),
            "AssociateVPCWithHostedZone",
            "DisassociateVPCFromHostedZone",
            part="join(' ', ['network', params.VPC.VPCId])",
        ),
        *on(
            Verb.UPDATE,
            _by("HostedZoneId"),
            "EnableHostedZoneDNSSEC",
            "DisableHostedZoneDNSSEC",
            part="'DNSSEC'",
        ),
        *on(
            Verb.UPDATE,
            _by("HostedZoneId"),
            "CreateKeySigningKey",
            "ActivateKeySigningKey",
            "DeactivateKeySigningKey",
            "DeleteKeySigningKey",
            part=_KEY_PART,
        ),
        *on(Verb.UPDATE, _by("HostedZoneId"), "CreateQueryLoggingConfig", part="'query logging'"),
        *on(Verb.UPDATE, "params.Id", "DeleteQueryLoggingConfig", part="'query logging'"),
        *on(Verb.UPDATE, _tagged("hostedzone"), "ChangeTagsForResource"),
    ),
    hazards=(
        HazardRule(field="VPCs", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Signing", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="KeySigningKeys", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="QueryLogging", hazard=Hazard.PROTECTION_LOSS, when=lost),
    ),
)

HEALTH_CHECK = ResourceType(
    type="AWS::Route53::HealthCheck",
    listing=Listing(operation="ListHealthChecks", items="HealthChecks[]"),
    details=(
        Detail(
            operation="ListTagsForResource",
            params={"ResourceType": "'healthcheck'", "ResourceId": "Id"},
            pick="ResourceTagSet.Tags",
            into="Tags",
        ),
    ),
    id="Id",
    arn=_arn("healthcheck", "Id"),
    settings=_check_settings,
    birth={"id": "Id", "reference": "CallerReference"},
    tags="Tags",
    seeds=(
        Seed(
            operation="CreateHealthCheck",
            params=_create_check,
            learn={"Id": "HealthCheck.Id"},
            creates=True,
            optional=False,
        ),
        Seed(operation="ChangeTagsForResource", params=_tag("healthcheck")),
    ),
    operations=(
        *on(Verb.CREATE, "response.HealthCheck.Id", "CreateHealthCheck"),
        *on(Verb.DELETE, _HEALTH_CHECK, "DeleteHealthCheck"),
        *on(Verb.UPDATE, _HEALTH_CHECK, "UpdateHealthCheck"),
        *on(Verb.UPDATE, _tagged("healthcheck"), "ChangeTagsForResource"),
    ),
    hazards=(
        HazardRule(field="Disabled", hazard=Hazard.PROTECTION_LOSS, when=turned_on),
        # What was healthy is not any more, and traffic goes elsewhere.
        HazardRule(field="Inverted", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="ChildHealthChecks", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="AlarmIdentifier", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)

SERVICE = Service(
    name="route53",
    types=(HEALTH_CHECK, HOSTED_ZONE, RECORD_SET),
    is_global=True,
    harmless={"TestDNSAnswer": "asks what a name server would answer; changes nothing"},
)
