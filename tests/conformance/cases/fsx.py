"""FSx on every emulator: file systems of two kinds."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.cases.rds import subnets
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "größe"}]


def _make(api: Api) -> None:
    private, group = subnets(api)
    api.call(
        "fsx",
        "CreateFileSystem",
        {
            "FileSystemType": "LUSTRE",
            "StorageCapacity": 1200,
            "StorageType": "SSD",
            "SubnetIds": private[:1],
            "SecurityGroupIds": [group],
            "LustreConfiguration": {
                "DeploymentType": "PERSISTENT_2",
                "PerUnitStorageThroughput": 125,
                "AutomaticBackupRetentionDays": 7,
            },
            "Tags": _TAGS,
        },
    )
    api.call(
        "fsx",
        "CreateFileSystem",
        {
            "FileSystemType": "OPENZFS",
            "StorageCapacity": 64,
            "SubnetIds": private[:1],
            "OpenZFSConfiguration": {
                "DeploymentType": "SINGLE_AZ_1",
                "ThroughputCapacity": 64,
            },
        },
    )


CASES = (Case(service="fsx", type="AWS::FSx::FileSystem", make=_make, services=("ec2",)),)
