"""Amazon Kinesis: data streams and their registered consumers.

Records are not read: reading takes from what the stream's consumers may read. Channels are
not read either.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from executor.catalog.declarations import (
    Asking,
    Detail,
    HazardRule,
    LackingError,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import shrunk
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_DEFAULT_HOURS = 24
_PATIENCE_S = 20.0
_STEP_S = 0.05
_STREAM = "[params.StreamName, params.StreamARN, params.StreamId]"


def _mode(raw: JsonObject) -> str:
    return text(table(raw, "StreamModeDetails"), "StreamMode") or "PROVISIONED"


def _hours(raw: JsonObject) -> int:
    hours = raw.get("RetentionPeriodHours")
    return hours if isinstance(hours, int) else _DEFAULT_HOURS


def _metrics(raw: JsonObject) -> list[str]:
    return sorted(
        str(metric)
        for monitoring in objects(raw, "EnhancedMonitoring")
        for metric in rows(monitoring, "ShardLevelMetrics")
    )


def _document(raw: JsonObject) -> JsonObject | None:
    found = policy(raw.get("Policy"))
    # Engines answer with an empty one where there is none.
    return found if found and found.get("Statement") else None


def _encrypted(raw: JsonObject) -> bool:
    return raw.get("EncryptionType") == "KMS"


def _stream(raw: JsonObject) -> Json:
    mode, document = _mode(raw), _document(raw)
    return {
        "Mode": mode,
        "RetentionPeriodHours": _hours(raw),
        # Where AWS scales by itself the number is its own affair.
        "Shards": raw.get("OpenShardCount") if mode == "PROVISIONED" else None,
        "EncryptionType": raw.get("EncryptionType") or "NONE",
        "KeyId": raw.get("KeyId") if _encrypted(raw) else None,
        "EnhancedMonitoring": _metrics(raw),
        "MaxRecordSizeInKiB": raw.get("MaxRecordSizeInKiB"),
        "RecordDistributionStrategy": raw.get("RecordDistributionStrategy"),
        "WarmThroughputMiBps": table(raw, "WarmThroughput").get("TargetMiBps"),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    mode = _mode(raw)
    params: dict[str, object] = {
        "StreamName": raw["StreamName"],
        "StreamModeDetails": {"StreamMode": mode},
    }
    if mode == "PROVISIONED":
        params["ShardCount"] = raw.get("OpenShardCount") or 1
    yield params


def _once_active(ask: Asking, params: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the parameters as they are once the stream takes further orders.

    Engines that make streams in the background refuse all others until they are done.
    """
    named = {key: params[key] for key in ("StreamName", "StreamARN") if key in params}
    ends = time.monotonic() + _PATIENCE_S
    while _state(ask("DescribeStreamSummary", named)) != "ACTIVE":
        if time.monotonic() > ends:
            raise LackingError("the stream is not ready")
        time.sleep(_STEP_S)
    yield params


def _state(answer: JsonObject) -> str:
    return text(table(answer, "StreamDescriptionSummary"), "StreamStatus")


def _tags(raw: JsonObject) -> dict[str, str]:
    found = {text(tag, "Key"): text(tag, "Value") for tag in objects(raw, "Tags")}
    return {key: value for key, value in found.items() if not key.startswith("aws:")}


def _tag(raw: JsonObject, data: DataMark | None) -> _Params:
    if _tags(raw):
        yield {"StreamName": raw["StreamName"], "Tags": _tags(raw)}


def _keep_longer(raw: JsonObject, data: DataMark | None) -> _Params:
    if _hours(raw) > _DEFAULT_HOURS:
        yield {"StreamName": raw["StreamName"], "RetentionPeriodHours": _hours(raw)}


def _encrypt(raw: JsonObject, data: DataMark | None) -> _Params:
    if _encrypted(raw):
        yield {
            "StreamName": raw["StreamName"],
            "EncryptionType": "KMS",
            "KeyId": raw.get("KeyId") or "alias/aws/kinesis",
        }


def _watch(raw: JsonObject, data: DataMark | None) -> _Params:
    if _metrics(raw):
        yield {"StreamName": raw["StreamName"], "ShardLevelMetrics": _metrics(raw)}


def _share(raw: JsonObject, data: DataMark | None) -> _Params:
    if _document(raw):
        yield {"ResourceARN": raw["StreamARN"], "Policy": raw["Policy"]}


