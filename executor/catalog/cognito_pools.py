"""Cognito: user pools, with their users as data; groups, servers, providers, domain as parts.

Of users only their names and digests of what they are like are kept, and a replica's have other
mail addresses and no passwords. Who is in which group, devices, risk and log settings and the
details of identity providers are not read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from itertools import islice

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Reading,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.shaping import Params, by, deep_given, given, tag_map
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, canonical
from executor.model.resource import DataMark

POOLS = Listing(operation="ListUserPools", items="UserPools[]", params={"MaxResults": 60})
# Sixty users a call, and few calls a second.
_MOST_USERS = 1000
_BY_POOL = {"UserPoolId": "Id"}
_POOL = "params.UserPoolId"
_USER = "params.Username"
_PLACEHOLDER = "seeded"
_OPTIONS = (
    "Policies",
    "DeletionProtection",
    "LambdaConfig",
    "AutoVerifiedAttributes",
    "VerificationMessageTemplate",
    "SmsAuthenticationMessage",
    "UserAttributeUpdateSettings",
    "DeviceConfiguration",
    "EmailConfiguration",
    "SmsConfiguration",
    "AdminCreateUserConfig",
    "UserPoolAddOns",
    "AccountRecoverySetting",
    "UserPoolTier",
)
_FIXED = ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration")
_MFA = ("SmsMfaConfiguration", "SoftwareTokenMfaConfiguration", "EmailMfaConfiguration")
# What an update of the pool leaves out goes back to its default.
_RESETS: Mapping[str, JsonObject] = {
    "MfaConfiguration": {"MfaConfiguration": "OFF"},
    "AdminCreateUserConfig": {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False}},
    **{
        name: {name: None}
        for name in (
            "LambdaConfig",
            "AutoVerifiedAttributes",
            "SmsAuthenticationMessage",
            "DeviceConfiguration",
            "SmsConfiguration",
            "UserPoolAddOns",
        )
    },
}
_STRICTNESS = ("OFF", "OPTIONAL", "ON")
_SECURITY = ("OFF", "AUDIT", "ENFORCED")
# What providers must be told; each takes some of it.
_PROVIDER = {
    "client_id": _PLACEHOLDER,
    "client_secret": _PLACEHOLDER,
    "authorize_scopes": "openid",
    "attributes_request_method": "GET",
    "oidc_issuer": "https://seeded.example",
    "MetadataURL": "https://seeded.example/metadata",
    "team_id": _PLACEHOLDER,
    "key_id": _PLACEHOLDER,
    "private_key": _PLACEHOLDER,
}


def _pool(raw: JsonObject) -> Json:
    mfa = table(raw, "Mfa")
    return {
        **{key: deep_given(value) for key, value in given(raw, *_OPTIONS, *_FIXED).items()},
        "DeletionProtection": raw.get("DeletionProtection") or "INACTIVE",
        "MfaConfiguration": mfa.get("MfaConfiguration") or raw.get("MfaConfiguration") or "OFF",
        "Mfa": deep_given(given(mfa, *_MFA)),
        "Schema": {text(attribute, "Name"): deep_given(attribute) for attribute in _schema(raw)},
        "Domain": raw.get("Domain") or None,
        "CustomDomain": raw.get("CustomDomain") or None,
        "Groups": {
            text(group, "GroupName"): given(group, "Description", "RoleArn", "Precedence")
            for group in _groups(raw)
        },
        "ResourceServers": {
            name: {
                text(s, "ScopeName"): s.get("ScopeDescription") for s in objects(server, "Scopes")
            }
            for name, server in by(raw, "ResourceServers", "Identifier").items()
        },
        "IdentityProviders": {
            name: provider.get("ProviderType")
            for name, provider in by(raw, "Providers", "ProviderName").items()
        },
    }


def _groups(raw: JsonObject) -> list[JsonObject]:
    """Return the groups that somebody made; an identity provider's comes with it."""
    providers = "|".join(re.escape(name) for name in by(raw, "Providers", "ProviderName"))
    # POOL_PROVIDER, where the pool may be the engine's.
    theirs = re.compile(rf"[a-z0-9-]+_[0-9A-Za-z]+_({providers})")
    return [g for g in objects(raw, "Groups") if not theirs.fullmatch(text(g, "GroupName"))]


def _schema(raw: JsonObject) -> list[JsonObject]:
    """Return the attributes that somebody asked for; the others come with every pool."""
    return [
        attribute
        for attribute in objects(raw, "SchemaAttributes")
        if text(attribute, "Name") != "sub"
        and (text(attribute, "Name").startswith("custom:") or attribute.get("Required"))
    ]


