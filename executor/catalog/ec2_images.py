"""EC2: snapshots of volumes, and machine images (AMIs), of the account itself.

What a snapshot holds is neither read nor copied. Locks of snapshots are not read: what changes
them leaves a run undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from executor.catalog.declarations import (
    Asking,
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.ec2_tagging import Params, only, tag_operations, tagged
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import added, lost, turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_OURS: JsonObject = {"Name": "owner-id", "Values": ["$account"]}
_STAND_IN = "executor:stand-in"
_IMAGE_ID = re.compile(r"\bami-[0-9a-f]+\b")
_EBS = ("SnapshotId", "VolumeSize", "VolumeType", "DeleteOnTermination", "Encrypted", "Iops")
_IMAGE = (
    "Architecture",
    "BootMode",
    "Description",
    "ImdsSupport",
    "RootDeviceName",
    "TpmSupport",
    "VirtualizationType",
)


_ACCOUNTS = ("UserId", "OrganizationArn", "OrganizationalUnitArn")


def _shared(raw: JsonObject, key: str) -> dict[str, Json]:
    """Return whether the permissions under `key` let everybody in, and which accounts or OUs."""
    permissions = objects(raw, key)
    return {
        "Public": any(p.get("Group") == "all" for p in permissions),
        "SharedWith": sorted(text(p, who) for p in permissions for who in _ACCOUNTS if p.get(who)),
    }


def _added_permissions(raw: JsonObject, key: str) -> list[dict[str, object]]:
    return [{**only(p, "Group", *_ACCOUNTS)} for p in objects(raw, key)]


# A call that opens something is dangerous even where an engine does not keep what it said.


def _opening(params: JsonObject, permission: str, identity: str) -> list[str]:
    """Return the id of what the call shows to the world, or to other accounts; else nothing."""
    structured = table(params, permission)
    entries = [*objects(structured, "Add")]
    if params.get("OperationType") == "add":
        entries += [{"Group": group} for group in _texts(params, "GroupNames", "UserGroups")]
        whom = ("UserIds", "OrganizationArns", "OrganizationalUnitArns")
        entries += [{"UserId": user} for user in _texts(params, *whom)]
    found = text(params, identity)
    return [found] if found and entries else []


def _texts(params: JsonObject, *keys: str) -> list[str]:
    return [value for key in keys for value in rows(params, key) if isinstance(value, str)]


def _opens_snapshot(params: JsonObject, response: JsonObject) -> list[str]:
    return _opening(params, "CreateVolumePermission", "SnapshotId")


def _opens_image(params: JsonObject, response: JsonObject) -> list[str]:
    return _opening(params, "LaunchPermission", "ImageId")


# Snapshots


def _snapshot(raw: JsonObject) -> Json:
    return {
        **only(raw, "VolumeId", "VolumeSize", "Description", "KmsKeyId", "StorageTier"),
        "Encrypted": bool(raw.get("Encrypted")),
        **_shared(raw, "Permissions"),
    }


def _images_named(raw: JsonObject) -> Json:
    # Snapshots that an image was made with name it in their description.
    found: list[Json] = [*_IMAGE_ID.findall(text(raw, "Description"))]
    return found


def _stand_in(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        "VolumeId": raw["VolumeId"],
        "Size": raw.get("VolumeSize") or 1,
        "Encrypted": bool(raw.get("Encrypted")),
        **only(raw, "KmsKeyId"),
    }
    yield params


def _where_volume_is_gone(
    ask: Asking, params: Mapping[str, object]
) -> Iterable[Mapping[str, object]]:
    """Give the parameters of a volume to take the snapshot of, if the one it was of is gone."""
    if _volume(ask, params["VolumeId"]) is not None:
        return
    zones = objects(ask("DescribeAvailabilityZones", {}), "AvailabilityZones")
    kept = {key: value for key, value in params.items() if key != "VolumeId"}
    tags = [{"Key": _STAND_IN, "Value": str(params["VolumeId"])}]
    yield {
        **kept,
        "AvailabilityZone": text(zones[0], "ZoneName") if zones else "",
        "TagSpecifications": [{"ResourceType": "volume", "Tags": tags}],
    }


def _volume(ask: Asking, volume: object) -> JsonObject | None:
    filters = [{"Name": "volume-id", "Values": [volume]}]
    found = objects(ask("DescribeVolumes", {"Filters": filters}), "Volumes")
    return found[0] if found else None


def _same_volume(raw: JsonObject, data: DataMark | None) -> Params:
    yield {"VolumeId": raw["VolumeId"]}


def _if_stand_in(ask: Asking, params: Mapping[str, object]) -> Iterable[Mapping[str, object]]:
    found = _volume(ask, params["VolumeId"])
    if found is not None and any(t.get("Key") == _STAND_IN for t in objects(found, "Tags")):
        yield params


def _create_snapshot(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(raw, "snapshot", {**only(raw, "VolumeId", "Description")})


def _share_snapshot(raw: JsonObject, data: DataMark | None) -> Params:
    permissions = _added_permissions(raw, "Permissions")
    if permissions:
        yield {
            "SnapshotId": raw["SnapshotId"],
            "Attribute": "createVolumePermission",
            "OperationType": "add",
            "GroupNames": [p["Group"] for p in permissions if "Group" in p],
            "UserIds": [p["UserId"] for p in permissions if "UserId" in p],
        }


SNAPSHOT = ResourceType(
    type="AWS::EC2::Snapshot",
    listing=Listing(
        operation="DescribeSnapshots",
        items="Snapshots[]",
        params={"OwnerIds": ["self"], "Filters": [_OURS]},
    ),
    details=(
        Detail(
            operation="DescribeSnapshotAttribute",
            params={"SnapshotId": "SnapshotId", "Attribute": "'createVolumePermission'"},
            pick="CreateVolumePermissions",
            into="Permissions",
        ),
    ),
    id="SnapshotId",
    address="arn:{partition}:ec2:{region}::snapshot/{id}",
    handles=(_images_named,),
    settings=_snapshot,
    birth={"id": "SnapshotId", "created": "StartTime"},
    tags="Tags",
    stateful=True,
    settling="State == 'pending'",
    depends_on=("AWS::EC2::Volume", "AWS::KMS::Key"),
    seeds=(
        Seed(
            operation="CreateVolume",
            params=_stand_in,
            complete=_where_volume_is_gone,
            learn={"VolumeId": "VolumeId"},
            creates=True,
        ),
        Seed(
            operation="CreateSnapshot",
            params=_create_snapshot,
            learn={"SnapshotId": "SnapshotId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifySnapshotAttribute", params=_share_snapshot),
        # Other snapshots may be of the same volume.
        Seed(operation="DeleteVolume", params=_same_volume, complete=_if_stand_in, late=True),
    ),
    operations=(
        *on(Verb.CREATE, "response.SnapshotId", "CreateSnapshot", "CopySnapshot"),
        *on(Verb.CREATE, "response.Snapshots[].SnapshotId", "CreateSnapshots", many=True),
        *on(Verb.CREATE, "params.SnapshotId", "RestoreSnapshotFromRecycleBin"),
        *on(Verb.DELETE, "params.SnapshotId", "DeleteSnapshot"),
        *on(
            Verb.UPDATE,
            "params.SnapshotId",
            "ModifySnapshotAttribute",
            "ResetSnapshotAttribute",
            "ModifySnapshotTier",
            "RestoreSnapshotTier",
        ),
        *on(
            Verb.UPDATE,
            _opens_snapshot,
            "ModifySnapshotAttribute",
            part="'permission to make volumes of it'",
            hazard=Hazard.EXPOSURE,
        ),
        # They come with an image, and may go with it.
        *on(Verb.OPERATE, "response.ImageId", "CreateImage", "RegisterImage", "CopyImage"),
        *on(
            Verb.DELETE,
            "response.DeleteSnapshotResults[?ReturnCode=='success'].SnapshotId",
            "DeregisterImage",
            many=True,
        ),
        *tag_operations("snap"),
    ),
    hazards=(
        HazardRule(field="Public", hazard=Hazard.EXPOSURE, when=turned_on),
        HazardRule(field="SharedWith", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="SharedWith", hazard=Hazard.DISRUPTION, when=lost),
    ),
)


# Images


def _image(raw: JsonObject) -> Json:
    return {
        **only(raw, "Name", *_IMAGE),
        "Disabled": raw.get("State") == "disabled",
        "DeregistrationProtected": text(raw, "DeregistrationProtection").startswith("enabled"),
        "BlockDevices": {
            text(device, "DeviceName"): only(table(device, "Ebs"), *_EBS)
            for device in objects(raw, "BlockDeviceMappings")
        },
        **_shared(raw, "Permissions"),
    }


def _register(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **only(raw, "Name", *_IMAGE),
        "BlockDeviceMappings": [
            {"DeviceName": device["DeviceName"], "Ebs": _registered_disk(device)}
            for device in objects(raw, "BlockDeviceMappings")
            if device.get("Ebs")
        ],
    }
    yield tagged(raw, "image", params)


def _registered_disk(device: JsonObject) -> dict[str, Json]:
    disk = only(table(device, "Ebs"), *_EBS)
    if "SnapshotId" in disk:
        # It is as its snapshot is.
        disk.pop("Encrypted", None)
    return disk


def _share_image(raw: JsonObject, data: DataMark | None) -> Params:
    permissions = _added_permissions(raw, "Permissions")
    if permissions:
        yield {"ImageId": raw["ImageId"], "LaunchPermission": {"Add": permissions}}


def _disable(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("State") == "disabled":
        yield {"ImageId": raw["ImageId"]}


def _protect(raw: JsonObject, data: DataMark | None) -> Params:
    if text(raw, "DeregistrationProtection").startswith("enabled"):
        yield {"ImageId": raw["ImageId"]}


IMAGE = ResourceType(
    type="AWS::EC2::Image",
    listing=Listing(
        operation="DescribeImages",
        items="Images[]",
        params={"Owners": ["self"], "IncludeDeprecated": True, "IncludeDisabled": True},
    ),
    details=(
        Detail(
            operation="DescribeImageAttribute",
            params={"ImageId": "ImageId", "Attribute": "'launchPermission'"},
            pick="LaunchPermissions",
            into="Permissions",
        ),
    ),
    id="ImageId",
    name="Name",
    address="arn:{partition}:ec2:{region}::image/{id}",
    settings=_image,
    birth={"id": "ImageId", "created": "CreationDate"},
    tags="Tags",
    settling="State == 'pending' || State == 'transient'",
    ignore="State == 'deregistered' || State == 'invalid' || State == 'failed'",
    depends_on=("AWS::EC2::Snapshot",),
    seeds=(
        Seed(
            operation="RegisterImage",
            params=_register,
            learn={"ImageId": "ImageId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyImageAttribute", params=_share_image),
        Seed(operation="DisableImage", params=_disable),
        Seed(operation="EnableImageDeregistrationProtection", params=_protect),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "response.ImageId",
            "CreateImage",
            "RegisterImage",
            "CopyImage",
            "CreateRestoreImageTask",
        ),
        *on(Verb.CREATE, "params.ImageId", "RestoreImageFromRecycleBin"),
        *on(Verb.DELETE, "params.ImageId", "DeregisterImage"),
        *on(
            Verb.UPDATE,
            "params.ImageId",
            "ModifyImageAttribute",
            "ResetImageAttribute",
            "EnableImage",
            "DisableImage",
            "EnableImageDeregistrationProtection",
            "DisableImageDeregistrationProtection",
        ),
        *on(
            Verb.UPDATE,
            _opens_image,
            "ModifyImageAttribute",
            part="'permission to launch it'",
            hazard=Hazard.EXPOSURE,
        ),
        *tag_operations("ami"),
    ),
    hazards=(
        HazardRule(field="Public", hazard=Hazard.EXPOSURE, when=turned_on),
        HazardRule(field="SharedWith", hazard=Hazard.EXPOSURE, when=added),
        HazardRule(field="SharedWith", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Public", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Disabled", hazard=Hazard.DISRUPTION, when=turned_on),
        HazardRule(field="DeregistrationProtected", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
    ),
)
