"""ECS clusters, task definitions and services on every emulator."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.expressions import evaluate
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_TAGS = [{"key": "team", "value": "a"}]


def _ecs(api: Api, operation: str, **params: object) -> None:
    api.call("ecs", operation, params)


def _make_cluster(api: Api) -> None:
    _ecs(
        api,
        "CreateCluster",
        clusterName="shop",
        settings=[{"name": "containerInsights", "value": "enabled"}],
        configuration={"executeCommandConfiguration": {"logging": "DEFAULT"}},
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
        tags=_TAGS,
    )


def _update_cluster(api: Api) -> None:
    settings = [{"name": "containerInsights", "value": "disabled"}]
    _ecs(api, "UpdateClusterSettings", cluster="shop", settings=settings)


def _register(api: Api, family: str, image: str) -> None:
    _ecs(
        api,
        "RegisterTaskDefinition",
        family=family,
        containerDefinitions=[
            {
                "name": "web",
                "image": image,
                "cpu": 10,
                "memory": 64,
                "essential": True,
                "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
                "environment": [{"name": "TOKEN", "value": "hush"}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "web"}},
            }
        ],
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/works",
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pulls",
        volumes=[{"name": "scratch"}],
        tags=_TAGS,
    )


def _make_task_definitions(api: Api) -> None:
    for n in range(1, 6):
        _register(api, "web", f"shop/web:{n}")
    for n in (1, 2, 4):
        _ecs(api, "DeregisterTaskDefinition", taskDefinition=f"web:{n}")
    _register(api, "worker", "shop/worker:1")


def _make_service(api: Api) -> None:
    made = api.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})
    vpc = evaluate("Vpc.VpcId", made)
    subnet = api.call("ec2", "CreateSubnet", {"VpcId": vpc, "CidrBlock": "10.0.1.0/24"})
    wanted = {"GroupName": "web", "Description": "web", "VpcId": vpc}
    group = api.call("ec2", "CreateSecurityGroup", wanted)
    _ecs(api, "CreateCluster", clusterName="shop")
    _register(api, "web", "shop/web:1")
    _make_services(api, evaluate("Subnet.SubnetId", subnet), group["GroupId"])


def _make_services(api: Api, subnet: object, group: object) -> None:
    network = {"subnets": [subnet], "securityGroups": [group], "assignPublicIp": "DISABLED"}
    _ecs(
        api,
        "CreateService",
        cluster="shop",
        serviceName="front",
        taskDefinition="web:1",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
        deploymentConfiguration={
            "maximumPercent": 200,
            "minimumHealthyPercent": 50,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        enableECSManagedTags=True,
        propagateTags="SERVICE",
        tags=_TAGS,
    )
    _ecs(
        api,
        "CreateService",
        cluster="shop",
        serviceName="spot",
        taskDefinition="web:1",
        desiredCount=1,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        networkConfiguration={"awsvpcConfiguration": network},
    )


def _remake_service(api: Api) -> None:
    found = api.call("ecs", "DescribeServices", {"cluster": "shop", "services": ["front"]})
    network = "services[0].networkConfiguration.awsvpcConfiguration"
    subnet = evaluate(f"{network}.subnets[0]", found)
    group = evaluate(f"{network}.securityGroups[0]", found)
    for name in ("front", "spot"):
        _ecs(api, "DeleteService", cluster="shop", service=name, force=True)
    _make_services(api, subnet, group)


def _update_service(api: Api) -> None:
    _ecs(api, "UpdateService", cluster="shop", service="front", desiredCount=3)


def _make_capacity(api: Api) -> None:
    group = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:0:autoScalingGroupName/web"
    _ecs(
        api,
        "CreateCapacityProvider",
        name="own",
        autoScalingGroupProvider={
            "autoScalingGroupArn": group,
            "managedScaling": {"status": "ENABLED", "targetCapacity": 80},
            "managedTerminationProtection": "ENABLED",
        },
        tags=_TAGS,
    )


CASES = (
    # Capacity providers have no birth mark.
    Case(
        service="ecs",
        type="AWS::ECS::CapacityProvider",
        make=_make_capacity,
        kept={
            "autoScalingGroupProvider": (
                "autoScalingGroupProvider.managedTerminationProtection == 'ENABLED'"
            )
        },
    ),
    # Clusters have no birth mark, and no revision is registered twice.
    Case(
        service="ecs",
        type="AWS::ECS::Cluster",
        make=_make_cluster,
        update=_update_cluster,
        kept={
            "capacityProviders": "length(capacityProviders) == `2`",
            "settings": "settings.containerInsights == 'enabled'",
            "configuration": "configuration.executeCommandConfiguration.logging == 'DEFAULT'",
        },
    ),
    Case(
        service="ecs",
        type="AWS::ECS::TaskDefinition",
        make=_make_task_definitions,
        kept={
            "containerDefinitions": "containerDefinitions[0].logConfiguration",
            "volumes": "volumes",
        },
    ),
    Case(
        service="ecs",
        type="AWS::ECS::Service",
        make=_make_service,
        remake=_remake_service,
        update=_update_service,
        services=("ec2",),
        kept={
            "desiredCount": "desiredCount == `2`",
            "networkConfiguration": "networkConfiguration.awsvpcConfiguration.subnets",
            "deploymentConfiguration": "deploymentConfiguration.deploymentCircuitBreaker.enable",
        },
    ),
)
