"""IAM: what of a description matters, and the parameters that rebuild it.

Used by the declarations in `iam_principals` and `services.iam` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from executor.catalog.policies import (
    admin_grants,
    outsiders,
    policy,
)
from executor.catalog.raw import objects, rows, text
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

Params: TypeAlias = Iterator[Mapping[str, object]]
Seeding: TypeAlias = Callable[[JsonObject, DataMark | None], Params]

_VERSIONS = 5
_FILLER: JsonObject = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "none:None", "Resource": "*"}],
}
# Seeded users get this in place of their password, which nobody can read.
_PLACEHOLDER_PASSWORD = "Seeded-placeholder-1!"


def _inline(raw: JsonObject, key: str) -> dict[str, Json]:
    return {text(p, "PolicyName"): policy(p.get("PolicyDocument")) for p in objects(raw, key)}


def _attached(raw: JsonObject) -> list[str]:
    return sorted(text(p, "PolicyArn") for p in objects(raw, "AttachedManagedPolicies"))


def _boundary(raw: JsonObject) -> Json:
    found = raw.get("PermissionsBoundary")
    return found.get("PermissionsBoundaryArn") if isinstance(found, Mapping) else None


def role_settings(raw: JsonObject) -> Json:
    """Return what matters of a role."""
    trust = policy(raw.get("AssumeRolePolicyDocument"))
    return {
        "Path": raw.get("Path"),
        "Description": raw.get("Description") or "",
        "MaxSessionDuration": raw.get("MaxSessionDuration"),
        "AssumeRolePolicyDocument": trust,
        "OpenTo": outsiders(trust, text(raw, "$account")),
        "PermissionsBoundary": _boundary(raw),
        "Policies": _inline(raw, "RolePolicyList"),
        "ManagedPolicyArns": _attached(raw),
    }


def user_settings(raw: JsonObject) -> Json:
    """Return what matters of a user."""
    return {
        "Path": raw.get("Path"),
        "PermissionsBoundary": _boundary(raw),
        "Policies": _inline(raw, "UserPolicyList"),
        "ManagedPolicyArns": _attached(raw),
        "Groups": sorted(str(name) for name in rows(raw, "GroupList")),
        "AccessKeys": {
            text(key, "AccessKeyId"): key.get("Status") for key in objects(raw, "AccessKeys")
        },
        "LoginProfile": bool(raw.get("LoginProfile")),
    }


def group_settings(raw: JsonObject) -> Json:
    """Return what matters of a group."""
    return {
        "Path": raw.get("Path"),
        "Policies": _inline(raw, "GroupPolicyList"),
        "ManagedPolicyArns": _attached(raw),
    }


def _versions(raw: JsonObject) -> dict[int, JsonObject]:
    """Return number -> version; by number, since engines list them in any order."""
    found = {int(text(v, "VersionId")[1:] or 0): v for v in objects(raw, "PolicyVersionList")}
    return dict(sorted(found.items()))


def _default(raw: JsonObject) -> JsonObject:
    for version in _versions(raw).values():
        if version.get("IsDefaultVersion"):
            return version
    return {}


def policy_settings(raw: JsonObject) -> Json:
    """Return what matters of a managed policy."""
    document = policy(_default(raw).get("Document"))
    properties: dict[str, Json] = {
        "Path": raw.get("Path"),
        "Description": raw.get("Description") or "",
        "DefaultVersionId": raw.get("DefaultVersionId"),
        "PolicyDocument": document,
        "Versions": {f"v{n}": policy(v.get("Document")) for n, v in _versions(raw).items()},
    }
    if admin_grants(document):
        # How far an administrator's policy reaches matters; how often another one is
        # attached is told by those it is attached to.
        properties["AdministratorAttachments"] = raw.get("AttachmentCount")
    return properties


def instance_profile_settings(raw: JsonObject) -> Json:
    """Return what matters of an instance profile."""
    return {
        "Path": raw.get("Path"),
        "Roles": sorted(text(role, "RoleName") for role in objects(raw, "Roles")),
    }


def policy_name(raw: JsonObject) -> str:
    """Return a managed policy's name; some engines tell it in the ARN only."""
    return text(raw, "PolicyName") or text(raw, "Arn").rsplit("/", 1)[-1]


