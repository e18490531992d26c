"""EC2: volumes.

A volume made at an instance's launch is adopted by instance and device. Its data is neither
read nor copied.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, only, ordered, tag_operations, tagged
from executor.catalog.raw import objects
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_VOLUME_SIZE = ("Size", "VolumeType", "Iops", "Throughput")
# What the other types of volume are given by AWS cannot be asked for.
_TAKES_IOPS = ("io1", "io2", "gp3")


def _volume(raw: JsonObject) -> Json:
    attachments: list[JsonObject] = [
        {
            **only(attachment, "InstanceId", "Device"),
            "DeleteOnTermination": bool(attachment.get("DeleteOnTermination")),
        }
        for attachment in objects(raw, "Attachments")
    ]
    return {
        **only(raw, *_VOLUME_SIZE, "KmsKeyId", "SnapshotId", "AvailabilityZone"),
        "Encrypted": bool(raw.get("Encrypted")),
        "MultiAttachEnabled": bool(raw.get("MultiAttachEnabled")),
        "Attachments": ordered(attachments),
    }


def _adopt_volume(raw: JsonObject) -> Json:
    for attachment in objects(raw, "Attachments"):
        return f"{attachment.get('InstanceId')} {attachment.get('Device')}"
    return None


def _volume_size(raw: JsonObject) -> dict[str, Json]:
    size = only(raw, *_VOLUME_SIZE)
    if raw.get("VolumeType") not in _TAKES_IOPS:
        size.pop("Iops", None)
    return size


def _create_volume(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **_volume_size(raw),
        "AvailabilityZone": raw["AvailabilityZone"],
        "Encrypted": bool(raw.get("Encrypted")),
    }
    if raw.get("Encrypted") and raw.get("KmsKeyId"):
        params["KmsKeyId"] = raw["KmsKeyId"]
    if raw.get("MultiAttachEnabled"):
        params["MultiAttachEnabled"] = True
    yield tagged(raw, "volume", params)


def _resize(raw: JsonObject, data: DataMark | None) -> Params:
    # A volume that came with its instance has the image's size in some engines.
    if objects(raw, "Attachments"):
        yield {"VolumeId": raw["VolumeId"], **_volume_size(raw)}


def _attach(raw: JsonObject, data: DataMark | None) -> Params:
    for attachment in objects(raw, "Attachments"):
        yield {
            "VolumeId": raw["VolumeId"],
            "InstanceId": attachment["InstanceId"],
            "Device": attachment["Device"],
        }


def _tag_volume(raw: JsonObject, data: DataMark | None) -> Params:
    specifications = tagged(raw, "volume", {}).get("TagSpecifications")
    if isinstance(specifications, list) and objects(raw, "Attachments"):
        yield {"Resources": [raw["VolumeId"]], "Tags": specifications[0]["Tags"]}


VOLUME = ResourceType(
    type="AWS::EC2::Volume",
    listing=Listing(operation="DescribeVolumes", items="Volumes[]"),
    id="VolumeId",
    address=arn("volume"),
    # It is detached, or deleted, with its instance.
    handles=("Attachments[].InstanceId",),
    settings=_volume,
    birth={"id": "VolumeId", "created": "CreateTime"},
    tags="Tags",
    stateful=True,
    settling="State == 'creating' || State == 'deleting'",
    ignore="State == 'deleted'",
    depends_on=("AWS::EC2::Instance", "AWS::KMS::Key"),
    adopt=_adopt_volume,
    seeds=(
        Seed(
            operation="CreateVolume",
            params=_create_volume,
            learn={"VolumeId": "VolumeId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyVolume", params=_resize),
        Seed(operation="AttachVolume", params=_attach, creates=True),
        Seed(operation="CreateTags", params=_tag_volume),
    ),
    operations=(
        *on(Verb.CREATE, "response.VolumeId", "CreateVolume"),
        *on(Verb.CREATE, "response.Volumes[].VolumeId", "CopyVolumes", many=True),
        *on(Verb.CREATE, "params.VolumeId", "RestoreVolumeFromRecycleBin"),
        *on(
            Verb.CREATE,
            "response.Instances[].BlockDeviceMappings[].Ebs.VolumeId",
            "RunInstances",
            many=True,
        ),
        *on(Verb.OPERATE, "params.InstanceIds", "TerminateInstances", many=True),
        *on(Verb.DELETE, "params.VolumeId", "DeleteVolume"),
        *on(
            Verb.UPDATE,
            "params.VolumeId",
            "ModifyVolume",
            "ModifyVolumeAttribute",
            "EnableVolumeIO",
            "AttachVolume",
            "DetachVolume",
        ),
        *on(Verb.UPDATE, "params.InstanceId", "ModifyInstanceAttribute"),
        *tag_operations("vol"),
    ),
    hazards=(HazardRule(field="Attachments", hazard=Hazard.DISRUPTION, when=lost),),
)
