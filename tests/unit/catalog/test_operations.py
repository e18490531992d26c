"""What the declarations of five services say about botocore's operations.

Fail closed: a changing operation that is neither declared nor harmless leaves a run
undecided. Those that are left out on purpose are listed here, so that a new botocore, or a
slip of the pen, is noticed.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from executor.model.verbs import is_mutating
from tests.unit.catalog.calls import CATALOG

SERVICES = ("iam", "ec2", "lambda", "kms", "cloudformation")

# About what the catalog does not read; by the beginning or the middle of the name.
LEFT_OUT = {
    "iam": (
        r"MFADevice|SSHPublicKey|SigningCertificate|ServerCertificate|ServiceSpecificCredential",
        r"OpenIDConnectProvider|SAMLProvider|AccountAlias|AccountPasswordPolicy|Organizations",
        r"OutboundWebIdentity|DelegationRequest|SecurityTokenService|AccountProperties",
        r"ChangePassword|AcquireRole|SendDelegationToken",
    ),
    "lambda": (
        r"Layer|EventSourceMapping|CodeSigning|CapacityProvider|ProvisionedConcurrency",
        r"RecursionConfig|ScalingConfig|RuntimeManagement|ResourcePolicy|DurableExecution",
    ),
    "kms": (r"CustomKeyStore|ReplicateKey|UpdatePrimaryRegion",),
    "cloudformation": (
        r"StackSet|StackInstances|Type|Publisher|Organizations|GeneratedTemplate|StackRefactor",
        r"ResourceScan|RecordHandlerProgress",
    ),
}


@lru_cache
def _operations(service: str) -> frozenset[str]:
    from botocore.session import Session

    return frozenset(Session().get_service_model(service).operation_names)


def _declared(service: str) -> set[str]:
    found = CATALOG.service(service)
    assert found is not None
    return {o.name for kind in found.types for o in kind.operations} | set(found.harmless)


@pytest.mark.parametrize("service", SERVICES)
def test_every_name_in_the_declarations_is_an_operation(service: str) -> None:
    found = CATALOG.service(service)
    assert found is not None
    used = {kind.listing.operation for kind in found.types}
    used |= {d.operation for kind in found.types for d in kind.details}
    used |= {s.operation for kind in found.types for s in kind.seeds}
    assert (used | _declared(service)) - _operations(service) == set()


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
def test_every_changing_operation_is_declared_or_left_out_on_purpose(service: str) -> None:
    changing = {name for name in _operations(service) if is_mutating(service, name)}
    missing = changing - _declared(service)
    pattern = re.compile("|".join(LEFT_OUT[service]))
    assert {name for name in missing if not pattern.search(name)} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_reads_is_not_taken_for_a_change(service: str) -> None:
    found = CATALOG.service(service)
    assert found is not None
    reads = {kind.listing.operation for kind in found.types}
    reads |= {d.operation for kind in found.types for d in kind.details}
    assert {name for name in reads if is_mutating(service, name)} == set()


EC2_PLAIN = re.compile(
    r"^(?:Run|Start|Stop|Reboot|Terminate)Instances$"
    r"|^(?:Create|Delete|Attach|Detach|Modify)(?:Vpc|Subnet|SecurityGroup|InternetGateway|Route"
    r"|RouteTable|Volume|NetworkInterface|Tags)$"
)


def test_the_plain_operations_on_ec2s_types_are_declared() -> None:
    plain = {name for name in _operations("ec2") if EC2_PLAIN.match(name)}
    assert plain - _declared("ec2") == set()


def test_stacks_are_seeded_before_what_they_make() -> None:
    order = CATALOG.in_seed_order(["ec2", "lambda", "iam", "kms", "cloudformation"])
    assert order[0] == "cloudformation"
    assert order.index("iam") < order.index("lambda")
    assert order.index("iam") < order.index("ec2")


def test_invoking_code_reaches_every_service_and_describing_does_not() -> None:
    assert set(CATALOG.reached("lambda", "Invoke")) == set(CATALOG.services)
    assert set(CATALOG.reached("lambda", "GetFunction")) == {"lambda", "iam"}
