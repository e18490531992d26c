"""Amazon FSx: file systems.

Files are neither read nor copied. Backups, volumes, virtual machines, snapshots, caches,
associations with repositories and access points are not read: what changes them leaves a run
undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from executor.catalog.declarations import (
    HazardRule,
    Listing,
    Operation,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.identifiers import PASSWORD
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import any_change, shrunk
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]
_SYSTEM = "params.FileSystemId"
# Every kind of file system has settings of its own; a file system has those of one.
_KINDS = (
    "LustreConfiguration",
    "OntapConfiguration",
    "OpenZFSConfiguration",
    "WindowsConfiguration",
)
# What is told of a kind and can be asked for in the same words.
_ASKED = (
    "AutomaticBackupRetentionDays",
    "CopyTagsToBackups",
    "CopyTagsToVolumes",
    "DailyAutomaticBackupStartTime",
    "DataCompressionType",
    "DeploymentType",
    "DriveCacheType",
    "HAPairs",
    "PerUnitStorageThroughput",
    "PreferredSubnetId",
    "ThroughputCapacity",
    "WeeklyMaintenanceStartTime",
)


def _tagging(kind: str) -> tuple[Operation, ...]:
    """Return what tagging means for the resources of a kind (`file-system`)."""

    def handles(params: JsonObject, response: JsonObject) -> Sequence[str]:
        arn = text(params, "ResourceARN")
        return (arn,) if arn.split(":", 5)[-1].startswith(f"{kind}/") else ()

    return on(Verb.UPDATE, handles, "TagResource", "UntagResource", part="'tags'")


def _own_tags(raw: JsonObject) -> list[JsonObject]:
    return [t for t in objects(raw, "Tags") if not text(t, "Key").startswith("aws:")]


def _kind(raw: JsonObject) -> tuple[str, JsonObject]:
    found = next((kind for kind in _KINDS if table(raw, kind)), "")
    return found, {k: v for k, v in table(raw, found).items() if k in _ASKED}


def _file_system(raw: JsonObject) -> Json:
    _, settings = _kind(raw)
    return {
        **{
            key: raw.get(key) or None
            for key in (
                "FileSystemType",
                "FileSystemTypeVersion",
                "KmsKeyId",
                "StorageCapacity",
                "StorageType",
            )
        },
        "Configuration": settings,
        "BackupDays": settings.get("AutomaticBackupRetentionDays") or 0,
        "SubnetIds": sorted(str(subnet) for subnet in rows(raw, "SubnetIds")),
    }


def _create(raw: JsonObject, data: DataMark | None) -> _Params:
    kind, settings = _kind(raw)
    wanted = dict(settings)
    if kind == "OntapConfiguration":
        wanted["FsxAdminPassword"] = PASSWORD
    params = {
        key: raw[key]
        for key in (
            "FileSystemType",
            "FileSystemTypeVersion",
            "KmsKeyId",
            "StorageCapacity",
            "StorageType",
            "SubnetIds",
        )
        if raw.get(key)
    }
    if _own_tags(raw):
        params["Tags"] = _own_tags(raw)
    yield {**params, kind: wanted} if kind else params


def _no_backups(before: Json, after: Json) -> bool:
    """Automatic backups are switched off: those that there are go at once."""
    return bool(before) and not after


FILE_SYSTEM = ResourceType(
    type="AWS::FSx::FileSystem",
    listing=Listing(operation="DescribeFileSystems", items="FileSystems[]"),
    id="FileSystemId",
    arn="ResourceARN",
    settings=_file_system,
    birth={"id": "FileSystemId", "created": "CreationTime"},
    tags="Tags",
    stateful=True,
    settling="contains(['CREATING', 'DELETING', 'UPDATING'], Lifecycle)",
    depends_on=("AWS::EC2::Subnet",),
    seeds=(
        Seed(
            operation="CreateFileSystem",
            params=_create,
            learn={"FileSystemId": "FileSystem.FileSystemId"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[response.FileSystem.FileSystemId, response.FileSystem.ResourceARN]",
            "CreateFileSystem",
            "CreateFileSystemFromBackup",
        ),
        *on(Verb.DELETE, _SYSTEM, "DeleteFileSystem"),
        *on(
            Verb.UPDATE,
            _SYSTEM,
            "UpdateFileSystem",
        ),
        *on(
            Verb.UPDATE,
            _SYSTEM,
            "DisassociateFileSystemAliases",
            part="'aliases'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            _SYSTEM,
            "ReleaseFileSystemNfsV3Locks",
            part="'locks'",
            hazard=Hazard.DISRUPTION,
        ),
        *_tagging("file-system"),
    ),
    hazards=(
        HazardRule(field="BackupDays", hazard=Hazard.DATA_LOSS, when=_no_backups),
        HazardRule(field="BackupDays", hazard=Hazard.PROTECTION_LOSS, when=shrunk),
        HazardRule(
            field="Configuration.ThroughputCapacity", hazard=Hazard.DISRUPTION, when=any_change
        ),
    ),
)


SERVICE = Service(
    name="fsx",
    types=(FILE_SYSTEM,),
    # File systems stand in subnets.
    reaches=("ec2",),
)
