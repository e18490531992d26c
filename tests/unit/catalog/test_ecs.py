"""ECS: what calls touch, what is dangerous, how revisions keep their numbers."""

from __future__ import annotations

import pytest

from executor.catalog.ecs_tasks import TASK_DEFINITION
from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

SERVICE, CLUSTER = "AWS::ECS::Service", "AWS::ECS::Cluster"
ARN = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
IN_SHOP = {"cluster": "shop", "service": "front"}


def _service(**changes: Json) -> dict[str, Json]:
    return {
        "serviceArn": f"{ARN}:service/shop/front",
        "serviceName": "front",
        "clusterArn": f"{ARN}:cluster/shop",
        **changes,
    }


def _behind(group: str, port: int = 80) -> Json:
    return [{"targetGroupArn": group, "containerName": "web", "containerPort": port}]


def _public(state: str) -> Json:
    return {"awsvpcConfiguration": {"subnets": ["s"], "assignPublicIp": state}}


BALANCED = "loadBalancers[].[targetGroupArn, loadBalancerName, containerPort]"
IP = "networkConfiguration.awsvpcConfiguration.assignPublicIp"
BREAKER = "deploymentConfiguration.deploymentCircuitBreaker.enable"
HEALTHY = "deploymentConfiguration.minimumHealthyPercent"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"desiredCount": 2}, {"desiredCount": 0}, {("disruption", "desiredCount")}),
        ({"desiredCount": 2}, {"desiredCount": 1}, {("disruption", "desiredCount")}),
        ({"desiredCount": 2}, {"desiredCount": 3}, set()),
        ({}, {"desiredCount": 1}, set()),
        ({"taskDefinition": "web:1"}, {"taskDefinition": "web:2"}, set()),
        ({"loadBalancers": _behind("a")}, {"loadBalancers": []}, {("disruption", BALANCED)}),
        (
            {"loadBalancers": _behind("a")},
            {"loadBalancers": _behind("a", 81)},
            {("disruption", BALANCED)},
        ),
        ({"loadBalancers": []}, {"loadBalancers": _behind("a")}, set()),
        (
            {"serviceRegistries": [{"registryArn": "r"}]},
            {},
            {("disruption", "serviceRegistries[].registryArn")},
        ),
        (
            {"networkConfiguration": _public("DISABLED")},
            {"networkConfiguration": _public("ENABLED")},
            {("exposure", IP)},
        ),
        (
            {"networkConfiguration": _public("ENABLED")},
            {"networkConfiguration": _public("DISABLED")},
            set(),
        ),
        (
            {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True}}},
            {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": False}}},
            {("protection-loss", BREAKER)},
        ),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 100}},
            {"deploymentConfiguration": {"minimumHealthyPercent": 0}},
            {("protection-loss", HEALTHY)},
        ),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 50}},
            {"deploymentConfiguration": {"minimumHealthyPercent": 100}},
            set(),
        ),
    ],
)
def test_changes_of_a_service_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(SERVICE, _service(**before), _service(**after)) == expected


def _insights(value: str) -> Json:
    return [{"name": "containerInsights", "value": value}]


def _logging(value: str) -> Json:
    return {"executeCommandConfiguration": {"logging": value}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"capacityProviders": ["FARGATE", "own"]},
            {"capacityProviders": ["FARGATE"]},
            {("disruption", "capacityProviders")},
        ),
        ({"capacityProviders": ["FARGATE"]}, {"capacityProviders": ["FARGATE", "own"]}, set()),
        (
            {"settings": _insights("enabled")},
            {"settings": _insights("disabled")},
            {("protection-loss", "settings.containerInsights")},
        ),
        ({"settings": _insights("disabled")}, {"settings": _insights("enabled")}, set()),
        (
            {"configuration": _logging("DEFAULT")},
            {"configuration": _logging("NONE")},
            {("protection-loss", "configuration.executeCommandConfiguration.logging")},
        ),
        ({"configuration": _logging("NONE")}, {"configuration": _logging("OVERRIDE")}, set()),
    ],
)
def test_changes_of_a_cluster_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    cluster: dict[str, Json] = {"clusterName": "shop", "clusterArn": f"{ARN}:cluster/shop"}
    assert hazards(CLUSTER, {**cluster, **before}, {**cluster, **after}) == expected


