"""EC2's network ACLs, ways out, endpoints, peerings: what calls touch, what is dangerous."""

from __future__ import annotations

import json

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import described, hazards, is_unread, touches

ACL = "AWS::EC2::NetworkAcl"
ENDPOINT = "AWS::EC2::VPCEndpoint"
PEERING = "AWS::EC2::VPCPeeringConnection"
NAT = "AWS::EC2::NatGateway"
WORLD = "0.0.0.0/0"
INSIDE = "10.0.0.0/8"


def _entry(number: int, action: str, cidr: str, *, egress: bool = False) -> Json:
    return {
        "RuleNumber": number,
        "Protocol": "6",
        "RuleAction": action,
        "CidrBlock": cidr,
        "Egress": egress,
    }


def _acl(*entries: Json, subnets: tuple[str, ...] = (), default: bool = False) -> dict[str, Json]:
    return {
        "NetworkAclId": "acl-1",
        "VpcId": "vpc-1",
        "IsDefault": default,
        "Entries": list(entries),
        "Associations": [
            {"NetworkAclAssociationId": f"aclassoc-{s}", "SubnetId": s} for s in subnets
        ],
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), (_entry(100, "allow", WORLD),), {("exposure", "Entries")}),
        ((), (_entry(100, "allow", INSIDE),), set()),
        ((), (_entry(100, "allow", WORLD, egress=True),), set()),
        ((_entry(90, "deny", WORLD),), (), {("exposure", "Entries")}),
        ((_entry(90, "deny", WORLD, egress=True),), (), set()),
        ((_entry(100, "allow", INSIDE),), (), {("disruption", "Entries")}),
        ((), (_entry(90, "deny", INSIDE),), {("disruption", "Entries")}),
        (
            (_entry(100, "allow", INSIDE),),
            (_entry(100, "allow", WORLD),),
            {("exposure", "Entries"), ("disruption", "Entries")},
        ),
    ],
)
def test_opened_acl_is_exposure_and_closed_one_disruption(
    before: tuple[Json, ...], after: tuple[Json, ...], expected: set[tuple[str, str]]
) -> None:
    assert hazards(ACL, _acl(*before), _acl(*after)) == expected


def test_entries_in_another_order_are_the_same_and_the_last_one_is_none() -> None:
    entries = (_entry(100, "allow", INSIDE), _entry(110, "allow", WORLD))
    last = _entry(32767, "deny", WORLD)
    one, other = _acl(*entries, last), _acl(*reversed(entries))
    assert described(ACL, one).properties == described(ACL, other).properties


