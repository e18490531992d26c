"""AWS Config: the recorder, its delivery channel, rules.

What was recorded and how rules were met is not read. Conformance packs, aggregators, stored
queries, remediations and retention are not read either: what changes them leaves a run
undecided.
"""

from __future__ import annotations

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
from executor.catalog.raw import rows, table, text
from executor.catalog.weakening import added, any_change, lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_NOT_GIVEN = frozenset(
    {"ConfigRuleArn", "ConfigRuleId", "ConfigRuleState", "CreatedBy", "Tags", "EvaluationModes"}
)


def _recorder(raw: JsonObject) -> Json:
    group = table(raw, "recordingGroup")
    excluded = table(group, "exclusionByResourceTypes")
    return {
        "RoleARN": raw.get("roleARN"),
        "Recording": bool(raw.get("Recording")),
        "AllSupported": bool(group.get("allSupported")),
        "IncludeGlobalResourceTypes": bool(group.get("includeGlobalResourceTypes")),
        "ResourceTypes": sorted(map(str, rows(group, "resourceTypes"))),
        "ExcludedResourceTypes": sorted(map(str, rows(excluded, "resourceTypes"))),
        "RecordingMode": raw.get("recordingMode") or None,
    }


def _put_recorder(raw: JsonObject, data: DataMark | None) -> _Params:
    wanted = {key: raw[key] for key in ("name", "roleARN") if raw.get(key)}
    group = table(raw, "recordingGroup")
    kept = {
        key: value
        for key, value in group.items()
        if value not in (None, [], {}, {"resourceTypes": []})
    }
    if kept:
        wanted["recordingGroup"] = kept
    if raw.get("recordingMode"):
        wanted["recordingMode"] = raw["recordingMode"]
    yield {"ConfigurationRecorder": wanted}


