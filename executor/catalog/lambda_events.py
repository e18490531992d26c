"""AWS Lambda: event source mappings.

In a sandbox no function runs, so nothing is taken from a source.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.lambda_names import Params
from executor.catalog.raw import table, text
from executor.catalog.weakening import any_change, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_MAPPING = "event-source-mapping:"
_UUID = "[params.UUID, response.UUID]"
_SETTINGS = (
    "EventSourceArn",
    "FunctionArn",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "ParallelizationFactor",
    "StartingPosition",
    "StartingPositionTimestamp",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "BisectBatchOnFunctionError",
    "TumblingWindowInSeconds",
    "DestinationConfig",
    "FilterCriteria",
    "FunctionResponseTypes",
    "ScalingConfig",
    "Topics",
    "Queues",
    "SourceAccessConfigurations",
    "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "KMSKeyArn",
    "MetricsConfig",
    "LoggingConfig",
    "ProvisionedPollerConfig",
)
_STANDS = ("Enabled", "Enabling", "Creating", "Updating")
_FOREVER = -1


def _settings(raw: JsonObject) -> Json:
    # What is not set is told as nothing, zero or an empty list, as the service pleases.
    found = {key: raw.get(key) or None for key in _SETTINGS}
    return {**found, "Enabled": text(raw, "State") in _STANDS}


def _arn(raw: JsonObject) -> str:
    return text(raw, "EventSourceMappingArn")


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    settings = {key: raw[key] for key in _SETTINGS if raw.get(key) and key != "FunctionArn"}
    tags = {"Tags": raw["Tags"]} if raw.get("Tags") else {}
    enabled = text(raw, "State") in _STANDS
    yield {"FunctionName": raw["FunctionArn"], "Enabled": enabled, **settings, **tags}


def _tagged(params: JsonObject, response: JsonObject) -> list[str]:
    _, mark, uuid = text(params, "Resource").partition(_MAPPING)
    return [uuid] if mark else []


def _given_up_sooner(before: Json, after: Json) -> bool:
    """Records are dropped earlier than before; none, or -1, is never."""
    old, new = (_limit(value) for value in (before, after))
    return new < old


def _limit(value: Json) -> float:
    unlimited = not isinstance(value, int | float) or value == _FOREVER
    return float("inf") if unlimited else float(str(value))


def _filtered(before: Json, after: Json) -> bool:
    """Events that were let through may not be any more: a filter is new, or another one."""
    return bool(table({"filter": after}, "filter").get("Filters"))


def _learn(raw: JsonObject, params: Mapping[str, object], answer: JsonObject) -> Mapping[str, str]:
    return {text(raw, "UUID"): text(answer, "UUID")}


EVENT_SOURCE_MAPPING = ResourceType(
    type="AWS::Lambda::EventSourceMapping",
    listing=Listing(operation="ListEventSourceMappings", items="EventSourceMappings[]"),
    details=(
        Detail(
            operation="ListTags",
            params={"Resource": "EventSourceMappingArn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="UUID",
    arn=_arn,
    address="arn:{partition}:lambda:{region}:{account}:event-source-mapping:{id}",
    settings=_settings,
    birth={"id": "UUID"},
    tags="Tags",
    settling="contains(['Creating', 'Enabling', 'Disabling', 'Updating', 'Deleting'], State)",
    depends_on=(
        "AWS::DynamoDB::Table",
        "AWS::Kinesis::Stream",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
    ),
    seeds=(
        Seed(
            operation="CreateEventSourceMapping",
            params=_create,
            learn=_learn,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.UUID", "CreateEventSourceMapping"),
        *on(Verb.UPDATE, _UUID, "UpdateEventSourceMapping"),
        *on(Verb.DELETE, _UUID, "DeleteEventSourceMapping"),
        *on(Verb.UPDATE, _tagged, "TagResource", "UntagResource"),
    ),
    hazards=(
        HazardRule(field="Enabled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="EventSourceArn", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="FunctionArn", hazard=Hazard.DISRUPTION, when=any_change),
        HazardRule(field="FilterCriteria", hazard=Hazard.DISRUPTION, when=_filtered),
        HazardRule(field="DestinationConfig", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(
            field="MaximumRetryAttempts", hazard=Hazard.PROTECTION_LOSS, when=_given_up_sooner
        ),
        HazardRule(
            field="MaximumRecordAgeInSeconds",
            hazard=Hazard.PROTECTION_LOSS,
            when=_given_up_sooner,
        ),
    ),
)
