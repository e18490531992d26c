"""RDS on every emulator: instances and clusters with all that they refer to, and snapshots."""

from __future__ import annotations

from functools import partial
from typing import cast

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import Case

TAGS = [{"Key": "team", "Value": "größe"}]
SECRET = {"MasterUsername": "owner", "MasterUserPassword": "correct-horse-battery"}
_RDS = "AWS::RDS"


def subnets(api: Api) -> tuple[list[str], str]:
    """Return two subnets and a security group of a new VPC."""
    vpc = told(api.call("ec2", "CreateVpc", {"CidrBlock": "10.5.0.0/16"}), "Vpc", "VpcId")
    subnets = [
        told(
            api.call(
                "ec2",
                "CreateSubnet",
                {
                    "VpcId": vpc,
                    "CidrBlock": f"10.5.{n}.0/24",
                    "AvailabilityZone": f"us-east-1{zone}",
                },
            ),
            "Subnet",
            "SubnetId",
        )
        for n, zone in enumerate("ab")
    ]
    group = api.call(
        "ec2",
        "CreateSecurityGroup",
        {"GroupName": "databases", "Description": "databases", "VpcId": vpc},
    )
    return subnets, str(group["GroupId"])


def told(answer: JsonObject, *keys: str) -> str:
    for key in keys:
        answer = cast(JsonObject, answer[key])
    return str(answer)


def _groups(api: Api) -> str:
    """Make a group of every kind; return a security group."""
    private, group = subnets(api)
    rds = partial(call_rds, api)
    rds(
        "CreateDBSubnetGroup",
        DBSubnetGroupName="private",
        DBSubnetGroupDescription="where databases live",
        SubnetIds=private,
        Tags=TAGS,
    )
    rds(
        "CreateDBParameterGroup",
        DBParameterGroupName="tuned",
        DBParameterGroupFamily="postgres16",
        Description="tuned",
        Tags=TAGS,
    )
    rds(
        "ModifyDBParameterGroup",
        DBParameterGroupName="tuned",
        Parameters=[
            {
                "ParameterName": "max_connections",
                "ParameterValue": "200",
                "ApplyMethod": "pending-reboot",
            }
        ],
    )
    rds(
        "CreateDBClusterParameterGroup",
        DBClusterParameterGroupName="tuned-cluster",
        DBParameterGroupFamily="aurora-postgresql16",
        Description="tuned",
        Tags=TAGS,
    )
    rds(
        "ModifyDBClusterParameterGroup",
        DBClusterParameterGroupName="tuned-cluster",
        Parameters=[
            {
                "ParameterName": "rds.force_ssl",
                "ParameterValue": "1",
                "ApplyMethod": "pending-reboot",
            }
        ],
    )
    return group


def call_rds(api: Api, operation: str, **params: object) -> JsonObject:
    return api.call("rds", operation, params)


def _instances(api: Api, group: str) -> None:
    call_rds(
        api,
        "CreateDBInstance",
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        EngineVersion="16.3",
        AllocatedStorage=50,
        MaxAllocatedStorage=200,
        StorageType="gp3",
        StorageEncrypted=True,
        DBName="orders",
        DBSubnetGroupName="private",
        DBParameterGroupName="tuned",
        VpcSecurityGroupIds=[group],
        MultiAZ=True,
        BackupRetentionPeriod=7,
        PreferredBackupWindow="02:00-02:30",
        PreferredMaintenanceWindow="sun:05:00-sun:05:30",
        DeletionProtection=True,
        EnableIAMDatabaseAuthentication=True,
        CopyTagsToSnapshot=True,
        AutoMinorVersionUpgrade=False,
        EnableCloudwatchLogsExports=["postgresql"],
        Tags=TAGS,
        **SECRET,
    )
    call_rds(
        api,
        "CreateDBInstanceReadReplica",
        DBInstanceIdentifier="orders-replica",
        SourceDBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.medium",
        Tags=TAGS,
    )


def _cluster(api: Api, group: str) -> None:
    call_rds(
        api,
        "CreateDBCluster",
        DBClusterIdentifier="ledger",
        Engine="aurora-postgresql",
        DatabaseName="ledger",
        DBSubnetGroupName="private",
        DBClusterParameterGroupName="tuned-cluster",
        VpcSecurityGroupIds=[group],
        BackupRetentionPeriod=14,
        StorageEncrypted=True,
        DeletionProtection=True,
        Port=5433,
        Tags=TAGS,
        **SECRET,
    )


def _member(api: Api) -> None:
    call_rds(
        api,
        "CreateDBInstance",
        DBInstanceIdentifier="ledger-1",
        DBClusterIdentifier="ledger",
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
    )


def _make(api: Api) -> None:
    group = _groups(api)
    _instances(api, group)
    _cluster(api, group)
    _member(api)