def _document(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def _tagged(raw: JsonObject, params: dict[str, object]) -> dict[str, object]:
    tags = [t for t in objects(raw, "Tags") if not text(t, "Key").startswith("aws:")]
    return {**params, "Tags": tags} if tags else params


def _bounded(raw: JsonObject, params: dict[str, object]) -> dict[str, object]:
    boundary = _boundary(raw)
    return {**params, "PermissionsBoundary": boundary} if boundary else params


def create_role(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make a role."""
    params: dict[str, object] = {
        "RoleName": raw["RoleName"],
        "Path": raw.get("Path") or "/",
        "AssumeRolePolicyDocument": _document(raw.get("AssumeRolePolicyDocument")),
    }
    for key in ("Description", "MaxSessionDuration"):
        if raw.get(key):
            params[key] = raw[key]
    yield _tagged(raw, _bounded(raw, params))


def create_user(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make a user."""
    params: dict[str, object] = {"UserName": raw["UserName"], "Path": raw.get("Path") or "/"}
    yield _tagged(raw, _bounded(raw, params))


def create_group(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make a group."""
    yield {"GroupName": raw["GroupName"], "Path": raw.get("Path") or "/"}


def put_inline(owner: str, documents: str) -> Seeding:
    """Parameters that give `owner` (`RoleName`) its inline policies."""

    def params(raw: JsonObject, data: DataMark | None) -> Params:
        for item in objects(raw, documents):
            yield {
                owner: raw[owner],
                "PolicyName": item["PolicyName"],
                "PolicyDocument": _document(item.get("PolicyDocument")),
            }

    return params


def attach(owner: str) -> Seeding:
    """Parameters that attach the managed policies of `owner`."""

    def params(raw: JsonObject, data: DataMark | None) -> Params:
        for arn in _attached(raw):
            yield {owner: raw[owner], "PolicyArn": arn}

    return params


def join_groups(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that put a user into its groups."""
    for name in rows(raw, "GroupList"):
        yield {"UserName": raw["UserName"], "GroupName": name}


def access_key(index: int) -> Seeding:
    """Parameters that make the access key number `index` of a user."""

    def params(raw: JsonObject, data: DataMark | None) -> Params:
        if len(rows(raw, "AccessKeys")) > index:
            yield {"UserName": raw["UserName"]}

    return params


def inactive_keys(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make a user's inactive keys inactive."""
    for key in objects(raw, "AccessKeys"):
        if key.get("Status") == "Inactive":
            yield {
                "UserName": raw["UserName"],
                "AccessKeyId": key["AccessKeyId"],
                "Status": "Inactive",
            }


def login(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that give a user a password."""
    if raw.get("LoginProfile"):
        yield {"UserName": raw["UserName"], "Password": _PLACEHOLDER_PASSWORD}


def _numbered(raw: JsonObject) -> list[JsonObject]:
    """Return the versions to make, one after the other, so that they get the right numbers."""
    versions = _versions(raw)
    if not versions or max(versions) > _VERSIONS:
        return list(versions.values())
    return [
        versions.get(n, {"VersionId": f"v{n}", "Document": _FILLER})
        for n in range(1, max(versions) + 1)
    ]


def create_policy(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make a managed policy with its first version."""
    params: dict[str, object] = {
        "PolicyName": policy_name(raw),
        "Path": raw.get("Path") or "/",
        "PolicyDocument": _document(_numbered(raw)[0].get("Document")),
    }
    if raw.get("Description"):
        params["Description"] = raw["Description"]
    yield _tagged(raw, params)


def more_versions(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that add the further versions, the default one as default."""
    for version in _numbered(raw)[1:]:
        yield {
            "PolicyArn": raw["Arn"],
            "PolicyDocument": _document(version.get("Document")),
            "SetAsDefault": bool(version.get("IsDefaultVersion")),
        }


def filler_versions(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that remove the versions that only kept the numbers right."""
    for version in _numbered(raw):
        if version.get("Document") is _FILLER:
            yield {"PolicyArn": raw["Arn"], "VersionId": version["VersionId"]}


def create_instance_profile(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that make an instance profile."""
    yield _tagged(
        raw,
        {"InstanceProfileName": raw["InstanceProfileName"], "Path": raw.get("Path") or "/"},
    )


def fill_instance_profile(raw: JsonObject, data: DataMark | None) -> Params:
    """Parameters that put its role into an instance profile."""
    for role in objects(raw, "Roles"):
        yield {
            "InstanceProfileName": raw["InstanceProfileName"],
            "RoleName": role["RoleName"],
        }
