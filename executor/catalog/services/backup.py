"""AWS Backup: vaults with their recovery points as data, plans, selections.

Recovery points are read and cannot be rebuilt. Frameworks, reports, restore tests, legal holds,
air-gapped vaults and what is restored are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from executor.catalog.backup_plans import PLAN, SELECTION, tagged
from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    Reading,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.policies import denial_lost, opened, outsiders, policy
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

_ABSENT = frozenset({"ResourceNotFoundException"})
_BY_NAME = {"BackupVaultName": "BackupVaultName"}
_VAULT = "params.BackupVaultName"
_POINT = "params.RecoveryPointArn"


def _vault(raw: JsonObject) -> Json:
    document = policy(raw.get("Policy"))
    return {
        "EncryptionKeyArn": raw.get("EncryptionKeyArn") or None,
        "VaultType": raw.get("VaultType") or "BACKUP_VAULT",
        "Locked": bool(raw.get("Locked")),
        "MinRetentionDays": raw.get("MinRetentionDays"),
        "MaxRetentionDays": raw.get("MaxRetentionDays"),
        "Policy": document,
        "OpenTo": outsiders(document, text(raw, "$account")),
        "Notifies": table(raw, "Notifications").get("SNSTopicArn"),
    }


def _points(reading: Reading, raw: JsonObject) -> DataMark:
    found = (
        point
        for page in reading.pages(
            "ListRecoveryPointsByBackupVault", {"BackupVaultName": raw["BackupVaultName"]}
        )
        for point in objects(page, "RecoveryPoints")
    )
    points = list(islice(found, reading.cap + 1))
    entries = {text(p, "RecoveryPointArn"): str(p.get("CreationDate")) for p in points}
    # A replica has none of them, so what is done to them there is not all that would be.
    return DataMark(
        unit="recovery point",
        count=len(points) if len(points) <= reading.cap else None,
        entries=dict(islice(entries.items(), reading.cap)),
        complete=not points,
    )


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    params: dict[str, object] = {"BackupVaultName": raw["BackupVaultName"]}
    if raw.get("EncryptionKeyArn"):
        params["EncryptionKeyArn"] = raw["EncryptionKeyArn"]
    yield {**params, "BackupVaultTags": raw["Tags"]} if raw.get("Tags") else params


def _lock(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Locked"):
        limits = {k: raw[k] for k in ("MinRetentionDays", "MaxRetentionDays") if raw.get(k)}
        yield {"BackupVaultName": raw["BackupVaultName"], **limits}


def _permit(raw: JsonObject, data: DataMark | None) -> _Params:
    if raw.get("Policy"):
        yield {"BackupVaultName": raw["BackupVaultName"], "Policy": raw["Policy"]}


def _notify(raw: JsonObject, data: DataMark | None) -> _Params:
    found = table(raw, "Notifications")
    if found.get("SNSTopicArn"):
        keys = ("SNSTopicArn", "BackupVaultEvents")
        yield {"BackupVaultName": raw["BackupVaultName"], **{key: found.get(key) for key in keys}}


def _kept_shorter(before: Json, after: Json) -> bool:
    """What is kept must not be kept as long as before."""
    old = before if isinstance(before, int) else 0
    return (after if isinstance(after, int) else 0) < old


VAULT = ResourceType(
    type="AWS::Backup::BackupVault",
    listing=Listing(operation="ListBackupVaults", items="BackupVaultList[]"),
    details=(
        Detail(
            operation="GetBackupVaultAccessPolicy",
            params=_BY_NAME,
            pick="Policy",
            into="Policy",
            absent=_ABSENT,
        ),
        Detail(
            operation="GetBackupVaultNotifications",
            params=_BY_NAME,
            into="Notifications",
            absent=_ABSENT,
        ),
        Detail(
            operation="ListTags",
            params={"ResourceArn": "BackupVaultArn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="BackupVaultName",
    arn="BackupVaultArn",
    settings=_vault,
    birth={"created": "CreationDate", "request": "CreatorRequestId"},
    tags="Tags",
    stateful=True,
    data=_points,
    probes=("ListRecoveryPointsByBackupVault",),
    builtin="starts_with(BackupVaultName, 'aws/')",
    seeds=(
        Seed(operation="CreateBackupVault", params=_create, creates=True, optional=False),
        Seed(operation="PutBackupVaultLockConfiguration", params=_lock),
        Seed(operation="PutBackupVaultAccessPolicy", params=_permit),
        Seed(operation="PutBackupVaultNotifications", params=_notify),
    ),
    operations=(
        *on(Verb.CREATE, "[params.BackupVaultName, response.BackupVaultArn]", "CreateBackupVault"),
        *on(Verb.DELETE, _VAULT, "DeleteBackupVault"),
        *on(
            Verb.UPDATE,
            _VAULT,
            "PutBackupVaultLockConfiguration",
            "DeleteBackupVaultLockConfiguration",
            part="'lock'",
        ),
        *on(
            Verb.UPDATE,
            _VAULT,
            "PutBackupVaultAccessPolicy",
            "DeleteBackupVaultAccessPolicy",
            part="'policy'",
        ),
        *on(
            Verb.UPDATE,
            _VAULT,
            "PutBackupVaultNotifications",
            "DeleteBackupVaultNotifications",
            part="'notifications'",
        ),
        *on(Verb.UPDATE, tagged("backup-vault"), "TagResource", "UntagResource"),
        *on(Verb.WRITE, _VAULT, "StartBackupJob"),
        *on(Verb.ERASE, _VAULT, "DeleteRecoveryPoint", "DisassociateRecoveryPoint", part=_POINT),
        # How long a point is kept is not read, and is set to something else here.
        *on(
            Verb.UPDATE,
            _VAULT,
            "UpdateRecoveryPointLifecycle",
            "DisassociateRecoveryPointFromParent",
            part=_POINT,
            hazard=Hazard.DATA_LOSS,
        ),
    ),
    hazards=(
        HazardRule(field="Locked", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="MinRetentionDays", hazard=Hazard.PROTECTION_LOSS, when=_kept_shorter),
        HazardRule(field="Policy", hazard=Hazard.PROTECTION_LOSS, when=denial_lost),
        HazardRule(field="OpenTo", hazard=Hazard.EXPOSURE, when=opened),
        HazardRule(field="Notifies", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="EncryptionKeyArn", hazard=Hazard.PROTECTION_LOSS, when=any_change),
    ),
)

SERVICE = Service(
    name="backup",
    types=(VAULT, PLAN, SELECTION),
    harmless={"ExportBackupPlanTemplate": "tells a plan as a template; changes nothing"},
)
