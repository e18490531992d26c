"""EC2: prefix lists, and what connects a VPC with networks elsewhere by VPN.

A connection's configuration holds the keys of its tunnels: it is not kept, and what changes the
tunnels leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import (
    Params,
    arn,
    ids,
    only,
    tag_operations,
    tagged,
    tagged_afterwards,
)
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change, lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ANYWHERE = ("0.0.0.0/0", "::/0")


# Prefix lists


def _entries(raw: JsonObject) -> dict[str, Json]:
    return {
        text(entry, "Cidr"): text(entry, "Description")
        for entry in sorted(objects(raw, "Entries"), key=lambda entry: text(entry, "Cidr"))
    }


def _create_list(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **only(raw, "PrefixListName", "AddressFamily", "MaxEntries"),
        "Entries": [
            {"Cidr": cidr, **({"Description": words} if words else {})}
            for cidr, words in _entries(raw).items()
        ],
    }
    yield tagged(raw, "prefix-list", params)


def _world_added(before: Json, after: Json) -> bool:
    known = table({"entries": before}, "entries")
    return any(cidr in table({"entries": after}, "entries") for cidr in _ANYWHERE) and not any(
        cidr in known for cidr in _ANYWHERE
    )


PREFIX_LIST = ResourceType(
    type="AWS::EC2::PrefixList",
    # AWS has lists of its own, which nobody can change.
    listing=Listing(
        operation="DescribeManagedPrefixLists",
        items="PrefixLists[]",
        params={"Filters": [{"Name": "owner-id", "Values": ["$account"]}]},
    ),
    details=(
        Detail(
            operation="GetManagedPrefixListEntries",
            params={"PrefixListId": "PrefixListId"},
            pick="Entries",
            into="Entries",
        ),
    ),
    id="PrefixListId",
    name="PrefixListName",
    arn="PrefixListArn",
    settings=lambda raw: {**only(raw, "AddressFamily", "MaxEntries"), "Entries": _entries(raw)},
    birth={"id": "PrefixListId"},
    tags="Tags",
    settling="ends_with(State || '', 'in-progress')",
    ignore="State == 'delete-complete'",
    seeds=(
        Seed(
            operation="CreateManagedPrefixList",
            params=_create_list,
            learn={"PrefixListId": "PrefixList.PrefixListId"},
            creates=True,
            optional=False,
        ),
        tagged_afterwards("PrefixListId"),
    ),
    operations=(
        *on(Verb.CREATE, "response.PrefixList.PrefixListId", "CreateManagedPrefixList"),
        *on(Verb.DELETE, "params.PrefixListId", "DeleteManagedPrefixList"),
        *on(
            Verb.UPDATE,
            "params.PrefixListId",
            "ModifyManagedPrefixList",
            "RestoreManagedPrefixListVersion",
        ),
        *tag_operations("pl"),
    ),
    hazards=(
        HazardRule(
            field="Entries",
            hazard=Hazard.DISRUPTION,
            when=lost,
        ),
        HazardRule(field="Entries", hazard=Hazard.EXPOSURE, when=_world_added),
    ),
)


# Gateways


def _attached(raw: JsonObject) -> list[Json]:
    found = [a for a in objects(raw, "VpcAttachments") if a.get("State") != "detached"]
    return ids({"found": found}, "found", "VpcId")


def _create_gateway(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(raw, "vpn-gateway", {**only(raw, "Type", "AmazonSideAsn")})


def _attach_gateway(raw: JsonObject, data: DataMark | None) -> Params:
    for vpc in _attached(raw):
        yield {"VpnGatewayId": raw["VpnGatewayId"], "VpcId": vpc}


VPN_GATEWAY = ResourceType(
    type="AWS::EC2::VPNGateway",
    listing=Listing(operation="DescribeVpnGateways", items="VpnGateways[]"),
    id="VpnGatewayId",
    address=arn("vpn-gateway"),
    settings=lambda raw: {**only(raw, "Type", "AmazonSideAsn"), "VpcIds": _attached(raw)},
    birth={"id": "VpnGatewayId"},
    tags="Tags",
    settling="State == 'pending' || State == 'deleting'",
    ignore="State == 'deleted'",
    depends_on=("AWS::EC2::VPC",),
    seeds=(
        Seed(
            operation="CreateVpnGateway",
            params=_create_gateway,
            learn={"VpnGatewayId": "VpnGateway.VpnGatewayId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="AttachVpnGateway", params=_attach_gateway, creates=True),
        tagged_afterwards("VpnGatewayId"),
    ),
    operations=(
        *on(Verb.CREATE, "response.VpnGateway.VpnGatewayId", "CreateVpnGateway"),
        *on(Verb.DELETE, "params.VpnGatewayId", "DeleteVpnGateway"),
        *on(Verb.UPDATE, "params.VpnGatewayId", "AttachVpnGateway", "DetachVpnGateway"),
        *tag_operations("vgw"),
    ),
    hazards=(HazardRule(field="VpcIds", hazard=Hazard.DISRUPTION, when=lost),),
)

_CUSTOMER = ("BgpAsn", "BgpAsnExtended", "CertificateArn", "DeviceName", "IpAddress", "Type")


def _create_customer(raw: JsonObject, data: DataMark | None) -> Params:
    asn = text(raw, "BgpAsn")
    params: dict[str, object] = {
        **only(raw, "CertificateArn", "DeviceName", "IpAddress", "Type"),
        **({"BgpAsn": int(asn)} if asn.isdigit() else {}),
    }
    yield tagged(raw, "customer-gateway", params)


CUSTOMER_GATEWAY = ResourceType(
    type="AWS::EC2::CustomerGateway",
    listing=Listing(operation="DescribeCustomerGateways", items="CustomerGateways[]"),
    id="CustomerGatewayId",
    address=arn("customer-gateway"),
    settings=lambda raw: only(raw, *_CUSTOMER),
    birth={"id": "CustomerGatewayId"},
    tags="Tags",
    settling="State == 'pending' || State == 'deleting'",
    ignore="State == 'deleted'",
    seeds=(
        Seed(
            operation="CreateCustomerGateway",
            params=_create_customer,
            learn={"CustomerGatewayId": "CustomerGateway.CustomerGatewayId"},
            creates=True,
            optional=False,
        ),
        tagged_afterwards("CustomerGatewayId"),
    ),
    operations=(
        *on(Verb.CREATE, "response.CustomerGateway.CustomerGatewayId", "CreateCustomerGateway"),
        *on(Verb.DELETE, "params.CustomerGatewayId", "DeleteCustomerGateway"),
        *tag_operations("cgw"),
    ),
)


# Connections

_CONNECTION = ("CustomerGatewayId", "TransitGatewayId", "Type", "VpnGatewayId")
_OPTIONS = (
    "EnableAcceleration",
    "LocalIpv4NetworkCidr",
    "LocalIpv6NetworkCidr",
    "OutsideIpAddressType",
    "RemoteIpv4NetworkCidr",
    "RemoteIpv6NetworkCidr",
    "StaticRoutesOnly",
    "TransportTransitGatewayAttachmentId",
    "TunnelInsideIpVersion",
)


def _without_keys(raw: JsonObject) -> JsonObject:
    options = {k: v for k, v in table(raw, "Options").items() if k != "TunnelOptions"}
    kept = {k: v for k, v in raw.items() if k != "CustomerGatewayConfiguration"}
    return {**kept, "Options": options}


def _routes(raw: JsonObject) -> list[Json]:
    found = [r for r in objects(raw, "Routes") if r.get("State") not in ("deleting", "deleted")]
    return ids({"found": found}, "found", "DestinationCidrBlock")


def _connection(raw: JsonObject) -> Json:
    return {
        **only(raw, *_CONNECTION),
        "Options": {**only(table(raw, "Options"), *_OPTIONS)},
        "Routes": _routes(raw),
    }


def _create_connection(raw: JsonObject, data: DataMark | None) -> Params:
    params: dict[str, object] = {
        **only(raw, *_CONNECTION),
        "Options": only(table(raw, "Options"), *_OPTIONS),
    }
    yield tagged(raw, "vpn-connection", params)


def _create_routes(raw: JsonObject, data: DataMark | None) -> Params:
    for block in _routes(raw):
        yield {"VpnConnectionId": raw["VpnConnectionId"], "DestinationCidrBlock": block}


VPN_CONNECTION = ResourceType(
    type="AWS::EC2::VPNConnection",
    listing=Listing(operation="DescribeVpnConnections", items="VpnConnections[]"),
    id="VpnConnectionId",
    address=arn("vpn-connection"),
    conceal=_without_keys,
    settings=_connection,
    birth={"id": "VpnConnectionId"},
    tags="Tags",
    settling="contains(['pending', 'modifying', 'deleting'], State || '')",
    ignore="State == 'deleted'",
    depends_on=("AWS::EC2::VPNGateway", "AWS::EC2::CustomerGateway"),
    seeds=(
        Seed(
            operation="CreateVpnConnection",
            params=_create_connection,
            learn={"VpnConnectionId": "VpnConnection.VpnConnectionId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="CreateVpnConnectionRoute", params=_create_routes, creates=True),
        tagged_afterwards("VpnConnectionId"),
    ),
    operations=(
        *on(Verb.CREATE, "response.VpnConnection.VpnConnectionId", "CreateVpnConnection"),
        *on(Verb.DELETE, "params.VpnConnectionId", "DeleteVpnConnection"),
        *on(
            Verb.UPDATE,
            "params.VpnConnectionId",
            "ModifyVpnConnection",
            "ModifyVpnConnectionOptions",
        ),
        *on(
            Verb.UPDATE,
            "params.VpnConnectionId",
            "CreateVpnConnectionRoute",
            "DeleteVpnConnectionRoute",
            part="join(' ', ['route', params.DestinationCidrBlock])",
        ),
        *on(
            Verb.UPDATE,
            "params.VpnConnectionId",
            "ReplaceVpnTunnel",
            part="'tunnel'",
            hazard=Hazard.DISRUPTION,
        ),
        *tag_operations("vpn"),
    ),
    hazards=(
        HazardRule(field="Routes", hazard=Hazard.DISRUPTION, when=lost),
        *(
            HazardRule(field=name, hazard=Hazard.DISRUPTION, when=any_change)
            for name in ("CustomerGatewayId", "TransitGatewayId", "VpnGatewayId", "Options")
        ),
    ),
)
