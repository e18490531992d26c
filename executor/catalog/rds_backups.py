"""RDS: the automated backups that AWS keeps of instances.

Those of a living instance go with it, unless its deletion says otherwise: the deletion of the
instance is the effect then. What was retained of a deleted one is a resource on its own. In a
replica it is made as AWS makes it: an instance is made, and deleted without its backups.
"""

from __future__ import annotations

from executor.catalog.declarations import Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    PASSWORD,
    Params,
    by,
    given,
)
from executor.catalog.rds_naming import (
    INSTANCE_GONE,
    INSTANCE_THERE,
)
from executor.model.call import Verb
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_SETTINGS = (
    "BackupRetentionPeriod",
    "DBInstanceIdentifier",
    "Encrypted",
    "Engine",
    "EngineVersion",
    "KmsKeyId",
    "Region",
)


def _backup(raw: JsonObject) -> Json:
    return {key: raw.get(key) or None for key in _SETTINGS}


def _stand_in(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(raw, "DBInstanceIdentifier", "EngineVersion", "StorageType", "Iops", "KmsKeyId"),
        "AllocatedStorage": raw.get("AllocatedStorage") or 20,
        "BackupRetentionPeriod": raw.get("BackupRetentionPeriod") or 1,
        "DBInstanceClass": "db.t3.medium",
        "Engine": raw.get("Engine") or "postgres",
        "MasterUsername": raw.get("MasterUsername") or "executor",
        "MasterUserPassword": PASSWORD,
        "StorageEncrypted": bool(raw.get("Encrypted")),
    }


def _leave_behind(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "DBInstanceIdentifier": raw["DBInstanceIdentifier"],
        "SkipFinalSnapshot": True,
        "DeleteAutomatedBackups": False,
    }


AUTOMATED_BACKUP = ResourceType(
    type="AWS::RDS::DBInstanceAutomatedBackup",
    listing=Listing(
        operation="DescribeDBInstanceAutomatedBackups", items="DBInstanceAutomatedBackups[]"
    ),
    id="DbiResourceId || DBInstanceIdentifier",
    name="DBInstanceIdentifier",
    arn="DBInstanceAutomatedBackupsArn",
    settings=_backup,
    birth={"id": "DbiResourceId", "created": "InstanceCreateTime"},
    tags="TagList",
    stateful=True,
    builtin="Status == 'active'",
    seeds=(
        Seed(
            operation="CreateDBInstance",
            params=_stand_in,
            learn={"DbiResourceId": "DBInstance.DbiResourceId"},
            tolerate=INSTANCE_THERE,
            creates=True,
            optional=False,
        ),
        Seed(
            operation="DeleteDBInstance",
            params=_leave_behind,
            tolerate=INSTANCE_GONE,
            creates=True,
            optional=False,
        ),
    ),
    operations=on(
        Verb.DELETE,
        by("params.DbiResourceId", "params.DBInstanceAutomatedBackupsArn"),
        "DeleteDBInstanceAutomatedBackup",
    ),
)
