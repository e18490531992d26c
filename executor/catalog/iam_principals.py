"""AWS IAM: roles, groups and users, with what they are permitted as parts."""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.iam_settings import (
    access_key,
    attach,
    create_group,
    create_role,
    create_user,
    group_settings,
    inactive_keys,
    join_groups,
    login,
    put_inline,
    role_settings,
    user_settings,
)
from executor.catalog.policies import (
    admin_attached,
    admin_granted,
    narrowed,
    opened,
)
from executor.catalog.weakening import added, lost, removed
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json

_ABSENT = frozenset({"NoSuchEntity"})
_THERE = frozenset({"EntityAlreadyExists"})
_POLICY_PART = "join(' ', ['policy', params.PolicyName])"
_ATTACHED_PART = "join(' ', ['attachment', params.PolicyArn])"


def account_details(kind: str, items: str) -> Listing:
    """Return the listing of one kind of the account's details."""
    # One call tells a hundred roles with all their policies; a call each would be thousands.
    return Listing(
        operation="GetAccountAuthorizationDetails", items=items, params={"Filter": [kind]}
    )


def _activated(before: Json, after: Json) -> bool:
    old = before if isinstance(before, Mapping) else {}
    new = after if isinstance(after, Mapping) else {}
    return any(state == "Active" != old.get(key) for key, state in new.items())


def _deactivated(before: Json, after: Json) -> bool:
    return _activated(after, before)


_PERMISSION_HAZARDS = (
    HazardRule(field="Policies", hazard=Hazard.EXPOSURE, when=admin_granted),
    HazardRule(field="Policies", hazard=Hazard.DISRUPTION, when=narrowed),
    HazardRule(field="ManagedPolicyArns", hazard=Hazard.EXPOSURE, when=admin_attached),
    HazardRule(field="ManagedPolicyArns", hazard=Hazard.DISRUPTION, when=lost),
)
_BOUNDARY_HAZARD = HazardRule(
    field="PermissionsBoundary", hazard=Hazard.PROTECTION_LOSS, when=removed
)


def _permissions(owner: str) -> tuple[Operation, ...]:
    """Return what the policy operations of `Role`, `User` or `Group` mean for it."""
    name = f"params.{owner}Name"
    return (
        *on(Verb.UPDATE, name, f"Put{owner}Policy", f"Delete{owner}Policy", part=_POLICY_PART),
        *on(Verb.UPDATE, name, f"Attach{owner}Policy", f"Detach{owner}Policy", part=_ATTACHED_PART),
    )


