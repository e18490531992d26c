"""Amazon SNS: topics and subscriptions.

Topics have no birth mark: a topic that was deleted and re-created is only told by the trace.
Subscriptions that wait for confirmation have no id and are not read. Data protection policies,
platform applications, SMS settings and phone numbers are not read: what changes them leaves a
run undecided. What a
published message sets off elsewhere is not followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import table, text
from executor.catalog.weakening import any_change, removed
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_NOT_SETTINGS = frozenset(
    {
        "BeginningArchiveTime",
        "EffectiveDeliveryPolicy",
        "Owner",
        "SubscriptionsConfirmed",
        "SubscriptionsDeleted",
        "SubscriptionsPending",
        "TopicArn",
    }
)
_ONLY_AT_CREATION = ("FifoTopic",)
_DOCUMENTS = ("ArchivePolicy", "DeliveryPolicy", "FilterPolicy", "RedrivePolicy", "ReplayPolicy")
_SUBSCRIPTION_SETTINGS = frozenset(
    {
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    }
)


def _parsed(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        found: Json = json.loads(value)
    except ValueError:
        return value
    return found


def _set(raw: JsonObject, left_out: frozenset[str]) -> dict[str, Json]:
    attributes = table(raw, "Attributes").items()
    return {k: v for k, v in attributes if k not in left_out and v not in ("", None)}


def _subscription_attributes(raw: JsonObject) -> dict[str, Json]:
    return {k: v for k, v in _set(raw, frozenset()).items() if k in _SUBSCRIPTION_SETTINGS}


def _topic_settings(raw: JsonObject) -> Json:
    found = _set(raw, _NOT_SETTINGS)
    if found.get("FifoTopic") == "false":
        # Engines say so or are silent.
        del found["FifoTopic"]
        found.pop("ContentBasedDeduplication", None)
    for key in _DOCUMENTS:
        if key in found:
            found[key] = _parsed(found[key])
    found["Policy"] = policy(found.get("Policy"))
    found["OpenTo"] = outsiders(found["Policy"], text(raw, "$account"))
    return found


def _subscription_settings(raw: JsonObject) -> Json:
    found = _subscription_attributes(raw)
    for key in _DOCUMENTS:
        if key in found:
            found[key] = _parsed(found[key])
    if "FilterPolicy" in found:
        found.setdefault("FilterPolicyScope", "MessageAttributes")
    for key in ("TopicArn", "Protocol", "Endpoint"):
        found[key] = raw.get(key)
    return found


def _topic_name(raw: JsonObject) -> str:
    return text(raw, "TopicArn").rsplit(":", 1)[-1]


def _create_topic(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    known = table(raw, "Attributes")
    attributes = {k: known[k] for k in _ONLY_AT_CREATION if known.get(k) == "true"}
    yield {"Name": _topic_name(raw), "Attributes": attributes, "Tags": raw.get("Tags") or []}


def _set_topic(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    for name, value in _set(raw, _NOT_SETTINGS | set(_ONLY_AT_CREATION)).items():
        if name == "ContentBasedDeduplication" and value == "false":
            continue
        yield {"TopicArn": raw["TopicArn"], "AttributeName": name, "AttributeValue": value}


def _subscribe(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    attributes = _subscription_attributes(raw)
    yield {
        "TopicArn": raw["TopicArn"],
        "Protocol": raw["Protocol"],
        "Endpoint": raw["Endpoint"],
        "Attributes": {k: v for k, v in attributes.items() if v != "false"},
        "ReturnSubscriptionArn": True,
    }


TOPIC = ResourceType(
    type="AWS::SNS::Topic",
    listing=Listing(operation="ListTopics", items="Topics[]"),
    details=(
        Detail(
            operation="GetTopicAttributes",
            params={"TopicArn": "TopicArn"},
            pick="Attributes",
            into="Attributes",
        ),
        Detail(
            operation="ListTagsForResource",
            params={"ResourceArn": "TopicArn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="TopicArn",
    name=_topic_name,
    arn="TopicArn",
    settings=_topic_settings,
    tags="Tags",
    seeds=(
        Seed(
            operation="CreateTopic",
            params=_create_topic,
            learn={"TopicArn": "TopicArn"},
            creates=True,
            optional=False,
        ),
        Seed(operation="SetTopicAttributes", params=_set_topic),
    ),
    operations=(
        *on(Verb.CREATE, "[params.Name, response.TopicArn]", "CreateTopic"),
        *on(Verb.DELETE, "params.TopicArn", "DeleteTopic"),
        *on(Verb.UPDATE, "params.TopicArn", "SetTopicAttributes", part="params.AttributeName"),
        *on(
            Verb.UPDATE,
            "params.TopicArn",
            "AddPermission",
            "RemovePermission",
            part="join(' ', ['permission', params.Label])",
        ),
        *on(
            Verb.UPDATE,
            "params.ResourceArn",
            "TagResource",
            "UntagResource",
        ),
        # Messages leave the topic at once; nothing stays in it. To a phone or an endpoint
        # they go without a topic, and the call stays unread.
        *on(
            Verb.READ,
            "[params.TopicArn, params.TargetArn][?@ && !contains(@, ':endpoint/')]",
            "Publish",
            "PublishBatch",
        ),
    ),
    hazards=(
        HazardRule(field="KmsMasterKeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="ArchivePolicy", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)

SUBSCRIPTION = ResourceType(
    type="AWS::SNS::Subscription",
    listing=Listing(
        operation="ListSubscriptions",
        items="Subscriptions[?starts_with(SubscriptionArn, 'arn:')]",
    ),
    details=(
        Detail(
            operation="GetSubscriptionAttributes",
            params={"SubscriptionArn": "SubscriptionArn"},
            pick="Attributes",
            into="Attributes",
        ),
    ),
    id="SubscriptionArn",
    arn="SubscriptionArn",
    # Whatever ends a topic ends its subscriptions.
    handles=("TopicArn", "join(' ', [TopicArn, Protocol, Endpoint])"),
    settings=_subscription_settings,
    depends_on=("AWS::SNS::Topic",),
    seeds=(
        Seed(
            operation="Subscribe",
            params=_subscribe,
            learn={"SubscriptionArn": "SubscriptionArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[response.SubscriptionArn,"
            " join(' ', [params.TopicArn, params.Protocol, params.Endpoint])]",
            "Subscribe",
        ),
        *on(Verb.CREATE, "response.SubscriptionArn", "ConfirmSubscription"),
        *on(Verb.DELETE, "params.SubscriptionArn", "Unsubscribe"),
        *on(Verb.DELETE, "params.TopicArn", "DeleteTopic"),
        *on(
            Verb.UPDATE,
            "params.SubscriptionArn",
            "SetSubscriptionAttributes",
            part="params.AttributeName",
        ),
    ),
    hazards=(
        HazardRule(field="RedrivePolicy", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="FilterPolicy", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)

SERVICE = Service(name="sns", types=(TOPIC, SUBSCRIPTION))
