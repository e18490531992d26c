"""EC2: network interfaces and elastic IP addresses.

An instance's first interface comes and goes with it, and other services' interfaces with
what they serve: they are built in. Public addresses of a replica are its engine's own.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, ids, only, tag_operations, tagged
from executor.catalog.raw import table, text
from executor.catalog.weakening import lost, removed
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark


def _attachment(raw: JsonObject) -> JsonObject:
    return table(raw, "Attachment")


def _is_primary(raw: JsonObject) -> bool:
    return _attachment(raw).get("DeviceIndex") == 0


def _interface(raw: JsonObject) -> Json:
    return {
        **only(raw, "SubnetId", "VpcId", "Description", "InterfaceType", "SourceDestCheck"),
        "SecurityGroupIds": ids(raw, "Groups", "GroupId"),
        "PrivateIpAddresses": ids(raw, "PrivateIpAddresses", "PrivateIpAddress"),
        "Ipv6Addresses": ids(raw, "Ipv6Addresses", "Ipv6Address"),
        "Attachment": only(_attachment(raw), "InstanceId", "DeviceIndex", "DeleteOnTermination"),
    }


def _interface_handles(raw: JsonObject) -> Json:
    attachment = _attachment(raw)
    # It is detached, or deleted, with its instance.
    return [text(attachment, "AttachmentId"), text(attachment, "InstanceId")]


def _adopt_interface(raw: JsonObject) -> Json:
    return f"first of {_attachment(raw).get('InstanceId')}" if _is_primary(raw) else None


def _create_interface(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(
        raw,
        "network-interface",
        {
            **only(raw, "SubnetId", "Description", "PrivateIpAddress"),
            "Groups": ids(raw, "Groups", "GroupId"),
        },
        key="TagSet",
    )


def _attach_interface(raw: JsonObject, data: DataMark | None) -> Params:
    attachment = _attachment(raw)
    if attachment.get("InstanceId") and not _is_primary(raw):
        yield {
            "NetworkInterfaceId": raw["NetworkInterfaceId"],
            "InstanceId": attachment["InstanceId"],
            "DeviceIndex": attachment.get("DeviceIndex") or 1,
        }


NETWORK_INTERFACE = ResourceType(
    type="AWS::EC2::NetworkInterface",
    listing=Listing(operation="DescribeNetworkInterfaces", items="NetworkInterfaces[]"),
    id="NetworkInterfaceId",
    address=arn("network-interface"),
    handles=(_interface_handles,),
    settings=_interface,
    birth={"id": "NetworkInterfaceId"},
    tags="TagSet",
    builtin=lambda raw: bool(raw.get("RequesterManaged")) or _is_primary(raw),
    settling="Status == 'pending' || Status == 'attaching' || Status == 'detaching'",
    depends_on=("AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::Instance"),
    adopt=_adopt_interface,
    seeds=(
        Seed(
            operation="CreateNetworkInterface",
            params=_create_interface,
            learn={"NetworkInterfaceId": "NetworkInterface.NetworkInterfaceId"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="AttachNetworkInterface",
            params=_attach_interface,
            learn={"Attachment.AttachmentId": "AttachmentId"},
            lacking=lambda params, engine: not engine.get("Attachment"),
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.NetworkInterface.NetworkInterfaceId", "CreateNetworkInterface"),
        *on(
            Verb.CREATE,
            "response.Instances[].NetworkInterfaces[].NetworkInterfaceId",
            "RunInstances",
            many=True,
        ),
        *on(
            Verb.OPERATE,
            "response.NatGateway.NatGatewayAddresses[].NetworkInterfaceId",
            "CreateNatGateway",
            many=True,
        ),
        *on(
            Verb.OPERATE,
            "response.VpcEndpoint.NetworkInterfaceIds",
            "CreateVpcEndpoint",
            many=True,
        ),
        *on(Verb.OPERATE, "params.InstanceIds", "TerminateInstances", many=True),
        *on(Verb.DELETE, "params.NetworkInterfaceId", "DeleteNetworkInterface"),
        *on(
            Verb.UPDATE,
            "params.NetworkInterfaceId",
            "ModifyNetworkInterfaceAttribute",
            "ResetNetworkInterfaceAttribute",
            "AttachNetworkInterface",
            "AssignPrivateIpAddresses",
            "UnassignPrivateIpAddresses",
            "AssignIpv6Addresses",
            "UnassignIpv6Addresses",
        ),
        *on(Verb.UPDATE, "params.AttachmentId", "DetachNetworkInterface"),
        *on(Verb.UPDATE, "params.InstanceId", "ModifyInstanceAttribute"),
        *tag_operations("eni"),
    ),
    hazards=(
        HazardRule(field="SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Attachment.InstanceId", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="PrivateIpAddresses", hazard=Hazard.DISRUPTION, when=lost),
    ),
)


def _address(raw: JsonObject) -> Json:
    return only(raw, "Domain", "PublicIp", "InstanceId", "NetworkInterfaceId")


def _allocate(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(raw, "elastic-ip", {"Domain": "vpc"})


def _associate(raw: JsonObject, data: DataMark | None) -> Params:
    if not raw.get("AssociationId"):
        return
    # EC2 tells the interface of an instance too, and takes one of them.
    target = only(raw, "InstanceId") or only(raw, "NetworkInterfaceId")
    yield {"AllocationId": raw["AllocationId"], **target}


ELASTIC_IP = ResourceType(
    type="AWS::EC2::EIP",
    listing=Listing(operation="DescribeAddresses", items="Addresses[?AllocationId]"),
    id="AllocationId",
    name="PublicIp",
    address=arn("elastic-ip"),
    # It is let go with its instance.
    handles=("AssociationId", "InstanceId", "NetworkInterfaceId"),
    settings=_address,
    birth={"id": "AllocationId"},
    tags="Tags",
    depends_on=("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"),
    seeds=(
        Seed(
            operation="AllocateAddress",
            params=_allocate,
            learn={"AllocationId": "AllocationId", "PublicIp": "PublicIp"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="AssociateAddress",
            params=_associate,
            learn={"AssociationId": "AssociationId"},
            # A NAT gateway takes its address itself.
            tolerate=frozenset({"Resource.AlreadyAssociated"}),
            late=True,
            lacking=lambda params, engine: not engine.get("AssociationId"),
        ),
    ),
    operations=(
        *on(Verb.CREATE, "[response.AllocationId, response.PublicIp]", "AllocateAddress"),
        *on(Verb.DELETE, "[params.AllocationId, params.PublicIp]", "ReleaseAddress"),
        *on(Verb.UPDATE, "[params.AllocationId, params.PublicIp]", "AssociateAddress"),
        *on(Verb.UPDATE, "[params.AssociationId, params.PublicIp]", "DisassociateAddress"),
        *on(Verb.UPDATE, "params.AllocationId", "ModifyAddressAttribute", "ResetAddressAttribute"),
        *on(Verb.OPERATE, "params.InstanceIds", "TerminateInstances", many=True),
        *on(Verb.OPERATE, "params.NetworkInterfaceId", "DeleteNetworkInterface"),
        *on(
            Verb.OPERATE,
            "[params.AllocationId, params.SecondaryAllocationIds]",
            "CreateNatGateway",
            many=True,
        ),
        *on(Verb.OPERATE, "params.AllocationIds", "AssociateNatGatewayAddress", many=True),
        *on(Verb.OPERATE, "params.AssociationIds", "DisassociateNatGatewayAddress", many=True),
        *tag_operations("eipalloc"),
    ),
    hazards=(
        HazardRule(field="InstanceId", hazard=Hazard.DISRUPTION, when=removed),
        HazardRule(field="NetworkInterfaceId", hazard=Hazard.DISRUPTION, when=removed),
    ),
)