ROLE = ResourceType(
    type="AWS::IAM::Role",
    listing=account_details("Role", "RoleDetailList[]"),
    # The account's details lack description, session duration and, in some engines, boundary.
    details=(Detail(operation="GetRole", params={"RoleName": "RoleName"}, pick="Role"),),
    id="RoleName",
    name="RoleName",
    arn="Arn",
    handles=("RoleId",),
    settings=role_settings,
    birth={"id": "RoleId", "created": "CreateDate"},
    tags="Tags",
    builtin="starts_with(Path, '/aws-service-role/') || starts_with(Path, '/aws-reserved/')",
    depends_on=("AWS::IAM::ManagedPolicy",),
    seeds=(
        Seed(
            operation="CreateRole",
            params=create_role,
            learn={"Arn": "Role.Arn", "RoleId": "Role.RoleId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="PutRolePolicy", params=put_inline("RoleName", "RolePolicyList")),
        Seed(operation="AttachRolePolicy", params=attach("RoleName"), tolerate=_ABSENT),
    ),
    operations=(
        *on(Verb.CREATE, "[params.RoleName, response.Role.Arn]", "CreateRole"),
        *on(Verb.CREATE, "[response.Role.RoleName, response.Role.Arn]", "CreateServiceLinkedRole"),
        *on(Verb.DELETE, "params.RoleName", "DeleteRole", "DeleteServiceLinkedRole"),
        *on(
            Verb.UPDATE,
            "params.RoleName",
            "UpdateRole",
            "UpdateRoleDescription",
            "UpdateAssumeRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "TagRole",
            "UntagRole",
        ),
        *_permissions("Role"),
        *on(
            Verb.READ,
            "params.RoleName",
            "AddRoleToInstanceProfile",
            "RemoveRoleFromInstanceProfile",
        ),
    ),
    hazards=(
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="AssumeRolePolicyDocument", hazard=Hazard.DISRUPTION, when=narrowed),
        *_PERMISSION_HAZARDS,
        _BOUNDARY_HAZARD,
    ),
)

GROUP = ResourceType(
    type="AWS::IAM::Group",
    listing=account_details("Group", "GroupDetailList[]"),
    id="GroupName",
    name="GroupName",
    arn="Arn",
    handles=("GroupId",),
    settings=group_settings,
    birth={"id": "GroupId", "created": "CreateDate"},
    depends_on=("AWS::IAM::ManagedPolicy",),
    seeds=(
        Seed(
            operation="CreateGroup",
            params=create_group,
            learn={"Arn": "Group.Arn", "GroupId": "Group.GroupId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="PutGroupPolicy", params=put_inline("GroupName", "GroupPolicyList")),
        Seed(operation="AttachGroupPolicy", params=attach("GroupName"), tolerate=_ABSENT),
    ),
    operations=(
        *on(Verb.CREATE, "[params.GroupName, response.Group.Arn]", "CreateGroup"),
        *on(Verb.DELETE, "params.GroupName", "DeleteGroup"),
        *on(Verb.UPDATE, "[params.GroupName, params.NewGroupName]", "UpdateGroup"),
        *_permissions("Group"),
        *on(Verb.READ, "params.GroupName", "AddUserToGroup", "RemoveUserFromGroup"),
    ),
    hazards=_PERMISSION_HAZARDS,
)

USER = ResourceType(
    type="AWS::IAM::User",
    listing=account_details("User", "UserDetailList[]"),
    details=(
        Detail(operation="GetUser", params={"UserName": "UserName"}, pick="User"),
        Detail(
            operation="ListAccessKeys",
            params={"UserName": "UserName"},
            pick="AccessKeyMetadata",
            into="AccessKeys",
        ),
        Detail(
            operation="GetLoginProfile",
            params={"UserName": "UserName"},
            pick="LoginProfile.CreateDate",
            into="LoginProfile",
            absent=_ABSENT,
        ),
    ),
    id="UserName",
    name="UserName",
    arn="Arn",
    handles=("UserId",),
    settings=user_settings,
    birth={"id": "UserId", "created": "CreateDate"},
    tags="Tags",
    depends_on=("AWS::IAM::ManagedPolicy", "AWS::IAM::Group"),
    seeds=(
        Seed(
            operation="CreateUser",
            params=create_user,
            learn={"Arn": "User.Arn", "UserId": "User.UserId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="PutUserPolicy", params=put_inline("UserName", "UserPolicyList")),
        Seed(operation="AttachUserPolicy", params=attach("UserName"), tolerate=_ABSENT),
        Seed(operation="AddUserToGroup", params=join_groups),
        *(
            Seed(
                operation="CreateAccessKey",
                params=access_key(n),
                learn={f"AccessKeys[{n}].AccessKeyId": "AccessKey.AccessKeyId"},
                lacking=lambda params, engine: not engine.get("AccessKeys"),
            )
            for n in range(2)
        ),
        Seed(operation="UpdateAccessKey", params=inactive_keys),
        Seed(operation="CreateLoginProfile", params=login, tolerate=_THERE),
    ),
    operations=(
        *on(Verb.CREATE, "[params.UserName, response.User.Arn]", "CreateUser"),
        *on(Verb.DELETE, "params.UserName", "DeleteUser"),
        *on(Verb.UPDATE, "[params.UserName, params.NewUserName]", "UpdateUser"),
        *on(
            Verb.UPDATE,
            "params.UserName",
            "PutUserPermissionsBoundary",
            "DeleteUserPermissionsBoundary",
            "TagUser",
            "UntagUser",
            "CreateLoginProfile",
            "UpdateLoginProfile",
            "DeleteLoginProfile",
        ),
        *on(
            Verb.UPDATE,
            "params.UserName",
            "CreateAccessKey",
            part="join(' ', ['access key', response.AccessKey.AccessKeyId])",
        ),
        *on(
            Verb.UPDATE,
            "params.UserName",
            "UpdateAccessKey",
            "DeleteAccessKey",
            part="join(' ', ['access key', params.AccessKeyId])",
        ),
        *on(
            Verb.UPDATE,
            "params.UserName",
            "AddUserToGroup",
            "RemoveUserFromGroup",
            part="join(' ', ['membership', params.GroupName])",
        ),
        *_permissions("User"),
    ),
    hazards=(
        *_PERMISSION_HAZARDS,
        _BOUNDARY_HAZARD,
        HazardRule(field="Groups", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="Groups", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="AccessKeys", hazard=Hazard.EXPOSURE, when=_activated),
        HazardRule(field="AccessKeys", hazard=Hazard.DISRUPTION, when=_deactivated),
        HazardRule(field="LoginProfile", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="LoginProfile", hazard=Hazard.DISRUPTION, when=removed),
    ),
)
