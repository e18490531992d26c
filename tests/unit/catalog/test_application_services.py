"""What the declarations of application services say about botocore's operations.

What is left out on purpose is listed by name, so that a new operation of botocore, or a slip of
the pen, is noticed before it leaves a run undecided.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from executor.catalog.declarations import Listing
from executor.model.verbs import is_mutating
from tests.unit.catalog.calls import CATALOG

# Changing operations about what the catalog does not read. A run that makes one is undecided.
LEFT_OUT = {
    # Domains, links, certificates, documentation; a trial runs what is behind a method.
    "apigateway": r"Domain|BasePath|VpcLink|ClientCertificate|Documentation|UpdateAccount"
    r"|UpdateUsage$|ImportApiKeys|TestInvoke",
    "apigatewayv2": r"Domain|ApiMapping|VpcLink|Model|RouteResponse|IntegrationResponse|RoutingRule"
    r"|Portal|ProductPage|ProductRest",
    # Queries run code; the rest is about other types.
    "athena": r"QueryExecution|PreparedStatement|DataCatalog|Notebook|Capacity|Session|Calculation",
    # Who is in which group, what users do for themselves, how pools look, replicas.
    "cognito-idp": r"UserToGroup|UserFromGroup|UpdateIdentityProvider|ProviderForUser|WebAuthn"
    r"|ForgetDevice|ConfirmDevice|DeviceStatus"
    r"|SoftwareToken|MFAPreference|UserSettings|ManagedLogin|Terms|UserImport|Replica|UICustom"
    r"|LogDelivery|RiskConfiguration|ProvisionedLimit|^(Change|Confirm|GlobalSign|Revoke|SignUp)"
    r"|^(DeleteUser|DeleteUserAttributes|UpdateUserAttributes|VerifyUserAttribute)$",
    "ecr": r"Registry|PullThrough|CreationTemplate|ReplicationConfiguration|Signing|PullTimeUpdate"
    r"|AccountSetting|StorageClass",
    # Tasks run code; a revision that was deregistered before is not read.
    "ecs": r"RunTask|StartTask|ExecuteCommand|DeleteTaskDefinitions|TaskSet|Daemon|Express"
    r"|AccountSetting|Attributes|RegisterContainerInstance|Submit"
    r"|UpdateContainer|TaskProtection",
    "eks": r"Capability|CertificateAuthority|Subscription|IdentityProvider|RegisterCluster"
    r"|DeregisterCluster",
    # What a replay sets off is not rehearsed.
    "events": r"Replay|Endpoint|EventSource|PartnerEvents",
    # All but databases, tables, partitions, jobs, crawlers, triggers; and what starts code.
    "glue": r"^(?!.*(Database|Table|Partition|Job|Crawler|Trigger|Resource|ColumnStatisticsFor))"
    r"|TableOptimizer|IntegrationTable|IntegrationResource|DatabaseTable|ResourcePolicy|StartJobRun"
    r"|StartCrawler$|StartTrigger|SourceControl",
    "scheduler": r"(?!)",
    # What a state machine does is not rehearsed.
    "stepfunctions": r"StartExecution|StartSyncExecution|RedriveExecution|SendTask|ActivityTask"
    r"|MapRun|TestState",
}
SERVICES = sorted(LEFT_OUT)


@lru_cache
def _operations(service: str) -> frozenset[str]:
    from botocore.session import Session

    return frozenset(Session().get_service_model(service).operation_names)


def _declared(service: str) -> set[str]:
    found = CATALOG.service(service)
    assert found is not None
    return {operation.name for _, operation in found.meanings} | set(found.harmless)


def _read(service: str) -> set[str]:
    found = CATALOG.service(service)
    assert found is not None
    read = {d.operation for kind in found.types for d in kind.details}
    read |= {p for kind in found.types for p in kind.probes}
    for kind in found.types:
        listing: Listing | None = kind.listing
        while listing is not None:
            read.add(listing.operation)
            listing = listing.within
    return read


@pytest.mark.parametrize("service", SERVICES)
def test_every_name_in_the_declarations_is_an_operation(service: str) -> None:
    found = CATALOG.service(service)
    assert found is not None
    seeds = {s.operation for kind in found.types for s in kind.seeds}
    assert (seeds | _read(service) | _declared(service)) - _operations(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_changing_operation_is_declared_or_left_out_on_purpose(service: str) -> None:
    changing = {name for name in _operations(service) if is_mutating(service, name)}
    missing = changing - _declared(service)
    assert {name for name in missing if not re.search(LEFT_OUT[service], name)} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_that_is_declared_is_said_to_be_left_out(service: str) -> None:
    declared = _declared(service)
    assert {name for name in declared if re.search(LEFT_OUT[service], name)} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_reads_is_not_taken_for_a_change(service: str) -> None:
    assert {name for name in _read(service) if is_mutating(service, name)} == set()
