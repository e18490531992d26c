"""Auto Scaling: groups, with their hooks, schedules, warm pools and notifications.

The instances are EC2's, and come and go at the group's own will: how many there shall be is
its setting, which ones there are is not. A replica's group takes the target's instances in
where its engine can, and else has others of its own: that they end is then not rehearsed, and
the smaller capacity tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from executor.aws import CallFailed
from executor.catalog.autoscaling_settings import (
    ACTION,
    HOOK,
    LISTS,
    PLAIN,
    PROTECTED,
    WARM_POOL,
    mixed_policy,
    settings_of,
    subnets,
    template_of,
)
from executor.catalog.declarations import (
    Asking,
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.ec2_tagging import Params, only
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import added, lost, removed, shrunk, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_GROUP = "params.AutoScalingGroupName"


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "AutoScalingGroupName": raw["AutoScalingGroupName"],
        **only(raw, *PLAIN),
        # Empty first: the target's instances are taken in, not launched again.
        "MinSize": 0,
        "DesiredCapacity": 0,
        "MaxSize": raw.get("MaxSize") or 0,
        **{key: raw[key] for key in LISTS if raw.get(key)},
    }
    if template_of(raw):
        params["LaunchTemplate"] = template_of(raw)
    if mixed_policy(raw):
        params["MixedInstancesPolicy"] = mixed_policy(raw)
    if subnets(raw):
        params["VPCZoneIdentifier"] = ",".join(str(subnet) for subnet in subnets(raw))
    elif rows(raw, "AvailabilityZones"):
        params["AvailabilityZones"] = raw["AvailabilityZones"]
    params["Tags"] = [
        {
            "Key": text(tag, "Key"),
            "Value": text(tag, "Value"),
            "PropagateAtLaunch": bool(tag.get("PropagateAtLaunch")),
        }
        for tag in objects(raw, "Tags")
        if not text(tag, "Key").startswith("aws:")
    ]
    yield params


def _ask_arn(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"AutoScalingGroupNames": [raw["AutoScalingGroupName"]]}


def _grow(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "AutoScalingGroupName": raw["AutoScalingGroupName"],
        **only(raw, "MinSize", "MaxSize", "DesiredCapacity"),
        # Some engines forget what is not said again.
        **({"MixedInstancesPolicy": mixed_policy(raw)} if mixed_policy(raw) else {}),
        **({"DeletionProtection": raw["DeletionProtection"]} if _is_protected(raw) else {}),
        "InstanceIds": [text(instance, "InstanceId") for instance in objects(raw, "Instances")],
    }


def _is_protected(raw: JsonObject) -> bool:
    return raw.get("DeletionProtection") in PROTECTED


def _with_its_instances(
    ask: Asking, params: Mapping[str, object]
) -> Iterable[Mapping[str, object]]:
    wanted = {key: value for key, value in params.items() if key != "InstanceIds"}
    if params["InstanceIds"]:
        joining = {k: params[k] for k in ("AutoScalingGroupName", "InstanceIds")}
        try:
            ask("AttachInstances", joining)
        except CallFailed:
            # An engine that cannot take them in has others of its own.
            pass
    yield wanted


def _hooks(raw: JsonObject, data: DataMark | None) -> Params:
    for hook in objects(raw, "LifecycleHooks"):
        named = only(hook, "LifecycleHookName", "AutoScalingGroupName")
        yield {**named, **only(hook, *HOOK)}


def _actions(raw: JsonObject, data: DataMark | None) -> Params:
    for action in objects(raw, "ScheduledActions"):
        named = only(action, "ScheduledActionName", "AutoScalingGroupName")
        yield {**named, **only(action, *ACTION)}


def _suspend(raw: JsonObject, data: DataMark | None) -> Params:
    names = [text(process, "ProcessName") for process in objects(raw, "SuspendedProcesses")]
    if names:
        yield {"AutoScalingGroupName": raw["AutoScalingGroupName"], "ScalingProcesses": names}


def _warm(raw: JsonObject, data: DataMark | None) -> Params:
    pool = only(table(raw, "WarmPoolConfiguration"), *WARM_POOL)
    if pool:
        yield {"AutoScalingGroupName": raw["AutoScalingGroupName"], **pool}


def _notify(raw: JsonObject, data: DataMark | None) -> Params:
    for item in objects(raw, "Notifications"):
        yield {
            "AutoScalingGroupName": raw["AutoScalingGroupName"],
            "TopicARN": item["TopicARN"],
            "NotificationTypes": [item["NotificationType"]],
        }


def _empties_later(before: Json, after: Json) -> bool:
    """A schedule that was not there will leave the group without instances."""
    known = before if isinstance(before, Mapping) else {}
    found = table({"actions": after}, "actions")
    return any(
        0 in (table(found, name).get("DesiredCapacity"), table(found, name).get("MaxSize"))
        and known.get(name) != found[name]
        for name in found
    )


def _instances_part(params: JsonObject, response: JsonObject) -> list[str]:
    found = [*rows(params, "InstanceIds"), params.get("InstanceId")]
    return [f"instance {instance}" for instance in found if instance]


def _unprotects(params: JsonObject, response: JsonObject) -> list[str]:
    name = text(params, "AutoScalingGroupName")
    return [name] if params.get("ProtectedFromScaleIn") is False else []


AUTO_SCALING_GROUP = ResourceType(
    type="AWS::AutoScaling::AutoScalingGroup",
    listing=Listing(operation="DescribeAutoScalingGroups", items="AutoScalingGroups[]"),
    details=(
        Detail(
            operation="DescribeLifecycleHooks",
            params={"AutoScalingGroupName": "AutoScalingGroupName"},
            pick="LifecycleHooks",
            into="LifecycleHooks",
        ),
        Detail(
            operation="DescribeScheduledActions",
            params={"AutoScalingGroupName": "AutoScalingGroupName"},
            pick="ScheduledUpdateGroupActions",
            into="ScheduledActions",
        ),
        Detail(
            operation="DescribeNotificationConfigurations",
            params={"AutoScalingGroupNames": "[AutoScalingGroupName]"},
            pick="NotificationConfigurations",
            into="Notifications",
        ),
    ),
    id="AutoScalingGroupARN",
    name="AutoScalingGroupName",
    arn="AutoScalingGroupARN",
    settings=settings_of,
    birth={"id": "AutoScalingGroupARN", "created": "CreatedTime"},
    tags="Tags",
    settling="Status",
    depends_on=(
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::Subnet",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
    ),
    seeds=(
        Seed(operation="CreateAutoScalingGroup", params=_create, creates=True, optional=False),
        # Its answer tells the ARN, which that of the creation does not.
        Seed(
            operation="DescribeAutoScalingGroups",
            params=_ask_arn,
            learn={"AutoScalingGroupARN": "AutoScalingGroups[0].AutoScalingGroupARN"},
        ),
        Seed(operation="UpdateAutoScalingGroup", params=_grow, complete=_with_its_instances),
        Seed(operation="PutLifecycleHook", params=_hooks),
        Seed(operation="PutScheduledUpdateGroupAction", params=_actions),
        Seed(operation="SuspendProcesses", params=_suspend),
        Seed(operation="PutWarmPool", params=_warm),
        Seed(operation="PutNotificationConfiguration", params=_notify),
    ),
    operations=(
        *on(Verb.CREATE, _GROUP, "CreateAutoScalingGroup"),
        *on(Verb.DELETE, _GROUP, "DeleteAutoScalingGroup"),
        # Launches or ends instances.
        *on(
            Verb.OPERATE,
            _GROUP,
            "UpdateAutoScalingGroup",
            "SetDesiredCapacity",
            "ExecutePolicy",
            "LaunchInstances",
            "AttachInstances",
            "ExitStandby",
        ),
        *on(
            Verb.OPERATE,
            _GROUP,
            "DetachInstances",
            "EnterStandby",
            "TerminateInstanceInAutoScalingGroup",
            part=_instances_part,
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.OPERATE,
            _GROUP,
            "StartInstanceRefresh",
            "RollbackInstanceRefresh",
            part="'all instances'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.UPDATE, _GROUP, "SetInstanceProtection", part=_instances_part),
        *on(
            Verb.UPDATE,
            _unprotects,
            "SetInstanceProtection",
            part="'protection from scaling in'",
            hazard=Hazard.PROTECTION_LOSS,
        ),
        *on(
            Verb.UPDATE,
            _GROUP,
            "AttachLoadBalancerTargetGroups",
            "DetachLoadBalancerTargetGroups",
            "AttachLoadBalancers",
            "DetachLoadBalancers",
            "SuspendProcesses",
            "ResumeProcesses",
            "EnableMetricsCollection",
            "DisableMetricsCollection",
            "PutWarmPool",
            "DeleteWarmPool",
            "PutNotificationConfiguration",
            "DeleteNotificationConfiguration",
            "BatchPutScheduledUpdateGroupAction",
            "BatchDeleteScheduledAction",
        ),
        *on(
            Verb.UPDATE,
            _GROUP,
            "PutLifecycleHook",
            "DeleteLifecycleHook",
            part="join(' ', ['lifecycle hook', params.LifecycleHookName])",
        ),
        *on(
            Verb.UPDATE,
            _GROUP,
            "PutScheduledUpdateGroupAction",
            "DeleteScheduledAction",
            part="join(' ', ['scheduled action', params.ScheduledActionName])",
        ),
        *on(
            Verb.UPDATE,
            "params.Tags[].ResourceId",
            "CreateOrUpdateTags",
            "DeleteTags",
            part="'tags'",
            many=True,
        ),
    ),
    hazards=(
        HazardRule(field="DesiredCapacity", hazard=Hazard.DISRUPTION, when=shrunk),
        HazardRule(
            field="MaxSize", hazard=Hazard.DISRUPTION, when=lambda before, after: after == 0
        ),
        HazardRule(field="ScheduledActions", hazard=Hazard.DISRUPTION, when=_empties_later),
        HazardRule(field="ScheduledActions", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Subnets", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="AvailabilityZones", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="TargetGroupARNs", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="LoadBalancerNames", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="SuspendedProcesses", hazard=Hazard.DISRUPTION, when=added),
        HazardRule(field="WarmPool", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="LifecycleHooks", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="Notifications", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(
            field="NewInstancesProtectedFromScaleIn",
            hazard=Hazard.PROTECTION_LOSS,
            when=turned_off,
        ),
        HazardRule(
            field="DeletionProtection",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: before == PROTECTED[1] or after not in PROTECTED,
        ),
    ),
)
