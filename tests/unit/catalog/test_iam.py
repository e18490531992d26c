"""IAM: what calls touch, and what is dangerous."""

from __future__ import annotations

import pytest

from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import ACCOUNT, CATALOG, described, hazards, is_unread, touches

ROLE = "AWS::IAM::Role"
POLICY = "arn:aws:iam::123456789012:policy/p"
EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READS = {"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def _trust(principal: Json) -> JsonObject:
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}


def _role(**changes: Json) -> dict[str, Json]:
    return {
        "RoleName": "r",
        "RoleId": "AROA1",
        "Path": "/",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/r",
        "AssumeRolePolicyDocument": _trust({"Service": "lambda.amazonaws.com"}),
        **changes,
    }


def _inline(document: Json) -> Json:
    return [{"PolicyName": "in", "PolicyDocument": document}]


def _attached(*arns: str) -> Json:
    return [{"PolicyArn": arn, "PolicyName": "x"} for arn in arns]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {},
            {"AssumeRolePolicyDocument": _trust("*")},
            {("exposure", "OpenTo"), ("disruption", "AssumeRolePolicyDocument")},
        ),
        (
            {"RolePolicyList": _inline(READS)},
            {"RolePolicyList": _inline(EVERYTHING)},
            {("exposure", "Policies")},
        ),
        ({"RolePolicyList": _inline(READS)}, {}, {("disruption", "Policies")}),
        (
            {},
            {"AttachedManagedPolicies": _attached("arn:aws:iam::aws:policy/AdministratorAccess")},
            {("exposure", "ManagedPolicyArns")},
        ),
        ({}, {"AttachedManagedPolicies": _attached(POLICY)}, set()),
        (
            {"AttachedManagedPolicies": _attached(POLICY)},
            {},
            {("disruption", "ManagedPolicyArns")},
        ),
        (
            {"PermissionsBoundary": {"PermissionsBoundaryArn": POLICY}},
            {},
            {("protection-loss", "PermissionsBoundary")},
        ),
        ({}, {"Description": "another"}, set()),
    ],
)
def test_changes_of_a_role_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(ROLE, _role(**before), _role(**after)) == expected


def test_reading_a_role_by_its_parts_says_the_same_in_any_spelling() -> None:
    listed = described(ROLE, _role(RolePolicyList=_inline(READS)))
    text = '{"Statement": {"Resource": ["*"], "Action": ["s3:Get*"], "Effect": "Allow"}}'
    assert described(ROLE, _role(RolePolicyList=_inline(text))).properties == listed.properties


def test_service_linked_role_is_built_in() -> None:
    assert described(ROLE, _role(Path="/aws-service-role/ecs.amazonaws.com/")).builtin
    assert not described(ROLE, _role()).builtin


def test_attaching_an_administrators_policy_of_ones_own_is_exposure() -> None:
    policy: dict[str, Json] = {
        "Arn": POLICY,
        "PolicyName": "p",
        "AttachmentCount": 0,
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": True, "Document": EVERYTHING}
        ],
    }
    spread = {**policy, "AttachmentCount": 1}
    expected = {("exposure", "AdministratorAttachments")}
    assert hazards("AWS::IAM::ManagedPolicy", policy, spread) == expected


def test_a_new_active_key_is_exposure_and_a_switched_off_one_disruption() -> None:
    def user(status: str) -> dict[str, Json]:
        keys: Json = [{"AccessKeyId": "AKIA1", "Status": status}] if status else []
        return {"UserName": "u", "Arn": "arn", "AccessKeys": keys}

    kind = "AWS::IAM::User"
    assert hazards(kind, user(""), user("Active")) == {("exposure", "AccessKeys")}
    assert hazards(kind, user("Inactive"), user("Active")) == {("exposure", "AccessKeys")}
    assert hazards(kind, user("Active"), user("Inactive")) == {("disruption", "AccessKeys")}


def test_attaching_touches_role_and_policy() -> None:
    part = f"attachment {POLICY}"
    assert touches("iam:AttachRolePolicy", {"RoleName": "r", "PolicyArn": POLICY}) == {
        ("IAM::Role", "update", ("r",), part),
        ("IAM::ManagedPolicy", "update", (POLICY,), ""),
    }


def test_inline_policy_is_a_part() -> None:
    params = {"RoleName": "r", "PolicyName": "in"}
    assert touches("iam:DeleteRolePolicy", params) == {("IAM::Role", "update", ("r",), "policy in")}


def test_renaming_a_user_names_both() -> None:
    params = {"UserName": "a", "NewUserName": "b"}
    assert touches("iam:UpdateUser", params) == {("IAM::User", "update", ("a", "b"), "")}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("iam:DeactivateMFADevice", {"UserName": "u", "SerialNumber": "s"})
    assert not is_unread("iam:GenerateCredentialReport", {})


def test_policy_versions_are_rebuilt_under_their_numbers() -> None:
    kind = CATALOG.type("AWS::IAM::ManagedPolicy")
    assert kind is not None
    raw: JsonObject = {
        "Arn": POLICY,
        "PolicyVersionList": [
            {"VersionId": "v3", "IsDefaultVersion": True, "Document": EVERYTHING},
            {"VersionId": "v1", "IsDefaultVersion": False, "Document": READS},
        ],
    }
    made, added, removed = (list(seed.params(raw, None)) for seed in kind.seeds)
    assert [len(made), len(added)] == [1, 2]
    assert [p["SetAsDefault"] for p in added] == [False, True]
    assert removed == [{"PolicyArn": POLICY, "VersionId": "v2"}]
