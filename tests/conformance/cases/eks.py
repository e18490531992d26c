"""Clusters and node groups on every emulator."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.expressions import evaluate
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_CLUSTER = {"name": "shop"}
_GROUP = {"clusterName": "shop", "nodegroupName": "workers"}


def _eks(api: Api, operation: str, **params: object) -> None:
    api.call("eks", operation, params)


def _make(api: Api) -> None:
    subnets = evaluate("Subnets[:2].SubnetId", api.call("ec2", "DescribeSubnets", {}))
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000"
    _eks(
        api,
        "CreateCluster",
        **_CLUSTER,
        version="1.30",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/rules",
        resourcesVpcConfig={
            "subnetIds": subnets,
            "endpointPublicAccess": True,
            "endpointPrivateAccess": True,
            "publicAccessCidrs": ["203.0.113.0/24"],
        },
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}],
        accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"},
        deletionProtection=True,
        tags={"team": "a"},
    )
    _eks(
        api,
        "CreateNodegroup",
        **_GROUP,
        subnets=subnets,
        nodeRole=f"arn:aws:iam::{ACCOUNT}:role/works",
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2},
        instanceTypes=["t3.medium"],
        capacityType="SPOT",
        diskSize=30,
        amiType="AL2_x86_64",
        labels={"for": "web"},
        taints=[{"key": "only", "value": "web", "effect": "NO_SCHEDULE"}],
        updateConfig={"maxUnavailable": 1},
        tags={"team": "a"},
    )


def _remake(api: Api) -> None:
    _eks(api, "DeleteNodegroup", **_GROUP)
    _eks(api, "DeleteCluster", **_CLUSTER)
    _make(api)


def _update_cluster(api: Api) -> None:
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": False}]}
    _eks(api, "UpdateClusterConfig", **_CLUSTER, logging=logging)


def _update_nodegroup(api: Api) -> None:
    scaling = {"minSize": 1, "maxSize": 4, "desiredSize": 3}
    _eks(api, "UpdateNodegroupConfig", **_GROUP, scalingConfig=scaling)


def _make_access(api: Api) -> None:
    subnets = evaluate("Subnets[:2].SubnetId", api.call("ec2", "DescribeSubnets", {}))
    role = f"arn:aws:iam::{ACCOUNT}:role/rules"
    _eks(
        api,
        "CreateCluster",
        **_CLUSTER,
        roleArn=role,
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig={"bootstrapClusterCreatorAdminPermissions": False},
    )
    _make_access_again(api)


def _make_access_again(api: Api) -> None:
    subnets = evaluate("Subnets[:2].SubnetId", api.call("ec2", "DescribeSubnets", {}))
    here = {"clusterName": "shop"}
    role = f"arn:aws:iam::{ACCOUNT}:role/works"
    tags = {"team": "a"}
    _eks(
        api,
        "CreateAddon",
        **here,
        addonName="vpc-cni",
        addonVersion="v1.18.0-eksbuild.1",
        serviceAccountRoleArn=role,
        configurationValues="{}",
        tags=tags,
    )
    entry = {"principalArn": role, "kubernetesGroups": ["ops"], "username": "worker"}
    _eks(api, "CreateAccessEntry", **here, **entry, type="STANDARD", tags=tags)
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    scope = {"type": "namespace", "namespaces": ["shop"]}
    _eks(
        api,
        "AssociateAccessPolicy",
        **here,
        principalArn=role,
        policyArn=policy,
        accessScope=scope,
    )
    _eks(
        api,
        "CreatePodIdentityAssociation",
        **here,
        namespace="shop",
        serviceAccount="orders",
        roleArn=role,
        tags=tags,
    )
    _eks(
        api,
        "CreateFargateProfile",
        **here,
        fargateProfileName="serverless",
        podExecutionRoleArn=role,
        subnets=subnets,
        selectors=[{"namespace": "shop", "labels": {"on": "fargate"}}],
        tags=tags,
    )


def _remake_access(api: Api) -> None:
    here = {"clusterName": "shop"}
    role = f"arn:aws:iam::{ACCOUNT}:role/works"
    found = api.call("eks", "ListPodIdentityAssociations", here)
    identity = evaluate("associations[0].associationId", found)
    _eks(api, "DeleteAddon", **here, addonName="vpc-cni")
    _eks(api, "DeleteAccessEntry", **here, principalArn=role)
    _eks(api, "DeletePodIdentityAssociation", **here, associationId=identity)
    _make_access_again(api)


def _remake_profile(api: Api) -> None:
    _eks(api, "DeleteFargateProfile", clusterName="shop", fargateProfileName="serverless")
    _make_access_again(api)


CASES = (
    Case(
        service="eks",
        type="AWS::EKS::Cluster",
        make=_make,
        remake=_remake,
        update=_update_cluster,
        services=("ec2",),
        kept={
            "deletionProtection": "deletionProtection",
            "logging": "length(logging) == `2`",
            "publicAccessFrom": "publicAccessFrom == ['203.0.113.0/24']",
            "privateAccess": "privateAccess",
            "encryptionConfig": "encryptionConfig",
        },
    ),
    Case(
        service="eks",
        type="AWS::EKS::Nodegroup",
        make=_make,
        remake=_remake,
        update=_update_nodegroup,
        services=("ec2",),
        kept={
            "scalingConfig": "scalingConfig.desiredSize == `2`",
            "taints": "taints",
            "labels": "labels",
        },
    ),
    Case(
        service="eks",
        type="AWS::EKS::Addon",
        make=_make_access,
        remake=_remake_access,
        services=("ec2",),
        kept={"configurationValues": "configurationValues == '{}'"},
    ),
    Case(
        service="eks",
        type="AWS::EKS::AccessEntry",
        make=_make_access,
        remake=_remake_access,
        services=("ec2",),
        kept={
            "policies": "policies == ['AmazonEKSViewPolicy on shop']",
            "kubernetesGroups": "kubernetesGroups == ['ops']",
        },
    ),
    Case(
        service="eks",
        type="AWS::EKS::PodIdentityAssociation",
        make=_make_access,
        remake=_remake_access,
        services=("ec2",),
        kept={"roleArn": "roleArn"},
    ),
    Case(
        service="eks",
        type="AWS::EKS::FargateProfile",
        make=_make_access,
        remake=_remake_profile,
        services=("ec2",),
        kept={"selectors": "selectors[0].labels.on == 'fargate'"},
    ),
)
