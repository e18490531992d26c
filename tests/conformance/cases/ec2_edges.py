"""EC2: what guards a network, and what leads out of it."""

from __future__ import annotations

import json
from typing import cast

from executor.aws import Api
from tests.conformance.answers import asked, picked
from tests.conformance.catalog_harness import Case

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
    ],
}


def _ec2(api: Api, operation: str, pick: str = "", **params: object) -> str:
    return asked(api, "ec2", operation, pick, **params)


def _tagged(kind: str, name: str) -> list[dict[str, object]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def _network(api: Api) -> tuple[str, str]:
    vpc = _ec2(api, "CreateVpc", "Vpc.VpcId", CidrBlock="10.2.0.0/16")
    subnet = _ec2(
        api,
        "CreateSubnet",
        "Subnet.SubnetId",
        VpcId=vpc,
        CidrBlock="10.2.1.0/24",
        AvailabilityZone="us-east-1a",
    )
    return vpc, subnet


def _make_acl(api: Api) -> None:
    vpc, subnet = _network(api)
    acl = _ec2(
        api,
        "CreateNetworkAcl",
        "NetworkAcl.NetworkAclId",
        VpcId=vpc,
        TagSpecifications=_tagged("network-acl", "edge"),
    )
    entry = {"NetworkAclId": acl, "RuleAction": "allow"}
    _ec2(
        api,
        "CreateNetworkAclEntry",
        RuleNumber=100,
        Protocol="6",
        Egress=False,
        CidrBlock="10.0.0.0/8",
        PortRange={"From": 443, "To": 443},
        **entry,
    )
    _ec2(
        api,
        "CreateNetworkAclEntry",
        RuleNumber=110,
        Protocol="1",
        Egress=True,
        CidrBlock="0.0.0.0/0",
        IcmpTypeCode={"Type": -1, "Code": -1},
        **entry,
    )
    _move_subnet(api, subnet, acl)


def _move_subnet(api: Api, subnet: str, acl: str) -> None:
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    found = api.call("ec2", "DescribeNetworkAcls", {"Filters": filters})
    associations = cast(list[dict[str, str]], picked(found, "NetworkAcls.0.Associations"))
    for association in associations:
        if association["SubnetId"] == subnet:
            _ec2(
                api,
                "ReplaceNetworkAclAssociation",
                AssociationId=association["NetworkAclAssociationId"],
                NetworkAclId=acl,
            )


def _open_acl(api: Api) -> None:
    acls = cast(list[dict[str, str]], api.call("ec2", "DescribeNetworkAcls", {})["NetworkAcls"])
    for acl in acls:
        if not acl["IsDefault"]:
            _ec2(
                api,
                "CreateNetworkAclEntry",
                NetworkAclId=acl["NetworkAclId"],
                RuleNumber=120,
                Protocol="-1",
                RuleAction="allow",
                Egress=False,
                CidrBlock="0.0.0.0/0",
            )


def _make_way_out(api: Api) -> None:
    _, subnet = _network(api)
    address = _ec2(api, "AllocateAddress", "AllocationId", Domain="vpc")
    _ec2(
        api,
        "CreateNatGateway",
        SubnetId=subnet,
        AllocationId=address,
        TagSpecifications=_tagged("natgateway", "out"),
    )


def _make_way_out_for_ipv6(api: Api) -> None:
    vpc, _ = _network(api)
    _ec2(api, "CreateEgressOnlyInternetGateway", VpcId=vpc)


def _make_private_way_out(api: Api) -> None:
    _, subnet = _network(api)
    _ec2(api, "CreateNatGateway", SubnetId=subnet, ConnectivityType="private")


def _make_endpoints(api: Api) -> None:
    vpc, subnet = _network(api)
    group = _ec2(
        api, "CreateSecurityGroup", "GroupId", VpcId=vpc, GroupName="calls", Description="d"
    )
    table = _ec2(api, "CreateRouteTable", "RouteTable.RouteTableId", VpcId=vpc)
    _ec2(
        api,
        "CreateVpcEndpoint",
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[table],
        PolicyDocument=json.dumps(POLICY),
        TagSpecifications=_tagged("vpc-endpoint", "s3"),
    )
    _ec2(
        api,
        "CreateVpcEndpoint",
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=True,
    )


def _make_peering(api: Api) -> None:
    ours, _ = _network(api)
    other = _ec2(api, "CreateVpc", "Vpc.VpcId", CidrBlock="10.3.0.0/16")
    peering = _ec2(
        api,
        "CreateVpcPeeringConnection",
        "VpcPeeringConnection.VpcPeeringConnectionId",
        VpcId=ours,
        PeerVpcId=other,
        TagSpecifications=_tagged("vpc-peering-connection", "both"),
    )
    _ec2(api, "AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    _ec2(
        api,
        "ModifyVpcPeeringConnectionOptions",
        VpcPeeringConnectionId=peering,
        RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True},
    )
    _ec2(api, "CreateVpcPeeringConnection", VpcId=other, PeerVpcId=ours)


def _make_options(api: Api) -> None:
    vpc, _ = _network(api)
    options = _ec2(
        api,
        "CreateDhcpOptions",
        "DhcpOptions.DhcpOptionsId",
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["corp.example"]},
            {"Key": "domain-name-servers", "Values": ["10.2.0.2", "10.2.0.3"]},
        ],
    )
    _ec2(api, "CreateTags", Resources=[options], Tags=[{"Key": "Name", "Value": "corp"}])
    _ec2(api, "AssociateDhcpOptions", VpcId=vpc, DhcpOptionsId=options)


