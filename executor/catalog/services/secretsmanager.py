"""AWS Secrets Manager: secrets.

Values are never read: which version carries which stage tells that a value changed.
`AWSPREVIOUS` and `AWSPENDING` move by themselves and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog import own_ids
from executor.catalog.declarations import (
    Copying,
    DataCopy,
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import narrowed, opened, outsiders, policy
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark
from executor.model.stand_in import STAND_IN

_MOVING_STAGES = ("AWSPREVIOUS", "AWSPENDING")
_CURRENT = "AWSCURRENT"
# The longest there is: a replica is never old enough to reach it.
_RECOVERY_DAYS = 30


def _stages(raw: JsonObject) -> dict[str, str]:
    """Return stage -> version id."""
    found = table(raw, "VersionIdsToStages") or table(raw, "SecretVersionsToStages")
    return {
        str(stage): str(version)
        for version, stages in found.items()
        for stage in (stages if isinstance(stages, list) else ())
        if stage not in _MOVING_STAGES
    }


def _settings(raw: JsonObject) -> Json:
    document = policy(raw.get("ResourcePolicy"))
    return {
        "Description": raw.get("Description") or "",
        "KmsKeyId": raw.get("KmsKeyId"),
        "RotationEnabled": bool(raw.get("RotationEnabled")),
        "RotationLambdaARN": raw.get("RotationLambdaARN"),
        "RotationRules": raw.get("RotationRules") or None,
        "OwningService": raw.get("OwningService"),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
        "ReplicaRegions": sorted(text(r, "Region") for r in objects(raw, "ReplicationStatus")),
        "Stages": _stages(raw),
    }


def _create(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    params: dict[str, object] = {"Name": raw["Name"], "Tags": raw.get("Tags") or []}
    for key in ("Description", "KmsKeyId"):
        if raw.get(key):
            params[key] = raw[key]
    yield params


def _rotate(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    if not raw.get("RotationEnabled"):
        return
    params: dict[str, object] = {"SecretId": raw["ARN"], "RotateImmediately": False}
    for key in ("RotationLambdaARN", "RotationRules"):
        if raw.get(key):
            params[key] = raw[key]
    yield params


def _put_values(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    stages = _stages(raw)
    # The current version last, since every new one takes `AWSCURRENT`'s place in some engine.
    for version in sorted(set(stages.values()), key=lambda v: v == stages.get(_CURRENT)):
        yield {
            "SecretId": raw["ARN"],
            "SecretString": STAND_IN,
            "ClientRequestToken": version,
            "VersionStages": sorted(s for s, v in stages.items() if v == version),
        }


def _copied(
    copying: Copying, raw: JsonObject, operation: str, params: Mapping[str, object]
) -> Mapping[str, object]:
    if operation != "PutSecretValue":
        return params
    asked = {"SecretId": raw["ARN"], "VersionId": params["ClientRequestToken"]}
    answer = copying.call("GetSecretValue", asked)
    values = {key: answer[key] for key in ("SecretString", "SecretBinary") if key in answer}
    rest = {key: value for key, value in params.items() if key != "SecretString"}
    return {**rest, **values} if values else params


def _put_policy(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    if raw.get("ResourcePolicy"):
        yield {"SecretId": raw["ARN"], "ResourcePolicy": raw["ResourcePolicy"]}


def _delete(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    if raw.get("DeletedDate"):
        yield {"SecretId": raw["ARN"], "RecoveryWindowInDays": _RECOVERY_DAYS}


SECRET = ResourceType(
    type="AWS::SecretsManager::Secret",
    listing=Listing(
        operation="ListSecrets", items="SecretList[]", params={"IncludePlannedDeletion": True}
    ),
    details=(
        # Listings of emulators leave out keys, rotation and replicas.
        Detail(operation="DescribeSecret", params={"SecretId": "ARN"}),
        Detail(
            operation="GetResourcePolicy",
            params={"SecretId": "ARN"},
            pick="ResourcePolicy",
            into="ResourcePolicy",
            # A secret that is scheduled for deletion tells its policy to nobody.
            absent=frozenset({"InvalidRequestException"}),
        ),
    ),
    id="ARN",
    name="Name",
    arn="ARN",
    settings=_settings,
    birth={"arn": "ARN", "created": "CreatedDate"},
    tags="Tags",
    stateful=True,
    copy=DataCopy(operations=("GetSecretValue",), fill=_copied),
    deferred="DeletedDate",
    # A stack names its secret by the name in some engine, where AWS takes the ARN.
    adopt="Name",
    seeds=(
        Seed(
            operation="CreateSecret",
            params=_create,
            own_id=own_ids.OF_SECRET,
            learn={"ARN": "ARN"},
            creates=True,
            optional=False,
        ),
        # Rotation needs its function in moto, which remembers the wish all the same; it makes
        # a version of its own in MiniStack, so the versions come after it.
        Seed(
            operation="RotateSecret",
            params=_rotate,
            tolerate=frozenset({"ResourceNotFoundException"}),
        ),
        Seed(operation="PutSecretValue", params=_put_values),
        Seed(operation="PutResourcePolicy", params=_put_policy),
        Seed(operation="DeleteSecret", params=_delete),
    ),
    operations=(
        *on(Verb.CREATE, "[params.Name, response.ARN]", "CreateSecret"),
        *on(Verb.DELETE, "[params.SecretId, response.ARN]", "DeleteSecret"),
        *on(Verb.RESTORE, "[params.SecretId, response.ARN]", "RestoreSecret"),
        *on(
            Verb.UPDATE,
            "[params.SecretId, response.ARN]",
            "CancelRotateSecret",
            "DeleteResourcePolicy",
            "PutResourcePolicy",
            "PutSecretValue",
            "RemoveRegionsFromReplication",
            "ReplicateSecretToRegions",
            "RotateSecret",
            "StopReplicationToReplica",
            "TagResource",
            "UntagResource",
            "UpdateSecret",
            "UpdateSecretVersionStage",
        ),
    ),
    hazards=(
        HazardRule(field="RotationEnabled", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="KmsKeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="ReplicaRegions", hazard=Hazard.PROTECTION_LOSS, when=lost),
        HazardRule(field="Stages", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
    ),
)

SERVICE = Service(name="secretsmanager", types=(SECRET,))
