"""Auto Scaling: touches and dangers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

GROUP = "AWS::AutoScaling::AutoScalingGroup"
POLICY = "AWS::AutoScaling::ScalingPolicy"
CONFIGURATION = "AWS::AutoScaling::LaunchConfiguration"


def _group(**changes: Json) -> dict[str, Json]:
    return {
        "AutoScalingGroupARN": "arn:aws:autoscaling:us-east-1:1:autoScalingGroup:x:web",
        "AutoScalingGroupName": "web",
        "MinSize": 0,
        "MaxSize": 4,
        "DesiredCapacity": 2,
        "VPCZoneIdentifier": "subnet-1,subnet-2",
        "TargetGroupARNs": ["arn:tg"],
        **changes,
    }


HOOK: Json = [{"LifecycleHookName": "drain", "DefaultResult": "CONTINUE"}]
NIGHT: Json = [{"ScheduledActionName": "night", "DesiredCapacity": 0}]
DAY: Json = [{"ScheduledActionName": "day", "DesiredCapacity": 8, "MaxSize": 10}]
STOPPED: Json = [{"ProcessName": "Launch"}]
WARM: Json = {"MinSize": 1}
TOLD: Json = [{"TopicARN": "arn:t", "NotificationType": "autoscaling:EC2_INSTANCE_TERMINATE"}]
ZONES: Json = ["us-east-1a", "us-east-1b"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"DesiredCapacity": 0}, {("disruption", "DesiredCapacity")}),
        ({}, {"DesiredCapacity": 1}, {("disruption", "DesiredCapacity")}),
        ({}, {"DesiredCapacity": 3}, set()),
        ({}, {"MaxSize": 0}, {("disruption", "MaxSize")}),
        ({}, {"MaxSize": 3}, set()),
        ({}, {"VPCZoneIdentifier": "subnet-1"}, {("disruption", "Subnets")}),
        ({}, {"VPCZoneIdentifier": "subnet-2,subnet-1,subnet-3"}, set()),
        ({"AvailabilityZones": ZONES}, {}, {("disruption", "AvailabilityZones")}),
        ({}, {"TargetGroupARNs": []}, {("disruption", "TargetGroupARNs")}),
        ({}, {"TargetGroupARNs": ["arn:tg", "arn:tg2"]}, set()),
        ({"LoadBalancerNames": ["old"]}, {}, {("disruption", "LoadBalancerNames")}),
        ({}, {"SuspendedProcesses": STOPPED}, {("disruption", "SuspendedProcesses")}),
        ({"SuspendedProcesses": STOPPED}, {}, set()),
        ({}, {"ScheduledActions": NIGHT}, {("disruption", "ScheduledActions")}),
        ({}, {"ScheduledActions": DAY}, set()),
        ({"ScheduledActions": DAY}, {}, {("disruption", "ScheduledActions")}),
        ({"LifecycleHooks": HOOK}, {}, {("protection-loss", "LifecycleHooks")}),
        ({}, {"LifecycleHooks": HOOK}, set()),
        ({"WarmPoolConfiguration": WARM}, {}, {("disruption", "WarmPool")}),
        ({}, {"WarmPoolConfiguration": WARM}, set()),
        ({"Notifications": TOLD}, {}, {("protection-loss", "Notifications")}),
        ({}, {"Notifications": TOLD}, set()),
        (
            {"NewInstancesProtectedFromScaleIn": True},
            {"NewInstancesProtectedFromScaleIn": False},
            {("protection-loss", "NewInstancesProtectedFromScaleIn")},
        ),
        (
            {"DeletionProtection": "prevent-all-deletion"},
            {"DeletionProtection": "prevent-force-deletion"},
            {("protection-loss", "DeletionProtection")},
        ),
        (
            {"DeletionProtection": "prevent-force-deletion"},
            {},
            {("protection-loss", "DeletionProtection")},
        ),
        ({}, {"DeletionProtection": "prevent-force-deletion"}, set()),
        ({}, {"HealthCheckGracePeriod": 30}, set()),
    ],
)
def test_changes_of_a_group_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(GROUP, _group(**before), _group(**after)) == expected


def test_instances_that_come_and_go_are_no_settings_of_their_group() -> None:
    one, other = (
        described(GROUP, _group(Instances=[{"InstanceId": i, "HealthStatus": "Healthy"}]))
        for i in ("i-1", "i-2")
    )
    assert one.properties == other.properties


def test_template_is_the_same_by_id_with_or_without_its_name() -> None:
    bare: Json = {"LaunchTemplateId": "lt-1", "Version": "1"}
    named: Json = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "Version": "1"}
    one, other = (described(GROUP, _group(LaunchTemplate=t)) for t in (bare, named))
    assert one.properties == other.properties


def _dangers(operation: str, params: Mapping[str, object]) -> set[tuple[str, str, str]]:
    found = CATALOG.touches(call(operation, params))
    return {(t.type, t.hazard.value, t.part) for t in found if t.hazard is not None}


NAMED = {"AutoScalingGroupName": "web"}


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("StartInstanceRefresh", NAMED, {(GROUP, "disruption", "all instances")}),
        (
            "DetachInstances",
            {**NAMED, "InstanceIds": ["i-1"]},
            {(GROUP, "disruption", "instance i-1")},
        ),
        (
            "EnterStandby",
            {**NAMED, "InstanceIds": ["i-1"]},
            {(GROUP, "disruption", "instance i-1")},
        ),
        ("ExitStandby", {**NAMED, "InstanceIds": ["i-1"]}, set()),
        ("AttachInstances", {**NAMED, "InstanceIds": ["i-1"]}, set()),
        (
            "SetInstanceProtection",
            {**NAMED, "InstanceIds": ["i-1"], "ProtectedFromScaleIn": False},
            {(GROUP, "protection-loss", "protection from scaling in")},
        ),
        (
            "SetInstanceProtection",
            {**NAMED, "InstanceIds": ["i-1"], "ProtectedFromScaleIn": True},
            set(),
        ),
        (
            "SetInstanceHealth",
            {"InstanceId": "i-1", "HealthStatus": "Unhealthy"},
            {("AWS::EC2::Instance", "disruption", "said to be ill, to be replaced")},
        ),
        ("SetInstanceHealth", {"InstanceId": "i-1", "HealthStatus": "Healthy"}, set()),
    ],
)
def test_calls_that_take_instances_out_are_dangerous_by_themselves(
    operation: str, params: dict[str, object], expected: set[tuple[str, str, str]]
) -> None:
    assert _dangers(f"autoscaling:{operation}", params) == expected
    assert not is_unread(f"autoscaling:{operation}", params)


def test_instance_terminated_by_its_group_is_deleted() -> None:
    params = {"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": True}
    assert ("EC2::Instance", "delete", ("i-1",), "") in touches(
        "autoscaling:TerminateInstanceInAutoScalingGroup", params
    )


def _policy(**changes: Json) -> dict[str, Json]:
    return {
        "PolicyARN": "arn:policy",
        "PolicyName": "load",
        "AutoScalingGroupName": "web",
        "PolicyType": "SimpleScaling",
        **changes,
    }


def test_policy_that_is_switched_off_is_disruption() -> None:
    assert hazards(POLICY, _policy(), _policy(Enabled=False)) == {("disruption", "Enabled")}
    assert hazards(POLICY, _policy(), _policy(ScalingAdjustment=2)) == set()


def test_policy_is_named_by_its_group_and_goes_with_it() -> None:
    handles = described(POLICY, _policy()).handles
    (named,) = touches("autoscaling:DeletePolicy", {**NAMED, "PolicyName": "load"})
    assert named[:2] == ("AutoScaling::ScalingPolicy", "delete")
    assert "web/load" in named[2]
    assert {"web/load", "web", "arn:policy"} <= handles
    gone = touches("autoscaling:DeleteAutoScalingGroup", NAMED)
    assert ("AutoScaling::ScalingPolicy", "operate", ("web",), "") in gone


def test_user_data_of_a_launch_configuration_is_kept_as_a_digest() -> None:
    raw: dict[str, Json] = {
        "LaunchConfigurationARN": "arn:lc",
        "LaunchConfigurationName": "old",
        "UserData": "c2VjcmV0",
    }
    found = described(CONFIGURATION, raw)
    assert "c2VjcmV0" not in str(found)
    assert str(found.properties["UserData"]).startswith("sha256:")


def test_traffic_sources_are_not_read() -> None:
    assert is_unread("autoscaling:DetachTrafficSources", NAMED)


def test_scaling_reaches_instances_and_target_groups_and_they_do_not_reach_it() -> None:
    assert set(CATALOG.reached("autoscaling", "SetDesiredCapacity")) >= {"ec2", "elbv2"}
    assert "autoscaling" not in CATALOG.reached("ec2", "RunInstances")