def _make_flow_logs(api: Api) -> None:
    vpc, subnet = _network(api)
    api.call("logs", "CreateLogGroup", {"logGroupName": "flows"})
    api.call("s3", "CreateBucket", {"Bucket": "flows"})
    log = _ec2(
        api,
        "CreateFlowLogs",
        "FlowLogIds.0",
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogGroupName="flows",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/flows",
    )
    _ec2(api, "CreateTags", Resources=[log], Tags=[{"Key": "Name", "Value": "all"}])
    _ec2(
        api,
        "CreateFlowLogs",
        ResourceIds=[subnet],
        ResourceType="Subnet",
        TrafficType="REJECT",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flows",
        MaxAggregationInterval=60,
    )


def _make_prefix_list(api: Api) -> None:
    made = _ec2(
        api,
        "CreateManagedPrefixList",
        "PrefixList.PrefixListId",
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entries=[
            {"Cidr": "192.0.2.0/24", "Description": "north"},
            {"Cidr": "198.51.100.0/24"},
        ],
    )
    _ec2(api, "CreateTags", Resources=[made], Tags=[{"Key": "team", "Value": "net"}])


def _lengthen_prefix_list(api: Api) -> None:
    filters = [{"Name": "prefix-list-name", "Values": ["offices"]}]
    found = api.call("ec2", "DescribeManagedPrefixLists", {"Filters": filters})
    _ec2(
        api,
        "ModifyManagedPrefixList",
        PrefixListId=str(picked(found, "PrefixLists.0.PrefixListId")),
        CurrentVersion=1,
        AddEntries=[{"Cidr": "203.0.113.0/24"}],
    )


def _make_gateways(api: Api) -> None:
    _gateways(api)


def _gateways(api: Api) -> tuple[str, str]:
    vpc, _ = _network(api)
    gateway = _ec2(
        api,
        "CreateVpnGateway",
        "VpnGateway.VpnGatewayId",
        Type="ipsec.1",
        AmazonSideAsn=65000,
    )
    _ec2(api, "AttachVpnGateway", VpnGatewayId=gateway, VpcId=vpc)
    customer = _ec2(
        api,
        "CreateCustomerGateway",
        "CustomerGateway.CustomerGatewayId",
        Type="ipsec.1",
        BgpAsn=65001,
        PublicIp="203.0.113.7",
    )
    for made in (gateway, customer):
        _ec2(api, "CreateTags", Resources=[made], Tags=[{"Key": "Name", "Value": "office"}])
    return gateway, customer


def _make_vpn(api: Api) -> None:
    gateway, customer = _gateways(api)
    connection = _ec2(
        api,
        "CreateVpnConnection",
        "VpnConnection.VpnConnectionId",
        Type="ipsec.1",
        CustomerGatewayId=customer,
        VpnGatewayId=gateway,
        Options={"StaticRoutesOnly": True},
    )
    _ec2(api, "CreateTags", Resources=[connection], Tags=[{"Key": "Name", "Value": "office"}])
    route = {"VpnConnectionId": connection, "DestinationCidrBlock": "192.168.0.0/16"}
    _ec2(api, "CreateVpnConnectionRoute", **route)


CASES = (
    Case(
        service="ec2",
        type="AWS::EC2::PrefixList",
        make=_make_prefix_list,
        update=_lengthen_prefix_list,
    ),
    Case(service="ec2", type="AWS::EC2::VPNGateway", make=_make_gateways),
    Case(service="ec2", type="AWS::EC2::CustomerGateway", make=_make_gateways),
    Case(
        service="ec2",
        type="AWS::EC2::VPNConnection",
        make=_make_vpn,
        kept={"Options": "Options.StaticRoutesOnly"},
    ),
    Case(
        service="ec2",
        type="AWS::EC2::NetworkAcl",
        make=_make_acl,
        update=_open_acl,
        kept={"Entries": 'Entries."ingress 100".PortRange', "Subnets": "Subnets[0]"},
    ),
    Case(
        service="ec2",
        type="AWS::EC2::NatGateway",
        make=_make_way_out,
        kept={"AllocationIds": "AllocationIds[0]"},
    ),
    Case(service="ec2", type="AWS::EC2::NatGateway", make=_make_private_way_out),
    Case(service="ec2", type="AWS::EC2::EgressOnlyInternetGateway", make=_make_way_out_for_ipv6),
    Case(
        service="ec2",
        type="AWS::EC2::VPCEndpoint",
        make=_make_endpoints,
        kept={
            "Policy": "Policy.Statement[?Action[0] == 's3:GetObject']",
            "PrivateDnsEnabled": "PrivateDnsEnabled",
            "RouteTableIds": "RouteTableIds[0]",
            "SecurityGroupIds": "SecurityGroupIds[0]",
            "SubnetIds": "SubnetIds[0]",
        },
    ),
    Case(
        service="ec2",
        type="AWS::EC2::VPCPeeringConnection",
        make=_make_peering,
        kept={
            "Status": "Status == 'active'",
            "RequesterVpcInfo": "RequesterVpcInfo.AllowDnsResolutionFromRemoteVpc",
        },
    ),
    Case(
        service="ec2",
        type="AWS::EC2::DHCPOptions",
        make=_make_options,
        kept={"domain-name": '"domain-name"[0]'},
    ),
    Case(service="ec2", type="AWS::EC2::VPC", make=_make_options),
    Case(
        service="ec2",
        type="AWS::EC2::FlowLog",
        make=_make_flow_logs,
        kept={
            "DeliverLogsPermissionArn": "DeliverLogsPermissionArn",
            "MaxAggregationInterval": "MaxAggregationInterval",
        },
        services=("logs", "s3"),
    ),
)
