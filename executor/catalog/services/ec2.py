"""Amazon EC2: VPCs, subnets, security groups, gateways, route tables, instances, volumes.

Snapshots, images, network ACLs, NAT gateways, endpoints, peerings, launch templates, fleets
and key pairs are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.ec2_compute import INSTANCE
from executor.catalog.ec2_groups import SECURITY_GROUP
from executor.catalog.ec2_interfaces import ELASTIC_IP, NETWORK_INTERFACE
from executor.catalog.ec2_network import SUBNET, VPC
from executor.catalog.ec2_routing import INTERNET_GATEWAY, ROUTE_TABLE
from executor.catalog.ec2_volumes import VOLUME

SERVICE = Service(
    name="ec2",
    types=(
        VPC,
        SUBNET,
        SECURITY_GROUP,
        INTERNET_GATEWAY,
        ROUTE_TABLE,
        INSTANCE,
        VOLUME,
        NETWORK_INTERFACE,
        ELASTIC_IP,
    ),
    reaches=("kms",),
    harmless={
        "ReportInstanceStatus": "feedback to AWS about an instance's health",
    },
)