def _users(reading: Reading, raw: JsonObject) -> DataMark:
    most = min(_MOST_USERS, reading.cap)
    pages = reading.pages("ListUsers", {"UserPoolId": raw["Id"]})
    users = (user for page in pages for user in objects(page, "Users"))
    found = list(islice(users, most + 1))
    complete = len(found) <= most
    return DataMark(
        unit="user",
        count=len(found) if complete else None,
        entries={text(user, "Username"): _fingerprint(user) for user in found[:most]},
        complete=complete,
    )


def _fingerprint(user: JsonObject) -> str:
    told = {key: user.get(key) for key in ("Attributes", "Enabled", "UserStatus")}
    return hashlib.sha256(canonical(told)).hexdigest()[:16]


def _attributes_stay(properties: JsonObject) -> bool:
    return False


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    schema = [
        {**_object(attribute), "Name": text(attribute, "Name").removeprefix("custom:")}
        for attribute in _schema(raw)
    ]
    yield {
        "PoolName": raw["Name"],
        **given(raw, *_OPTIONS, *_FIXED),
        **({"Schema": schema} if schema else {}),
        "UserPoolTags": tag_map(raw, "UserPoolTags"),
    }


def _object(raw: JsonObject) -> JsonObject:
    found = deep_given(raw)
    return found if isinstance(found, Mapping) else {}


def _ask_for_mfa(raw: JsonObject, data: DataMark | None) -> Params:
    mfa = given(table(raw, "Mfa"), "MfaConfiguration", *_MFA)
    if mfa.get("MfaConfiguration") not in (None, "OFF") or len(mfa) > 1:
        yield {"UserPoolId": raw["Id"], **mfa}


def _make_groups(raw: JsonObject, data: DataMark | None) -> Params:
    for group in _groups(raw):
        options = given(group, "GroupName", "Description", "RoleArn", "Precedence")
        yield {"UserPoolId": raw["Id"], **options}


def _servers(raw: JsonObject, data: DataMark | None) -> Params:
    for server in objects(raw, "ResourceServers"):
        yield {"UserPoolId": raw["Id"], **given(server, "Identifier", "Name", "Scopes")}


def _providers(raw: JsonObject, data: DataMark | None) -> Params:
    for provider in objects(raw, "Providers"):
        yield {
            "UserPoolId": raw["Id"],
            **given(provider, "ProviderName", "ProviderType"),
            "ProviderDetails": _PROVIDER,
        }


