"""Amazon SQS: queues.

Depth is all that can be known of what a queue holds without taking messages out of it.
"""

from __future__ import annotations

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
    removed,
    shrunk,
    table,
    text,
)
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import JsonObject
from executor.model.resource import DataMark

# SQS tells the depth in three numbers; a message is in exactly one of them.
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_NOT_SETTABLE = frozenset(
    {"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "SqsManagedSseEnabled", *_DEPTHS}
)
_SEEDED_MESSAGES = 10


def _name(raw: JsonObject) -> str:
    return text(raw, "QueueUrl").rsplit("/", 1)[-1]


def _depth(reading: Reading, raw: JsonObject) -> DataMark:
    known = table(raw, "Attributes")
    return DataMark(unit="message", count=sum(int(str(known.get(name, 0))) for name in _DEPTHS))


def _create(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    attributes = table(raw, "Attributes")
    yield {
        "QueueName": _name(raw),
        "Attributes": {
            k: v
            for k, v in attributes.items()
            if k not in _NOT_SETTABLE and v != "" and not (k == "FifoQueue" and v != "true")
        },
        "tags": raw.get("Tags") or {},
    }


def _messages(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    count = min(data.count or 0, _SEEDED_MESSAGES) if data else 0
    fifo = _name(raw).endswith(".fifo")
    for n in range(count):
        message: dict[str, object] = {"QueueUrl": raw["QueueUrl"], "MessageBody": f"seeded {n}"}
        if fifo:
            message |= {"MessageGroupId": "seeded", "MessageDeduplicationId": f"seeded-{n}"}
        yield message


QUEUE = ResourceType(
    type="AWS::SQS::Queue",
    listing=Listing(operation="ListQueues", items="QueueUrls[].{QueueUrl: @}"),
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
    handles=("QueueUrl",),
    settings="Attributes",
    volatile=(*_DEPTHS, "LastModifiedTimestamp", "QueueArn"),
    birth={"created": "Attributes.CreatedTimestamp"},
    tags="Tags",
    stateful=True,
    data=_depth,
    seeds=(
        Seed(operation="CreateQueue", params=_create, creates=True, optional=False),
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
            "AddPermission",
            "RemovePermission",
        ),
        *on(Verb.ERASE, "params.QueueUrl", "PurgeQueue"),
        *on(Verb.ERASE, "params.QueueUrl", "DeleteMessage", "DeleteMessageBatch"),
        *on(Verb.WRITE, "params.QueueUrl", "SendMessage", "SendMessageBatch"),
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
    ),
)

SERVICE = Service(name="sqs", types=(QUEUE,), reaches=("kms",))
