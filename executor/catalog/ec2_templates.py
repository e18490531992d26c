"""EC2: launch templates, with their versions, and key pairs.

A template's user data may hold secrets: a digest stands for it, in the replica too. Private
keys are not at AWS; a replica's key pair has the public one, or a placeholder.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, only, tag_operations, tagged
from executor.catalog.ec2_user_data import readable_digest, user_data_digest
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

# A key that fits no lock: its point is all zeros.
_PLACEHOLDER_KEY = (
    b"ssh-ed25519 "
    + base64.b64encode(b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes(32))
    + b" placeholder"
)


def _concealed(raw: JsonObject) -> JsonObject:
    versions: list[Json] = []
    for version in objects(raw, "Versions"):
        data = table(version, "LaunchTemplateData")
        if text(data, "UserData"):
            data = {**data, "UserData": user_data_digest(text(data, "UserData"))}
        versions.append({**version, "LaunchTemplateData": data})
    return {**raw, "Versions": versions}


def _template(raw: JsonObject) -> Json:
    return {
        "DefaultVersion": raw.get("DefaultVersionNumber"),
        "Versions": {
            str(version.get("VersionNumber")): {
                **only(version, "VersionDescription"),
                "LaunchTemplateData": _shown(_data(version)),
            }
            for version in objects(raw, "Versions")
        },
    }


def _data(version: JsonObject) -> dict[str, Json]:
    data = dict(table(version, "LaunchTemplateData"))
    metadata = {k: v for k, v in table(data, "MetadataOptions").items() if k != "State"}
    # The template's own tags are not its instances'.
    specifications: list[Json] = [
        s for s in objects(data, "TagSpecifications") if s.get("ResourceType") != "launch-template"
    ]
    data |= {"MetadataOptions": metadata, "TagSpecifications": specifications}
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _shown(data: dict[str, Json]) -> dict[str, Json]:
    if "UserData" not in data:
        return data
    return {**data, "UserData": readable_digest(text(data, "UserData"))}


def _by_number(raw: JsonObject) -> dict[int, JsonObject]:
    found = {v.get("VersionNumber"): v for v in objects(raw, "Versions")}
    return {number: v for number, v in found.items() if isinstance(number, int)}


def _version(raw: JsonObject, number: int) -> dict[str, object]:
    # The numbers of versions that were deleted are not given again.
    version = _by_number(raw).get(number, {})
    data = _data(version) or {"EbsOptimized": False}
    return {**only(version, "VersionDescription"), "LaunchTemplateData": data}


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    params = {"LaunchTemplateName": raw["LaunchTemplateName"], **_version(raw, 1)}
    yield tagged(raw, "launch-template", params)


def _add_versions(raw: JsonObject, data: DataMark | None) -> Params:
    for number in range(2, max(_by_number(raw), default=1) + 1):
        yield {"LaunchTemplateId": raw["LaunchTemplateId"], **_version(raw, number)}


def _choose_default(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("DefaultVersionNumber") != 1:
        chosen = str(raw.get("DefaultVersionNumber"))
        yield {"LaunchTemplateId": raw["LaunchTemplateId"], "DefaultVersion": chosen}


def _drop_versions(raw: JsonObject, data: DataMark | None) -> Params:
    kept = _by_number(raw)
    dropped = [str(n) for n in range(1, max(kept, default=1) + 1) if n not in kept]
    if dropped:
        yield {"LaunchTemplateId": raw["LaunchTemplateId"], "Versions": dropped}


def _dropped(params: JsonObject, response: JsonObject) -> list[str]:
    asked = params.get("Versions")
    return [f"version {number}" for number in (asked if isinstance(asked, list) else ())]


LAUNCH_TEMPLATE = ResourceType(
    type="AWS::EC2::LaunchTemplate",
    listing=Listing(operation="DescribeLaunchTemplates", items="LaunchTemplates[]"),
    details=(
        Detail(
            operation="DescribeLaunchTemplateVersions",
            params={"LaunchTemplateId": "LaunchTemplateId"},
            pick="LaunchTemplateVersions",
            into="Versions",
        ),
    ),
    id="LaunchTemplateId",
    name="LaunchTemplateName",
    address=arn("launch-template"),
    conceal=_concealed,
    settings=_template,
    birth={"id": "LaunchTemplateId", "created": "CreateTime"},
    tags="Tags",
    seeds=(
        Seed(
            operation="CreateLaunchTemplate",
            params=_create,
            learn={"LaunchTemplateId": "LaunchTemplate.LaunchTemplateId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="CreateLaunchTemplateVersion", params=_add_versions, creates=True),
        Seed(operation="ModifyLaunchTemplate", params=_choose_default),
        Seed(operation="DeleteLaunchTemplateVersions", params=_drop_versions),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[params.LaunchTemplateName, response.LaunchTemplate.LaunchTemplateId]",
            "CreateLaunchTemplate",
        ),
        *on(
            Verb.DELETE,
            "[params.LaunchTemplateName, params.LaunchTemplateId]",
            "DeleteLaunchTemplate",
        ),
        *on(
            Verb.UPDATE,
            "[params.LaunchTemplateName, params.LaunchTemplateId]",
            "ModifyLaunchTemplate",
        ),
        *on(
            Verb.UPDATE,
            "[params.LaunchTemplateName, params.LaunchTemplateId]",
            "CreateLaunchTemplateVersion",
            part="'versions'",
        ),
        *on(
            Verb.UPDATE,
            "[params.LaunchTemplateName, params.LaunchTemplateId]",
            "DeleteLaunchTemplateVersions",
            part=_dropped,
        ),
        *tag_operations("lt"),
    ),
    # What is launched by a version that is gone is launched no more.
    hazards=(HazardRule(field="Versions", hazard=Hazard.DISRUPTION, when=lost),),
)


def _import(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    known = text(raw, "PublicKey").encode()
    params: dict[str, object] = {
        "KeyName": raw["KeyName"],
        "PublicKeyMaterial": known or _PLACEHOLDER_KEY,
    }
    yield tagged(raw, "key-pair", params)


KEY_PAIR = ResourceType(
    type="AWS::EC2::KeyPair",
    listing=Listing(
        operation="DescribeKeyPairs", items="KeyPairs[]", params={"IncludePublicKey": True}
    ),
    id="KeyPairId",
    name="KeyName",
    address="arn:{partition}:ec2:{region}:{account}:key-pair/{name}",
    settings=lambda raw: only(raw, "KeyType"),
    birth={"id": "KeyPairId", "created": "CreateTime", "fingerprint": "KeyFingerprint"},
    tags="Tags",
    seeds=(
        Seed(
            operation="ImportKeyPair",
            params=_import,
            learn={"KeyPairId": "KeyPairId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[params.KeyName, response.KeyPairId]", "CreateKeyPair", "ImportKeyPair"),
        *on(
            Verb.DELETE,
            "[params.KeyName, params.KeyPairId, response.KeyPairId]",
            "DeleteKeyPair",
        ),
        *tag_operations("key"),
    ),
)
