"""ECS: clusters and services.

Clusters have no birth mark: that one was deleted and made again is told by the trace alone.
Running tasks are not read; ending one is a disruption of its cluster.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.raw import objects, table, text
from executor.catalog.shaping import Params, by, deep_given, fewer, given, tag_list
from executor.catalog.weakening import lost, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_CLUSTERS = Listing(operation="ListClusters", items="clusterArns[].{clusterArn: @}")
_GONE = frozenset({"ClusterNotFoundException"})
_CLUSTER_OPTIONS = (
    "capacityProviders",
    "defaultCapacityProviderStrategy",
    "configuration",
    "serviceConnectDefaults",
)
_SERVICE_OPTIONS = (
    "taskDefinition",
    "desiredCount",
    "deploymentConfiguration",
    "deploymentController",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
    "schedulingStrategy",
    "serviceRegistries",
    "availabilityZoneRebalancing",
)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _cluster_name(params: JsonObject) -> str:
    return _last(text(params, "cluster")) or "default"


def _cluster(raw: JsonObject) -> Json:
    return {
        **given(raw, *_CLUSTER_OPTIONS),
        "capacityProviders": raw.get("capacityProviders") or [],
        "settings": {
            name: setting.get("value") for name, setting in by(raw, "settings", "name").items()
        },
    }


def _make_cluster(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "clusterName": raw["clusterName"],
        **given(raw, "settings", *_CLUSTER_OPTIONS),
        "tags": tag_list(raw, "tags"),
    }


def _cluster_named(params: JsonObject, response: JsonObject) -> list[str]:
    return [_cluster_name(params)]


def _cluster_made(params: JsonObject, response: JsonObject) -> list[str]:
    made = table(response, "cluster")
    return [text(made, "clusterName") or text(params, "clusterName") or "default"]


CLUSTER = ResourceType(
    type="AWS::ECS::Cluster",
    listing=_CLUSTERS,
    details=(
        Detail(
            operation="DescribeClusters",
            params={
                "clusters": "[clusterArn]",
                "include": '`["TAGS", "SETTINGS", "CONFIGURATIONS"]`',
            },
            pick="clusters[0]",
        ),
    ),
    id="clusterName",
    name="clusterName",
    arn="clusterArn",
    settings=_cluster,
    tags="tags",
    # A deleted cluster may be told for a while.
    ignore="status == 'INACTIVE'",
    settling="contains(['PROVISIONING', 'DEPROVISIONING'], status)",
    seeds=(Seed(operation="CreateCluster", params=_make_cluster, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, _cluster_made, "CreateCluster"),
        *on(Verb.DELETE, _cluster_named, "DeleteCluster"),
        *on(
            Verb.UPDATE,
            _cluster_named,
            "PutClusterCapacityProviders",
            "UpdateCluster",
            "UpdateClusterSettings",
        ),
        *on(
            Verb.UPDATE,
            _cluster_named,
            "StopTask",
            part="join(' ', ['task', params.task])",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _cluster_named,
            "DeregisterContainerInstance",
            part="join(' ', ['container instance', params.containerInstance])",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            "params.resourceArn | [@][?contains(@, ':cluster/')]",
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
    ),
    hazards=(
        HazardRule(field="capacityProviders", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="settings.containerInsights", hazard=Hazard.PROTECTION_LOSS, when=turned_off
        ),
        HazardRule(
            field="configuration.executeCommandConfiguration.logging",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: after == "NONE",
        ),
    ),
)


def _service(raw: JsonObject) -> Json:
    primary = next((d for d in objects(raw, "deployments") if d.get("status") == "PRIMARY"), {})
    return {
        **{key: deep_given(value) for key, value in given(raw, *_SERVICE_OPTIONS).items()},
        "cluster": _last(text(raw, "clusterArn")),
        "loadBalancers": raw.get("loadBalancers") or [],
        "serviceRegistries": raw.get("serviceRegistries") or [],
        **_launch(raw),
        "serviceConnect": deep_given(primary.get("serviceConnectConfiguration")) or None,
        "volumes": deep_given(primary.get("volumeConfigurations")) or None,
    }


def _launch(raw: JsonObject) -> dict[str, Json]:
    # AWS takes only one of the two, and some engine tells both.
    strategy = raw.get("capacityProviderStrategy")
    return {"capacityProviderStrategy": strategy} if strategy else given(raw, "launchType")


def _make_service(raw: JsonObject, data: DataMark | None) -> Params:
    primary = next((d for d in objects(raw, "deployments") if d.get("status") == "PRIMARY"), {})
    yield {
        "cluster": raw["clusterArn"],
        "serviceName": raw["serviceName"],
        **given(raw, *_SERVICE_OPTIONS),
        **_launch(raw),
        **given(primary, "serviceConnectConfiguration", "volumeConfigurations"),
        "tags": tag_list(raw, "tags"),
    }


def _service_handle(raw: JsonObject) -> Json:
    return f"{_last(text(raw, 'clusterArn'))}/{text(raw, 'serviceName')}"


def _service_named(params: JsonObject, response: JsonObject) -> list[str]:
    name = _last(text(params, "service") or text(params, "serviceName"))
    return [f"{_cluster_name(params)}/{name}"]


def _deployment_of(params: JsonObject, response: JsonObject) -> list[str]:
    # arn:…:service-deployment/CLUSTER/SERVICE/ID
    return ["/".join(text(params, "serviceDeploymentArn").split("/")[1:3])]


ECS_SERVICE = ResourceType(
    type="AWS::ECS::Service",
    listing=Listing(
        operation="ListServices",
        items="serviceArns[].{serviceArn: @}",
        within=_CLUSTERS,
        given={"cluster": "clusterArn"},
        into="Cluster",
    ),
    details=(
        Detail(
            operation="DescribeServices",
            params={
                "cluster": "Cluster.clusterArn",
                "services": "[serviceArn]",
                "include": '`["TAGS"]`',
            },
            pick="services[0]",
            absent=_GONE,
        ),
    ),
    id="serviceArn",
    name="serviceName",
    arn="serviceArn",
    handles=(_service_handle,),
    settings=_service,
    birth={"created": "createdAt"},
    tags="tags",
    ignore="status == 'INACTIVE'",
    settling="status == 'DRAINING'",
    depends_on=(
        "AWS::ECS::Cluster",
        "AWS::ECS::TaskDefinition",
        "AWS::EC2::Subnet",
        "AWS::EC2::SecurityGroup",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
    ),
    seeds=(Seed(operation="CreateService", params=_make_service, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, _service_named, "CreateService"),
        *on(Verb.DELETE, _service_named, "DeleteService"),
        *on(Verb.UPDATE, _service_named, "UpdateService"),
        *on(
            Verb.UPDATE,
            _deployment_of,
            "ContinueServiceDeployment",
            "StopServiceDeployment",
            part="'deployment'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            "params.resourceArn | [@][?contains(@, ':service/')]",
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
    ),
    hazards=(
        HazardRule(field="desiredCount", hazard=Hazard.DISRUPTION, when=fewer),
        HazardRule(
            field="loadBalancers[].[targetGroupArn, loadBalancerName, containerPort]",
            hazard=Hazard.DISRUPTION,
            when=lost,
        ),
        HazardRule(field="serviceRegistries[].registryArn", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="networkConfiguration.awsvpcConfiguration.assignPublicIp",
            hazard=Hazard.EXPOSURE,
            when=turned_on,
        ),
        HazardRule(
            field="deploymentConfiguration.deploymentCircuitBreaker.enable",
            hazard=Hazard.PROTECTION_LOSS,
            when=turned_off,
        ),
        HazardRule(
            field="deploymentConfiguration.minimumHealthyPercent",
            hazard=Hazard.PROTECTION_LOSS,
            when=fewer,
        ),
    ),
)
