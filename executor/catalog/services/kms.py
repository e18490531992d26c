"""AWS KMS: keys and aliases.

Aliases are resources of their own, and are told with their key as well, since calls may name
a key by them. A key scheduled for deletion is deleted, deferred. Keys that AWS manages are
built in. Replicating keys over regions, and custom key stores, are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from executor.catalog import own_ids
from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, text
from executor.catalog.weakening import any_change, lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

# Rotation is for symmetric keys that are in use.
_NO_ROTATION = frozenset({"UnsupportedOperationException", "KMSInvalidStateException"})
_DELETING = ("PendingDeletion", "PendingReplicaDeletion")
_KEY = "params.KeyId"
_MADE = ("Description", "KeyUsage", "KeySpec", "MultiRegion")
_GRANT = ("Name", "GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints")
_WINDOW_DAYS = 30

_Params = Iterator[Mapping[str, object]]


def _alias_names(raw: JsonObject) -> list[str]:
    return sorted(text(alias, "AliasName") for alias in objects(raw, "Aliases"))


def _key(raw: JsonObject) -> Json:
    document = policy(raw.get("Policy"))
    state = raw.get("KeyState")
    return {
        **{name: raw.get(name) or None for name in (*_MADE, "Origin")},
        "Enabled": state == "Enabled" or (state is None and bool(raw.get("Enabled"))),
        "KeyState": state,
        "KeyPolicy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
        "Rotation": _rotates(raw),
        "Aliases": _alias_names(raw),
        "Grants": {text(g, "GrantId"): _grant(g) for g in objects(raw, "Grants")},
    }


def _rotates(raw: JsonObject) -> bool | None:
    rotation = raw.get("Rotation")
    return bool(rotation.get("KeyRotationEnabled")) if isinstance(rotation, Mapping) else None


def _grant(grant: JsonObject) -> dict[str, Json]:
    found = {name: grant[name] for name in _GRANT if grant.get(name)}
    operations = found.get("Operations")
    if isinstance(operations, list):
        found["Operations"] = sorted(map(str, operations))
    return found


def _handles(raw: JsonObject) -> Json:
    aliases = objects(raw, "Aliases")
    return [text(alias, name) for alias in aliases for name in ("AliasName", "AliasArn")]


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    params: dict[str, object] = {name: raw[name] for name in _MADE if raw.get(name)}
    if raw.get("Origin") == "EXTERNAL":
        params["Origin"] = "EXTERNAL"
    if raw.get("Policy"):
        # A policy may lock out whoever seeds; engines need not check.
        params |= {"Policy": raw["Policy"], "BypassPolicyLockoutSafetyCheck": True}
    tags = [t for t in objects(raw, "Tags") if not text(t, "TagKey").startswith("aws:")]
    yield {**params, "Tags": tags} if tags else params


def _rotation(raw: JsonObject, data: DataMark | None) -> _Params:
    rotation = raw.get("Rotation")
    if not _rotates(raw) or not isinstance(rotation, Mapping):
        return
    params: dict[str, object] = {"KeyId": raw["KeyId"]}
    if rotation.get("RotationPeriodInDays"):
        params["RotationPeriodInDays"] = rotation["RotationPeriodInDays"]
    yield params


def _grants(raw: JsonObject, data: DataMark | None) -> _Params:
    for grant in objects(raw, "Grants"):
        yield {"KeyId": raw["KeyId"], **_grant(grant)}


def _learn_grant(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    for grant in objects(raw, "Grants"):
        if all(params.get(name) == value for name, value in _grant(grant).items()):
            return {text(grant, "GrantId"): text(answer, "GrantId")}
    return {}


def _lacks_grant(params: Mapping[str, object], engine: JsonObject) -> bool:
    wanted = {key: value for key, value in params.items() if key != "KeyId"}
    return all(_grant(grant) != wanted for grant in objects(engine, "Grants"))


def _when_state(*states: str) -> Callable[[JsonObject, DataMark | None], _Params]:
    def params(raw: JsonObject, data: DataMark | None) -> _Params:
        if raw.get("KeyState") in states:
            yield {"KeyId": raw["KeyId"]}

    return params


def _doom(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("KeyState") in _DELETING:
        yield {"KeyId": raw["KeyId"], "PendingWindowInDays": _WINDOW_DAYS}


def _more_grants(before: Json, after: Json) -> bool:
    return lost(after, before)


KEY = ResourceType(
    type="AWS::KMS::Key",
    listing=Listing(operation="ListKeys", items="Keys[]"),
    details=(
        Detail(operation="DescribeKey", params={"KeyId": "KeyId"}, pick="KeyMetadata"),
        Detail(
            operation="GetKeyPolicy",
            params={"KeyId": "KeyId", "PolicyName": "'default'"},
            pick="Policy",
            into="Policy",
        ),
        Detail(
            operation="GetKeyRotationStatus",
            params={"KeyId": "KeyId"},
            into="Rotation",
            absent=_NO_ROTATION,
        ),
        Detail(operation="ListResourceTags", params={"KeyId": "KeyId"}, pick="Tags", into="Tags"),
        Detail(operation="ListAliases", params={"KeyId": "KeyId"}, pick="Aliases", into="Aliases"),
        Detail(operation="ListGrants", params={"KeyId": "KeyId"}, pick="Grants", into="Grants"),
    ),
    id="KeyId",
    arn="Arn",
    handles=(_handles,),
    settings=_key,
    birth={"id": "KeyId", "created": "CreationDate"},
    tags="Tags",
    stateful=True,
    builtin="KeyManager == 'AWS'",
    deferred=lambda raw: raw.get("KeyState") in _DELETING,
    settling="KeyState == 'Creating' || KeyState == 'Updating'",
    seeds=(
        Seed(
            operation="CreateKey",
            params=_create,
            own_id=own_ids.OF_KEY,
            learn={"KeyId": "KeyMetadata.KeyId", "Arn": "KeyMetadata.Arn"},
            creates=True,
            optional=False,
        ),
        Seed(operation="EnableKeyRotation", params=_rotation),
        Seed(operation="CreateGrant", params=_grants, learn=_learn_grant, lacking=_lacks_grant),
        Seed(operation="DisableKey", params=_when_state("Disabled"), late=True),
        Seed(operation="ScheduleKeyDeletion", params=_doom, late=True),
    ),
    operations=(
        *on(Verb.CREATE, "[response.KeyMetadata.KeyId, response.KeyMetadata.Arn]", "CreateKey"),
        *on(Verb.DELETE, _KEY, "ScheduleKeyDeletion"),
        *on(Verb.RESTORE, _KEY, "CancelKeyDeletion"),
        *on(Verb.ERASE, _KEY, "DeleteImportedKeyMaterial", part="'key material'"),
        *on(
            Verb.UPDATE,
            _KEY,
            "DisableKey",
            "EnableKey",
            "DisableKeyRotation",
            "EnableKeyRotation",
            "RotateKeyOnDemand",
            "ImportKeyMaterial",
            "UpdateKeyDescription",
            "TagResource",
            "UntagResource",
        ),
        *on(Verb.UPDATE, _KEY, "PutKeyPolicy", part="'policy'"),
        *on(Verb.UPDATE, _KEY, "CreateGrant", part="join(' ', ['grant', response.GrantId || ''])"),
        *on(
            Verb.UPDATE,
            _KEY,
            "RevokeGrant",
            "RetireGrant",
            part="join(' ', ['grant', params.GrantId || ''])",
        ),
        # A key tells its aliases; moving one changes both keys.
        *on(Verb.UPDATE, "params.TargetKeyId", "CreateAlias", "UpdateAlias", part="'alias'"),
        *on(Verb.UPDATE, "params.AliasName", "UpdateAlias", "DeleteAlias", part="'alias'"),
    ),
    hazards=(
        HazardRule(field="Enabled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Rotation", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="KeyPolicy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="Grants", hazard=Hazard.EXPOSURE, when=_more_grants),
        HazardRule(field="Grants", hazard=Hazard.DISRUPTION, when=lost),
    ),
)


def _create_alias(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("TargetKeyId"):
        yield {"AliasName": raw["AliasName"], "TargetKeyId": raw["TargetKeyId"]}


ALIAS = ResourceType(
    type="AWS::KMS::Alias",
    listing=Listing(operation="ListAliases", items="Aliases[]"),
    id="AliasName",
    arn="AliasArn",
    settings="{TargetKeyId: TargetKeyId}",
    birth={"created": "CreationDate"},
    builtin="starts_with(AliasName, 'alias/aws/')",
    depends_on=("AWS::KMS::Key",),
    seeds=(Seed(operation="CreateAlias", params=_create_alias, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.AliasName", "CreateAlias"),
        *on(Verb.UPDATE, "params.AliasName", "UpdateAlias"),
        *on(Verb.DELETE, "params.AliasName", "DeleteAlias"),
    ),
    # What was encrypted by this name was encrypted by another key.
    hazards=(HazardRule(field="TargetKeyId", hazard=Hazard.DISRUPTION, when=any_change),),
)

_USES = "uses a key; changes nothing of it"

SERVICE = Service(
    name="kms",
    types=(KEY, ALIAS),
    harmless={
        name: _USES
        for name in (
            "Decrypt",
            "DeriveSharedSecret",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateMac",
            "GenerateRandom",
            "ReEncrypt",
            "Sign",
            "Verify",
            "VerifyMac",
        )
    },
)