def _drop_instances(api: Api) -> None:
    for name in ("orders-replica", "orders"):
        call_rds(
            api,
            "ModifyDBInstance",
            DBInstanceIdentifier=name,
            DeletionProtection=False,
            ApplyImmediately=True,
        )
    for name in ("orders-replica", "orders", "ledger-1"):
        call_rds(api, "DeleteDBInstance", DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def _security_group(api: Api) -> str:
    answer = api.call("ec2", "DescribeSecurityGroups", {})
    groups = cast("list[JsonObject]", answer["SecurityGroups"])
    return next(str(g["GroupId"]) for g in groups if g["GroupName"] == "databases")


def _drop_automated_snapshots(api: Api) -> None:
    """Emulators name them by the minute, and refuse a second one of the same minute."""
    for kind in ("DBSnapshot", "DBClusterSnapshot"):
        listed = call_rds(api, f"Describe{kind}s")
        for snapshot in cast("list[JsonObject]", listed[f"{kind}s"]):
            name = str(snapshot[f"{kind}Identifier"])
            if name.startswith("rds:"):
                call_rds(api, f"Delete{kind}", **{f"{kind}Identifier": name})


def _remake_instances(api: Api) -> None:
    _drop_instances(api)
    _drop_automated_snapshots(api)
    _instances(api, _security_group(api))
    _member(api)


def _remake_cluster(api: Api) -> None:
    _drop_instances(api)
    call_rds(api, "ModifyDBCluster", DBClusterIdentifier="ledger", DeletionProtection=False)
    call_rds(api, "DeleteDBCluster", DBClusterIdentifier="ledger", SkipFinalSnapshot=True)
    _drop_automated_snapshots(api)
    _cluster(api, _security_group(api))


def _update(api: Api) -> None:
    call_rds(
        api,
        "ModifyDBInstance",
        DBInstanceIdentifier="orders",
        BackupRetentionPeriod=10,
        ApplyImmediately=True,
    )
    call_rds(
        api,
        "ModifyDBCluster",
        DBClusterIdentifier="ledger",
        BackupRetentionPeriod=20,
        ApplyImmediately=True,
    )


def _databases(api: Api) -> None:
    """An instance and a cluster that live, and ones that are gone, with snapshots of each."""
    for name in ("alive", "gone"):
        call_rds(
            api,
            "CreateDBInstance",
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.medium",
            Engine="postgres",
            AllocatedStorage=20,
            StorageEncrypted=True,
            BackupRetentionPeriod=5,
            **SECRET,
        )
        call_rds(
            api,
            "CreateDBCluster",
            DBClusterIdentifier=f"{name}-cluster",
            Engine="aurora-postgresql",
            **SECRET,
        )


def _snapshots(api: Api) -> None:
    _databases(api)
    for name in ("alive", "gone"):
        call_rds(
            api,
            "CreateDBSnapshot",
            DBSnapshotIdentifier=f"{name}-snapshot",
            DBInstanceIdentifier=name,
            Tags=TAGS,
        )
        call_rds(
            api,
            "CreateDBClusterSnapshot",
            DBClusterSnapshotIdentifier=f"{name}-cluster-snapshot",
            DBClusterIdentifier=f"{name}-cluster",
            Tags=TAGS,
        )
    call_rds(
        api,
        "ModifyDBSnapshotAttribute",
        DBSnapshotIdentifier="alive-snapshot",
        AttributeName="restore",
        ValuesToAdd=["210987654321"],
    )
    call_rds(
        api,
        "ModifyDBClusterSnapshotAttribute",
        DBClusterSnapshotIdentifier="alive-cluster-snapshot",
        AttributeName="restore",
        ValuesToAdd=["210987654321"],
    )
    call_rds(api, "DeleteDBInstance", DBInstanceIdentifier="gone", SkipFinalSnapshot=True)
    call_rds(api, "DeleteDBCluster", DBClusterIdentifier="gone-cluster", SkipFinalSnapshot=True)


def _retake_snapshots(api: Api) -> None:
    for name in ("alive", "gone"):
        call_rds(api, "DeleteDBSnapshot", DBSnapshotIdentifier=f"{name}-snapshot")
        call_rds(
            api,
            "DeleteDBClusterSnapshot",
            DBClusterSnapshotIdentifier=f"{name}-cluster-snapshot",
        )
    call_rds(api, "DeleteDBInstance", DBInstanceIdentifier="alive", SkipFinalSnapshot=True)
    call_rds(api, "DeleteDBCluster", DBClusterIdentifier="alive-cluster", SkipFinalSnapshot=True)
    _drop_automated_snapshots(api)
    _snapshots(api)


def _retained(api: Api) -> None:
    call_rds(
        api,
        "CreateDBInstance",
        DBInstanceIdentifier="retired",
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        AllocatedStorage=20,
        BackupRetentionPeriod=5,
        **SECRET,
    )
    call_rds(
        api,
        "DeleteDBInstance",
        DBInstanceIdentifier="retired",
        SkipFinalSnapshot=True,
        DeleteAutomatedBackups=False,
    )


def _options(api: Api) -> None:
    call_rds(
        api,
        "CreateOptionGroup",
        OptionGroupName="audited",
        EngineName="mysql",
        MajorEngineVersion="8.0",
        OptionGroupDescription="audited",
        Tags=TAGS,
    )


_REMAKES = {"DBInstance": _remake_instances, "DBCluster": _remake_cluster}

CASES = (
    *(
        Case(
            service="rds",
            type=f"{_RDS}::{kind}",
            make=_make,
            remake=_REMAKES.get(kind),
            update=_update,
            services=("ec2",),
        )
        for kind in (
            "DBSubnetGroup",
            "DBParameterGroup",
            "DBClusterParameterGroup",
            "DBInstance",
            "DBCluster",
        )
    ),
    *(
        Case(service="rds", type=f"{_RDS}::{kind}", make=_snapshots, remake=_retake_snapshots)
        for kind in ("DBSnapshot", "DBClusterSnapshot")
    ),
    Case(service="rds", type=f"{_RDS}::DBInstanceAutomatedBackup", make=_retained),
    Case(service="rds", type=f"{_RDS}::OptionGroup", make=_options),
)
