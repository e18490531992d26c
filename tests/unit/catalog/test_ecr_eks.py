"""ECR and EKS: what calls touch, what repositories hold, what is dangerous."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from executor.catalog.services.ecr import REPOSITORY
from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import ACCOUNT, CATALOG, described, hazards, is_unread, touches

ARN = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/web"
ONE, TWO = f"sha256:{1:064x}", f"sha256:{2:064x}"


def _repository(**changes: Json) -> dict[str, Json]:
    return {"repositoryName": "web", "repositoryArn": ARN, **changes}


def _open(principal: Json) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "ecr:BatchGetImage"}
    return json.dumps({"Statement": [statement]})


def _expiring(*counts: int) -> str:
    return json.dumps({"rules": [{"rulePriority": n, "countNumber": n} for n in counts]})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"lifecyclePolicyText": _expiring(3)}, {("data-loss", "lifecycle")}),
        (
            {"lifecyclePolicyText": _expiring(3)},
            {"lifecyclePolicyText": _expiring(2)},
            {("data-loss", "lifecycle")},
        ),
        ({"lifecyclePolicyText": _expiring(3, 4)}, {"lifecyclePolicyText": _expiring(3)}, set()),
        ({"lifecyclePolicyText": _expiring(3)}, {}, set()),
        (
            {"imageTagMutability": "IMMUTABLE"},
            {"imageTagMutability": "MUTABLE"},
            {("protection-loss", "imageTagMutability")},
        ),
        ({"imageTagMutability": "MUTABLE"}, {"imageTagMutability": "IMMUTABLE"}, set()),
        (
            {"imageScanningConfiguration": {"scanOnPush": True}},
            {},
            {("protection-loss", "scanOnPush")},
        ),
        ({}, {"imageScanningConfiguration": {"scanOnPush": True}}, set()),
        ({}, {"policyText": _open("*")}, {("exposure", "OpenTo")}),
        ({}, {"policyText": _open({"AWS": ACCOUNT})}, set()),
        ({"policyText": _open({"AWS": ACCOUNT})}, {}, {("disruption", "Policy")}),
    ],
)
def test_changes_of_a_repository_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    kind = "AWS::ECR::Repository"
    assert hazards(kind, _repository(**before), _repository(**after)) == expected


class FakeReading:
    """A repository whose images are told in two pages."""

    def __init__(self, cap: int) -> None:
        self._cap = cap

    @property
    def cap(self) -> int:
        return self._cap

    def call(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        raise AssertionError(operation)

    def pages(self, operation: str, params: Mapping[str, object]) -> Iterator[JsonObject]:
        assert (operation, params) == ("DescribeImages", {"repositoryName": "web"})
        yield {"imageDetails": [{"imageDigest": ONE, "imageTags": ["v1", "latest"]}]}
        yield {"imageDetails": [{"imageDigest": TWO}]}


def test_images_and_tags_are_held() -> None:
    assert REPOSITORY.data is not None
    mark = REPOSITORY.data(FakeReading(10), _repository())
    assert dict(mark.entries) == {ONE: "", "tag v1": ONE, "tag latest": ONE, TWO: ""}
    assert (mark.count, mark.complete) == (4, True)
    cut = REPOSITORY.data(FakeReading(1), _repository())
    assert (cut.count, cut.complete) == (None, False)


def test_tag_that_moves_is_no_loss_and_image_that_goes_is() -> None:
    assert not CATALOG.overwrites_lose(described("AWS::ECR::Repository", _repository()))
    gone = {"repositoryName": "web", "imageIds": [{"imageTag": "v1"}, {"imageDigest": TWO}]}
    assert touches("ecr:BatchDeleteImage", gone) == {
        ("ECR::Repository", "erase", ("web",), "tag v1"),
        ("ECR::Repository", "erase", ("web",), TWO),
    }


def test_images_are_put_under_their_digests() -> None:
    assert REPOSITORY.data is not None
    mark = REPOSITORY.data(FakeReading(10), _repository())
    put = next(s for s in REPOSITORY.seeds if s.operation == "PutImage")
    made = {(p["imageDigest"], p.get("imageTag")) for p in put.params(_repository(), mark)}
    assert made == {(ONE, "v1"), (ONE, "latest"), (TWO, None)}


def test_registry_itself_is_not_read() -> None:
    assert is_unread("ecr:PutRegistryPolicy", {"policyText": "{}"})
    assert not is_unread("ecr:BatchCheckLayerAvailability", {"repositoryName": "web"})


def _cluster(**changes: Json) -> dict[str, Json]:
    return {"name": "shop", "arn": f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/shop", **changes}


def _network(*cidrs: str, private: bool = True) -> Json:
    return {
        "endpointPublicAccess": bool(cidrs),
        "publicAccessCidrs": list(cidrs),
        "endpointPrivateAccess": private,
    }


def _logging(*kinds: str) -> Json:
    return {"clusterLogging": [{"types": list(kinds), "enabled": True}]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"resourcesVpcConfig": _network()},
            {"resourcesVpcConfig": _network("0.0.0.0/0")},
            {("exposure", "publicAccessFrom")},
        ),
        (
            {"resourcesVpcConfig": _network("203.0.113.0/24", "0.0.0.0/0")},
            {"resourcesVpcConfig": _network("203.0.113.0/24")},
            {("disruption", "publicAccessFrom")},
        ),
        (
            {"resourcesVpcConfig": _network("203.0.113.0/24")},
            {"resourcesVpcConfig": _network("203.0.113.0/24", private=False)},
            {("disruption", "privateAccess")},
        ),
        (
            {"logging": _logging("api", "audit")},
            {"logging": _logging("api")},
            {("protection-loss", "logging")},
        ),
        ({"logging": _logging("api")}, {"logging": _logging("api", "audit")}, set()),
        (
            {"deletionProtection": True},
            {"deletionProtection": False},
            {("protection-loss", "deletionProtection")},
        ),
        ({"deletionProtection": False}, {"deletionProtection": True}, set()),
        ({"version": "1.30"}, {"version": "1.31"}, set()),
    ],
)
def test_changes_of_a_cluster_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::EKS::Cluster", _cluster(**before), _cluster(**after)) == expected


def _workers(**changes: Json) -> dict[str, Json]:
    return {"clusterName": "shop", "nodegroupName": "workers", "nodegroupArn": "arn:w", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"scalingConfig": {"desiredSize": 2}},
            {"scalingConfig": {"desiredSize": 0}},
            {("disruption", "scalingConfig.desiredSize")},
        ),
        ({"scalingConfig": {"desiredSize": 2}}, {"scalingConfig": {"desiredSize": 3}}, set()),
        ({}, {"taints": [{"key": "a"}]}, {("disruption", "taints")}),
        ({"taints": [{"key": "a"}]}, {}, set()),
        ({"labels": {"for": "web"}}, {"labels": {}}, {("disruption", "labels")}),
    ],
)
def test_changes_of_a_node_group_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::EKS::Nodegroup", _workers(**before), _workers(**after)) == expected


def test_node_group_is_named_with_its_cluster() -> None:
    named = {"clusterName": "shop", "nodegroupName": "workers"}
    assert touches("eks:DeleteNodegroup", named) == {
        ("EKS::Nodegroup", "delete", ("shop/workers",), "")
    }
    assert "shop/workers" in described("AWS::EKS::Nodegroup", _workers()).handles


def _entry(**changes: Json) -> dict[str, Json]:
    return {"clusterName": "shop", "principalArn": "arn:role", "accessEntryArn": "arn:e", **changes}


def _granted(*policies: str) -> Json:
    arn = "arn:aws:eks::aws:cluster-access-policy"
    return [{"policyArn": f"{arn}/{p}", "accessScope": {"type": "cluster"}} for p in policies]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"Policies": _granted("Admin")}, {("exposure", "policies")}),
        ({"Policies": _granted("Admin")}, {}, {("disruption", "policies")}),
        ({}, {"kubernetesGroups": ["ops"]}, {("exposure", "kubernetesGroups")}),
        ({"kubernetesGroups": ["ops"]}, {}, {("disruption", "kubernetesGroups")}),
        ({"username": "a"}, {"username": "b"}, set()),
    ],
)
def test_changes_of_an_access_entry_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::EKS::AccessEntry", _entry(**before), _entry(**after)) == expected


def test_policy_for_more_of_a_cluster_is_another_policy() -> None:
    arn = "arn:aws:eks::aws:cluster-access-policy/View"
    some: Json = [{"policyArn": arn, "accessScope": {"type": "namespace", "namespaces": ["a"]}}]
    found = hazards(
        "AWS::EKS::AccessEntry", _entry(Policies=some), _entry(Policies=_granted("View"))
    )
    assert ("exposure", "policies") in found


@pytest.mark.parametrize(
    ("operation", "params", "kind"),
    [
        ("DeleteAddon", {"addonName": "dns"}, "Addon"),
        ("DeleteAccessEntry", {"principalArn": "dns"}, "AccessEntry"),
        ("DeleteFargateProfile", {"fargateProfileName": "dns"}, "FargateProfile"),
    ],
)
def test_what_belongs_to_a_cluster_is_named_with_it(
    operation: str, params: dict[str, str], kind: str
) -> None:
    found = touches(f"eks:{operation}", {"clusterName": "shop", **params})
    assert found == {(f"EKS::{kind}", "delete", ("shop|dns",), "")}


def test_pod_identity_is_named_by_the_answer() -> None:
    answer = {"association": {"associationId": "a-1"}}
    made = touches("eks:CreatePodIdentityAssociation", {"clusterName": "shop"}, answer)
    assert made == {("EKS::PodIdentityAssociation", "create", ("a-1",), "")}


def test_providers_of_identities_are_not_read() -> None:
    assert is_unread("eks:AssociateIdentityProviderConfig", {"clusterName": "shop"})
