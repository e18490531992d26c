"""AWS WAF: web ACLs with what they protect, rule groups, sets of addresses and of patterns.

What belongs to CloudFront is listed in one region only; which distributions a web ACL protects
is told by them. API keys and managed rule sets of one's own are not read: what changes them
leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.wafv2_rules import (
    action,
    by_name,
    let_through,
    nearly_all,
    not_stopped,
    stopped,
)
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_NONE = frozenset({"WAFNonexistentItemException"})
_NOT_HERE = frozenset({"WAFInvalidParameterException", "WAFInvalidOperationException"})
_NAMED = {"Name": "Name", "Id": "Id", "Scope": "Scope"}
_PROTECTED = (
    "APPLICATION_LOAD_BALANCER",
    "API_GATEWAY",
    "APPSYNC",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
)
_ACL_SETTINGS = (
    "Description",
    "VisibilityConfig",
    "DataProtectionConfig",
    "CustomResponseBodies",
    "CaptchaConfig",
    "ChallengeConfig",
    "TokenDomains",
    "AssociationConfig",
)


def _listing(operation: str, items: str) -> Listing:
    def of(scope: str, absent: frozenset[str], *also: Listing) -> Listing:
        return Listing(
            operation=operation,
            items=f"{items}[].{{Name: Name, Id: Id, ARN: ARN, Scope: '{scope}'}}",
            params={"Scope": scope, "Limit": 100},
            absent=absent,
            also=also,
        )

    return of("REGIONAL", frozenset(), of("CLOUDFRONT", _NOT_HERE))


_TAGS = Detail(
    operation="ListTagsForResource",
    params={"ResourceARN": "ARN"},
    pick="TagInfoForResource.TagList",
    into="Tags",
)


def _create(*settings: str) -> Callable[[JsonObject, DataMark | None], _Params]:
    def params(raw: JsonObject, data: DataMark | None) -> _Params:
        tags = [tag for tag in objects(raw, "Tags") if not text(tag, "Key").startswith("aws:")]
        yield {
            "Name": raw["Name"],
            "Scope": raw["Scope"],
            **{key: raw[key] for key in settings if raw.get(key) not in (None, "", [], {})},
            **({"Tags": tags} if tags else {}),
        }

    return params


def _seed(operation: str, params: Callable[[JsonObject, DataMark | None], _Params]) -> Seed:
    return Seed(
        operation=operation,
        params=params,
        learn={"Id": "Summary.Id", "ARN": "Summary.ARN"},
        creates=True,
        optional=False,
    )


def _life(kind: str, part_of_arn: str) -> tuple[Operation, ...]:
    """What the operations that all kinds have mean for one."""
    return (
        *on(Verb.CREATE, "response.Summary.[Id, ARN]", f"Create{kind}"),
        *on(Verb.UPDATE, "params.Id", f"Update{kind}"),
        *on(Verb.DELETE, "params.Id", f"Delete{kind}"),
        *on(
            Verb.UPDATE,
            f"[params.ResourceARN][?contains(@, '/{part_of_arn}/')]",
            "TagResource",
            "UntagResource",
        ),
    )


def _ip_set(raw: JsonObject) -> Json:
    return {
        "Description": raw.get("Description") or "",
        "IPAddressVersion": raw.get("IPAddressVersion"),
        "Addresses": sorted(map(str, rows(raw, "Addresses"))),
    }


IP_SET = ResourceType(
    type="AWS::WAFv2::IPSet",
    listing=_listing("ListIPSets", "IPSets"),
    details=(Detail(operation="GetIPSet", params=_NAMED, pick="IPSet"), _TAGS),
    id="Id",
    name="Name",
    arn="ARN",
    settings=_ip_set,
    birth={"id": "Id"},
    tags="Tags",
    seeds=(_seed("CreateIPSet", _create("Description", "IPAddressVersion", "Addresses")),),
    operations=_life("IPSet", "ipset"),
    hazards=(
        HazardRule(field="Addresses", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="Addresses", hazard=Hazard.EXPOSURE, when=nearly_all),
    ),
)


def _patterns(raw: JsonObject) -> Json:
    return {
        "Description": raw.get("Description") or "",
        "Patterns": sorted(text(p, "RegexString") for p in objects(raw, "RegularExpressionList")),
    }


PATTERN_SET = ResourceType(
    type="AWS::WAFv2::RegexPatternSet",
    listing=_listing("ListRegexPatternSets", "RegexPatternSets"),
    details=(Detail(operation="GetRegexPatternSet", params=_NAMED, pick="RegexPatternSet"), _TAGS),
    id="Id",
    name="Name",
    arn="ARN",
    settings=_patterns,
    birth={"id": "Id"},
    tags="Tags",
    seeds=(_seed("CreateRegexPatternSet", _create("Description", "RegularExpressionList")),),
    operations=_life("RegexPatternSet", "regexpatternset"),
    hazards=(HazardRule(field="Patterns", hazard=Hazard.PROTECTION_LOSS, when=lost),),
)


def _group(raw: JsonObject) -> Json:
    document = policy(raw.get("Policy"))
    return {
        "Description": raw.get("Description") or "",
        "Capacity": raw.get("Capacity"),
        "Rules": by_name(raw),
        "VisibilityConfig": raw.get("VisibilityConfig"),
        "CustomResponseBodies": raw.get("CustomResponseBodies") or None,
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }


def _share(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Policy"):
        yield {"ResourceArn": raw["ARN"], "Policy": raw["Policy"]}


RULE_GROUP = ResourceType(
    type="AWS::WAFv2::RuleGroup",
    listing=_listing("ListRuleGroups", "RuleGroups"),
    details=(
        Detail(operation="GetRuleGroup", params=_NAMED, pick="RuleGroup"),
        _TAGS,
        Detail(
            operation="GetPermissionPolicy",
            params={"ResourceArn": "ARN"},
            pick="Policy",
            into="Policy",
            absent=_NONE,
        ),
    ),
    id="Id",
    name="Name",
    arn="ARN",
    settings=_group,
    birth={"id": "Id"},
    tags="Tags",
    depends_on=("AWS::WAFv2::IPSet", "AWS::WAFv2::RegexPatternSet"),
    seeds=(
        _seed(
            "CreateRuleGroup",
            _create("Capacity", "Description", "Rules", "VisibilityConfig", "CustomResponseBodies"),
        ),
        Seed(operation="PutPermissionPolicy", params=_share),
    ),
    operations=(
        *_life("RuleGroup", "rulegroup"),
        *on(
            Verb.UPDATE,
            "params.ResourceArn",
            "PutPermissionPolicy",
            "DeletePermissionPolicy",
            part="'policy'",
        ),
    ),
    hazards=(
        HazardRule(field="Rules", hazard=Hazard.PROTECTION_LOSS, when=let_through),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
    ),
)


def _protected(raw: JsonObject) -> list[str]:
    return sorted({str(arn) for kind in _PROTECTED for arn in rows(raw, kind)})


def _acl(raw: JsonObject) -> Json:
    firewall = (
        "PreProcessFirewallManagerRuleGroups",
        "PostProcessFirewallManagerRuleGroups",
    )
    return {
        **{key: raw.get(key) or None for key in _ACL_SETTINGS},
        "DefaultAction": action(raw, "DefaultAction"),
        "Rules": by_name(raw),
        "Protects": _protected(raw),
        "LogsTo": sorted(map(str, rows(table(raw, "Logging"), "LogDestinationConfigs"))),
        "FirewallManagerRuleGroups": sorted(
            text(group, "Name") for key in firewall for group in objects(raw, key)
        ),
    }


def _log(raw: JsonObject, data: DataMark | None) -> _Params:
    logging = table(raw, "Logging")
    if logging:
        keys = ("ResourceArn", "LogDestinationConfigs", "RedactedFields", "LoggingFilter")
        yield {"LoggingConfiguration": {k: logging[k] for k in keys if logging.get(k)}}


def _associate(raw: JsonObject, data: DataMark | None) -> _Params:
    for arn in _protected(raw):
        yield {"WebACLArn": raw["ARN"], "ResourceArn": arn}


_ASSOCIATION = "join(' ', ['association', params.ResourceArn])"

WEB_ACL = ResourceType(
    type="AWS::WAFv2::WebACL",
    listing=_listing("ListWebACLs", "WebACLs"),
    details=(
        Detail(operation="GetWebACL", params=_NAMED, pick="WebACL"),
        _TAGS,
        Detail(
            operation="GetLoggingConfiguration",
            params={"ResourceArn": "ARN"},
            pick="LoggingConfiguration",
            into="Logging",
            absent=_NONE,
        ),
        *(
            Detail(
                operation="ListResourcesForWebACL",
                params={"WebACLArn": "ARN", "ResourceType": f"'{kind}'"},
                pick="ResourceArns",
                into=kind,
                absent=_NOT_HERE,
            )
            for kind in _PROTECTED
        ),
    ),
    id="Id",
    name="Name",
    arn="ARN",
    # Whoever takes an association away names what was protected only.
    handles=(_protected,),
    settings=_acl,
    birth={"id": "Id"},
    tags="Tags",
    depends_on=("AWS::WAFv2::RuleGroup",),
    seeds=(
        _seed("CreateWebACL", _create("DefaultAction", "Rules", *_ACL_SETTINGS)),
        Seed(operation="PutLoggingConfiguration", params=_log),
        Seed(operation="AssociateWebACL", params=_associate, late=True),
    ),
    operations=(
        *_life("WebACL", "webacl"),
        # What is protected by one web ACL is not by the one that it was protected by.
        *on(
            Verb.UPDATE,
            "[params.WebACLArn, params.ResourceArn]",
            "AssociateWebACL",
            part=_ASSOCIATION,
            many=True,
        ),
        *on(Verb.UPDATE, "params.ResourceArn", "DisassociateWebACL", part=_ASSOCIATION),
        *on(
            Verb.UPDATE,
            "params.LoggingConfiguration.ResourceArn",
            "PutLoggingConfiguration",
            part="'logging'",
        ),
        *on(Verb.UPDATE, "params.ResourceArn", "DeleteLoggingConfiguration", part="'logging'"),
        *on(Verb.UPDATE, "params.WebACLArn", "DeleteFirewallManagerRuleGroups"),
    ),
    hazards=(
        HazardRule(field="Protects", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="Rules", hazard=Hazard.PROTECTION_LOSS, when=let_through),
        HazardRule(field="DefaultAction", hazard=Hazard.PROTECTION_LOSS, when=not_stopped),
        HazardRule(field="DefaultAction", hazard=Hazard.DISRUPTION, when=stopped),
        HazardRule(field="LogsTo", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="FirewallManagerRuleGroups", hazard=Hazard.PROTECTION_LOSS, when=lost),
    ),
)

SERVICE = Service(
    name="wafv2",
    types=(IP_SET, PATTERN_SET, RULE_GROUP, WEB_ACL),
    harmless={"GenerateMobileSdkReleaseUrl": "makes an address to download from"},
)