@pytest.mark.parametrize(
    ("before", "after"), [((), ("subnet-1",)), (("subnet-1",), ()), (("subnet-1",), ("subnet-2",))]
)
def test_subnet_that_another_acl_filters_from_now_on_is_disruption(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    found = hazards(ACL, _acl(subnets=before), _acl(subnets=after))
    assert found == {("disruption", "Subnets")}


def test_default_acl_is_built_in_and_new_subnets_change_nothing_of_it() -> None:
    default = described(ACL, _acl(default=True))
    assert default.builtin
    assert "vpc-1" in default.handles
    grown = described(ACL, _acl(subnets=("subnet-1",), default=True))
    assert grown.properties == default.properties


def test_entry_is_a_part_of_its_acl() -> None:
    params = {"NetworkAclId": "acl-1", "RuleNumber": 100, "Egress": True}
    assert touches("ec2:DeleteNetworkAclEntry", params) == {
        ("EC2::NetworkAcl", "update", ("acl-1",), "entry egress 100")
    }


def test_moved_subnet_touches_both_acls() -> None:
    params = {"NetworkAclId": "acl-2", "AssociationId": "aclassoc-subnet-1"}
    found = touches("ec2:ReplaceNetworkAclAssociation", params, {"NewAssociationId": "new"})
    assert {row[2] for row in found} == {("acl-2",), ("aclassoc-subnet-1",), ("new",)}
    assert "aclassoc-subnet-1" in described(ACL, _acl(subnets=("subnet-1",))).handles


def _nat(*allocations: str) -> dict[str, Json]:
    addresses: list[Json] = [
        {"AllocationId": a, "NetworkInterfaceId": "eni-1"} for a in allocations
    ]
    return {"NatGatewayId": "nat-1", "SubnetId": "subnet-1", "NatGatewayAddresses": addresses}


def test_nat_gateway_that_loses_an_address_disrupts_and_one_that_gains_does_not() -> None:
    assert hazards(NAT, _nat("eipalloc-1"), _nat()) == {("disruption", "AllocationIds")}
    assert hazards(NAT, _nat(), _nat("eipalloc-1")) == set()


def test_nat_gateway_accounts_for_its_interface_and_its_address() -> None:
    made: Json = {"NatGatewayId": "nat-1", "NatGatewayAddresses": [{"NetworkInterfaceId": "eni-1"}]}
    found = touches("ec2:CreateNatGateway", {"AllocationId": "eipalloc-1"}, {"NatGateway": made})
    assert found == {
        ("EC2::NatGateway", "create", ("nat-1",), ""),
        ("EC2::NetworkInterface", "operate", ("eni-1",), ""),
        ("EC2::EIP", "operate", ("eipalloc-1",), ""),
    }


def _policy(action: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _endpoint(**changes: Json) -> dict[str, Json]:
    return {
        "VpcEndpointId": "vpce-1",
        "VpcEndpointType": "Interface",
        "PolicyDocument": _policy("s3:GetObject"),
        "PrivateDnsEnabled": True,
        "RouteTableIds": ["rtb-1"],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"RouteTableIds": []}, {("disruption", "RouteTableIds")}),
        ({"RouteTableIds": ["rtb-1", "rtb-2"]}, set()),
        ({"PrivateDnsEnabled": False}, {("disruption", "PrivateDnsEnabled")}),
        ({"PolicyDocument": _policy("s3:*")}, {("exposure", "Policy")}),
        (
            {"PolicyDocument": _policy("s3:ListBucket")},
            {("disruption", "Policy"), ("exposure", "Policy")},
        ),
    ],
)
def test_changes_of_an_endpoint_and_their_dangers(
    changes: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(ENDPOINT, _endpoint(), _endpoint(**changes)) == expected


def test_endpoint_that_could_not_be_deleted_is_not_said_to_be() -> None:
    params = {"VpcEndpointIds": ["vpce-1", "vpce-2"]}
    found = touches("ec2:DeleteVpcEndpoints", params, {"Unsuccessful": [{"ResourceId": "vpce-1"}]})
    assert found == {("EC2::VPCEndpoint", "delete", ("vpce-2",), "")}


def test_routes_of_an_endpoint_are_told_by_the_endpoint() -> None:
    table = "AWS::EC2::RouteTable"
    route: Json = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1"}
    bare: dict[str, Json] = {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": []}
    assert (
        described(table, {**bare, "Routes": [route]}).properties
        == described(table, bare).properties
    )


def _peering(status: str) -> dict[str, Json]:
    return {
        "VpcPeeringConnectionId": "pcx-1",
        "Status": {"Code": status},
        "RequesterVpcInfo": {"VpcId": "vpc-1"},
        "AccepterVpcInfo": {"VpcId": "vpc-2"},
    }


def test_accepted_peering_is_exposure() -> None:
    found = hazards(PEERING, _peering("pending-acceptance"), _peering("active"))
    assert found == {("exposure", "Status")}
    assert hazards(PEERING, _peering("active"), _peering("active")) == set()


def test_vpc_with_other_name_servers_is_disruption() -> None:
    vpc = "AWS::EC2::VPC"
    old, new = ({"VpcId": "vpc-1", "DhcpOptionsId": d} for d in ("dopt-1", "dopt-2"))
    assert hazards(vpc, old, new) == {("disruption", "DhcpOptionsId")}
    assert hazards(vpc, old, old) == set()


def test_rule_of_a_group_is_named_by_its_own_id() -> None:
    params = {"SecurityGroupRuleIds": ["sgr-1"]}
    assert touches("ec2:RevokeSecurityGroupIngress", params) == {
        ("EC2::SecurityGroup", "update", ("sgr-1",), "rules")
    }
    group: dict[str, Json] = {"GroupId": "sg-1", "Rules": [{"SecurityGroupRuleId": "sgr-1"}]}
    assert "sgr-1" in described("AWS::EC2::SecurityGroup", group).handles


def _prefixes(*cidrs: str) -> dict[str, Json]:
    entries: list[Json] = [{"Cidr": cidr} for cidr in cidrs]
    return {"PrefixListId": "pl-1", "PrefixListName": "offices", "Entries": entries}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((INSIDE,), (INSIDE, WORLD), {("exposure", "Entries")}),
        ((INSIDE,), (INSIDE, "10.9.0.0/16"), set()),
        ((INSIDE, WORLD), (INSIDE,), {("disruption", "Entries")}),
        ((WORLD,), (WORLD, INSIDE), set()),
    ],
)
def test_changes_of_a_prefix_list_and_their_dangers(
    before: tuple[str, ...], after: tuple[str, ...], expected: set[tuple[str, str]]
) -> None:
    found = hazards("AWS::EC2::PrefixList", _prefixes(*before), _prefixes(*after))
    assert found == expected


