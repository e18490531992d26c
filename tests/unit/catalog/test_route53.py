"""Route 53: what calls touch, and which changes are dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from executor.model.resource import Resource
from tests.unit.catalog.calls import described, hazards, is_unread, touches

ZONE = "AWS::Route53::HostedZone"
RECORD = "AWS::Route53::RecordSet"
CHECK = "AWS::Route53::HealthCheck"
ID = "Z0123456789ABCDEFGHIJ"


def _batch(*changes: tuple[str, str, str]) -> dict[str, object]:
    return {
        "HostedZoneId": f"/hostedzone/{ID}",
        "ChangeBatch": {
            "Changes": [
                {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind}}
                for action, name, kind in changes
            ]
        },
    }


def _touched(*changes: tuple[str, str, str]) -> set[tuple[str, str]]:
    found = touches("route53:ChangeResourceRecordSets", _batch(*changes))
    return {(verb, handles[0]) for _, verb, handles, _ in found}


def test_each_change_of_a_batch_touches_a_record_set_of_its_own() -> None:
    found = _touched(
        ("CREATE", "a.example.com", "A"),
        ("UPSERT", "b.example.com.", "A"),
        ("DELETE", "C.example.com", "AAAA"),
    )
    assert found == {
        ("create", f"{ID}/a.example.com/A"),
        ("create", f"{ID}/b.example.com/A"),
        ("delete", f"{ID}/c.example.com/AAAA"),
    }


def test_what_one_batch_deletes_and_creates_was_never_gone() -> None:
    found = _touched(("DELETE", "a.example.com", "A"), ("CREATE", "a.example.com", "A"))
    assert found == {("update", f"{ID}/a.example.com/A")}


def test_records_of_one_name_are_told_apart_by_type_and_set() -> None:
    for raw, expected in (
        ({"Type": "A"}, f"{ID}/www.example.com/A"),
        ({"Type": "AAAA"}, f"{ID}/www.example.com/AAAA"),
        ({"Type": "A", "SetIdentifier": "eu"}, f"{ID}/www.example.com/A/eu"),
    ):
        assert _record(**raw).id == expected


@pytest.mark.parametrize("spelling", ["*.example.com", "\\052.Example.com."])
def test_a_name_is_the_same_however_it_is_spelled(spelling: str) -> None:
    assert _touched(("DELETE", spelling, "A")) == {("delete", f"{ID}/*.example.com/A")}
    assert _record(Name=spelling, Type="A").name == "*.example.com"


def test_a_zones_own_records_are_built_in_and_others_are_not() -> None:
    assert _record(Name="example.com.", Type="NS").builtin
    assert _record(Name="example.com.", Type="SOA").builtin
    assert not _record(Name="sub.example.com.", Type="NS").builtin
    assert not _record(Name="example.com.", Type="MX").builtin


def _record(**raw: Json) -> Resource:
    zone = {"Id": f"/hostedzone/{ID}", "Name": "example.com."}
    return described(RECORD, {"Name": "www.example.com.", "Zone": zone, **raw})


def _raw(**changes: Json) -> dict[str, Json]:
    zone: Json = {"Id": f"/hostedzone/{ID}", "Name": "example.com."}
    return {"Name": "www.example.com.", "Type": "A", "TTL": 60, "Zone": zone, **changes}


def _values(*values: str) -> dict[str, Json]:
    return {"ResourceRecords": [{"Value": value} for value in values]}


def _alias(name: str, *, watched: bool = True) -> dict[str, Json]:
    target: Json = {"HostedZoneId": "Z2", "DNSName": name, "EvaluateTargetHealth": watched}
    return {"AliasTarget": target}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_values("192.0.2.1"), _values("192.0.2.2"), True),
        (_values("192.0.2.1", "192.0.2.2"), _values("192.0.2.1"), True),
        (_values("192.0.2.1"), _values("192.0.2.1", "192.0.2.2"), False),
        ({**_values("192.0.2.1"), "TTL": 60}, {**_values("192.0.2.1"), "TTL": 300}, False),
        (_alias("a.elb.amazonaws.com"), _alias("b.elb.amazonaws.com"), True),
        (_alias("a.elb.amazonaws.com"), _alias("A.elb.amazonaws.com."), False),
        ({"Weight": 10}, {"Weight": 0}, True),
        ({"Weight": 0}, {"Weight": 10}, False),
        ({"Failover": "PRIMARY"}, {"Failover": "SECONDARY"}, True),
    ],
)
def test_a_name_that_leads_elsewhere_disrupts(
    before: dict[str, Json], after: dict[str, Json], expected: bool
) -> None:
    found = hazards(RECORD, _raw(**before), _raw(**after))
    assert {hazard for hazard, _ in found} == ({"disruption"} if expected else set())


def test_challenges_of_certificate_authorities_come_and_go() -> None:
    name = {"Name": "_acme-challenge.example.com.", "Type": "TXT"}
    assert hazards(RECORD, _raw(**name, **_values("a")), _raw(**name, **_values("b"))) == set()


def test_a_record_that_is_not_watched_any_more_loses_protection() -> None:
    assert hazards(RECORD, _raw(HealthCheckId="h"), _raw()) == {
        ("protection-loss", "HealthCheckId")
    }
    assert hazards(RECORD, _raw(**_alias("a")), _raw(**_alias("a", watched=False))) == {
        ("protection-loss", "EvaluateTargetHealth")
    }
    assert hazards(RECORD, _raw(), _raw(HealthCheckId="h")) == set()


def _zone(**changes: Json) -> dict[str, Json]:
    return {"Id": f"/hostedzone/{ID}", "ZoneId": ID, "Name": "example.com.", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"VPCs": [{"VPCId": "a"}]}, {}, {("disruption", "VPCs")}),
        ({}, {"VPCs": [{"VPCId": "a"}]}, set()),
        (
            {"Dnssec": {"Status": {"ServeSignature": "SIGNING"}}},
            {"Dnssec": {"Status": {"ServeSignature": "NOT_SIGNING"}}},
            {("protection-loss", "Signing")},
        ),
        (
            {"Dnssec": {"KeySigningKeys": [{"Name": "k", "Status": "ACTIVE"}]}},
            {"Dnssec": {}},
            {("disruption", "KeySigningKeys")},
        ),
        (
            {"QueryLogging": [{"HostedZoneId": ID, "CloudWatchLogsLogGroupArn": "arn:l"}]},
            {"QueryLogging": [{"HostedZoneId": "Z2", "CloudWatchLogsLogGroupArn": "arn:l"}]},
            {("protection-loss", "QueryLogging")},
        ),
        ({"Config": {"Comment": "a"}}, {"Config": {"Comment": "b"}}, set()),
    ],
)
def test_changes_of_a_zone_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(ZONE, _zone(**before), _zone(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Disabled": True}, {("protection-loss", "Disabled")}),
        ({"Disabled": True}, {"Disabled": False}, set()),
        ({}, {"Inverted": True}, {("disruption", "Inverted")}),
        (
            {"ChildHealthChecks": ["a", "b"]},
            {"ChildHealthChecks": ["a"]},
            {("protection-loss", "ChildHealthChecks")},
        ),
        ({"FailureThreshold": 3}, {"FailureThreshold": 5}, set()),
    ],
)
def test_changes_of_a_health_check_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    def check(config: dict[str, Json]) -> dict[str, Json]:
        return {"Id": "h", "HealthCheckConfig": {"Type": "HTTPS", **config}}

    assert hazards(CHECK, check(before), check(after)) == expected


def test_a_zone_is_named_by_its_bare_id() -> None:
    for given in (ID, f"/hostedzone/{ID}"):
        found = touches("route53:DeleteHostedZone", {"Id": given})
        assert found == {("Route53::HostedZone", "delete", (ID,), "")}
    made = touches(
        "route53:CreateHostedZone",
        {"Name": "example.com"},
        {"HostedZone": {"Id": f"/hostedzone/{ID}"}},
    )
    assert made == {("Route53::HostedZone", "create", (ID,), "")}


def test_tags_are_of_what_the_call_says() -> None:
    for kind, short in (("hostedzone", "HostedZone"), ("healthcheck", "HealthCheck")):
        params = {"ResourceType": kind, "ResourceId": "x"}
        found = touches("route53:ChangeTagsForResource", params)
        assert found == {(f"Route53::{short}", "update", ("x",), "")}


def test_query_logging_is_a_part_of_its_zone() -> None:
    logs: Json = [{"Id": "log-1", "HostedZoneId": f"/hostedzone/{ID}"}, {"Id": "log-2"}]
    assert "log-1" in described(ZONE, _zone(QueryLogging=logs)).handles
    assert "log-2" not in described(ZONE, _zone(QueryLogging=logs)).handles
    found = touches("route53:DeleteQueryLoggingConfig", {"Id": "log-1"})
    assert found == {("Route53::HostedZone", "update", ("log-1",), "query logging")}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("route53:DeleteTrafficPolicyInstance", {"Id": "x"})
