"""Auto Scaling: scaling policies and launch configurations."""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, only
from executor.catalog.ec2_user_data import readable_digest, user_data_digest
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_POLICY = (
    "AdjustmentType",
    "Cooldown",
    "EstimatedInstanceWarmup",
    "MetricAggregationType",
    "MinAdjustmentMagnitude",
    "MinAdjustmentStep",
    "PredictiveScalingConfiguration",
    "ScalingAdjustment",
    "StepAdjustments",
)
_IN_GROUP = "join('/', [params.AutoScalingGroupName || '', params.PolicyName])"


def _tracking(raw: JsonObject) -> dict[str, Json]:
    found = dict(table(raw, "TargetTrackingConfiguration"))
    if found:
        found["DisableScaleIn"] = bool(found.get("DisableScaleIn"))
    return found


def _policy(raw: JsonObject) -> dict[str, Json]:
    # Engines say "none" by leaving out, or by an empty list or object.
    told = {k: v for k, v in only(raw, *_POLICY).items() if v not in ([], {})}
    return {
        **told,
        "PolicyType": raw.get("PolicyType") or "SimpleScaling",
        "TargetTrackingConfiguration": _tracking(raw),
        "Enabled": raw.get("Enabled") is not False,
    }


def _in_group(raw: JsonObject) -> Json:
    group = text(raw, "AutoScalingGroupName")
    # It goes with its group.
    return [f"{group}/{text(raw, 'PolicyName')}", group]


def _put_policy(raw: JsonObject, data: DataMark | None) -> Params:
    told = {key: value for key, value in _policy(raw).items() if value != {}}
    yield {**only(raw, "AutoScalingGroupName", "PolicyName"), **told}


def _ask_policy(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "AutoScalingGroupName": raw["AutoScalingGroupName"],
        "PolicyNames": [raw["PolicyName"]],
    }


def _learn_policy(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    return {
        text(raw, "PolicyARN"): text(policy, "PolicyARN")
        for policy in objects(answer, "ScalingPolicies")
        if policy.get("PolicyName") == raw["PolicyName"]
    }


SCALING_POLICY = ResourceType(
    type="AWS::AutoScaling::ScalingPolicy",
    listing=Listing(operation="DescribePolicies", items="ScalingPolicies[]"),
    id="PolicyARN",
    name="PolicyName",
    arn="PolicyARN",
    handles=(_in_group,),
    settings=lambda raw: {**_policy(raw), **only(raw, "AutoScalingGroupName")},
    birth={"id": "PolicyARN"},
    depends_on=("AWS::AutoScaling::AutoScalingGroup",),
    seeds=(
        Seed(operation="PutScalingPolicy", params=_put_policy, creates=True, optional=False),
        # Not every engine tells the ARN when it is made.
        Seed(operation="DescribePolicies", params=_ask_policy, learn=_learn_policy),
    ),
    operations=(
        *on(Verb.CREATE, f"[response.PolicyARN, {_IN_GROUP}]", "PutScalingPolicy"),
        *on(Verb.DELETE, f"[params.PolicyName, {_IN_GROUP}]", "DeletePolicy"),
        *on(Verb.OPERATE, "params.AutoScalingGroupName", "DeleteAutoScalingGroup"),
    ),
    hazards=(HazardRule(field="Enabled", hazard=Hazard.DISRUPTION, when=turned_off),),
)


# Launch configurations never change: another one takes their place.

_CONFIGURATION = (
    "AssociatePublicIpAddress",
    "ClassicLinkVPCId",
    "IamInstanceProfile",
    "ImageId",
    "InstanceType",
    "KernelId",
    "KeyName",
    "MetadataOptions",
    "PlacementTenancy",
    "RamdiskId",
    "SpotPrice",
)


def _concealed(raw: JsonObject) -> JsonObject:
    data = text(raw, "UserData")
    return {**raw, "UserData": user_data_digest(data)} if data else raw


def _configuration(raw: JsonObject) -> dict[str, Json]:
    monitoring = table(raw, "InstanceMonitoring")
    return {
        **only(raw, *_CONFIGURATION),
        "EbsOptimized": bool(raw.get("EbsOptimized")),
        "Monitored": monitoring.get("Enabled") is not False,
        "SecurityGroups": sorted(str(group) for group in rows(raw, "SecurityGroups")),
        "BlockDevices": {
            text(device, "DeviceName"): {**table(device, "Ebs")}
            for device in objects(raw, "BlockDeviceMappings")
        },
        "UserData": readable_digest(text(raw, "UserData")) or None,
    }


def _create_configuration(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **only(raw, "LaunchConfigurationName", *_CONFIGURATION, "EbsOptimized"),
        **{
            key: raw[key]
            for key in ("BlockDeviceMappings", "InstanceMonitoring", "SecurityGroups")
            if raw.get(key)
        },
    }
    if raw.get("UserData"):
        # The client encodes it.
        params["UserData"] = readable_digest(text(raw, "UserData"))
    yield params


def _ask_configuration(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"LaunchConfigurationNames": [raw["LaunchConfigurationName"]]}


LAUNCH_CONFIGURATION = ResourceType(
    type="AWS::AutoScaling::LaunchConfiguration",
    listing=Listing(operation="DescribeLaunchConfigurations", items="LaunchConfigurations[]"),
    id="LaunchConfigurationARN",
    name="LaunchConfigurationName",
    arn="LaunchConfigurationARN",
    conceal=_concealed,
    settings=_configuration,
    birth={"id": "LaunchConfigurationARN", "created": "CreatedTime"},
    depends_on=("AWS::EC2::SecurityGroup", "AWS::EC2::KeyPair"),
    seeds=(
        Seed(
            operation="CreateLaunchConfiguration",
            params=_create_configuration,
            creates=True,
            optional=False,
        ),
        Seed(
            operation="DescribeLaunchConfigurations",
            params=_ask_configuration,
            learn={"LaunchConfigurationARN": "LaunchConfigurations[0].LaunchConfigurationARN"},
        ),
    ),
    operations=(
        *on(Verb.CREATE, "params.LaunchConfigurationName", "CreateLaunchConfiguration"),
        *on(Verb.DELETE, "params.LaunchConfigurationName", "DeleteLaunchConfiguration"),
    ),
)