STREAM = ResourceType(
    type="AWS::Kinesis::Stream",
    listing=Listing(operation="ListStreams", items="StreamNames[].{StreamName: @}"),
    details=(
        Detail(
            operation="DescribeStreamSummary",
            params={"StreamName": "StreamName"},
            pick="StreamDescriptionSummary",
        ),
        Detail(
            operation="ListTagsForStream",
            params={"StreamName": "StreamName"},
            pick="Tags",
            into="Tags",
        ),
        Detail(
            operation="GetResourcePolicy",
            params={"ResourceARN": "StreamARN"},
            pick="Policy",
            into="Policy",
            absent=frozenset({"ResourceNotFoundException"}),
        ),
    ),
    id="StreamName",
    name="StreamName",
    arn="StreamARN",
    handles=("StreamId",),
    settings=_stream,
    birth={"id": "StreamId", "created": "StreamCreationTimestamp"},
    tags="Tags",
    stateful=True,
    # LocalStack keeps the streams of DynamoDB's tables here.
    builtin="starts_with(StreamName, '__ddb_stream_')",
    settling="contains(['CREATING', 'DELETING', 'UPDATING'], StreamStatus)",
    seeds=(
        Seed(operation="CreateStream", params=_create, creates=True, optional=False),
        Seed(operation="AddTagsToStream", params=_tag),
        Seed(operation="IncreaseStreamRetentionPeriod", params=_keep_longer, complete=_once_active),
        Seed(operation="StartStreamEncryption", params=_encrypt, complete=_once_active),
        Seed(operation="EnableEnhancedMonitoring", params=_watch, complete=_once_active),
        Seed(operation="PutResourcePolicy", params=_share),
    ),
    operations=(
        *on(Verb.CREATE, "params.StreamName", "CreateStream"),
        *on(Verb.DELETE, _STREAM, "DeleteStream"),
        *on(
            Verb.UPDATE,
            _STREAM,
            "AddTagsToStream",
            "DecreaseStreamRetentionPeriod",
            "DisableEnhancedMonitoring",
            "EnableEnhancedMonitoring",
            "IncreaseStreamRetentionPeriod",
            "MergeShards",
            "RemoveTagsFromStream",
            "SplitShard",
            "StartStreamEncryption",
            "StopStreamEncryption",
            "UpdateMaxRecordSize",
            "UpdateShardCount",
            "UpdateStreamMode",
            "UpdateStreamRecordDistributionStrategy",
            "UpdateStreamWarmThroughput",
        ),
        *on(
            Verb.UPDATE,
            "params.ResourceARN",
            "DeleteResourcePolicy",
            "PutResourcePolicy",
            "TagResource",
            "UntagResource",
        ),
        *on(Verb.WRITE, _STREAM, "PutRecord", "PutRecords"),
    ),
    hazards=(
        HazardRule(field="RetentionPeriodHours", hazard=Hazard.DATA_LOSS, when=shrunk),
        HazardRule(
            field="EncryptionType",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: before == "KMS",
        ),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)


def _of_stream(raw: JsonObject) -> str:
    return text(table(raw, "Stream"), "StreamName")


def _consumer_handles(params: JsonObject, response: JsonObject) -> Sequence[str]:
    """Return the consumer's ARN, and the ARN of its stream with its name."""
    made = text(table(response, "Consumer"), "ConsumerARN")
    found = [made or text(params, "ConsumerARN")]
    if text(params, "StreamARN") and text(params, "ConsumerName"):
        found.append(f"{text(params, 'StreamARN')}/consumer/{text(params, 'ConsumerName')}")
    return tuple(filter(None, found))


def _without_time(raw: JsonObject) -> Json:
    # A consumer's ARN ends with the moment of its registration.
    return text(raw, "ConsumerARN").rpartition(":")[0] if _has_time(raw) else None


def _has_time(raw: JsonObject) -> bool:
    return text(raw, "ConsumerARN").rpartition(":")[2].isdigit()


def _register(raw: JsonObject, data: DataMark | None) -> _Params:
    stream = text(raw, "ConsumerARN").partition("/consumer/")[0]
    yield {"StreamARN": stream, "ConsumerName": raw["ConsumerName"]}


CONSUMER = ResourceType(
    type="AWS::Kinesis::StreamConsumer",
    listing=Listing(
        operation="ListStreamConsumers",
        items="Consumers[]",
        # Not every engine tells ARNs along with the names.
        within=Listing(
            operation="DescribeStreamSummary",
            items="[StreamDescriptionSummary]",
            within=Listing(operation="ListStreams", items="StreamNames[].{StreamName: @}"),
            given={"StreamName": "StreamName"},
        ),
        given={"StreamARN": "StreamARN"},
        into="Stream",
    ),
    id="ConsumerARN",
    name=lambda raw: f"{_of_stream(raw)}/{text(raw, 'ConsumerName')}",
    arn="ConsumerARN",
    handles=(_without_time,),
    settings="{ConsumerName: ConsumerName}",
    birth={"created": "ConsumerCreationTimestamp"},
    settling="ConsumerStatus == 'CREATING' || ConsumerStatus == 'DELETING'",
    depends_on=("AWS::Kinesis::Stream",),
    seeds=(
        Seed(
            operation="RegisterStreamConsumer",
            params=_register,
            learn={"ConsumerARN": "Consumer.ConsumerARN"},
            complete=_once_active,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, _consumer_handles, "RegisterStreamConsumer"),
        *on(Verb.DELETE, _consumer_handles, "DeregisterStreamConsumer"),
        *on(Verb.READ, "params.ConsumerARN", "SubscribeToShard"),
    ),
)

SERVICE = Service(name="kinesis", types=(STREAM, CONSUMER))
