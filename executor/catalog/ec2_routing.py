"""EC2: internet gateways and route tables.

A VPC's main route table comes and goes with it, and is adopted like the default VPC's gateway.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.ec2_tagging import Params, arn, ids, only, ordered, tag_operations, tagged
from executor.catalog.raw import objects, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ANYWHERE = ("0.0.0.0/0", "::/0")
_ROUTE_TARGETS = (
    "CarrierGatewayId",
    "CoreNetworkArn",
    "EgressOnlyInternetGatewayId",
    "GatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
)
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def _create_gateway(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(raw, "internet-gateway", {})


def _attach_gateway(raw: JsonObject, data: DataMark | None) -> Params:
    for attachment in objects(raw, "Attachments"):
        yield {
            "InternetGatewayId": raw["InternetGatewayId"],
            "VpcId": attachment["VpcId"],
        }


def _adopt_gateway(raw: JsonObject) -> Json:
    vpcs = ids(raw, "Attachments", "VpcId")
    return f"of {vpcs[0]}" if vpcs else None


INTERNET_GATEWAY = ResourceType(
    type="AWS::EC2::InternetGateway",
    listing=Listing(operation="DescribeInternetGateways", items="InternetGateways[]"),
    id="InternetGatewayId",
    address=arn("internet-gateway"),
    # The default VPC's gateway comes with it.
    handles=("Attachments[].VpcId",),
    settings=lambda raw: {"VpcIds": ids(raw, "Attachments", "VpcId")},
    birth={"id": "InternetGatewayId"},
    tags="Tags",
    depends_on=("AWS::EC2::VPC",),
    adopt=_adopt_gateway,
    seeds=(
        Seed(
            operation="CreateInternetGateway",
            params=_create_gateway,
            learn={"InternetGatewayId": "InternetGateway.InternetGatewayId"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="AttachInternetGateway",
            params=_attach_gateway,
            tolerate=frozenset({"Resource.AlreadyAssociated"}),
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.InternetGateway.InternetGatewayId", "CreateInternetGateway"),
        *on(Verb.DELETE, "params.InternetGatewayId", "DeleteInternetGateway"),
        *on(
            Verb.UPDATE,
            "params.InternetGatewayId",
            "AttachInternetGateway",
            "DetachInternetGateway",
        ),
        *on(Verb.OPERATE, "response.Vpc.VpcId", "CreateDefaultVpc"),
        *tag_operations("igw"),
    ),
    hazards=(HazardRule(field="VpcIds", hazard=Hazard.DISRUPTION, when=lost),),
)


def _is_main(raw: JsonObject) -> bool:
    return any(a.get("Main") for a in objects(raw, "Associations"))


def _routes(raw: JsonObject) -> list[JsonObject]:
    return [
        only(route, *_DESTINATIONS, *_ROUTE_TARGETS)
        for route in objects(raw, "Routes")
        if route.get("Origin") != "EnableVgwRoutePropagation"
        # An endpoint's routes are the endpoint's: it names its route tables.
        and route.get("GatewayId") != "local"
        and not text(route, "GatewayId").startswith("vpce-")
    ]


def _route_table(raw: JsonObject) -> Json:
    return {
        "VpcId": raw.get("VpcId"),
        "Main": _is_main(raw),
        "Routes": ordered(_routes(raw)),
        "Subnets": ids(raw, "Associations", "SubnetId"),
        "Gateways": ids(raw, "Associations", "GatewayId"),
        "PropagatingVgws": ids(raw, "PropagatingVgws", "GatewayId"),
    }


def _route_table_handles(raw: JsonObject) -> Json:
    keys = ("RouteTableAssociationId", "SubnetId")
    names = [text(a, key) for a in objects(raw, "Associations") for key in keys]
    return [*names, text(raw, "VpcId")] if _is_main(raw) else [*names]


def _create_route_table(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(raw, "route-table", {"VpcId": raw["VpcId"]})


def _create_routes(raw: JsonObject, data: DataMark | None) -> Params:
    for route in _routes(raw):
        # A route to an instance goes through its interface; EC2 tells both, takes one.
        clean = {k: v for k, v in route.items() if k != "InstanceId" or len(route) == 2}
        if len(clean) > 1:
            yield {"RouteTableId": raw["RouteTableId"], **clean}


def _associate(raw: JsonObject, data: DataMark | None) -> Params:
    for association in objects(raw, "Associations"):
        if not association.get("Main"):
            yield {
                "RouteTableId": raw["RouteTableId"],
                **only(association, "SubnetId", "GatewayId"),
            }


def _learn_association(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    return {
        text(a, "RouteTableAssociationId"): text(answer, "AssociationId")
        for a in objects(raw, "Associations")
        if not a.get("Main") and all(a.get(k) == params.get(k) for k in ("SubnetId", "GatewayId"))
    }


def _learn_main(ours: JsonObject, theirs: JsonObject) -> Mapping[str, str]:
    """The association that makes a table its network's main one has an id of its own."""
    found = [
        [text(a, "RouteTableAssociationId") for a in objects(raw, "Associations") if a.get("Main")]
        for raw in (ours, theirs)
    ]
    return dict(zip(*found, strict=False))


