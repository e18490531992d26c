"""Web ACLs, rule groups, sets of addresses and of patterns."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.raw import objects, table, text
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import Case

BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/0123456789"
_SEEN = {
    "SampledRequestsEnabled": True,
    "CloudWatchMetricsEnabled": True,
    "MetricName": "seen",
}
_TAGS = [{"Key": "team", "Value": "a b"}]
_HERE = {"Scope": "REGIONAL", "Tags": _TAGS}


def _call(api: Api, operation: str, **params: object) -> JsonObject:
    return table(api.call("wafv2", operation, {**_HERE, **params}), "Summary")


def make_firewall(api: Api) -> None:
    addresses = _call(
        api,
        "CreateIPSet",
        Name="unwanted",
        Description="whom we do not want",
        IPAddressVersion="IPV4",
        Addresses=["192.0.2.0/24", "198.51.100.7/32"],
    )
    _call(
        api,
        "CreateRegexPatternSet",
        Name="suspicious",
        Description="what nobody asks for",
        RegularExpressionList=[{"RegexString": "^/wp-admin"}],
    )
    _call(
        api,
        "CreateRuleGroup",
        Name="abroad",
        Capacity=10,
        Description="from afar",
        VisibilityConfig=_SEEN,
        Rules=[_rule("far", {"GeoMatchStatement": {"CountryCodes": ["AQ"]}})],
    )
    unwanted = {"IPSetReferenceStatement": {"ARN": text(addresses, "ARN")}}
    web = _call(
        api,
        "CreateWebACL",
        Name="front",
        Description="before everything",
        DefaultAction={"Allow": {}},
        VisibilityConfig=_SEEN,
        Rules=[_rule("unwanted", unwanted), _common()],
    )
    association = {"WebACLArn": text(web, "ARN"), "ResourceArn": BALANCER}
    api.call("wafv2", "AssociateWebACL", association)
    _call(
        api,
        "CreateWebACL",
        Name="edge",
        Scope="CLOUDFRONT",
        DefaultAction={"Block": {}},
        VisibilityConfig=_SEEN,
    )


def _rule(name: str, statement: object) -> dict[str, object]:
    return {
        "Name": name,
        "Priority": 0,
        "Statement": statement,
        "Action": {"Block": {}},
        "VisibilityConfig": _SEEN,
    }


def _common() -> dict[str, object]:
    group = {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
    return {
        "Name": "common",
        "Priority": 1,
        "Statement": {"ManagedRuleGroupStatement": group},
        "OverrideAction": {"None": {}},
        "VisibilityConfig": _SEEN,
    }


def _summaries(api: Api, operation: str, key: str) -> list[JsonObject]:
    return objects(api.call("wafv2", operation, {"Scope": "REGIONAL"}), key)


def _drop(api: Api, kind: str, key: str) -> None:
    for one in _summaries(api, f"List{kind}s", key):
        params = {name: one[name] for name in ("Name", "Id", "LockToken")}
        api.call("wafv2", f"Delete{kind}", {**params, "Scope": "REGIONAL"})


def _remake(api: Api) -> None:
    api.call("wafv2", "DisassociateWebACL", {"ResourceArn": BALANCER})
    edge = objects(api.call("wafv2", "ListWebACLs", {"Scope": "CLOUDFRONT"}), "WebACLs")
    for one in edge:
        params = {name: one[name] for name in ("Name", "Id", "LockToken")}
        api.call("wafv2", "DeleteWebACL", {**params, "Scope": "CLOUDFRONT"})
    _drop(api, "WebACL", "WebACLs")
    _drop(api, "RuleGroup", "RuleGroups")
    _drop(api, "IPSet", "IPSets")
    _drop(api, "RegexPatternSet", "RegexPatternSets")
    make_firewall(api)


def _update(api: Api) -> None:
    for one in _summaries(api, "ListIPSets", "IPSets"):
        params = {name: one[name] for name in ("Name", "Id", "LockToken")}
        changed = {**params, "Scope": "REGIONAL", "Addresses": ["192.0.2.0/24"]}
        api.call("wafv2", "UpdateIPSet", changed)


CASES = tuple(
    Case(
        service="wafv2",
        type=f"AWS::WAFv2::{kind}",
        make=make_firewall,
        update=_update,
        remake=_remake,
    )
    for kind in ("IPSet", "RegexPatternSet", "RuleGroup", "WebACL")
)
