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
)
