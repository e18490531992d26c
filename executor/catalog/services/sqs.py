"""Amazon SQS: queues.

Depth is all that can be known of what a queue holds without taking messages out of it. What a
queue's messages set off elsewhere is not followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Reading,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import table, text
from executor.catalog.weakening import removed, shrunk, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark
from executor.model.stand_in import STAND_IN

# SQS tells the depth in three numbers; a message is in exactly one of them.
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_NOT_SETTINGS = frozenset({"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", *_DEPTHS})
_DOCUMENTS = ("RedrivePolicy", "RedriveAllowPolicy")
_SEEDED_MESSAGES = 10


def _name(raw: JsonObject) -> str:
    return text(raw, "QueueUrl").rsplit("/", 1)[-1]


def _settings(raw: JsonObject) -> Json:
    found = {k: v for k, v in table(raw, "Attributes").items() if k not in _NOT_SETTINGS}
    for key in _DOCUMENTS:
        if found.get(key):
            found[key] = _document(str(found[key]))
    found["Policy"] = policy(found.get("Policy"))
    found["OpenTo"] = outsiders(found["Policy"], text(raw, "$account"))
    # Engines say "no" in two ways: not at all, or with an empty text.
    return {k: v for k, v in found.items() if v != ""}


def _document(value: str) -> Json:
    try:
        found = json.loads(value)
    except ValueError:
        return value
    if isinstance(found, dict) and str(found.get("maxReceiveCount", "")).isdigit():
        found["maxReceiveCount"] = int(found["maxReceiveCount"])
    return found if isinstance(found, dict) else value


def _depth(reading: Reading, raw: JsonObject) -> DataMark:
    known = table(raw, "Attributes")
    return DataMark(unit="message", count=sum(int(str(known.get(name, 0))) for name in _DEPTHS))


def _create(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    known = table(raw, "Attributes")
    attributes = {
        k: v
        for k, v in known.items()
        if k not in _NOT_SETTINGS | {"RedrivePolicy"} and v not in ("", None)
    }
    if attributes.get("FifoQueue") != "true":
        attributes.pop("FifoQueue", None)
    if attributes.get("KmsMasterKeyId"):
        # Only one of the two kinds of encryption can be asked for.
        attributes.pop("SqsManagedSseEnabled", None)
    yield {"QueueName": _name(raw), "Attributes": attributes, "tags": raw.get("Tags") or {}}


def _redrive(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    wanted = table(raw, "Attributes").get("RedrivePolicy")
    if wanted:
        yield {"QueueUrl": raw["QueueUrl"], "Attributes": {"RedrivePolicy": wanted}}


def _messages(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    count = min(data.count or 0, _SEEDED_MESSAGES) if data else 0
    fifo = _name(raw).endswith(".fifo")
    for n in range(count):
        message: dict[str, object] = {"QueueUrl": raw["QueueUrl"], "MessageBody": f"{STAND_IN} {n}"}
        if fifo:
            message |= {"MessageGroupId": "seeded", "MessageDeduplicationId": f"seeded-{n}"}
        yield message


QUEUE = ResourceType(
    type="AWS::SQS::Queue",
    # Without a page size SQS tells a thousand queues and keeps silent about the rest.
    listing=Listing(
        operation="ListQueues", items="QueueUrls[].{QueueUrl: @}", params={"MaxResults": 1000}
    ),
    details=(
        Detail(
            operation="GetQueueAttributes",
            params={"QueueUrl": "QueueUrl", "AttributeNames": '`["All"]`'},
            pick="Attributes",
            into="Attributes",
        ),
        Detail(
            operation="ListQueueTags", params={"QueueUrl": "QueueUrl"}, pick="Tags", into="Tags"
        ),
    ),
    id="QueueUrl",
    name=_name,
    arn="Attributes.QueueArn",
    settings=_settings,
    birth={"created": "Attributes.CreatedTimestamp"},
    tags="Tags",
    stateful=True,
    data=_depth,
    seeds=(
        Seed(
            operation="CreateQueue",
            params=_create,
            learn={"QueueUrl": "QueueUrl"},
            creates=True,
            optional=False,
        ),
        # The dead-letter queue may come after the queue that names it.
        Seed(operation="SetQueueAttributes", params=_redrive, late=True),
        Seed(operation="SendMessage", params=_messages),
    ),
    operations=(
        *on(Verb.CREATE, "[params.QueueName, response.QueueUrl]", "CreateQueue"),
        *on(Verb.DELETE, "params.QueueUrl", "DeleteQueue"),
        *on(
            Verb.UPDATE,
            "params.QueueUrl",
            "SetQueueAttributes",
            "TagQueue",
            "UntagQueue",
        ),
        *on(
            Verb.UPDATE,
            "params.QueueUrl",
            "AddPermission",
            "RemovePermission",
            part="join(' ', ['permission', params.Label])",
        ),
        *on(Verb.ERASE, "params.QueueUrl", "PurgeQueue", "DeleteMessage", "DeleteMessageBatch"),
        *on(Verb.WRITE, "params.QueueUrl", "SendMessage", "SendMessageBatch"),
        # Messages leave the one queue for the other; where to is only known when it is told.
        *on(Verb.ERASE, "params.SourceArn", "StartMessageMoveTask"),
        *on(Verb.WRITE, "params.DestinationArn", "StartMessageMoveTask"),
        *on(
            Verb.READ,
            "params.QueueUrl",
            "ReceiveMessage",
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
        ),
    ),
    hazards=(
        HazardRule(field="MessageRetentionPeriod", hazard=Hazard.DATA_LOSS, when=shrunk),
        HazardRule(field="RedrivePolicy", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="KmsMasterKeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="SqsManagedSseEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)

SERVICE = Service(
    name="sqs",
    types=(QUEUE,),
    harmless={"CancelMessageMoveTask": "stops moving messages; none of them is lost"},
)