def _domain(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("Domain"):
        yield {"UserPoolId": raw["Id"], "Domain": raw["Domain"]}


def _people(raw: JsonObject, data: DataMark | None) -> Params:
    by_attribute = [str(name) for name in rows(raw, "UsernameAttributes")]
    for n, name in enumerate(data.entries if data else ()):
        # A pool that knows people by their addresses gives out names itself.
        address = f"+1555{n:07d}" if by_attribute == ["phone_number"] else f"{name}@seeded.example"
        yield {
            "UserPoolId": raw["Id"],
            "Username": address if by_attribute else name,
            "MessageAction": "SUPPRESS",
        }


def _learn_person(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    address = str(params["Username"])
    ours = address.removesuffix("@seeded.example")
    theirs = text(table(answer, "User"), "Username")
    return {ours: theirs} if ours != address else {}


def _weaker(order: tuple[str, ...], before: Json, after: Json) -> bool:
    old, new = str(before or order[0]), str(after or order[0])
    return old in order and (new not in order or order.index(new) < order.index(old))


def _easier_passwords(before: Json, after: Json) -> bool:
    old, new = table({"p": before}, "p"), table({"p": after}, "p")
    length, was = new.get("MinimumLength"), old.get("MinimumLength")
    shorter = isinstance(was, int) and (not isinstance(length, int) or length < was)
    asked = [key for key, value in old.items() if key.startswith("Require") and value]
    return shorter or any(not new.get(key) for key in asked)


def _part(kind: str, param: str) -> str:
    return f"join(' ', ['{kind}', params.{param}])"


USER_POOL = ResourceType(
    type="AWS::Cognito::UserPool",
    listing=POOLS,
    details=(
        Detail(operation="DescribeUserPool", params=_BY_POOL, pick="UserPool"),
        Detail(operation="GetUserPoolMfaConfig", params=_BY_POOL, into="Mfa"),
        Detail(operation="ListGroups", params=_BY_POOL, pick="Groups", into="Groups"),
        Detail(
            operation="ListResourceServers",
            params={**_BY_POOL, "MaxResults": "`50`"},
            pick="ResourceServers",
            into="ResourceServers",
        ),
        Detail(
            operation="ListIdentityProviders",
            params={**_BY_POOL, "MaxResults": "`60`"},
            pick="Providers",
            into="Providers",
        ),
    ),
    id="Id",
    name="Name",
    arn="Arn",
    settings=_pool,
    birth={"id": "Id", "created": "CreationDate"},
    tags="UserPoolTags",
    stateful=True,
    data=_users,
    probes=("ListUsers",),
    overwrites_lose=_attributes_stay,
    depends_on=("AWS::IAM::Role", "AWS::Lambda::Function"),
    seeds=(
        Seed(
            operation="CreateUserPool",
            params=_create,
            learn={"Id": "UserPool.Id"},
            creates=True,
            optional=False,
        ),
        Seed(operation="SetUserPoolMfaConfig", params=_ask_for_mfa),
        Seed(operation="CreateGroup", params=_make_groups),
        Seed(operation="CreateResourceServer", params=_servers),
        Seed(operation="CreateIdentityProvider", params=_providers),
        Seed(operation="CreateUserPoolDomain", params=_domain),
        Seed(operation="AdminCreateUser", params=_people, learn=_learn_person),
    ),
    operations=(
        *on(Verb.CREATE, "response.UserPool.Id", "CreateUserPool"),
        *on(Verb.DELETE, _POOL, "DeleteUserPool"),
        *on(Verb.UPDATE, _POOL, "UpdateUserPool", resets=_RESETS),
        *on(Verb.UPDATE, _POOL, "AddCustomAttributes", "SetUserPoolMfaConfig"),
        *on(
            Verb.UPDATE,
            _POOL,
            "CreateGroup",
            "DeleteGroup",
            "UpdateGroup",
            part=_part("group", "GroupName"),
        ),
        *on(
            Verb.UPDATE,
            _POOL,
            "CreateResourceServer",
            "DeleteResourceServer",
            "UpdateResourceServer",
            part=_part("resource server", "Identifier"),
        ),
        *on(
            Verb.UPDATE,
            _POOL,
            "CreateIdentityProvider",
            "DeleteIdentityProvider",
            part=_part("identity provider", "ProviderName"),
        ),
        *on(
            Verb.UPDATE,
            _POOL,
            "CreateUserPoolDomain",
            "DeleteUserPoolDomain",
            "UpdateUserPoolDomain",
            part=_part("domain", "Domain"),
        ),
        *on(
            Verb.UPDATE,
            "params.ResourceArn | [@][?contains(@, ':userpool/')]",
            "TagResource",
            "UntagResource",
            part="'tags'",
        ),
        *on(Verb.WRITE, _POOL, "AdminCreateUser", part="response.User.Username"),
        *on(
            Verb.WRITE,
            _POOL,
            "AdminConfirmSignUp",
            "AdminEnableUser",
            "AdminUpdateUserAttributes",
            part=_USER,
        ),
        *on(
            Verb.WRITE,
            _POOL,
            "AdminDisableUser",
            "AdminResetUserPassword",
            "AdminSetUserPassword",
            "AdminUserGlobalSignOut",
            part=_part("sign-in of", "Username"),
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.ERASE, _POOL, "AdminDeleteUser", part=_USER),
        *on(Verb.ERASE, _POOL, "AdminDeleteUserAttributes"),
        *on(
            Verb.READ,
            _POOL,
            "AdminGetDevice",
            "AdminGetUser",
            "AdminGetUserAuthFactors",
            "AdminListDevices",
            "AdminListGroupsForUser",
            "AdminListUserAuthEvents",
        ),
    ),
    hazards=(
        HazardRule(
            field="DeletionProtection",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: before == "ACTIVE",
        ),
        HazardRule(
            field="MfaConfiguration",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: _weaker(_STRICTNESS, before, after),
        ),
        HazardRule(
            field="UserPoolAddOns.AdvancedSecurityMode",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: _weaker(_SECURITY, before, after),
        ),
        HazardRule(
            field="Policies.PasswordPolicy", hazard=Hazard.PROTECTION_LOSS, when=_easier_passwords
        ),
        HazardRule(
            field="AdminCreateUserConfig.AllowAdminCreateUserOnly",
            hazard=Hazard.EXPOSURE,
            when=turned_off,
        ),
        HazardRule(field="LambdaConfig", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="AutoVerifiedAttributes", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Domain", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="CustomDomain", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="Groups", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="ResourceServers", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="values(ResourceServers)[].keys(@)[]", hazard=Hazard.DISRUPTION, when=lost
        ),
        HazardRule(field="IdentityProviders", hazard=Hazard.DISRUPTION, when=lost),
    ),
)
