"""EC2: what connects a VPC with services, with other VPCs and with name servers.

An endpoint's interfaces are AWS's own, and its routes are the endpoint's: both are told by the
endpoint. A peering that another account asked for cannot be rebuilt in a replica.
"""

from __future__ import annotations

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import (
    Params,
    arn,
    ids,
    only,
    tag_operations,
    tagged,
    tagged_afterwards,
)
from executor.catalog.policies import narrowed, policy
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_LISTS = ("RouteTableIds", "SubnetIds")


def _endpoint_type(raw: JsonObject) -> str:
    return text(raw, "VpcEndpointType") or "Gateway"


def _endpoint(raw: JsonObject) -> Json:
    found: dict[str, Json] = {
        **only(raw, "VpcId", "ServiceName", "IpAddressType"),
        "VpcEndpointType": _endpoint_type(raw),
        "Policy": policy(raw.get("PolicyDocument")),
        "SecurityGroupIds": ids(raw, "Groups", "GroupId"),
        **{key: sorted(str(i) for i in rows(raw, key)) for key in _LISTS},
    }
    if _endpoint_type(raw) == "Interface":
        found["PrivateDnsEnabled"] = bool(raw.get("PrivateDnsEnabled"))
    return found


def _create_endpoint(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **only(raw, "VpcId", "ServiceName", "IpAddressType", "PolicyDocument"),
        **{key: raw[key] for key in _LISTS if raw.get(key)},
        "VpcEndpointType": _endpoint_type(raw),
    }
    if objects(raw, "Groups"):
        params["SecurityGroupIds"] = ids(raw, "Groups", "GroupId")
    if _endpoint_type(raw) == "Interface":
        params["PrivateDnsEnabled"] = bool(raw.get("PrivateDnsEnabled"))
    yield tagged(raw, "vpc-endpoint", params)


def _ended_endpoints(params: JsonObject, response: JsonObject) -> list[str]:
    failed = {text(item, "ResourceId") for item in objects(response, "Unsuccessful")}
    return [str(i) for i in rows(params, "VpcEndpointIds") if i not in failed]


def _widened(before: Json, after: Json) -> bool:
    """The endpoint lets through what it did not."""
    return narrowed(after, before)