@pytest.mark.parametrize("cluster", ["shop", f"{ARN}:cluster/shop"])
@pytest.mark.parametrize("service", ["front", f"{ARN}:service/shop/front", f"{ARN}:service/front"])
def test_services_of_one_name_are_told_apart_by_their_cluster(cluster: str, service: str) -> None:
    found = touches("ecs:DeleteService", {"cluster": cluster, "service": service})
    assert found == {("ECS::Service", "delete", ("shop/front",), "")}
    assert "shop/front" in described(SERVICE, _service()).handles
    assert touches("ecs:DeleteService", {"service": "front"}) == {
        ("ECS::Service", "delete", ("default/front",), "")
    }


def test_cluster_without_a_name_is_the_default_one() -> None:
    assert touches("ecs:CreateCluster", {}) == {("ECS::Cluster", "create", ("default",), "")}
    assert touches("ecs:DeleteCluster", {"cluster": f"{ARN}:cluster/shop"}) == {
        ("ECS::Cluster", "delete", ("shop",), "")
    }


def test_revision_is_named_by_what_the_answer_tells() -> None:
    arn = f"{ARN}:task-definition/web:7"
    answer = {"taskDefinition": {"taskDefinitionArn": arn}}
    made = touches("ecs:RegisterTaskDefinition", {"family": "web"}, answer)
    assert made == {("ECS::TaskDefinition", "create", (arn,), "")}
    gone = touches("ecs:DeregisterTaskDefinition", {"taskDefinition": "web:7"}, answer)
    assert gone == {("ECS::TaskDefinition", "delete", (arn,), "")}


def test_stopping_a_task_disrupts_its_cluster() -> None:
    found = touches("ecs:StopTask", {"cluster": "shop", "task": "abc"})
    assert found == {("ECS::Cluster", "update", ("shop",), "task abc")}


@pytest.mark.parametrize(
    "operation", ["RunTask", "ExecuteCommand", "DeleteTaskDefinitions", "DeleteTaskSet"]
)
def test_what_runs_code_or_is_not_read_leaves_a_run_undecided(operation: str) -> None:
    assert is_unread(f"ecs:{operation}", IN_SHOP)


def test_values_of_the_environment_are_shown_as_digests() -> None:
    container: Json = {"name": "web", "environment": [{"name": "TOKEN", "value": "hush"}]}
    raw: dict[str, Json] = {
        "taskDefinitionArn": f"{ARN}:task-definition/web:1",
        "family": "web",
        "revision": 1,
        "containerDefinitions": [container],
    }
    found = described("AWS::ECS::TaskDefinition", raw)
    assert "hush" not in str(found.properties)
    assert "TOKEN" in str(found.properties)


def _revisions(*names: str) -> list[JsonObject]:
    found: list[JsonObject] = []
    for name in names:
        family, _, revision = name.partition(":")
        found.append({"family": family, "revision": int(revision)})
    return found


def test_gaps_between_revisions_are_filled_unless_they_are_wide() -> None:
    assert TASK_DEFINITION.among is not None
    told = TASK_DEFINITION.among(_revisions("a:3", "a:4", "a:6", "b:1", "c:500", "c:502"))
    assert [raw["Fillers"] for raw in told] == [[1, 2], [], [5], [], [], [501]]


def _capacity(**group: Json) -> dict[str, Json]:
    return {"name": "own", "autoScalingGroupProvider": {"autoScalingGroupArn": "arn:g", **group}}


def _scaling(state: str) -> Json:
    return {"status": state, "targetCapacity": 80}


GROUP = "autoScalingGroupProvider"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"managedTerminationProtection": "ENABLED"},
            {"managedTerminationProtection": "DISABLED"},
            {("protection-loss", f"{GROUP}.managedTerminationProtection")},
        ),
        (
            {"managedTerminationProtection": "DISABLED"},
            {"managedTerminationProtection": "ENABLED"},
            set(),
        ),
        (
            {"managedScaling": _scaling("ENABLED")},
            {"managedScaling": _scaling("DISABLED")},
            {("disruption", f"{GROUP}.managedScaling.status")},
        ),
    ],
)
def test_changes_of_a_capacity_provider_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    found = hazards("AWS::ECS::CapacityProvider", _capacity(**before), _capacity(**after))
    assert found == expected


def test_capacity_of_fargate_is_awss_own() -> None:
    assert described("AWS::ECS::CapacityProvider", {"name": "FARGATE_SPOT"}).builtin
    assert not described("AWS::ECS::CapacityProvider", _capacity()).builtin
    gone = {"capacityProvider": f"{ARN}:capacity-provider/own"}
    assert touches("ecs:DeleteCapacityProvider", gone) == {
        ("ECS::CapacityProvider", "delete", ("own",), "")
    }
