"""Amazon EC2: networks and what guards and leaves them, instances, their disks and templates.

Transit gateways, client VPNs, fleets, spot requests, reservations and what else EC2
has are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.ec2_acls import NETWORK_ACL
from executor.catalog.ec2_compute import INSTANCE
from executor.catalog.ec2_egress import EGRESS_ONLY_GATEWAY, NAT_GATEWAY
from executor.catalog.ec2_endpoints import DHCP_OPTIONS, FLOW_LOG, VPC_ENDPOINT, VPC_PEERING
from executor.catalog.ec2_groups import SECURITY_GROUP
from executor.catalog.ec2_images import IMAGE, SNAPSHOT
from executor.catalog.ec2_interfaces import ELASTIC_IP, NETWORK_INTERFACE
from executor.catalog.ec2_network import SUBNET, VPC
from executor.catalog.ec2_routing import INTERNET_GATEWAY, ROUTE_TABLE
from executor.catalog.ec2_templates import KEY_PAIR, LAUNCH_TEMPLATE
from executor.catalog.ec2_volumes import VOLUME
from executor.catalog.ec2_vpn import (
    CUSTOMER_GATEWAY,
    PREFIX_LIST,
    VPN_CONNECTION,
    VPN_GATEWAY,
)

SERVICE = Service(
    name="ec2",
    types=(
        DHCP_OPTIONS,
        VPC,
        SUBNET,
        PREFIX_LIST,
        NETWORK_ACL,
        SECURITY_GROUP,
        INTERNET_GATEWAY,
        EGRESS_ONLY_GATEWAY,
        VPC_PEERING,
        VPN_GATEWAY,
        CUSTOMER_GATEWAY,
        VPN_CONNECTION,
        ROUTE_TABLE,
        VPC_ENDPOINT,
        KEY_PAIR,
        INSTANCE,
        VOLUME,
        SNAPSHOT,
        IMAGE,
        LAUNCH_TEMPLATE,
        NETWORK_INTERFACE,
        ELASTIC_IP,
        NAT_GATEWAY,
        FLOW_LOG,
    ),
    reaches=("kms",),
    harmless={
        "ReportInstanceStatus": "feedback to AWS about an instance's health",
    },
)
