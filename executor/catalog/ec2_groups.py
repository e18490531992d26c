"""EC2: security groups, with their rules as settings.

A rule is one source or destination; AWS joins and splits them as it likes, so they are taken
apart here, and put in order. Rule ids are learnt, since Terraform names rules by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, ordered, tag_operations, tagged
from executor.catalog.raw import objects, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_PEERS = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)
_PEER_IN_RULE = {
    "CidrIp": "CidrIpv4",
    "CidrIpv6": "CidrIpv6",
    "PrefixListId": "PrefixListId",
}
_ANYWHERE = ("0.0.0.0/0", "::/0")
_DUPLICATE = frozenset({"InvalidPermission.Duplicate"})
_NOT_THERE = frozenset({"InvalidPermission.NotFound"})


def rules(raw: JsonObject, key: str) -> list[JsonObject]:
    """Return the rules under `IpPermissions` or `IpPermissionsEgress`, one per peer."""
    found: list[JsonObject] = []
    for permission in objects(raw, key):
        shared = {
            name: permission[name]
            for name in ("IpProtocol", "FromPort", "ToPort")
            if permission.get(name) is not None
        }
        if permission.get("IpProtocol") == "-1":
            shared = {"IpProtocol": "-1"}
        for peers, name in _PEERS:
            for peer in objects(permission, peers):
                rule = {**shared, name: peer.get(name)}
                if peer.get("Description"):
                    rule["Description"] = peer["Description"]
                found.append(rule)
    return found


def _settings(raw: JsonObject) -> Json:
    return {
        "GroupName": raw.get("GroupName"),
        "Description": raw.get("Description"),
        "VpcId": raw.get("VpcId"),
        "Ingress": ordered(rules(raw, "IpPermissions")),
        "Egress": ordered(rules(raw, "IpPermissionsEgress")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "GroupName": raw["GroupName"],
        "Description": raw.get("Description") or "-",
    }
    if raw.get("VpcId"):
        params["VpcId"] = raw["VpcId"]
    yield tagged(raw, "security-group", params)


def _permission(rule: JsonObject) -> Mapping[str, object]:
    permission: dict[str, object] = {
        k: rule[k] for k in ("IpProtocol", "FromPort", "ToPort") if k in rule
    }
    for peers, name in _PEERS:
        if name in rule:
            peer = {k: rule[k] for k in (name, "Description") if k in rule}
            permission[peers] = [peer]
    return permission


def _authorize(key: str) -> Callable[[JsonObject, DataMark | None], Params]:
    def params(raw: JsonObject, data: DataMark | None) -> Params:
        for rule in rules(raw, key):
            yield {"GroupId": raw["GroupId"], "IpPermissions": [_permission(rule)]}

    return params


def _revoke_own(raw: JsonObject, data: DataMark | None) -> Params:
    # Engines differ in whether a default group lets its members in.
    if text(raw, "GroupName") == "default":
        rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": raw["GroupId"]}]}
        yield {"GroupId": raw["GroupId"], "IpPermissions": [rule]}


def _revoke_all(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "GroupId": raw["GroupId"],
        "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    }


def _learn_rules(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    made = objects(answer, "SecurityGroupRules")
    asked = params["IpPermissions"]
    permission = asked[0] if isinstance(asked, list) else {}
    if len(made) != 1 or not isinstance(permission, Mapping):
        return {}
    egress = bool(made[0].get("IsEgress"))
    wanted = next(iter(rules({"IpPermissions": [permission]}, "IpPermissions")), {})
    return {
        text(rule, "SecurityGroupRuleId"): text(made[0], "SecurityGroupRuleId")
        for rule in objects(raw, "Rules")
        if bool(rule.get("IsEgress")) is egress and _same(rule, wanted)
    }


def _same(rule: JsonObject, wanted: JsonObject) -> bool:
    every = wanted.get("IpProtocol") == "-1"
    keys = ("IpProtocol",) if every else ("IpProtocol", "FromPort", "ToPort")
    if any(rule.get(key) != wanted.get(key) for key in keys):
        return False
    if "GroupId" in wanted:
        other = rule.get("ReferencedGroupInfo")
        return isinstance(other, Mapping) and other.get("GroupId") == wanted["GroupId"]
    return all(rule.get(there) == wanted.get(here) for here, there in _PEER_IN_RULE.items())


def _world_open(before: Json, after: Json) -> bool:
    known = set(_open_doors(before))
    return any(door not in known for door in _open_doors(after))


def _open_doors(value: Json) -> Iterator[tuple[Json, ...]]:
    for rule in objects({"rules": value}, "rules"):
        if rule.get("CidrIp") in _ANYWHERE or rule.get("CidrIpv6") in _ANYWHERE:
            yield tuple(rule.get(k) for k in ("IpProtocol", "FromPort", "ToPort"))


def _rule_lost(before: Json, after: Json) -> bool:
    return lost(_undescribed(before), _undescribed(after))


def _undescribed(value: Json) -> list[Json]:
    rules_: Iterable[JsonObject] = objects({"rules": value}, "rules")
    return [{k: v for k, v in rule.items() if k != "Description"} for rule in rules_]


def _adopt(raw: JsonObject) -> Json:
    return f"default of {raw.get('VpcId')}" if text(raw, "GroupName") == "default" else None


def _vpc_of_default(raw: JsonObject) -> Json:
    return raw.get("VpcId") if text(raw, "GroupName") == "default" else None


SECURITY_GROUP = ResourceType(
    type="AWS::EC2::SecurityGroup",
    listing=Listing(operation="DescribeSecurityGroups", items="SecurityGroups[]"),
    details=(
        Detail(
            operation="DescribeSecurityGroupRules",
            params={"Filters": "[{Name: 'group-id', Values: [GroupId]}]"},
            pick="SecurityGroupRules",
            into="Rules",
        ),
    ),
    id="GroupId",
    name="GroupName",
    address=arn("security-group"),
    # The default group comes and goes with its VPC; rules are named by their own ids too.
    handles=(_vpc_of_default, "Rules[].SecurityGroupRuleId"),
    settings=_settings,
    birth={"id": "GroupId"},
    tags="Tags",
    builtin="GroupName == 'default'",
    depends_on=("AWS::EC2::VPC",),
    adopt=_adopt,
    seeds=(
        Seed(
            operation="CreateSecurityGroup",
            params=_create,
            learn={"GroupId": "GroupId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="RevokeSecurityGroupIngress", params=_revoke_own, tolerate=_NOT_THERE),
        Seed(operation="RevokeSecurityGroupEgress", params=_revoke_all, tolerate=_NOT_THERE),
        Seed(
            operation="AuthorizeSecurityGroupIngress",
            params=_authorize("IpPermissions"),
            learn=_learn_rules,
            tolerate=_DUPLICATE,
            late=True,
        ),
        Seed(
            operation="AuthorizeSecurityGroupEgress",
            params=_authorize("IpPermissionsEgress"),
            learn=_learn_rules,
            tolerate=_DUPLICATE,
            late=True,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.GroupId", "CreateSecurityGroup"),
        *on(Verb.DELETE, "[params.GroupId, params.GroupName]", "DeleteSecurityGroup"),
        *on(
            Verb.UPDATE,
            "[params.GroupId, params.GroupName, params.SecurityGroupRuleIds]",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "ModifySecurityGroupRules",
            "UpdateSecurityGroupRuleDescriptionsIngress",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            part="'rules'",
        ),
        *on(Verb.OPERATE, "response.Vpc.VpcId", "CreateVpc", "CreateDefaultVpc"),
        *on(Verb.OPERATE, "params.VpcId", "DeleteVpc"),
        *tag_operations("sg"),
        *tag_operations("sgr"),
    ),
    hazards=(
        HazardRule(field="Ingress", hazard=Hazard.EXPOSURE, when=_world_open),
        HazardRule(field="Ingress", hazard=Hazard.DISRUPTION, when=_rule_lost),
        HazardRule(field="Egress", hazard=Hazard.DISRUPTION, when=_rule_lost),
    ),
)
