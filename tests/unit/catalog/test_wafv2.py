"""WAF: what calls touch, and what is let through that was stopped."""

from __future__ import annotations

import json

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

ACL = "AWS::WAFv2::WebACL"
GROUP = "AWS::WAFv2::RuleGroup"
IP_SET = "AWS::WAFv2::IPSet"
PATTERNS = "AWS::WAFv2::RegexPatternSet"
ARN = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/front/i"
BALANCER = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/web/1"


def _rule(name: str, action: str, **more: Json) -> dict[str, Json]:
    return {"Name": name, "Statement": {"Geo": "AQ"}, "Action": {action: {}}, **more}


def _acl(*rules: Json, default: str = "Allow", **more: Json) -> dict[str, Json]:
    return {
        "Id": "i",
        "Name": "front",
        "ARN": ARN,
        "DefaultAction": {default: {}},
        "Rules": list(rules),
        **more,
    }


BLOCK, COUNT, ALLOW = (_rule("a", action) for action in ("Block", "Count", "Allow"))
MANAGED: dict[str, Json] = {"Name": "m", "Statement": {"G": "x"}, "OverrideAction": {"None": {}}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_acl(BLOCK), _acl()),
        (_acl(BLOCK), _acl(COUNT)),
        (_acl(BLOCK), _acl(_rule("a", "Block", Statement={"Geo": "BV"}))),
        (_acl(), _acl(ALLOW)),
        (_acl(MANAGED), _acl({**MANAGED, "OverrideAction": {"Count": {}}})),
        (_acl(COUNT), _acl()),
    ],
)
def test_a_rule_that_stops_less_is_a_loss_of_protection(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    assert hazards(ACL, before, after) == {("protection-loss", "Rules")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_acl(), _acl(BLOCK)),
        (_acl(COUNT), _acl(BLOCK)),
        (_acl(BLOCK), _acl(_rule("a", "Block", Priority=7))),
        (_acl(BLOCK), _acl(_rule("a", "Captcha"))),
        (_acl(ALLOW), _acl(ALLOW, COUNT)),
    ],
)
def test_a_rule_that_stops_as_much_is_no_danger(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    assert hazards(ACL, before, after) == set()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_acl(default="Block"), _acl(), {("protection-loss", "DefaultAction")}),
        (_acl(), _acl(default="Block"), {("disruption", "DefaultAction")}),
        (_acl(API_GATEWAY=["arn:a"]), _acl(), {("protection-loss", "Protects")}),
        (_acl(), _acl(API_GATEWAY=["arn:a"]), set()),
        (
            _acl(Logging={"LogDestinationConfigs": ["arn:l"]}),
            _acl(),
            {("protection-loss", "LogsTo")},
        ),
        (
            _acl(PreProcessFirewallManagerRuleGroups=[{"Name": "g"}]),
            _acl(),
            {("protection-loss", "FirewallManagerRuleGroups")},
        ),
        (_acl(), _acl(Description="said better"), set()),
    ],
)
def test_changes_of_a_web_acl_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(ACL, before, after) == expected


def test_a_rule_group_that_stops_less_or_is_shared_is_dangerous() -> None:
    def group(*rules: Json, **more: Json) -> dict[str, Json]:
        return {"Id": "g", "ARN": ARN.replace("webacl", "rulegroup"), "Rules": list(rules), **more}

    shared = {"Effect": "Allow", "Principal": "*", "Action": "wafv2:CreateWebACL"}
    assert hazards(GROUP, group(BLOCK), group()) == {("protection-loss", "Rules")}
    assert hazards(GROUP, group(), group(BLOCK)) == set()
    assert hazards(GROUP, group(), group(Policy=json.dumps({"Statement": [shared]}))) == {
        ("exposure", "OpenTo")
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["192.0.2.0/24"], [], {("protection-loss", "Addresses")}),
        ([], ["192.0.2.0/24"], set()),
        ([], ["0.0.0.0/1"], {("exposure", "Addresses")}),
    ],
)
def test_addresses_that_are_not_listed_any_more_are_a_loss(
    before: Json, after: Json, expected: set[tuple[str, str]]
) -> None:
    def of(addresses: Json) -> dict[str, Json]:
        return {"Id": "s", "Addresses": addresses}

    assert hazards(IP_SET, of(before), of(after)) == expected


def test_patterns_that_are_not_looked_for_any_more_are_a_loss() -> None:
    none: dict[str, Json] = {"Id": "p"}
    some: dict[str, Json] = {"Id": "p", "RegularExpressionList": [{"RegexString": "^a"}]}
    assert hazards(PATTERNS, some, none) == {("protection-loss", "Patterns")}
    assert hazards(PATTERNS, none, some) == set()


def test_an_association_is_a_part_of_the_web_acl_that_protects() -> None:
    part = f"association {BALANCER}"
    found = touches("wafv2:DisassociateWebACL", {"ResourceArn": BALANCER})
    assert found == {("WAFv2::WebACL", "update", (BALANCER,), part)}
    protects = _acl(APPLICATION_LOAD_BALANCER=[BALANCER])
    assert BALANCER in described(ACL, protects).handles
    # It may have been protected by another web ACL before.
    found = touches("wafv2:AssociateWebACL", {"WebACLArn": ARN, "ResourceArn": BALANCER})
    assert {handles for *_, handles, _ in found} == {(ARN,), (BALANCER,)}


def test_tags_are_of_what_the_arn_says() -> None:
    for kind, word in (("WebACL", "webacl"), ("IPSet", "ipset"), ("RuleGroup", "rulegroup")):
        arn = ARN.replace("webacl", word)
        found = touches("wafv2:TagResource", {"ResourceARN": arn, "Tags": []})
        assert found == {(f"WAFv2::{kind}", "update", (arn,), "")}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("wafv2:DeleteAPIKey", {"APIKey": "k"})
