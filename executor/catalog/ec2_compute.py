"""EC2: instances.

Known limits of a replica: an instance's addresses and its image's contents are not the
target's. What comes with an instance (volumes, interfaces) is learnt from its launch.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, ids, only, tag_operations, tagged
from executor.catalog.ec2_user_data import readable_digest, user_data_digest
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import lost, removed, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_GONE = frozenset({"InvalidInstanceID.NotFound"})
_METADATA = ("HttpTokens", "HttpEndpoint", "HttpPutResponseHopLimit", "InstanceMetadataTags")
_INSTANCES = "params.InstanceIds"


def _state(raw: JsonObject) -> str:
    return text(table(raw, "State"), "Name")


def _instance(raw: JsonObject) -> Json:
    placement = table(raw, "Placement")
    return {
        **only(raw, "ImageId", "InstanceType", "KeyName", "SubnetId", "VpcId"),
        **only(placement, "AvailabilityZone", "Tenancy", "GroupName"),
        "State": _state(raw),
        "SecurityGroupIds": ids(raw, "SecurityGroups", "GroupId"),
        "IamInstanceProfile": table(raw, "IamInstanceProfile").get("Arn"),
        "Monitoring": table(raw, "Monitoring").get("State"),
        "EbsOptimized": bool(raw.get("EbsOptimized")),
        "SourceDestCheck": raw.get("SourceDestCheck"),
        "DisableApiTermination": bool(raw.get("DisableApiTermination")),
        "DisableApiStop": bool(raw.get("DisableApiStop")),
        "InstanceInitiatedShutdownBehavior": raw.get("ShutdownBehavior"),
        "MetadataOptions": only(table(raw, "MetadataOptions"), *_METADATA),
        "UserData": readable_digest(text(raw, "UserData")) or None,
        "BlockDevices": {
            text(device, "DeviceName"): only(
                table(device, "Ebs"), "VolumeId", "DeleteOnTermination"
            )
            for device in objects(raw, "BlockDeviceMappings")
        },
    }


def _concealed(raw: JsonObject) -> JsonObject:
    data = text(raw, "UserData")
    return {**raw, "UserData": user_data_digest(data)} if data else raw


def _attribute(attribute: str, name: str, into: str) -> Detail:
    return Detail(
        operation="DescribeInstanceAttribute",
        params={"InstanceId": "InstanceId", "Attribute": f"'{attribute}'"},
        pick=f"{name}.Value",
        into=into,
        absent=_GONE,
    )


def _run(raw: JsonObject, data: DataMark | None) -> Params:
    placement = only(table(raw, "Placement"), "AvailabilityZone", "Tenancy")
    params: dict[str, object] = {
        **only(raw, "ImageId", "InstanceType", "KeyName", "SubnetId", "EbsOptimized"),
        "MinCount": 1,
        "MaxCount": 1,
        "SecurityGroupIds": ids(raw, "SecurityGroups", "GroupId"),
        "DisableApiTermination": bool(raw.get("DisableApiTermination")),
        "BlockDeviceMappings": _block_devices(raw),
    }
    if raw.get("DisableApiStop"):
        params["DisableApiStop"] = True
    if placement:
        params["Placement"] = placement
    if raw.get("UserData"):
        # The client encodes it.
        params["UserData"] = readable_digest(text(raw, "UserData"))
    profile = table(raw, "IamInstanceProfile").get("Arn")
    if profile:
        params["IamInstanceProfile"] = {"Arn": profile}
    if raw.get("ShutdownBehavior"):
        params["InstanceInitiatedShutdownBehavior"] = raw["ShutdownBehavior"]
    if table(raw, "Monitoring").get("State") == "enabled":
        params["Monitoring"] = {"Enabled": True}
    metadata = only(table(raw, "MetadataOptions"), *_METADATA)
    if metadata:
        params["MetadataOptions"] = metadata
    yield tagged(raw, "instance", params)


def _block_devices(raw: JsonObject) -> list[dict[str, object]]:
    volumes = {text(v, "VolumeId"): v for v in objects(raw, "Volumes")}
    found: list[dict[str, object]] = []
    for device in objects(raw, "BlockDeviceMappings"):
        ebs = table(device, "Ebs")
        volume = volumes.get(text(ebs, "VolumeId"), {})
        settings: dict[str, object] = {
            "DeleteOnTermination": bool(ebs.get("DeleteOnTermination")),
            **only(volume, "VolumeType", "Encrypted"),
        }
        if volume.get("Size"):
            settings["VolumeSize"] = volume["Size"]
        if volume.get("Encrypted") and volume.get("KmsKeyId"):
            settings["KmsKeyId"] = volume["KmsKeyId"]
        found.append({"DeviceName": device["DeviceName"], "Ebs": settings})
    return found


def _learn_instance(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    made = next(iter(objects(answer, "Instances")), {})
    ours, theirs = _interfaces(raw), _interfaces(made)
    pairs = {text(raw, "InstanceId"): text(made, "InstanceId")}
    pairs.update({ours[n]: theirs[n] for n in ours if n in theirs})
    return {**pairs, **_same_volumes(raw, made)}


def _same_volumes(raw: JsonObject, made: JsonObject) -> dict[str, str]:
    ours, theirs = _volumes(raw), _volumes(made)
    pairs = {ours[d]: theirs[d] for d in ours if d in theirs}
    root, made_root = text(raw, "RootDeviceName"), text(made, "RootDeviceName")
    # An engine that does not know the image calls the root device by another name.
    if root not in theirs and root in ours and made_root in theirs:
        pairs[ours[root]] = theirs[made_root]
    return pairs


def _volumes(raw: JsonObject) -> dict[str, str]:
    return {
        text(device, "DeviceName"): text(table(device, "Ebs"), "VolumeId")
        for device in objects(raw, "BlockDeviceMappings")
    }


def _interfaces(raw: JsonObject) -> dict[str, str]:
    return {
        str(table(interface, "Attachment").get("DeviceIndex")): text(
            interface, "NetworkInterfaceId"
        )
        for interface in objects(raw, "NetworkInterfaces")
    }


def _stop(raw: JsonObject, data: DataMark | None) -> Params:
    if _state(raw) in ("stopped", "stopping"):
        yield {"InstanceIds": [raw["InstanceId"]]}


def _source_check(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("SourceDestCheck") is False:
        yield {"InstanceId": raw["InstanceId"], "SourceDestCheck": {"Value": False}}


def _stopped(before: Json, after: Json) -> bool:
    return before == "running" and after != "running"


def _will_delete_volumes(before: Json, after: Json) -> bool:
    old, new = _deleted_volumes(before), _deleted_volumes(after)
    known = set(table({"devices": before}, "devices"))
    return any(device not in old and device in known for device in new)


def _deleted_volumes(value: Json) -> set[str]:
    devices = table({"devices": value}, "devices")
    return {
        name
        for name, device in devices.items()
        if isinstance(device, Mapping) and device.get("DeleteOnTermination")
    }


INSTANCE = ResourceType(
    type="AWS::EC2::Instance",
    listing=Listing(operation="DescribeInstances", items="Reservations[].Instances[]"),
    details=(
        _attribute("disableApiTermination", "DisableApiTermination", "DisableApiTermination"),
        _attribute("disableApiStop", "DisableApiStop", "DisableApiStop"),
        _attribute(
            "instanceInitiatedShutdownBehavior",
            "InstanceInitiatedShutdownBehavior",
            "ShutdownBehavior",
        ),
        _attribute("userData", "UserData", "UserData"),
        Detail(
            operation="DescribeVolumes",
            of="AWS::EC2::Volume",
            params={"Filters": "[{Name: 'attachment.instance-id', Values: [InstanceId]}]"},
            pick="Volumes",
            into="Volumes",
        ),
    ),
    id="InstanceId",
    address=arn("instance"),
    conceal=_concealed,
    settings=_instance,
    # The launch time moves with every start.
    birth={"id": "InstanceId"},
    tags="Tags",
    stateful=True,
    settling=lambda raw: _state(raw) in ("pending", "stopping", "shutting-down"),
    ignore=lambda raw: _state(raw) == "terminated",
    depends_on=("AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::IAM::InstanceProfile"),
    seeds=(
        Seed(
            operation="RunInstances",
            params=_run,
            learn=_learn_instance,
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyInstanceAttribute", params=_source_check),
        Seed(operation="StopInstances", params=_stop, late=True),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "response.Instances[].InstanceId",
            "RunInstances",
            many=True,
            reaches=("iam",),
        ),
        *on(Verb.DELETE, _INSTANCES, "TerminateInstances", many=True),
        *on(
            Verb.UPDATE,
            _INSTANCES,
            "StartInstances",
            "StopInstances",
            "MonitorInstances",
            "UnmonitorInstances",
            many=True,
        ),
        *on(
            Verb.UPDATE,
            _INSTANCES,
            "RebootInstances",
            part="'reboot'",
            many=True,
            hazard=Hazard.DISRUPTION,
        ),
        *on(
            Verb.UPDATE,
            "params.InstanceId",
            "ModifyInstanceAttribute",
            "ResetInstanceAttribute",
            "ModifyInstanceCapacityReservationAttributes",
            "ModifyInstanceCpuOptions",
            "ModifyInstanceMaintenanceOptions",
            "ModifyInstanceMetadataOptions",
            "ModifyInstanceNetworkPerformanceOptions",
            "ModifyInstancePlacement",
            "AttachVolume",
            "DetachVolume",
            "AttachNetworkInterface",
        ),
        *on(
            Verb.UPDATE,
            "params.InstanceCreditSpecifications[].InstanceId",
            "ModifyInstanceCreditSpecification",
            many=True,
        ),
        *on(
            Verb.UPDATE,
            "[params.InstanceId, response.IamInstanceProfileAssociation.InstanceId]",
            "AssociateIamInstanceProfile",
            "DisassociateIamInstanceProfile",
            "ReplaceIamInstanceProfileAssociation",
            reaches=("iam",),
        ),
        *tag_operations("i"),
    ),
    hazards=(
        HazardRule(field="State", hazard=Hazard.DISRUPTION, when=_stopped),
        HazardRule(field="DisableApiTermination", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="DisableApiStop", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(
            field="InstanceInitiatedShutdownBehavior",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: after == "terminate",
        ),
        HazardRule(field="BlockDevices", hazard=Hazard.PROTECTION_LOSS, when=_will_delete_volumes),
        HazardRule(field="BlockDevices", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(
            field="MetadataOptions.HttpTokens",
            hazard=Hazard.EXPOSURE,
            when=lambda before, after: before == "required",
        ),
        HazardRule(field="IamInstanceProfile", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
    ),
)