def _start(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Recording"):
        yield {"ConfigurationRecorderName": raw["name"]}


_RECORDER = "params.ConfigurationRecorderName"

RECORDER = ResourceType(
    type="AWS::Config::ConfigurationRecorder",
    listing=Listing(operation="DescribeConfigurationRecorders", items="ConfigurationRecorders[]"),
    details=(
        Detail(
            operation="DescribeConfigurationRecorderStatus",
            params={"ConfigurationRecorderNames": "[name]"},
            pick="ConfigurationRecordersStatus[0].recording",
            into="Recording",
        ),
    ),
    id="name",
    handles=("arn",),
    settings=_recorder,
    # Made by another service for its own use.
    builtin="servicePrincipal",
    seeds=(
        Seed(
            operation="PutConfigurationRecorder",
            params=_put_recorder,
            creates=True,
            optional=False,
        ),
        # It records only where there is somewhere to deliver to.
        Seed(operation="StartConfigurationRecorder", params=_start, late=True),
    ),
    operations=(
        *on(Verb.CREATE, "params.ConfigurationRecorder.name", "PutConfigurationRecorder"),
        *on(Verb.DELETE, _RECORDER, "DeleteConfigurationRecorder"),
        *on(
            Verb.UPDATE,
            _RECORDER,
            "StartConfigurationRecorder",
            "StopConfigurationRecorder",
            part="'recording'",
        ),
        *on(
            Verb.UPDATE,
            "params.ConfigurationRecorderArn",
            "AssociateResourceTypes",
            "DisassociateResourceTypes",
        ),
    ),
    hazards=(
        HazardRule(field="Recording", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="AllSupported", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(
            field="IncludeGlobalResourceTypes", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(field="ResourceTypes", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="ExcludedResourceTypes", hazard=Hazard.PROTECTION_LOSS, when=added),
    ),
)

_CHANNEL = ("s3BucketName", "s3KeyPrefix", "s3KmsKeyArn", "snsTopicARN")


def _channel(raw: JsonObject) -> Json:
    frequency = table(raw, "configSnapshotDeliveryProperties").get("deliveryFrequency")
    return {**{key: raw.get(key) or None for key in _CHANNEL}, "DeliveryFrequency": frequency}


def _put_channel(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"DeliveryChannel": {key: value for key, value in raw.items() if value}}


CHANNEL = ResourceType(
    type="AWS::Config::DeliveryChannel",
    listing=Listing(operation="DescribeDeliveryChannels", items="DeliveryChannels[]"),
    id="name",
    settings=_channel,
    depends_on=("AWS::Config::ConfigurationRecorder",),
    seeds=(
        Seed(operation="PutDeliveryChannel", params=_put_channel, creates=True, optional=False),
    ),
    operations=(
        *on(Verb.CREATE, "params.DeliveryChannel.name", "PutDeliveryChannel"),
        *on(Verb.DELETE, "params.DeliveryChannelName", "DeleteDeliveryChannel"),
    ),
    hazards=(
        HazardRule(field="s3BucketName", hazard=Hazard.PROTECTION_LOSS, when=any_change),
        HazardRule(field="snsTopicARN", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="s3KmsKeyArn", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)


def _rule(raw: JsonObject) -> Json:
    parameters = text(raw, "InputParameters")
    return {
        "Description": raw.get("Description") or "",
        "Scope": raw.get("Scope") or None,
        "Source": raw.get("Source"),
        "InputParameters": None if parameters in ("", "{}") else parameters,
        "MaximumExecutionFrequency": raw.get("MaximumExecutionFrequency") or None,
    }


def _put_rule(raw: JsonObject, data: DataMark | None) -> _Params:
    wanted = {k: v for k, v in raw.items() if k not in _NOT_GIVEN and v not in (None, "")}
    tags = {"Tags": raw["Tags"]} if raw.get("Tags") else {}
    yield {"ConfigRule": wanted, **tags}


def _look_up(raw: JsonObject, data: DataMark | None) -> _Params:
    yield {"ConfigRuleNames": [raw["ConfigRuleName"]]}


_RULE = "params.ConfigRuleName"

RULE = ResourceType(
    type="AWS::Config::ConfigRule",
    listing=Listing(operation="DescribeConfigRules", items="ConfigRules[]"),
    details=(
        Detail(
            operation="ListTagsForResource",
            params={"ResourceArn": "ConfigRuleArn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="ConfigRuleName",
    arn="ConfigRuleArn",
    handles=("ConfigRuleId",),
    settings=_rule,
    birth={"id": "ConfigRuleId"},
    tags="Tags",
    # A service's own, which it makes and removes itself.
    builtin="CreatedBy",
    settling="starts_with(ConfigRuleState || '', 'DELETING')",
    seeds=(
        Seed(operation="PutConfigRule", params=_put_rule, creates=True, optional=False),
        # The answer does not tell the id.
        Seed(
            operation="DescribeConfigRules",
            params=_look_up,
            learn={
                "ConfigRuleArn": "ConfigRules[0].ConfigRuleArn",
                "ConfigRuleId": "ConfigRules[0].ConfigRuleId",
            },
        ),
    ),
    operations=(
        *on(Verb.CREATE, "params.ConfigRule.ConfigRuleName", "PutConfigRule"),
        *on(Verb.DELETE, _RULE, "DeleteConfigRule"),
        *on(
            Verb.UPDATE,
            "[params.ResourceArn][?contains(@, ':config-rule/')]",
            "TagResource",
            "UntagResource",
        ),
    ),
    hazards=(
        HazardRule(field="Source", hazard=Hazard.PROTECTION_LOSS, when=any_change),
        HazardRule(field="Scope", hazard=Hazard.PROTECTION_LOSS, when=any_change),
    ),
)

_EVALUATES = "evaluates rules; changes nothing that they are about"

SERVICE = Service(
    name="config",
    types=(RECORDER, CHANNEL, RULE),
    harmless={
        "DeliverConfigSnapshot": "delivers what is known; changes no setting",
        "PutEvaluations": _EVALUATES,
        "PutExternalEvaluation": _EVALUATES,
        "StartConfigRulesEvaluation": _EVALUATES,
        "StartResourceEvaluation": _EVALUATES,
    },
)
