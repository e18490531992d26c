"""EC2 on every emulator."""

from __future__ import annotations

from typing import cast

from executor.aws import Api
from executor.model.json import Json
from tests.conformance.catalog_harness import Case

TYPES = (
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::RouteTable",
    "AWS::EC2::Instance",
    "AWS::EC2::Volume",
    "AWS::EC2::NetworkInterface",
    "AWS::EC2::EIP",
)
ANYWHERE = {"CidrIp": "0.0.0.0/0"}


def _ec2(api: Api, operation: str, pick: str = "", **params: object) -> str:
    answer: Json = api.call("ec2", operation, params)
    for key in pick.split(".") if pick else ():
        answer = (
            answer[int(key)] if isinstance(answer, list) else cast(dict[str, Json], answer)[key]
        )
    return str(answer)


def _make(api: Api) -> None:
    vpc = _ec2(
        api,
        "CreateVpc",
        "Vpc.VpcId",
        CidrBlock="10.1.0.0/16",
        TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "main"}]},
        ],
    )
    _ec2(api, "ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = _ec2(
        api,
        "CreateSubnet",
        "Subnet.SubnetId",
        VpcId=vpc,
        CidrBlock="10.1.1.0/24",
        AvailabilityZone="us-east-1a",
    )
    _ec2(api, "ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    web, db = _make_groups(api, vpc)
    _make_routes(api, vpc, subnet)
    _make_machines(api, subnet, web, db)


def _make_groups(api: Api, vpc: str) -> tuple[str, str]:
    web, db = (
        _ec2(api, "CreateSecurityGroup", "GroupId", GroupName=name, Description="d", VpcId=vpc)
        for name in ("web", "db")
    )
    _ec2(
        api,
        "AuthorizeSecurityGroupIngress",
        GroupId=web,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}, ANYWHERE],
                "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                # Refers to a group that is listed later.
                "UserIdGroupPairs": [{"GroupId": db}],
            },
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": web}]},
        ],
    )
    everything = [{"IpProtocol": "-1", "IpRanges": [ANYWHERE]}]
    _ec2(api, "RevokeSecurityGroupEgress", GroupId=db, IpPermissions=everything)
    return web, db


def _make_routes(api: Api, vpc: str, subnet: str) -> None:
    gateway = _ec2(api, "CreateInternetGateway", "InternetGateway.InternetGatewayId")
    _ec2(api, "AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    table = _ec2(api, "CreateRouteTable", "RouteTable.RouteTableId", VpcId=vpc)
    _ec2(
        api,
        "CreateRoute",
        RouteTableId=table,
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=gateway,
    )
    _ec2(api, "AssociateRouteTable", RouteTableId=table, SubnetId=subnet)


def _make_machines(api: Api, subnet: str, web: str, db: str) -> None:
    common = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1}
    running, stopped = (
        _ec2(
            api,
            "RunInstances",
            "Instances.0.InstanceId",
            InstanceType=size,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            **common,
        )
        for size, group in (("t3.micro", web), ("t3.small", db))
    )
    _ec2(api, "StopInstances", InstanceIds=[stopped])
    zone = {"AvailabilityZone": "us-east-1a"}
    attached = _ec2(api, "CreateVolume", "VolumeId", Size=10, VolumeType="gp3", **zone)
    _ec2(api, "AttachVolume", VolumeId=attached, InstanceId=running, Device="/dev/sdf")
    _ec2(api, "CreateVolume", Size=5, VolumeType="gp2", **zone)
    address = _ec2(api, "AllocateAddress", "AllocationId", Domain="vpc")
    _ec2(api, "AssociateAddress", AllocationId=address, InstanceId=running)
    _ec2(api, "CreateNetworkInterface", SubnetId=subnet, Groups=[web], Description="spare")


CASES = tuple(Case(service="ec2", type=kind, make=_make) for kind in TYPES)
