"""EC2: VPCs and subnets.

The default VPC and its subnets are ordinary resources that an engine may have made already:
they are adopted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from executor.catalog import own_ids
from executor.catalog.declarations import (
    Asking,
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.ec2_tagging import Params, arn, ids, only, tag_operations, tagged
from executor.catalog.raw import objects, text
from executor.catalog.weakening import any_change, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark


def _vpc(raw: JsonObject) -> Json:
    return {
        **only(raw, "CidrBlock", "InstanceTenancy", "IsDefault", "DhcpOptionsId"),
        "CidrBlocks": ids(raw, "CidrBlockAssociationSet", "CidrBlock"),
        "Ipv6CidrBlocks": ids(raw, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
        "EnableDnsSupport": raw.get("EnableDnsSupport"),
        "EnableDnsHostnames": raw.get("EnableDnsHostnames"),
    }


def _associations(raw: JsonObject) -> Json:
    keys = ("CidrBlockAssociationSet", "Ipv6CidrBlockAssociationSet")
    return [text(a, "AssociationId") for key in keys for a in objects(raw, key)]


def _create_vpc(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {"CidrBlock": raw["CidrBlock"]}
    if raw.get("InstanceTenancy"):
        params["InstanceTenancy"] = raw["InstanceTenancy"]
    yield tagged(raw, "vpc", params)


def _more_cidrs(raw: JsonObject, data: DataMark | None) -> Params:
    for block in ids(raw, "CidrBlockAssociationSet", "CidrBlock"):
        if block != raw.get("CidrBlock"):
            yield {"VpcId": raw["VpcId"], "CidrBlock": block}


def _dns(raw: JsonObject, data: DataMark | None) -> Params:
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if isinstance(raw.get(name), bool):
            yield {"VpcId": raw["VpcId"], name: {"Value": raw[name]}}


def _dhcp(raw: JsonObject, data: DataMark | None) -> Params:
    if raw.get("DhcpOptionsId"):
        yield {**only(raw, "VpcId", "DhcpOptionsId")}


def _unless_it_has_them(
    ask: Asking, params: Mapping[str, object]
) -> Iterable[Mapping[str, object]]:
    answer = ask("DescribeVpcs", {"VpcIds": [params["VpcId"]]})
    if any(v.get("DhcpOptionsId") != params["DhcpOptionsId"] for v in objects(answer, "Vpcs")):
        yield params


def _vpc_attribute(name: str, attribute: str) -> Detail:
    return Detail(
        operation="DescribeVpcAttribute",
        params={"VpcId": "VpcId", "Attribute": f"'{attribute}'"},
        pick=f"{name}.Value",
        into=name,
    )


VPC = ResourceType(
    type="AWS::EC2::VPC",
    listing=Listing(operation="DescribeVpcs", items="Vpcs[]"),
    details=(
        _vpc_attribute("EnableDnsSupport", "enableDnsSupport"),
        _vpc_attribute("EnableDnsHostnames", "enableDnsHostnames"),
    ),
    id="VpcId",
    address=arn("vpc"),
    handles=(_associations,),
    settings=_vpc,
    birth={"id": "VpcId"},
    tags="Tags",
    settling="State == 'pending'",
    depends_on=("AWS::EC2::DHCPOptions",),
    adopt="IsDefault && 'default' || null",
    seeds=(
        Seed(
            operation="CreateVpc",
            params=_create_vpc,
            learn={
                "VpcId": "Vpc.VpcId",
                "CidrBlockAssociationSet[0].AssociationId": (
                    "Vpc.CidrBlockAssociationSet[0].AssociationId"
                ),
            },
            creates=True,
            optional=False,
        ),
        Seed(operation="AssociateVpcCidrBlock", params=_more_cidrs, creates=True),
        Seed(operation="ModifyVpcAttribute", params=_dns),
        Seed(
            operation="AssociateDhcpOptions",
            params=_dhcp,
            complete=_unless_it_has_them,
            # The account's own, which some emulators have by another name and do not list.
            tolerate=frozenset({"InvalidDhcpOptionID.NotFound"}),
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.Vpc.VpcId", "CreateVpc", "CreateDefaultVpc"),
        *on(Verb.DELETE, "params.VpcId", "DeleteVpc"),
        *on(
            Verb.UPDATE,
            "params.VpcId",
            "ModifyVpcAttribute",
            "ModifyVpcTenancy",
            "AssociateVpcCidrBlock",
            "AssociateDhcpOptions",
        ),
        *on(Verb.UPDATE, "params.AssociationId", "DisassociateVpcCidrBlock"),
        *tag_operations("vpc"),
    ),
    hazards=(
        HazardRule(field="CidrBlocks", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="EnableDnsSupport", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="EnableDnsHostnames", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="DhcpOptionsId", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)


def _subnet(raw: JsonObject) -> Json:
    return {
        **only(raw, "VpcId", "CidrBlock", "AvailabilityZone", "OutpostArn"),
        "DefaultForAz": bool(raw.get("DefaultForAz")),
        "MapPublicIpOnLaunch": bool(raw.get("MapPublicIpOnLaunch")),
        "AssignIpv6AddressOnCreation": bool(raw.get("AssignIpv6AddressOnCreation")),
        "EnableDns64": bool(raw.get("EnableDns64")),
        "PrivateDnsNameOptionsOnLaunch": raw.get("PrivateDnsNameOptionsOnLaunch"),
        "Ipv6CidrBlocks": ids(raw, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock"),
    }


def _adopt_subnet(raw: JsonObject) -> Json:
    if not raw.get("DefaultForAz"):
        return None
    return f"default of {raw.get('VpcId')} in {raw.get('AvailabilityZone')}"


def _subnet_handles(raw: JsonObject) -> Json:
    names = [text(a, "AssociationId") for a in objects(raw, "Ipv6CidrBlockAssociationSet")]
    # Default subnets come with the default VPC.
    return [*names, text(raw, "VpcId")] if raw.get("DefaultForAz") else [*names]


def _create_subnet(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        key: raw[key] for key in ("VpcId", "CidrBlock", "AvailabilityZone") if raw.get(key)
    }
    yield tagged(raw, "subnet", params)


def _subnet_attributes(raw: JsonObject, data: DataMark | None) -> Params:
    for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"):
        if raw.get(name):
            yield {"SubnetId": raw["SubnetId"], name: {"Value": True}}


SUBNET = ResourceType(
    type="AWS::EC2::Subnet",
    listing=Listing(operation="DescribeSubnets", items="Subnets[]"),
    id="SubnetId",
    address=arn("subnet"),
    handles=(_subnet_handles,),
    settings=_subnet,
    birth={"id": "SubnetId"},
    tags="Tags",
    settling="State == 'pending'",
    depends_on=("AWS::EC2::VPC",),
    adopt=_adopt_subnet,
    seeds=(
        Seed(
            operation="CreateSubnet",
            params=_create_subnet,
            own_id=own_ids.of_ec2("subnet", "SubnetId"),
            learn={"SubnetId": "Subnet.SubnetId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifySubnetAttribute", params=_subnet_attributes),
    ),
    operations=(
        *on(Verb.CREATE, "response.Subnet.SubnetId", "CreateSubnet", "CreateDefaultSubnet"),
        *on(Verb.DELETE, "params.SubnetId", "DeleteSubnet"),
        *on(Verb.UPDATE, "params.SubnetId", "ModifySubnetAttribute", "AssociateSubnetCidrBlock"),
        *on(Verb.UPDATE, "params.AssociationId", "DisassociateSubnetCidrBlock"),
        *on(Verb.OPERATE, "response.Vpc.VpcId", "CreateDefaultVpc"),
        *tag_operations("subnet"),
    ),
    hazards=(
        HazardRule(
            field="MapPublicIpOnLaunch",
            hazard=Hazard.EXPOSURE,
            when=lambda before, after: bool(after),
        ),
    ),
)
