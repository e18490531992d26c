"""What the declarations of five services say about botocore's operations.

Fail closed: a changing operation that is neither declared nor harmless leaves a run
undecided. Those that are left out on purpose are listed here, so that a new botocore, or a
slip of the pen, is noticed.
"""

from __future__ import annotations

import re

import pytest

from tests.unit.catalog.calls import CATALOG
from tests.unit.catalog.operations import (
    declared,
    mistaken_reads,
    operations,
    undeclared,
    unknown_names,
)

SERVICES = ("iam", "ec2", "elbv2", "autoscaling", "lambda", "kms", "cloudformation")

# About what the catalog does not read; by the beginning or the middle of the name.
LEFT_OUT = {
    "iam": (
        r"MFADevice|SSHPublicKey|SigningCertificate|ServerCertificate|ServiceSpecificCredential",
        r"OpenIDConnectProvider|SAMLProvider|AccountAlias|AccountPasswordPolicy|Organizations",
        r"OutboundWebIdentity|DelegationRequest|SecurityTokenService|AccountProperties",
        r"ChangePassword|AcquireRole|SendDelegationToken",
    ),
    "lambda": (
        r"CodeSigning|CapacityProvider",
        r"RecursionConfig|ScalingConfig|RuntimeManagement|ResourcePolicy|DurableExecution",
    ),
    "elbv2": (r"TrustStore|CapacityReservation|IpPools",),
    "autoscaling": (r"TrafficSources",),
    "kms": (r"CustomKeyStore|ReplicateKey|UpdatePrimaryRegion",),
    "cloudformation": (
        r"ToStackSet|UpdateStackSet|StackSetOperation|StackInstances|Type|Publisher|Organizations",
        r"GeneratedTemplate|StackRefactor|ResourceScan|RecordHandlerProgress",
    ),
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_name_in_the_declarations_is_an_operation(service: str) -> None:
    assert unknown_names(service) == set()


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
def test_every_changing_operation_is_declared_or_left_out_on_purpose(service: str) -> None:
    assert undeclared(service, LEFT_OUT[service]) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_reads_is_not_taken_for_a_change(service: str) -> None:
    assert mistaken_reads(service) == set()


EC2_PLAIN = re.compile(
    r"^(?:Run|Start|Stop|Reboot|Terminate)Instances$"
    r"|^(?:Create|Delete|Attach|Detach|Modify)(?:Vpc|Subnet|SecurityGroup|InternetGateway|Route"
    r"|RouteTable|Volume|NetworkInterface|Tags|NatGateway|EgressOnlyInternetGateway|NetworkAcl"
    r"|NetworkAclEntry|LaunchTemplate|LaunchTemplateVersions?|KeyPair|Snapshots?|Image"
    r"|VpcEndpoints?|VpcPeeringConnection|DhcpOptions|FlowLogs|ManagedPrefixList|VpnGateway"
    r"|CustomerGateway|VpnConnection|VpnConnectionRoute)$"
)


def test_the_plain_operations_on_ec2s_types_aredeclared() -> None:
    plain = {name for name in operations("ec2") if EC2_PLAIN.match(name)}
    assert plain - declared("ec2") == set()


def test_stacks_are_seeded_before_what_they_make() -> None:
    order = CATALOG.in_seed_order(["ec2", "lambda", "iam", "kms", "cloudformation"])
    assert order[0] == "cloudformation"
    assert order.index("iam") < order.index("lambda")
    assert order.index("iam") < order.index("ec2")


def test_invoking_code_reaches_every_service_and_describing_does_not() -> None:
    assert set(CATALOG.reached("lambda", "Invoke")) == set(CATALOG.services)
    assert set(CATALOG.reached("lambda", "GetFunction")) == {"lambda", "iam"}