def _vpn(*routes: str, gateway: str = "vgw-1") -> dict[str, Json]:
    return {
        "VpnConnectionId": "vpn-1",
        "VpnGatewayId": gateway,
        "CustomerGatewayConfiguration": "<pre_shared_key>hunter2</pre_shared_key>",
        "Options": {"TunnelOptions": [{"PreSharedKey": "hunter2"}], "StaticRoutesOnly": True},
        "Routes": [{"DestinationCidrBlock": r, "State": "available"} for r in routes],
    }


def test_keys_of_a_vpn_connection_are_not_kept() -> None:
    assert "hunter2" not in str(described("AWS::EC2::VPNConnection", _vpn()))


def test_vpn_that_leads_elsewhere_is_disruption_and_one_that_leads_further_is_none() -> None:
    kind = "AWS::EC2::VPNConnection"
    assert hazards(kind, _vpn(INSIDE), _vpn()) == {("disruption", "Routes")}
    assert hazards(kind, _vpn(), _vpn(gateway="vgw-2")) == {("disruption", "VpnGatewayId")}
    assert hazards(kind, _vpn(), _vpn(INSIDE)) == set()


def test_gateway_taken_off_its_vpc_is_disruption() -> None:
    def gateway(state: str) -> dict[str, Json]:
        return {"VpnGatewayId": "vgw-1", "VpcAttachments": [{"VpcId": "vpc-1", "State": state}]}

    kind = "AWS::EC2::VPNGateway"
    found = hazards(kind, gateway("attached"), gateway("detached"))
    assert found == {("disruption", "VpcIds")}
    assert hazards(kind, gateway("detached"), gateway("attached")) == set()


def test_routes_that_a_gateway_tells_no_more_are_disruption() -> None:
    def table(*gateways: str) -> dict[str, Json]:
        return {
            "RouteTableId": "rtb-1",
            "PropagatingVgws": [{"GatewayId": gateway} for gateway in gateways],
        }

    kind = "AWS::EC2::RouteTable"
    assert hazards(kind, table("vgw-1"), table()) == {("disruption", "PropagatingVgws")}
    assert hazards(kind, table(), table("vgw-1")) == set()


def test_gateways_that_are_not_read_leave_a_run_undecided() -> None:
    assert is_unread("ec2:DeleteTransitGateway", {"TransitGatewayId": "tgw-1"})
    assert is_unread("ec2:ModifyVpnTunnelOptions", {"VpnConnectionId": "vpn-1"})
