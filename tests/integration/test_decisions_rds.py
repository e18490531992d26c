"""Databases, end to end: what is denied, held and allowed.

LocalStack's open build has no RDS, so the embedded engine rehearses alone.
"""

from __future__ import annotations

import pytest

from executor import Report
from tests.integration.conftest import Production, Rehearse

_SECRET = {"MasterUsername": "owner", "MasterUserPassword": "correct-horse-battery"}


@pytest.fixture
def engine() -> str:
    return "embedded"


@pytest.fixture
def database(production: Production) -> None:
    production.call(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier="courses",
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        AllocatedStorage=20,
        BackupRetentionPeriod=7,
        **_SECRET,
    )


@pytest.fixture
def protected_database(production: Production, database: None) -> None:
    production.call(
        "rds",
        "ModifyDBInstance",
        DBInstanceIdentifier="courses",
        DeletionProtection=True,
        ApplyImmediately=True,
    )


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


DELETE = "c('rds').delete_db_instance(DBInstanceIdentifier='courses', SkipFinalSnapshot=True)\n"
UNPROTECT = """
c('rds').modify_db_instance(
    DBInstanceIdentifier='courses', DeletionProtection=False, ApplyImmediately=True
)
"""
GONE = ("delete", "AWS::RDS::DBInstance", "courses")


def test_deleting_a_database_is_denied(database: None, rehearse: Rehearse) -> None:
    report = rehearse(DELETE)
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {GONE}
    assert "data-loss" in report.effects[0].hazards


def test_a_declared_deletion_is_allowed_with_its_last_snapshot(
    database: None, rehearse: Rehearse
) -> None:
    script = """
c('rds').delete_db_instance(DBInstanceIdentifier='courses', FinalDBSnapshotIdentifier='last')
"""
    report = rehearse(
        script,
        expect=["delete AWS::RDS::DBInstance courses", "create AWS::RDS::DBSnapshot last"],
    )
    assert report.decision == "allow"
    assert effects(report) == {GONE, ("create", "AWS::RDS::DBSnapshot", "last")}


def test_protection_that_is_taken_off_is_held(protected_database: None, rehearse: Rehearse) -> None:
    report = rehearse(UNPROTECT)
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss"}


def test_protection_that_is_taken_off_to_delete_is_denied(
    protected_database: None, rehearse: Rehearse
) -> None:
    report = rehearse(UNPROTECT + DELETE)
    assert report.decision == "deny"
    assert effects(report) == {GONE}
    assert len(report.effects[0].calls) == 2


def test_a_database_made_again_under_its_name_is_denied(database: None, rehearse: Rehearse) -> None:
    script = f"""
rds = c('rds')
{DELETE}
rds.create_db_instance(
    DBInstanceIdentifier='courses', DBInstanceClass='db.t3.medium', Engine='postgres',
    AllocatedStorage=20, BackupRetentionPeriod=7, **{_SECRET!r}
)
"""
    report = rehearse(script)
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-replace"}


def test_backups_that_are_switched_off_are_lost_data(database: None, rehearse: Rehearse) -> None:
    report = rehearse(
        """
c('rds').modify_db_instance(
    DBInstanceIdentifier='courses', BackupRetentionPeriod=0, ApplyImmediately=True
)
"""
    )
    assert report.decision == "deny"
    assert "unexpected-data-loss" in rules(report)


def test_a_reboot_is_held_though_it_leaves_nothing_to_see(
    database: None, rehearse: Rehearse
) -> None:
    report = rehearse("c('rds').reboot_db_instance(DBInstanceIdentifier='courses')")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}


