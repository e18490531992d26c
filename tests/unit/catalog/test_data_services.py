"""What the declarations of the services that hold data say about botocore's operations.

What is left out on purpose is listed by name: a new operation of botocore, or a slip of the
pen, fails here before it leaves somebody's run undecided, or worse, unnoticed.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from executor.model.verbs import is_mutating
from tests.unit.catalog.calls import CATALOG

SERVICES = ("s3", "sqs", "sns", "dynamodb", "logs", "ssm", "secretsmanager", "sts")

# Changing operations about what the catalog does not read. A run that makes one is undecided.
LEFT_OUT = {
    # Directory buckets, object lambdas, annotations, metadata tables; configurations that no
    # emulator keeps; access lists and locks of single objects, whose loosening nothing shows.
    "s3": r"CreateSession|WriteGetObjectResponse|RenameObject|UpdateObjectEncryption|Annotation"
    r"|Metadata|Analytics|IntelligentTiering|Inventory|Metrics|Abac|Accelerate|RequestPayment"
    r"|PutObjectAcl|PutObjectLegalHold|PutObjectRetention",
    "sqs": r"(?!)",
    "sns": r"DataProtection|Platform|Endpoint|SMS|PhoneNumber",
    "dynamodb": r"GlobalTable|AutoScaling",
    "logs": r"AccountPolicy|DataProtection|Anomaly|Delivery|Destination|ExportTask|ImportTask"
    r"|IndexPolicy|Integration|LookupTable|QueryDefinition|ResourcePolicy|ScheduledQuery|StorageTier"
    r"|Syslog|Transformer|BearerToken|S3Table",
    # Labels and policies of parameters, and all that has to do with machines.
    "ssm": r"Activation|Association|Command|CloudConnector|Compliance|Inventory|OpsItem"
    r"|OpsMetadata|PatchBaseline|ResourceDataSync|ResourcePolicy|ManagedInstance|Session"
    r"|ParameterVersion|Automation|ServiceSetting|AccessRequest|ChangeRequest|ExecutionPreview"
    r"|CancelMaintenanceWindowExecution",
    "secretsmanager": r"(?!)",
    "sts": r"(?!)",
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


@pytest.mark.parametrize("service", SERVICES)
def test_every_changing_operation_is_declared_or_left_out_on_purpose(service: str) -> None:
    changing = {name for name in _operations(service) if is_mutating(service, name)}
    left_out = {name for name in changing if re.search(LEFT_OUT[service], name)}
    assert changing - _declared(service) - left_out == set()
    assert left_out & _declared(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_reads_is_not_taken_for_a_change(service: str) -> None:
    found = CATALOG.service(service)
    assert found is not None
    reads = {kind.listing.operation for kind in found.types}
    reads |= {d.operation for kind in found.types for d in kind.details}
    reads |= {"ListObjectsV2", "ListObjectVersions", "Scan", "DescribeLogStreams"}
    assert {name for name in reads if is_mutating(service, name)} == set()
