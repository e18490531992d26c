"""EC2: the ways out of a VPC's private subnets: NAT and egress-only internet gateways.

What a NAT gateway's interface and address are is AWS's doing; they are its handles.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, ids, only, tag_operations, tagged
from executor.catalog.raw import objects, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark


def _nat_gateway(raw: JsonObject) -> Json:
    return {
        **only(raw, "SubnetId", "VpcId", "AvailabilityMode"),
        "ConnectivityType": raw.get("ConnectivityType") or "public",
        "AllocationIds": ids(raw, "NatGatewayAddresses", "AllocationId"),
    }


def _create_nat(raw: JsonObject, data: DataMark | None) -> Params:
    addresses = objects(raw, "NatGatewayAddresses")
    first = [a for a in addresses if a.get("IsPrimary")] or addresses[:1]
    rest = [text(a, "AllocationId") for a in addresses if a not in first]
    params: dict[str, object] = {
        **only(raw, "SubnetId", "ConnectivityType", "AvailabilityMode"),
        **(only(first[0], "AllocationId") if first else {}),
    }
    if "SubnetId" not in params:
        params |= only(raw, "VpcId")
    if any(rest):
        params["SecondaryAllocationIds"] = [allocation for allocation in rest if allocation]
    yield tagged(raw, "natgateway", params)


NAT_GATEWAY = ResourceType(
    type="AWS::EC2::NatGateway",
    listing=Listing(operation="DescribeNatGateways", items="NatGateways[]"),
    id="NatGatewayId",
    address=arn("natgateway"),
    # Its interface is AWS's own, and goes with it.
    handles=("NatGatewayAddresses[].NetworkInterfaceId",),
    settings=_nat_gateway,
    birth={"id": "NatGatewayId", "created": "CreateTime"},
    tags="Tags",
    settling="State == 'pending' || State == 'deleting'",
    ignore="State == 'deleted' || State == 'failed'",
    depends_on=("AWS::EC2::Subnet", "AWS::EC2::EIP", "AWS::EC2::InternetGateway"),
    seeds=(
        Seed(
            operation="CreateNatGateway",
            params=_create_nat,
            learn={
                "NatGatewayId": "NatGateway.NatGatewayId",
                "NatGatewayAddresses[0].NetworkInterfaceId": (
                    "NatGateway.NatGatewayAddresses[0].NetworkInterfaceId"
                ),
            },
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.NatGateway.NatGatewayId", "CreateNatGateway"),
        *on(Verb.DELETE, "params.NatGatewayId", "DeleteNatGateway"),
        *on(
            Verb.UPDATE,
            "params.NatGatewayId",
            "AssociateNatGatewayAddress",
            "DisassociateNatGatewayAddress",
        ),
        *tag_operations("nat"),
    ),
    hazards=(HazardRule(field="AllocationIds", hazard=Hazard.DISRUPTION, when=lost),),
)


def _create_egress_only(raw: JsonObject, data: DataMark | None) -> Params:
    for vpc in ids(raw, "Attachments", "VpcId")[:1]:
        yield tagged(raw, "egress-only-internet-gateway", {"VpcId": vpc})


EGRESS_ONLY_GATEWAY = ResourceType(
    type="AWS::EC2::EgressOnlyInternetGateway",
    listing=Listing(
        operation="DescribeEgressOnlyInternetGateways", items="EgressOnlyInternetGateways[]"
    ),
    id="EgressOnlyInternetGatewayId",
    address=arn("egress-only-internet-gateway"),
    settings=lambda raw: {"VpcIds": ids(raw, "Attachments", "VpcId")},
    birth={"id": "EgressOnlyInternetGatewayId"},
    tags="Tags",
    depends_on=("AWS::EC2::VPC",),
    seeds=(
        Seed(
            operation="CreateEgressOnlyInternetGateway",
            params=_create_egress_only,
            learn={
                "EgressOnlyInternetGatewayId": (
                    "EgressOnlyInternetGateway.EgressOnlyInternetGatewayId"
                )
            },
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "response.EgressOnlyInternetGateway.EgressOnlyInternetGatewayId",
            "CreateEgressOnlyInternetGateway",
        ),
        *on(Verb.DELETE, "params.EgressOnlyInternetGatewayId", "DeleteEgressOnlyInternetGateway"),
        *tag_operations("eigw"),
    ),
)
