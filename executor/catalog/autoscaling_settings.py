"""Auto Scaling: what of a group are settings, in one spelling."""

from __future__ import annotations

from executor.catalog.ec2_tagging import only
from executor.catalog.raw import objects, rows, table, text
from executor.model.json import Json, JsonObject

PLAIN = (
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityRebalance",
    "CapacityReservationSpecification",
    "Context",
    "DefaultCooldown",
    "DefaultInstanceWarmup",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "InstanceLifecyclePolicy",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "MaxInstanceLifetime",
    "NewInstancesProtectedFromScaleIn",
    "PlacementGroup",
    "TerminationPolicies",
)
LISTS = ("LoadBalancerNames", "TargetGroupARNs")
HOOK = (
    "DefaultResult",
    "HeartbeatTimeout",
    "LifecycleTransition",
    "NotificationMetadata",
    "NotificationTargetARN",
    "RoleARN",
)
ACTION = (
    "DesiredCapacity",
    "EndTime",
    "MaxSize",
    "MinSize",
    "Recurrence",
    "StartTime",
    "TimeZone",
)
WARM_POOL = ("InstanceReusePolicy", "MaxGroupPreparedCapacity", "MinSize", "PoolState")
PROTECTED = ("prevent-force-deletion", "prevent-all-deletion")


def template_of(raw: JsonObject, key: str = "LaunchTemplate") -> dict[str, Json]:
    """Return the launch template named under `key`, and its version; empty where none is."""
    template = table(raw, key)
    if not template:
        return {}
    # Only one of them can be asked for, and some engines tell the id for the name.
    named = only(template, "LaunchTemplateId") or only(template, "LaunchTemplateName")
    return {**named, "Version": template.get("Version") or "$Default"}


def mixed_policy(raw: JsonObject) -> dict[str, Json]:
    """Return the policy of a group with several kinds of instance; empty where it has none."""
    policy = table(raw, "MixedInstancesPolicy")
    if not policy:
        return {}
    template = table(policy, "LaunchTemplate")
    key = "LaunchTemplateSpecification"
    overrides: list[Json] = [
        {**override, key: template_of(override, key)} if override.get(key) else override
        for override in objects(template, "Overrides")
    ]
    return {
        **policy,
        "LaunchTemplate": {key: template_of(template, key), "Overrides": overrides},
    }


def subnets(raw: JsonObject) -> list[Json]:
    """Return the subnets that a group launches in, sorted."""
    found: list[Json] = [*sorted(s for s in text(raw, "VPCZoneIdentifier").split(",") if s)]
    return found


def _named(raw: JsonObject, key: str, name: str, settings: tuple[str, ...]) -> dict[str, Json]:
    return {text(item, name): {**only(item, *settings)} for item in objects(raw, key)}


def settings_of(raw: JsonObject) -> Json:
    """Return the settings of a group, with its hooks and schedules by name."""
    return {
        **only(raw, "MinSize", "MaxSize", "DesiredCapacity", *PLAIN),
        "LaunchTemplate": template_of(raw),
        "MixedInstancesPolicy": mixed_policy(raw),
        "DeletionProtection": raw.get("DeletionProtection") or "none",
        "AvailabilityZones": sorted(str(zone) for zone in rows(raw, "AvailabilityZones")),
        "Subnets": subnets(raw),
        **{key: sorted(str(item) for item in rows(raw, key)) for key in LISTS},
        "SuspendedProcesses": sorted(
            text(process, "ProcessName") for process in objects(raw, "SuspendedProcesses")
        ),
        "EnabledMetrics": sorted(text(m, "Metric") for m in objects(raw, "EnabledMetrics")),
        "TagsPropagated": sorted(
            text(tag, "Key") for tag in objects(raw, "Tags") if tag.get("PropagateAtLaunch")
        ),
        "LifecycleHooks": _named(raw, "LifecycleHooks", "LifecycleHookName", HOOK),
        "ScheduledActions": _named(raw, "ScheduledActions", "ScheduledActionName", ACTION),
        "WarmPool": {**only(table(raw, "WarmPoolConfiguration"), *WARM_POOL)},
        "Notifications": sorted(
            f"{text(item, 'NotificationType')} to {text(item, 'TopicARN')}"
            for item in objects(raw, "Notifications")
        ),
    }
