"""IAM on every emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping

from executor.aws import Api
from tests.conformance.catalog_harness import Case

TYPES = (
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::IAM::Group",
    "AWS::IAM::User",
    "AWS::IAM::InstanceProfile",
)
TAGS = [{"Key": "team", "Value": "a"}]
POLICY = "arn:aws:iam::123456789012:policy/x/p1"


def _allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trust(principal: Mapping[str, object]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _iam(api: Api, operation: str, **params: object) -> None:
    api.call("iam", operation, params)


def _make(api: Api) -> None:
    document = _allow("s3:*")
    _iam(
        api,
        "CreatePolicy",
        PolicyName="p1",
        Path="/x/",
        Description="d",
        PolicyDocument=document,
        Tags=TAGS,
    )
    for action in ("sqs:*", "sns:*"):
        _iam(
            api,
            "CreatePolicyVersion",
            PolicyArn=POLICY,
            PolicyDocument=_allow(action),
            SetAsDefault=True,
        )
    _iam(api, "DeletePolicyVersion", PolicyArn=POLICY, VersionId="v2")
    _make_role(api)
    _iam(api, "CreateGroup", GroupName="g1", Path="/g/")
    _iam(api, "PutGroupPolicy", GroupName="g1", PolicyName="in", PolicyDocument=document)
    _iam(api, "AttachGroupPolicy", GroupName="g1", PolicyArn=POLICY)
    _iam(api, "CreateUser", UserName="u1", Path="/u/", Tags=TAGS)
    _iam(api, "PutUserPolicy", UserName="u1", PolicyName="in", PolicyDocument=document)
    _iam(api, "AttachUserPolicy", UserName="u1", PolicyArn=POLICY)
    _iam(api, "AddUserToGroup", UserName="u1", GroupName="g1")
    _iam(api, "CreateAccessKey", UserName="u1")
    _iam(api, "CreateLoginProfile", UserName="u1", Password="Only-a-test-1!")
    _iam(api, "CreateInstanceProfile", InstanceProfileName="ip1", Path="/i/", Tags=TAGS)
    _iam(api, "AddRoleToInstanceProfile", InstanceProfileName="ip1", RoleName="r1")


def _make_role(api: Api) -> None:
    _iam(
        api,
        "CreateRole",
        RoleName="r1",
        Path="/s/",
        Description="d",
        MaxSessionDuration=7200,
        AssumeRolePolicyDocument=_trust({"Service": "lambda.amazonaws.com"}),
        PermissionsBoundary=POLICY,
        Tags=TAGS,
    )
    _iam(api, "PutRolePolicy", RoleName="r1", PolicyName="in", PolicyDocument=_allow("s3:*"))
    _iam(api, "AttachRolePolicy", RoleName="r1", PolicyArn=POLICY)


def _make_plain_role(api: Api) -> None:
    trust = _trust({"Service": "ec2.amazonaws.com"})
    _iam(api, "CreateRole", RoleName="r1", AssumeRolePolicyDocument=trust)


def _remake_plain_role(api: Api) -> None:
    _iam(api, "DeleteRole", RoleName="r1")
    _make_plain_role(api)


def _update_plain_role(api: Api) -> None:
    trust = _trust({"AWS": "999999999999"})
    _iam(api, "UpdateAssumeRolePolicy", RoleName="r1", PolicyDocument=trust)


ROLE = Case(
    service="iam",
    type="AWS::IAM::Role",
    make=_make_plain_role,
    remake=_remake_plain_role,
    update=_update_plain_role,
)


CASES = (*(Case(service="iam", type=kind, make=_make) for kind in TYPES), ROLE)
