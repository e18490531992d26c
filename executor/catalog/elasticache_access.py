"""ElastiCache: users and the groups of them that may enter a cache.

Passwords are never told. A user without one has the access string alone between a caller and
the data.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    PASSWORD,
    Params,
    by,
    given,
    own_tags,
    tag_operations,
    tags_by,
)
from executor.catalog.raw import rows, table
from executor.catalog.weakening import any_change, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ANYBODY = "no-password"
_USER = by("params.UserId")
_USER_GROUP = by("params.UserGroupId")
_GROUPS_MEMBERS = "params.[UserIdsToAdd[], UserIdsToRemove[], UserIds[]][]"


def _user(raw: JsonObject) -> Json:
    return {
        "UserName": raw.get("UserName"),
        "Engine": raw.get("Engine"),
        "AccessString": raw.get("AccessString"),
        "Authentication": table(raw, "Authentication").get("Type") or "password",
    }


def _create_user(raw: JsonObject, data: DataMark | None) -> Params:
    params = given(raw, "UserId", "UserName", "Engine", "AccessString")
    match table(raw, "Authentication").get("Type"):
        case "iam":
            params["AuthenticationMode"] = {"Type": "iam"}
        case "no-password" | "no-password-required":
            params["NoPasswordRequired"] = True
        case _:
            params["Passwords"] = [PASSWORD]
    yield {**params, "Tags": own_tags(raw)}


def _let_in(before: Json, after: Json) -> bool:
    """A password was asked for, and is not any more."""
    return str(after).startswith(_ANYBODY) and not str(before).startswith(_ANYBODY)


USER = ResourceType(
    type="AWS::ElastiCache::User",
    listing=Listing(operation="DescribeUsers", items="Users[]"),
    details=(tags_by("ARN"),),
    id="UserId",
    name="UserId",
    arn="ARN",
    settings=_user,
    tags="TagList",
    builtin="UserId == 'default'",
    settling="Status == 'modifying'",
    ignore="Status == 'deleting'",
    seeds=(Seed(operation="CreateUser", params=_create_user, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, by("params.UserId", "response.ARN"), "CreateUser"),
        *on(Verb.DELETE, _USER, "DeleteUser"),
        *on(Verb.UPDATE, _USER, "ModifyUser"),
        *on(
            Verb.UPDATE,
            by("params.UserId", when="params.Passwords"),
            "ModifyUser",
            part="'passwords'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.READ, _GROUPS_MEMBERS, "CreateUserGroup", "ModifyUserGroup", many=True),
        *tag_operations("user"),
    ),
    hazards=(
        HazardRule(field="Authentication", hazard=Hazard.EXPOSURE, when=_let_in),
        # Whether it allows more or less is the cache's own language.
        HazardRule(field="AccessString", hazard=Hazard.EXPOSURE, when=any_change),
        HazardRule(field="AccessString", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)


def _user_group(raw: JsonObject) -> Json:
    return {
        "Engine": raw.get("Engine"),
        "UserIds": sorted(str(user) for user in rows(raw, "UserIds")),
    }


def _create_user_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {**given(raw, "UserGroupId", "Engine", "UserIds"), "Tags": own_tags(raw)}


USER_GROUP = ResourceType(
    type="AWS::ElastiCache::UserGroup",
    listing=Listing(operation="DescribeUserGroups", items="UserGroups[]"),
    details=(tags_by("ARN"),),
    id="UserGroupId",
    name="UserGroupId",
    arn="ARN",
    settings=_user_group,
    tags="TagList",
    settling="contains(['creating', 'modifying'], Status)",
    ignore="Status == 'deleting'",
    depends_on=("AWS::ElastiCache::User",),
    seeds=(
        Seed(operation="CreateUserGroup", params=_create_user_group, creates=True, optional=False),
    ),
    operations=(
        *on(Verb.CREATE, by("params.UserGroupId", "response.ARN"), "CreateUserGroup"),
        *on(Verb.DELETE, _USER_GROUP, "DeleteUserGroup"),
        *on(Verb.UPDATE, _USER_GROUP, "ModifyUserGroup"),
        # It leaves its groups.
        *on(Verb.UPDATE, "response.UserGroupIds", "DeleteUser", part="'users'", many=True),
        *tag_operations("usergroup"),
    ),
    hazards=(HazardRule(field="UserIds", hazard=Hazard.DISRUPTION, when=lost),),
)