def test_a_database_open_to_the_internet_is_held(database: None, rehearse: Rehearse) -> None:
    report = rehearse(
        """
c('rds').modify_db_instance(
    DBInstanceIdentifier='courses', PubliclyAccessible=True, ApplyImmediately=True
)
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-exposure"}


def test_a_new_database_and_a_snapshot_are_allowed(database: None, rehearse: Rehearse) -> None:
    report = rehearse(
        f"""
rds = c('rds')
rds.create_db_snapshot(DBSnapshotIdentifier='before', DBInstanceIdentifier='courses')
rds.create_db_instance(
    DBInstanceIdentifier='new', DBInstanceClass='db.t3.medium', Engine='postgres',
    AllocatedStorage=20, **{_SECRET!r}
)
"""
    )
    assert report.decision == "allow"
    assert effects(report) == {
        ("create", "AWS::RDS::DBSnapshot", "before"),
        ("create", "AWS::RDS::DBInstance", "new"),
    }


def test_a_snapshot_of_a_database_that_is_gone_can_be_deleted_and_that_is_denied(
    production: Production, database: None, rehearse: Rehearse
) -> None:
    production.call(
        "rds",
        "DeleteDBInstance",
        DBInstanceIdentifier="courses",
        FinalDBSnapshotIdentifier="last",
    )
    report = rehearse("c('rds').delete_db_snapshot(DBSnapshotIdentifier='last')")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::RDS::DBSnapshot", "last")}


def test_a_documentdb_cluster_is_deleted_as_rdss(
    production: Production, rehearse: Rehearse
) -> None:
    production.call(
        "docdb", "CreateDBCluster", DBClusterIdentifier="papers", Engine="docdb", **_SECRET
    )
    report = rehearse(
        "c('docdb').delete_db_cluster(DBClusterIdentifier='papers', SkipFinalSnapshot=True)"
    )
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::RDS::DBCluster", "papers")}


# DataTalks.Club, February 2026: a state file that was out of date, and `destroy` with it.
DESTROY = """
ec2, rds = c('ec2'), c('rds')
vpc = ec2.describe_vpcs(Filters=[{'Name': 'tag:Name', 'Values': ['club']}])['Vpcs'][0]['VpcId']
here = [{'Name': 'vpc-id', 'Values': [vpc]}]
for reservation in ec2.describe_instances(Filters=here)['Reservations']:
    ids = [i['InstanceId'] for i in reservation['Instances']]
    ec2.terminate_instances(InstanceIds=ids)
for database in rds.describe_db_instances()['DBInstances']:
    name = database['DBInstanceIdentifier']
    rds.modify_db_instance(
        DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
    )
    rds.delete_db_instance(
        DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
    )
for group in rds.describe_db_subnet_groups()['DBSubnetGroups']:
    rds.delete_db_subnet_group(DBSubnetGroupName=group['DBSubnetGroupName'])
for subnet in ec2.describe_subnets(Filters=here)['Subnets']:
    ec2.delete_subnet(SubnetId=subnet['SubnetId'])
ec2.delete_vpc(VpcId=vpc)
"""


def test_an_environment_that_is_destroyed_by_mistake_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    vpc = production.api.raw_call(
        "ec2",
        "CreateVpc",
        {
            "CidrBlock": "10.4.0.0/16",
            "TagSpecifications": [
                {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "club"}]}
            ],
        },
    )
    vpc_id = vpc["Vpc"]["VpcId"]  # type: ignore[index]
    subnets = []
    for n, zone in enumerate("ab"):
        made = production.api.raw_call(
            "ec2",
            "CreateSubnet",
            {
                "VpcId": vpc_id,
                "CidrBlock": f"10.4.{n}.0/24",
                "AvailabilityZone": f"us-east-1{zone}",
            },
        )
        subnets.append(made["Subnet"]["SubnetId"])  # type: ignore[index]
    production.call(
        "rds",
        "CreateDBSubnetGroup",
        DBSubnetGroupName="club",
        DBSubnetGroupDescription="club",
        SubnetIds=subnets,
    )
    production.call(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier="courses",
        DBInstanceClass="db.t3.medium",
        Engine="postgres",
        AllocatedStorage=20,
        DBSubnetGroupName="club",
        DeletionProtection=True,
        **_SECRET,
    )
    report = rehearse(DESTROY)
    assert report.decision == "deny"
    assert {
        GONE,
        ("delete", "AWS::RDS::DBSubnetGroup", "club"),
        ("delete", "AWS::EC2::VPC", vpc_id),
        *(("delete", "AWS::EC2::Subnet", subnet) for subnet in subnets),
    } <= effects(report)
