"""What the declarations of databases and streams say about botocore's operations.

Fail closed: a changing operation that is neither declared nor harmless leaves a run
undecided. Those that are left out on purpose are listed here.
"""

from __future__ import annotations

from functools import lru_cache

import pytest

from executor.model.verbs import is_mutating
from tests.unit.catalog.calls import CATALOG

LEFT_OUT: dict[str, tuple[str, ...]] = {
    "efs": ("PutAccountPreferences",),
    "elasticache": (
        "GlobalReplicationGroup|CacheSecurityGroup|ServerlessCacheSnapshot|Reserved",
        "BatchStopUpdateAction|CompleteMigration|TestMigration",
    ),
    "es": (
        "Connection|CreatePackage|DeletePackage|UpdatePackage|VpcEndpoint|Reserved|ServiceRole",
        "AssociatePackage|CancelElasticsearchServiceSoftwareUpdate",
    ),
    "firehose": (),
    "fsx": (
        "DataRepository|CopySnapshotAndUpdateVolume|S3AccessPoint|FileCache|CreateSnapshot",
        "VirtualMachine|CreateVolume|DeleteSnapshot|DeleteVolume|RestoreVolume|UpdateSnapshot",
        "UpdateVolume|SharedVpc|CopyBackup|CreateBackup|DeleteBackup",
        "AssociateFileSystemAliases|MisconfiguredState",
    ),
    "kinesis": ("Channel|UpdateAccountSettings",),
    "memorydb": ("ACL|MultiRegionCluster|ParameterGroup|Reserved",),
    "opensearch": (
        "Application|Connection|CreatePackage|DeletePackage|UpdatePackage|VpcEndpoint|Capability",
        "DirectQueryDataSource|AttachDataSource|DetachDataSource|Feedback|Reserved|StartMigration",
        "AddDataSource|AssociatePackage|CreateIndex|UpdateIndex|CancelServiceSoftwareUpdate",
    ),
    "rds": (
        "BlueGreenDeployment|DBShardGroup|TenantDatabase|ClusterEndpoint",
        "ExportTask|Subscription|Integration|DBSecurityGroup|ModifyActivityStream",
        "CustomDBEngineVersion|DBClusterAutomatedBackup|Certificates|DBRecommendation|Reserved",
        "StartActivityStream|ModifyCurrentDBClusterCapacity",
    ),
    "redshift": (
        "DataShare|EndpointAccess|ScheduledAction|DeleteSnapshotSchedule|CreateSnapshotSchedule",
        "ModifySnapshotSchedule|UsageLimit|Partner|Hsm|AuthenticationProfile|IdcApplication",
        "Reserved|EventSubscription|ClusterSecurityGroup|SnapshotCopyGrant|CustomDomain",
        "Integration|ResourcePolicy|Namespace|CredentialsWithIAM|Aqua|Lakehouse|CancelResize",
        "ModifyClusterMaintenance|RestoreTable",
    ),
}


@lru_cache
def _operations(service: str) -> frozenset[str]:
    from botocore.session import Session

    return frozenset(Session().get_service_model(service).operation_names)


def _declared(service: str) -> set[str]:
    found = CATALOG.service(service)
    assert found is not None
    return {operation.name for _, operation in found.meanings} | set(found.harmless)


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
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
    words = [word for pattern in LEFT_OUT[service] for word in pattern.split("|")]
    missing = {n for n in changing - _declared(service) if not any(w in n for w in words)}
    assert missing == set()


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
def test_what_is_left_out_is_not_declared_all_the_same(service: str) -> None:
    words = [word for pattern in LEFT_OUT[service] for word in pattern.split("|")]
    changing = {name for name in _operations(service) if is_mutating(service, name)}
    undeclared = changing - _declared(service)
    assert [word for word in words if not any(word in name for name in undeclared)] == []


@pytest.mark.parametrize("service", ["docdb", "neptune"])
def test_operation_of_what_speaks_rdss_api_is_one_of_rds(service: str) -> None:
    assert _operations(service) <= _operations("rds")
