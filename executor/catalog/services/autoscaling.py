"""Amazon EC2 Auto Scaling: groups, scaling policies, launch configurations.

Traffic sources other than load balancers are not read: what changes them leaves a run
undecided.
"""

from __future__ import annotations

from executor.catalog.autoscaling_groups import AUTO_SCALING_GROUP
from executor.catalog.autoscaling_policies import LAUNCH_CONFIGURATION, SCALING_POLICY
from executor.catalog.declarations import Service, on
from executor.catalog.raw import text
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import JsonObject


def _condemned(params: JsonObject, response: JsonObject) -> list[str]:
    """An instance that is said to be ill is ended, and another launched in its place."""
    return [text(params, "InstanceId")] if params.get("HealthStatus") == "Unhealthy" else []


SERVICE = Service(
    name="autoscaling",
    types=(LAUNCH_CONFIGURATION, AUTO_SCALING_GROUP, SCALING_POLICY),
    reaches=("ec2", "elbv2"),
    elsewhere={
        "AWS::EC2::Instance": (
            *on(
                Verb.DELETE,
                "[params.InstanceId, params.InstanceIds]",
                "TerminateInstanceInAutoScalingGroup",
                many=True,
            ),
            *on(Verb.CREATE, "response.Instances[].InstanceIds[]", "LaunchInstances", many=True),
            *on(
                Verb.UPDATE,
                "params.InstanceIds",
                "AttachInstances",
                "DetachInstances",
                many=True,
            ),
            *on(
                Verb.UPDATE,
                _condemned,
                "SetInstanceHealth",
                part="'said to be ill, to be replaced'",
                hazard=Hazard.DISRUPTION,
            ),
        ),
    },
    harmless={
        "CancelInstanceRefresh": "stops replacing instances; what is replaced stays so",
        "CompleteLifecycleAction": "lets an instance go on that waits to be launched or ended",
        "RecordLifecycleActionHeartbeat": "lets an instance wait longer",
        "SetInstanceHealth": "an opinion; where it ends an instance, that is told",
    },
)
