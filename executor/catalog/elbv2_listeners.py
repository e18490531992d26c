"""Elastic Load Balancing v2: listeners and the rules of each.

A listener's last rule, its default, says what the listener's default actions say, and is told
by them. Secrets of authentication are not kept: a placeholder stands for them in a replica.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, only
from executor.catalog.elbv2_balancers import (
    LOAD_BALANCER,
    attributes,
    attributes_of,
    own_tags,
    set_attributes,
    tag_operations,
    tags_of,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import any_change, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ENCRYPTED = ("HTTPS", "TLS")
# Policies that refuse TLS 1.0 and 1.1 have one of these in their name.
_MODERN = re.compile(r"-1-[23](?:-|$)")
_REDIRECT: JsonObject = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}
_OIDC = "AuthenticateOidcConfig"
_SECRET = "ClientSecret"
_CONFIGS = {
    "fixed-response": "FixedResponseConfig",
    "authenticate-oidc": _OIDC,
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "jwt-validation": "JwtValidationConfig",
}


def _actions(raw: JsonObject, key: str) -> list[Json]:
    """Return actions in one spelling; AWS and engines write the same in several."""
    found = objects(raw, key)
    placed = sorted(enumerate(found), key=lambda pair: (_order(pair[1], pair[0]), pair[0]))
    return [_action(action) for _, action in placed]


def _order(action: JsonObject, place: int) -> int:
    order = action.get("Order")
    return order if isinstance(order, int) else place + 1


def _action(action: JsonObject) -> JsonObject:
    kind = text(action, "Type")
    if kind == "forward":
        return {"Type": kind, **_forward(action)}
    if kind == "redirect":
        return {"Type": kind, **_REDIRECT, **table(action, "RedirectConfig")}
    config = {k: v for k, v in table(action, _CONFIGS.get(kind, "")).items() if v != ""}
    return {"Type": kind, **config}


def _forward(action: JsonObject) -> dict[str, Json]:
    config = table(action, "ForwardConfig")
    weights: dict[str, Json] = {
        text(group, "TargetGroupArn"): group.get("Weight", 1)
        for group in objects(config, "TargetGroups")
    }
    alone = text(action, "TargetGroupArn")
    if alone and not weights:
        weights[alone] = 1
    if len(weights) == 1:
        # Of one group alone the weight means nothing.
        weights = dict.fromkeys(weights, 1)
    sticky = table(config, "TargetGroupStickinessConfig")
    stays = bool(sticky.get("Enabled")) and sticky.get("DurationSeconds")
    return {"TargetGroups": weights, "StickySeconds": stays or 0}


def _sent(raw: JsonObject, key: str) -> list[dict[str, object]]:
    """Return actions as they are asked for: of a group alone, the short way."""
    sent: list[dict[str, object]] = []
    for place, action in enumerate(objects(raw, key)):
        told = {k: v for k, v in action.items() if k not in ("Order", "ForwardConfig")}
        if action.get("Type") == "authenticate-oidc":
            told[_OIDC] = {**table(action, _OIDC), _SECRET: "redacted"}
        found: dict[str, object] = {**told, "Order": _order(action, place)}
        forward = _forward(action) if action.get("Type") == "forward" else {}
        groups = table(forward, "TargetGroups")
        if len(groups) > 1 or forward.get("StickySeconds"):
            found.pop("TargetGroupArn", None)
            found["ForwardConfig"] = action.get("ForwardConfig")
        elif groups:
            found["TargetGroupArn"] = next(iter(groups))
        sent.append(found)
    return sent


def _without_secrets(key: str) -> Callable[[JsonObject], JsonObject]:
    """Return what takes the secrets out of the actions under `key`; some engines tell them."""

    def conceal(raw: JsonObject) -> JsonObject:
        told: list[Json] = [
            {**action, _OIDC: {k: v for k, v in table(action, _OIDC).items() if k != _SECRET}}
            if action.get(_OIDC)
            else action
            for action in objects(raw, key)
        ]
        return {**raw, key: told}

    return conceal


def _groups(actions: Json) -> set[tuple[str, str]]:
    """Return where the actions lead to: target groups that have a weight."""
    found: set[tuple[str, str]] = set()
    for action in objects({"actions": actions}, "actions"):
        for group, weight in table(action, "TargetGroups").items():
            if weight:
                found.add(("forward", group))
    return found


def _leads_elsewhere(before: Json, after: Json) -> bool:
    """A target group gets nothing any more, or what answered by itself does not."""
    kinds = {text(a, "Type") for a in objects({"actions": after}, "actions")}
    old_kinds = {text(a, "Type") for a in objects({"actions": before}, "actions")}
    return bool(_groups(before) - _groups(after)) or bool(old_kinds - kinds)


def _lets_in_unknown(before: Json, after: Json) -> bool:
    """Nobody has to say who he is any more."""
    return any(_asks_who(before)) and not any(_asks_who(after))


def _asks_who(actions: Json) -> Iterator[bool]:
    for action in objects({"actions": actions}, "actions"):
        yield text(action, "Type").startswith(("authenticate-", "jwt-"))


# Listeners


def _certificates(raw: JsonObject) -> tuple[str, list[Json]]:
    """Return the default certificate, and the others in order."""
    default = next((text(c, "CertificateArn") for c in objects(raw, "Certificates")), "")
    listed = {text(c, "CertificateArn") for c in objects(raw, "AllCertificates")}
    others: list[Json] = [*sorted(listed - {default, ""})]
    return default, others


def _listener(raw: JsonObject) -> Json:
    default, others = _certificates(raw)
    encrypted = raw.get("Protocol") in _ENCRYPTED
    return {
        **only(raw, "LoadBalancerArn", "Port", "Protocol"),
        "SslPolicy": raw.get("SslPolicy") if encrypted else None,
        "Certificate": default or None,
        "MoreCertificates": others,
        "AlpnPolicy": sorted(str(name) for name in rows(raw, "AlpnPolicy")),
        "MutualAuthentication": table(raw, "MutualAuthentication").get("Mode") or "off",
        "DefaultActions": _actions(raw, "DefaultActions"),
        "Attributes": attributes(raw),
    }


def _create_listener(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **only(raw, "LoadBalancerArn", "Port", "Protocol"),
        "DefaultActions": _sent(raw, "DefaultActions"),
        **own_tags(raw),
    }
    if raw.get("Protocol") in _ENCRYPTED:
        params |= only(raw, "SslPolicy")
        params["Certificates"] = [{"CertificateArn": _certificates(raw)[0]}]
    if rows(raw, "AlpnPolicy"):
        params["AlpnPolicy"] = raw["AlpnPolicy"]
    if table(raw, "MutualAuthentication").get("Mode") not in (None, "off"):
        params["MutualAuthentication"] = only(
            table(raw, "MutualAuthentication"),
            "Mode",
            "TrustStoreArn",
            "IgnoreClientCertificateExpiry",
        )
    yield params


def _more_certificates(raw: JsonObject, data: DataMark | None) -> Params:
    for certificate in _certificates(raw)[1]:
        yield {
            "ListenerArn": raw["ListenerArn"],
            "Certificates": [{"CertificateArn": certificate}],
        }


def _weaker(before: Json, after: Json) -> bool:
    """Old versions of TLS are spoken again."""
    return bool(_MODERN.search(str(before))) and not _MODERN.search(str(after))


LISTENER = ResourceType(
    type="AWS::ElasticLoadBalancingV2::Listener",
    listing=Listing(
        operation="DescribeListeners",
        items="Listeners[]",
        within=LOAD_BALANCER.listing,
        given={"LoadBalancerArn": "LoadBalancerArn"},
    ),
    details=(
        attributes_of("Listener", "ListenerArn"),
        Detail(
            operation="DescribeListenerCertificates",
            params={"ListenerArn": "ListenerArn"},
            pick="Certificates",
            into="AllCertificates",
        ),
        tags_of("ListenerArn"),
    ),
    id="ListenerArn",
    arn="ListenerArn",
    # It goes with its load balancer.
    handles=("LoadBalancerArn",),
    conceal=_without_secrets("DefaultActions"),
    settings=_listener,
    birth={"id": "ListenerArn"},
    tags="Tags",
    depends_on=(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::CertificateManager::Certificate",
    ),
    seeds=(
        Seed(
            operation="CreateListener",
            params=_create_listener,
            learn={"ListenerArn": "Listeners[0].ListenerArn"},
            creates=True,
            optional=False,
        ),
        set_attributes("ListenerArn"),
        Seed(operation="AddListenerCertificates", params=_more_certificates),
    ),
    operations=(
        *on(Verb.CREATE, "response.Listeners[0].ListenerArn", "CreateListener"),
        *on(Verb.DELETE, "params.ListenerArn", "DeleteListener"),
        *on(
            Verb.UPDATE,
            "params.ListenerArn",
            "ModifyListener",
            "ModifyListenerAttributes",
            "AddListenerCertificates",
            "RemoveListenerCertificates",
        ),
        *on(Verb.OPERATE, "params.LoadBalancerArn", "DeleteLoadBalancer"),
        *tag_operations("listener"),
    ),
    hazards=(
        HazardRule(field="Port", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Protocol", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(
            field="Protocol",
            hazard=Hazard.EXPOSURE,
            when=lambda before, after: before in _ENCRYPTED and after not in _ENCRYPTED,
        ),
        HazardRule(field="SslPolicy", hazard=Hazard.EXPOSURE, when=_weaker),
        HazardRule(field="Certificate", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="MoreCertificates", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="MutualAuthentication",
            hazard=Hazard.EXPOSURE,
            when=lambda before, after: before == "verify",
        ),
        HazardRule(field="DefaultActions", hazard=Hazard.DISRUPTION, when=_leads_elsewhere),
        HazardRule(field="DefaultActions", hazard=Hazard.EXPOSURE, when=_lets_in_unknown),
    ),
)


# Rules

_VALUES = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}


def _condition(condition: JsonObject) -> JsonObject:
    """Return a condition in one spelling: its values in their own structure."""
    field = text(condition, "Field")
    key = _VALUES.get(field)
    if key is None:
        return {k: v for k, v in condition.items() if k != "Values"}
    values = rows(table(condition, key), "Values") or rows(condition, "Values")
    patterns = rows(table(condition, key), "RegexValues")
    found: dict[str, Json] = {"Values": sorted(str(value) for value in values)}
    if patterns:
        found["RegexValues"] = sorted(str(pattern) for pattern in patterns)
    return {"Field": field, key: found}


def _conditions(raw: JsonObject) -> list[JsonObject]:
    found = [_condition(condition) for condition in objects(raw, "Conditions")]
    return sorted(found, key=lambda condition: str(condition))


def _rule(raw: JsonObject) -> Json:
    return {
        "ListenerArn": table(raw, "Listener").get("ListenerArn"),
        "Priority": text(raw, "Priority"),
        "Conditions": [*_conditions(raw)],
        "Actions": _actions(raw, "Actions"),
        "Transforms": [*objects(raw, "Transforms")],
    }


def _create_rule(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "ListenerArn": table(raw, "Listener")["ListenerArn"],
        "Priority": int(text(raw, "Priority")),
        "Conditions": _conditions(raw),
        "Actions": _sent(raw, "Actions"),
        **own_tags(raw),
    }
    if objects(raw, "Transforms"):
        params["Transforms"] = raw["Transforms"]
    yield params


RULE = ResourceType(
    type="AWS::ElasticLoadBalancingV2::ListenerRule",
    listing=Listing(
        operation="DescribeRules",
        items="Rules[]",
        within=LISTENER.listing,
        given={"ListenerArn": "ListenerArn"},
        into="Listener",
    ),
    details=(tags_of("RuleArn"),),
    id="RuleArn",
    arn="RuleArn",
    # It goes with its listener, and with the load balancer of that.
    handles=("Listener.ListenerArn", "Listener.LoadBalancerArn"),
    conceal=_without_secrets("Actions"),
    settings=_rule,
    birth={"id": "RuleArn"},
    tags="Tags",
    ignore="IsDefault",
    depends_on=("AWS::ElasticLoadBalancingV2::Listener",),
    seeds=(
        Seed(
            operation="CreateRule",
            params=_create_rule,
            learn={"RuleArn": "Rules[0].RuleArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.Rules[0].RuleArn", "CreateRule"),
        *on(Verb.DELETE, "params.RuleArn", "DeleteRule"),
        *on(Verb.UPDATE, "params.RuleArn", "ModifyRule"),
        *on(Verb.UPDATE, "params.RulePriorities[].RuleArn", "SetRulePriorities", many=True),
        *on(Verb.OPERATE, "params.ListenerArn", "DeleteListener"),
        *on(Verb.OPERATE, "params.LoadBalancerArn", "DeleteLoadBalancer"),
        *tag_operations("listener-rule"),
    ),
    hazards=(
        # What asked for the rule's way may be led another one.
        HazardRule(field="Conditions", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Priority", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="Actions", hazard=Hazard.DISRUPTION, when=_leads_elsewhere),
        HazardRule(field="Actions", hazard=Hazard.EXPOSURE, when=_lets_in_unknown),
    ),
)
