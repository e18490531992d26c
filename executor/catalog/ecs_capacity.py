"""ECS: capacity providers. Those of Fargate are AWS's own."""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.shaping import Params, deep_given, given, tag_list
from executor.catalog.weakening import turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_OPTIONS = ("autoScalingGroupProvider", "managedInstancesProvider", "cluster")


def _provider(raw: JsonObject) -> Json:
    return {key: deep_given(value) for key, value in given(raw, *_OPTIONS).items()}


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    yield {**given(raw, "name", *_OPTIONS), "tags": tag_list(raw, "tags")}


def _deleted(params: JsonObject, response: JsonObject) -> list[str]:
    return [str(params.get("capacityProvider", "")).rpartition("/")[2]]


CAPACITY_PROVIDER = ResourceType(
    type="AWS::ECS::CapacityProvider",
    listing=Listing(
        operation="DescribeCapacityProviders",
        items="capacityProviders[]",
        params={"include": ["TAGS"]},
    ),
    id="name",
    name="name",
    arn="capacityProviderArn",
    settings=_provider,
    tags="tags",
    builtin="starts_with(name, 'FARGATE')",
    ignore="status == 'INACTIVE'",
    depends_on=("AWS::AutoScaling::AutoScalingGroup",),
    seeds=(Seed(operation="CreateCapacityProvider", params=_create, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.name", "CreateCapacityProvider"),
        *on(Verb.DELETE, _deleted, "DeleteCapacityProvider"),
        *on(Verb.UPDATE, "params.name", "UpdateCapacityProvider"),
        *on(
            Verb.UPDATE,
            "params.resourceArn | [@][?contains(@, ':capacity-provider/')]",
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
    ),
    hazards=(
        HazardRule(
            field="autoScalingGroupProvider.managedTerminationProtection",
            hazard=Hazard.PROTECTION_LOSS,
            when=turned_off,
        ),
        HazardRule(
            field="autoScalingGroupProvider.managedScaling.status",
            hazard=Hazard.DISRUPTION,
            when=turned_off,
        ),
    ),
)
