"""Hosted zones, record sets, health checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from executor.aws import Api
from executor.catalog.raw import objects, table, text
from tests.conformance.catalog_harness import Case

_NETWORK = ("ec2",)


def _zones(api: Api) -> dict[str, str]:
    listed = objects(api.call("route53", "ListHostedZones", {}), "HostedZones")
    return {text(zone, "Name"): text(zone, "Id").rpartition("/")[2] for zone in listed}


def _change(api: Api, zone: str, action: str, records: Iterable[Mapping[str, object]]) -> None:
    changes = [{"Action": action, "ResourceRecordSet": record} for record in records]
    api.call(
        "route53",
        "ChangeResourceRecordSets",
        {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}},
    )


def _record(name: str, kind: str, *values: str, **more: object) -> dict[str, object]:
    found = [{"Value": value} for value in values]
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": found, **more}


def _check(api: Api, reference: str) -> str:
    config = {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "www.example.com",
        "Port": 443,
        "ResourcePath": "/health",
        "RequestInterval": 30,
        "FailureThreshold": 3,
        "Inverted": True,
    }
    params = {"CallerReference": reference, "HealthCheckConfig": config}
    check = text(table(api.call("route53", "CreateHealthCheck", params), "HealthCheck"), "Id")
    _tag(api, "healthcheck", check)
    return check


def _tag(api: Api, kind: str, identity: str) -> None:
    tags = [{"Key": "Name", "Value": "web"}, {"Key": "ümlaut", "Value": "a b"}]
    api.call(
        "route53",
        "ChangeTagsForResource",
        {"ResourceType": kind, "ResourceId": identity, "AddTags": tags},
    )


def _records(zone: str, check: str) -> list[dict[str, object]]:
    alias = {"HostedZoneId": zone, "DNSName": "www.example.com.", "EvaluateTargetHealth": True}
    return [
        _record("www.example.com", "A", "192.0.2.1", "192.0.2.2"),
        _record("six.example.com", "AAAA", "2001:db8::1"),
        _record("*.dev.example.com", "CNAME", "www.example.com"),
        _record("example.com", "TXT", '"v=spf1 -all"'),
        _record("api.example.com", "A", "192.0.2.3", SetIdentifier="blue", Weight=90),
        _record(
            "api.example.com",
            "A",
            "192.0.2.4",
            SetIdentifier="green/new one",
            Weight=0,
            HealthCheckId=check,
        ),
        _record(
            "near.example.com",
            "A",
            "192.0.2.5",
            SetIdentifier="eu",
            GeoLocation={"ContinentCode": "EU"},
        ),
        {"Name": "example.com", "Type": "A", "AliasTarget": alias},
    ]


def _make(api: Api, reference: str = "first") -> None:
    comment = {"Comment": "all that is public"}
    params = {"Name": "example.com", "CallerReference": reference, "HostedZoneConfig": comment}
    api.call("route53", "CreateHostedZone", params)
    made = table(api.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}), "Vpc")
    network = {"VPCRegion": "us-east-1", "VPCId": text(made, "VpcId")}
    params = {"Name": "corp.internal", "CallerReference": f"{reference} too", "VPC": network}
    api.call("route53", "CreateHostedZone", params)
    zone = _zones(api)["example.com."]
    _tag(api, "hostedzone", zone)
    _change(api, zone, "CREATE", _records(zone, _check(api, reference)))
    servers = _record("example.com", "NS", "ns-1.example.net.", "ns-2.example.net.")
    _change(api, zone, "UPSERT", [servers])


def _remake(api: Api) -> None:
    for zone in _zones(api).values():
        found = api.call("route53", "ListResourceRecordSets", {"HostedZoneId": zone})
        ours = [r for r in objects(found, "ResourceRecordSets") if r["Type"] not in ("NS", "SOA")]
        if ours:
            _change(api, zone, "DELETE", ours)
        api.call("route53", "DeleteHostedZone", {"Id": zone})
    for check in objects(api.call("route53", "ListHealthChecks", {}), "HealthChecks"):
        api.call("route53", "DeleteHealthCheck", {"HealthCheckId": check["Id"]})
    _make(api, "second")


def _update(api: Api) -> None:
    zone = _zones(api)["example.com."]
    api.call("route53", "UpdateHostedZoneComment", {"Id": zone, "Comment": "less"})
    _change(api, zone, "UPSERT", [_record("www.example.com", "A", "192.0.2.9")])


CASES = (
    Case(
        service="route53",
        type="AWS::Route53::HostedZone",
        make=_make,
        remake=_remake,
        update=_update,
        services=_NETWORK,
    ),
    Case(
        service="route53",
        type="AWS::Route53::RecordSet",
        make=_make,
        update=_update,
        services=_NETWORK,
    ),
    Case(
        service="route53",
        type="AWS::Route53::HealthCheck",
        make=_make,
        remake=_remake,
        update=_update,
        services=_NETWORK,
    ),
)
