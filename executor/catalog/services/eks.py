"""Amazon EKS: clusters, node groups, add-ons, access entries, pod identities, Fargate profiles.

What runs in a cluster is not read. Providers of identities, capabilities, certificates and
registered clusters are not read either: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.eks_access import (
    ACCESS_ENTRY,
    ADDON,
    CLUSTERS,
    FARGATE_PROFILE,
    MOVING,
    POD_IDENTITY,
    tagged,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, deep_given, fewer, given, tag_map
from executor.catalog.weakening import added, lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_EVERYWHERE = "0.0.0.0/0"
_CLUSTER_OPTIONS = (
    "version",
    "roleArn",
    "encryptionConfig",
    "upgradePolicy",
    "zonalShiftConfig",
    "deletionProtection",
    "computeConfig",
    "storageConfig",
)
_NODEGROUP_OPTIONS = (
    "scalingConfig",
    "diskSize",
    "instanceTypes",
    "amiType",
    "nodeRole",
    "labels",
    "taints",
    "launchTemplate",
    "updateConfig",
    "nodeRepairConfig",
    "capacityType",
)


def _cluster(raw: JsonObject) -> Json:
    network = table(raw, "resourcesVpcConfig")
    return {
        **{key: deep_given(value) for key, value in given(raw, *_CLUSTER_OPTIONS).items()},
        "subnetIds": sorted(str(subnet) for subnet in rows(network, "subnetIds")),
        "securityGroupIds": sorted(str(group) for group in rows(network, "securityGroupIds")),
        "privateAccess": bool(network.get("endpointPrivateAccess")),
        "publicAccessFrom": _public(network),
        "logging": _logged(raw),
        "authenticationMode": table(raw, "accessConfig").get("authenticationMode"),
        "network": given(table(raw, "kubernetesNetworkConfig"), "ipFamily", "serviceIpv4Cidr"),
    }


def _public(network: JsonObject) -> list[Json]:
    if not network.get("endpointPublicAccess"):
        return []
    return [*sorted(str(c) for c in rows(network, "publicAccessCidrs"))] or [_EVERYWHERE]


def _logged(raw: JsonObject) -> list[Json]:
    found = {
        str(kind)
        for setup in objects(table(raw, "logging"), "clusterLogging")
        if setup.get("enabled")
        for kind in rows(setup, "types")
    }
    return [*sorted(found)]


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    network = given(
        table(raw, "resourcesVpcConfig"),
        "subnetIds",
        "securityGroupIds",
        "endpointPublicAccess",
        "endpointPrivateAccess",
        "publicAccessCidrs",
    )
    addressing = given(table(raw, "kubernetesNetworkConfig"), "ipFamily", "serviceIpv4Cidr")
    mode = given(table(raw, "accessConfig"), "authenticationMode")
    yield {
        "name": raw["name"],
        "resourcesVpcConfig": network,
        **given(raw, "logging", *_CLUSTER_OPTIONS),
        **({"kubernetesNetworkConfig": addressing} if addressing else {}),
        # The entries are rebuilt as they are, without one for whoever seeds.
        "accessConfig": {"bootstrapClusterCreatorAdminPermissions": False, **mode},
        "tags": tag_map(raw, "tags"),
    }


CLUSTER = ResourceType(
    type="AWS::EKS::Cluster",
    listing=CLUSTERS,
    details=(Detail(operation="DescribeCluster", params={"name": "name"}, pick="cluster"),),
    id="name",
    name="name",
    arn="arn",
    settings=_cluster,
    birth={"created": "createdAt"},
    tags="tags",
    # What runs in it keeps its state in it.
    stateful=True,
    settling=MOVING,
    depends_on=("AWS::IAM::Role", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"),
    seeds=(
        Seed(
            operation="CreateCluster",
            params=_create,
            learn={
                "resourcesVpcConfig.clusterSecurityGroupId": (
                    "cluster.resourcesVpcConfig.clusterSecurityGroupId"
                ),
                "endpoint": "cluster.endpoint",
                "identity.oidc.issuer": "cluster.identity.oidc.issuer",
            },
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "params.name", "CreateCluster"),
        *on(Verb.DELETE, "params.name", "DeleteCluster"),
        *on(Verb.UPDATE, "params.name", "CancelUpdate", "UpdateClusterConfig"),
        *on(Verb.UPDATE, "params.name", "UpdateClusterVersion"),
        *on(Verb.UPDATE, "params.clusterName", "AssociateEncryptionConfig"),
        *on(Verb.UPDATE, tagged("cluster"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="publicAccessFrom", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="publicAccessFrom", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="privateAccess", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="logging", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="deletionProtection", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="securityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
    ),
)


def _nodegroup(raw: JsonObject) -> Json:
    return {
        **{key: deep_given(value) for key, value in given(raw, *_NODEGROUP_OPTIONS).items()},
        "cluster": raw.get("clusterName"),
        "version": raw.get("version"),
        "subnets": sorted(str(subnet) for subnet in rows(raw, "subnets")),
        "remoteAccess": deep_given(raw.get("remoteAccess")) or None,
    }


def _handle(raw: JsonObject) -> Json:
    return f"{text(raw, 'clusterName')}/{text(raw, 'nodegroupName')}"


def _create_nodegroup(raw: JsonObject, data: DataMark | None) -> Params:
    options = given(
        raw, "clusterName", "nodegroupName", "subnets", "remoteAccess", *_NODEGROUP_OPTIONS
    )
    yield {**options, "tags": tag_map(raw, "tags")}


_NODEGROUP = "join('/', [params.clusterName, params.nodegroupName])"

NODEGROUP = ResourceType(
    type="AWS::EKS::Nodegroup",
    listing=Listing(
        operation="ListNodegroups",
        items="nodegroups[].{nodegroupName: @}",
        within=CLUSTERS,
        given={"clusterName": "name"},
        into="Cluster",
    ),
    details=(
        Detail(
            operation="DescribeNodegroup",
            params={"clusterName": "Cluster.name", "nodegroupName": "nodegroupName"},
            pick="nodegroup",
        ),
    ),
    id=_handle,
    name="nodegroupName",
    arn="nodegroupArn",
    settings=_nodegroup,
    birth={"arn": "nodegroupArn", "created": "createdAt"},
    tags="tags",
    settling=MOVING,
    depends_on=("AWS::EKS::Cluster", "AWS::EC2::LaunchTemplate"),
    seeds=(
        Seed(
            operation="CreateNodegroup",
            params=_create_nodegroup,
            learn={
                "nodegroupArn": "nodegroup.nodegroupArn",
                "resources.autoScalingGroups[0].name": (
                    "nodegroup.resources.autoScalingGroups[0].name"
                ),
            },
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, _NODEGROUP, "CreateNodegroup"),
        *on(Verb.DELETE, _NODEGROUP, "DeleteNodegroup"),
        *on(Verb.UPDATE, _NODEGROUP, "UpdateNodegroupConfig", "UpdateNodegroupVersion"),
        *on(Verb.UPDATE, tagged("nodegroup"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="scalingConfig.desiredSize", hazard=Hazard.DISRUPTION, when=fewer),
        HazardRule(field="taints", hazard=Hazard.DISRUPTION, when=added),
        HazardRule(field="labels", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

SERVICE = Service(
    name="eks",
    types=(CLUSTER, NODEGROUP, ADDON, ACCESS_ENTRY, POD_IDENTITY, FARGATE_PROFILE),
    harmless={"StartInsightsRefresh": "looks again for what an upgrade would break"},
)