VPC_ENDPOINT = ResourceType(
    type="AWS::EC2::VPCEndpoint",
    listing=Listing(operation="DescribeVpcEndpoints", items="VpcEndpoints[]"),
    id="VpcEndpointId",
    address=arn("vpc-endpoint"),
    # Its interfaces are AWS's own, and go with it.
    handles=("NetworkInterfaceIds",),
    settings=_endpoint,
    birth={"id": "VpcEndpointId", "created": "CreationTimestamp"},
    tags="Tags",
    builtin="RequesterManaged",
    settling="contains(['pending', 'deleting'], State || '')",
    ignore="contains(['deleted', 'failed', 'rejected', 'expired'], State || '')",
    depends_on=("AWS::EC2::RouteTable", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"),
    seeds=(
        Seed(
            operation="CreateVpcEndpoint",
            params=_create_endpoint,
            learn={
                "VpcEndpointId": "VpcEndpoint.VpcEndpointId",
                "NetworkInterfaceIds[0]": "VpcEndpoint.NetworkInterfaceIds[0]",
            },
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.VpcEndpoint.VpcEndpointId", "CreateVpcEndpoint"),
        *on(Verb.DELETE, _ended_endpoints, "DeleteVpcEndpoints", many=True),
        *on(Verb.UPDATE, "params.VpcEndpointId", "ModifyVpcEndpoint"),
        *tag_operations("vpce"),
    ),
    hazards=(
        HazardRule(field="RouteTableIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="SubnetIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="SecurityGroupIds", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="PrivateDnsEnabled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Policy", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="Policy", hazard=Hazard.EXPOSURE, when=_widened),
    ),
)


# Peerings

_SIDES = ("RequesterVpcInfo", "AccepterVpcInfo")
_OPTION = "AllowDnsResolutionFromRemoteVpc"


def _status(raw: JsonObject) -> str:
    return text(table(raw, "Status"), "Code")


def _peering(raw: JsonObject) -> Json:
    return {
        "Status": _status(raw),
        **{
            side: {
                **only(table(raw, side), "VpcId", "OwnerId", "Region"),
                _OPTION: bool(table(table(raw, side), "PeeringOptions").get(_OPTION)),
            }
            for side in _SIDES
        },
    }


def _create_peering(raw: JsonObject, data: DataMark | None) -> Params:
    asked, other = (table(raw, side) for side in _SIDES)
    params: dict[str, object] = {"VpcId": asked.get("VpcId"), "PeerVpcId": other.get("VpcId")}
    if other.get("OwnerId") != asked.get("OwnerId"):
        params["PeerOwnerId"] = other.get("OwnerId")
    if other.get("Region") != asked.get("Region"):
        params["PeerRegion"] = other.get("Region")
    yield tagged(raw, "vpc-peering-connection", params)


def _accept_peering(raw: JsonObject, data: DataMark | None) -> Params:
    if _status(raw) == "active":
        yield {"VpcPeeringConnectionId": raw["VpcPeeringConnectionId"]}


def _peering_options(raw: JsonObject, data: DataMark | None) -> Params:
    asked, other = (bool(table(table(raw, side), "PeeringOptions").get(_OPTION)) for side in _SIDES)
    params: dict[str, object] = {"VpcPeeringConnectionId": raw["VpcPeeringConnectionId"]}
    if asked:
        params["RequesterPeeringConnectionOptions"] = {_OPTION: True}
    if other:
        params["AccepterPeeringConnectionOptions"] = {_OPTION: True}
    if asked or other:
        yield params


VPC_PEERING = ResourceType(
    type="AWS::EC2::VPCPeeringConnection",
    listing=Listing(operation="DescribeVpcPeeringConnections", items="VpcPeeringConnections[]"),
    id="VpcPeeringConnectionId",
    address=arn("vpc-peering-connection"),
    # It ends with either VPC.
    handles=("RequesterVpcInfo.VpcId", "AccepterVpcInfo.VpcId"),
    settings=_peering,
    birth={"id": "VpcPeeringConnectionId"},
    tags="Tags",
    settling="contains(['initiating-request', 'provisioning', 'deleting'], Status.Code)",
    ignore="contains(['deleted', 'rejected', 'expired', 'failed'], Status.Code)",
    depends_on=("AWS::EC2::VPC",),
    seeds=(
        Seed(
            operation="CreateVpcPeeringConnection",
            params=_create_peering,
            learn={"VpcPeeringConnectionId": "VpcPeeringConnection.VpcPeeringConnectionId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="AcceptVpcPeeringConnection", params=_accept_peering, creates=True),
        Seed(operation="ModifyVpcPeeringConnectionOptions", params=_peering_options),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "response.VpcPeeringConnection.VpcPeeringConnectionId",
            "CreateVpcPeeringConnection",
        ),
        *on(
            Verb.DELETE,
            "params.VpcPeeringConnectionId",
            "DeleteVpcPeeringConnection",
            "RejectVpcPeeringConnection",
        ),
        *on(
            Verb.UPDATE,
            "params.VpcPeeringConnectionId",
            "AcceptVpcPeeringConnection",
            "ModifyVpcPeeringConnectionOptions",
        ),
        *on(Verb.OPERATE, "params.VpcId", "DeleteVpc"),
        *tag_operations("pcx"),
    ),
    hazards=(
        HazardRule(
            field="Status", hazard=Hazard.EXPOSURE, when=lambda before, after: after == "active"
        ),
        HazardRule(
            field="Status", hazard=Hazard.DISRUPTION, when=lambda before, after: before == "active"
        ),
        *(
            HazardRule(field=f"{side}.{_OPTION}", hazard=Hazard.DISRUPTION, when=turned_off)
            for side in _SIDES
        ),
    ),
)


# DHCP options


def _configurations(raw: JsonObject) -> dict[str, Json]:
    return {
        text(item, "Key"): [text(value, "Value") for value in objects(item, "Values")]
        for item in objects(raw, "DhcpConfigurations")
    }


def _create_options(raw: JsonObject, data: DataMark | None) -> Params:
    configurations = [{"Key": k, "Values": v} for k, v in _configurations(raw).items()]
    yield tagged(raw, "dhcp-options", {"DhcpConfigurations": configurations})


DHCP_OPTIONS = ResourceType(
    type="AWS::EC2::DHCPOptions",
    listing=Listing(operation="DescribeDhcpOptions", items="DhcpOptions[]"),
    id="DhcpOptionsId",
    address=arn("dhcp-options"),
    settings=_configurations,
    birth={"id": "DhcpOptionsId"},
    tags="Tags",
    seeds=(
        Seed(
            operation="CreateDhcpOptions",
            params=_create_options,
            learn={"DhcpOptionsId": "DhcpOptions.DhcpOptionsId"},
            creates=True,
            optional=False,
        ),
        tagged_afterwards("DhcpOptionsId"),
    ),
    operations=(
        *on(Verb.CREATE, "response.DhcpOptions.DhcpOptionsId", "CreateDhcpOptions"),
        *on(Verb.DELETE, "params.DhcpOptionsId", "DeleteDhcpOptions"),
        *tag_operations("dopt"),
    ),
)


# Flow logs

_FLOW_LOG = (
    "TrafficType",
    "LogDestinationType",
    "LogDestination",
    "LogFormat",
    "MaxAggregationInterval",
    "DeliverLogsPermissionArn",
    "DeliverCrossAccountRole",
)
_LOGGED = {
    "vpc": "VPC",
    "subnet": "Subnet",
    "eni": "NetworkInterface",
    "tgw": "TransitGateway",
    "nat": "RegionalNatGateway",
}


def _flow_log(raw: JsonObject) -> dict[str, Json]:
    found = only(raw, "ResourceId", "LogGroupName", *_FLOW_LOG)
    # A log group is told by its ARN, by its name, or by both.
    group = text(found, "LogDestination").partition(":log-group:")[2]
    if group:
        found["LogGroupName"] = group.removesuffix(":*")
    if "LogGroupName" in found:
        found.pop("LogDestination", None)
    return found


def _create_flow_log(raw: JsonObject, data: DataMark | None) -> Params:
    kind = _LOGGED.get(text(raw, "ResourceId").split("-")[0], "VPC")
    known = {k: v for k, v in _flow_log(raw).items() if k != "ResourceId"}
    yield {"ResourceIds": [raw["ResourceId"]], "ResourceType": kind, **known}


FLOW_LOG = ResourceType(
    type="AWS::EC2::FlowLog",
    listing=Listing(operation="DescribeFlowLogs", items="FlowLogs[]"),
    id="FlowLogId",
    address=arn("vpc-flow-log"),
    # It ends with what it is about.
    handles=("ResourceId",),
    settings=_flow_log,
    birth={"id": "FlowLogId", "created": "CreationTime"},
    tags="Tags",
    depends_on=(
        "AWS::EC2::VPC",
        "AWS::EC2::Subnet",
        "AWS::EC2::NetworkInterface",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
    ),
    seeds=(
        Seed(
            operation="CreateFlowLogs",
            params=_create_flow_log,
            learn={"FlowLogId": "FlowLogIds[0]"},
            creates=True,
            optional=False,
        ),
        tagged_afterwards("FlowLogId"),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "response.FlowLogIds",
            "CreateFlowLogs",
            many=True,
            reaches=("logs", "s3"),
        ),
        *on(Verb.DELETE, "params.FlowLogIds", "DeleteFlowLogs", many=True),
        *on(Verb.OPERATE, "params.VpcId", "DeleteVpc"),
        *on(Verb.OPERATE, "params.SubnetId", "DeleteSubnet"),
        *on(Verb.OPERATE, "params.NetworkInterfaceId", "DeleteNetworkInterface"),
        *tag_operations("fl"),
    ),
)