def _propagate(raw: JsonObject, data: DataMark | None) -> Params:
    for gateway in ids(raw, "PropagatingVgws", "GatewayId"):
        yield {"RouteTableId": raw["RouteTableId"], "GatewayId": gateway}


def _lacks_propagation(params: Mapping[str, object], engine: JsonObject) -> bool:
    return params.get("GatewayId") not in ids(engine, "PropagatingVgws", "GatewayId")


def _lacks_route(params: Mapping[str, object], engine: JsonObject) -> bool:
    return not any(
        all(route.get(key) == params.get(key) for key in _DESTINATIONS)
        for route in objects(engine, "Routes")
    )


def _lacks_association(params: Mapping[str, object], engine: JsonObject) -> bool:
    return not any(
        all(a.get(key) == params.get(key) for key in ("SubnetId", "GatewayId"))
        for a in objects(engine, "Associations")
    )


def _opened_to_world(before: Json, after: Json) -> bool:
    known = before if isinstance(before, list) else []
    return any(
        str(route.get("GatewayId", "")).startswith("igw-")
        and any(route.get(key) in _ANYWHERE for key in _DESTINATIONS)
        for route in objects({"routes": after}, "routes")
        if route not in known
    )


ROUTE_TABLE = ResourceType(
    type="AWS::EC2::RouteTable",
    listing=Listing(operation="DescribeRouteTables", items="RouteTables[]"),
    id="RouteTableId",
    address=arn("route-table"),
    handles=(_route_table_handles,),
    settings=_route_table,
    birth={"id": "RouteTableId"},
    tags="Tags",
    builtin=_is_main,
    depends_on=("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::InternetGateway"),
    adopt=lambda raw: f"main of {raw.get('VpcId')}" if _is_main(raw) else None,
    learns_adopted=_learn_main,
    seeds=(
        Seed(
            operation="CreateRouteTable",
            params=_create_route_table,
            learn={"RouteTableId": "RouteTable.RouteTableId"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="CreateRoute",
            params=_create_routes,
            tolerate=frozenset({"RouteAlreadyExists"}),
            late=True,
            lacking=_lacks_route,
        ),
        Seed(
            operation="AssociateRouteTable",
            params=_associate,
            learn=_learn_association,
            tolerate=frozenset({"Resource.AlreadyAssociated"}),
            late=True,
            lacking=_lacks_association,
        ),
        Seed(
            operation="EnableVgwRoutePropagation",
            params=_propagate,
            late=True,
            lacking=_lacks_propagation,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.RouteTable.RouteTableId", "CreateRouteTable"),
        *on(Verb.DELETE, "params.RouteTableId", "DeleteRouteTable"),
        *on(
            Verb.UPDATE,
            "params.RouteTableId",
            "CreateRoute",
            "ReplaceRoute",
            "DeleteRoute",
            part=(
                "join(' ', ['route', params.DestinationCidrBlock || "
                "params.DestinationIpv6CidrBlock || params.DestinationPrefixListId || ''])"
            ),
        ),
        *on(
            Verb.UPDATE,
            "params.RouteTableId",
            "AssociateRouteTable",
            "EnableVgwRoutePropagation",
            "DisableVgwRoutePropagation",
        ),
        *on(Verb.UPDATE, "params.AssociationId", "DisassociateRouteTable"),
        *on(
            Verb.UPDATE,
            "[params.AssociationId, params.RouteTableId]",
            "ReplaceRouteTableAssociation",
            many=True,
        ),
        *on(Verb.OPERATE, "response.Vpc.VpcId", "CreateVpc", "CreateDefaultVpc"),
        *on(Verb.OPERATE, "params.VpcId", "DeleteVpc"),
        *on(Verb.OPERATE, "params.SubnetId", "DeleteSubnet"),
        *tag_operations("rtb"),
    ),
    hazards=(
        HazardRule(field="Routes", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Routes", hazard=Hazard.EXPOSURE, when=_opened_to_world),
        HazardRule(field="Subnets", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="PropagatingVgws", hazard=Hazard.DISRUPTION, when=lost),
    ),
)
