"""The change sees the target's ids: a script that hard-codes them runs unchanged.

The ids are read from production by its own answers and written into the script as they are;
the engine of the replica has given out others, or was made to give out these.
"""

from __future__ import annotations

import json
import re

import pytest

from executor import Report
from executor.aws import Api, Credentials, Where
from executor.catalog.catalog import Catalog
from executor.gateway.aliases import Aliases
from executor.replica import Seeder
from executor.snapshots import SnapshotReader
from sandboxes.contract import Engine
from sandboxes.embedded import EmbeddedEngine
from sandboxes.localstack import LocalStackEngine
from sandboxes.model import SandboxSpec
from tests.integration.conftest import ACCOUNT, REGION, Production, Rehearse

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
# What AWS makes up itself; a name is nobody's id.
ID = re.compile(r"\b[a-z]{1,8}-[0-9a-f]{8,17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class Network:
    """A network with something of everything in it, and the ids that production gave it."""

    def __init__(self, production: Production) -> None:
        def made(key: str, field: str, operation: str, **params: object) -> str:
            answer = production.call("ec2", operation, **params)
            found = answer[key] if key else answer
            assert isinstance(found, dict)
            return str(found[field])

        self.vpc = made("Vpc", "VpcId", "CreateVpc", CidrBlock="10.9.0.0/16")
        self.subnet = made(
            "Subnet", "SubnetId", "CreateSubnet", VpcId=self.vpc, CidrBlock="10.9.1.0/24"
        )
        self.group = made(
            "", "GroupId", "CreateSecurityGroup", GroupName="web", Description="d", VpcId=self.vpc
        )
        self.gateway = made("InternetGateway", "InternetGatewayId", "CreateInternetGateway")
        production.call(
            "ec2", "AttachInternetGateway", InternetGatewayId=self.gateway, VpcId=self.vpc
        )
        self.table = made("RouteTable", "RouteTableId", "CreateRouteTable", VpcId=self.vpc)
        volume = {"AvailabilityZone": "us-east-1a", "Size": 1}
        self.volume = made("", "VolumeId", "CreateVolume", **volume)
        key = production.call("kms", "CreateKey")["KeyMetadata"]
        assert isinstance(key, dict)
        self.key, self.key_arn = str(key["KeyId"]), str(key["Arn"])
        secret = production.call("secretsmanager", "CreateSecret", Name="token", SecretString="x")
        self.secret = str(secret["ARN"])

    def ids(self) -> set[str]:
        return {self.vpc, self.subnet, self.group, self.gateway, self.table, self.volume, self.key}


@pytest.fixture
def network(production: Production) -> Network:
    return Network(production)


def run(report: Report) -> Report:
    assert report.outcome.exit_code == 0, (report.findings, report.outcome)
    return report


def test_ids_are_found_by_queries_as_production_gave_them(
    network: Network, rehearse: Rehearse
) -> None:
    n = network
    script = f"""
ec2, kms = c('ec2'), c('kms')
assert ec2.describe_vpcs(VpcIds=[{n.vpc!r}])['Vpcs'][0]['VpcId'] == {n.vpc!r}
[subnet] = ec2.describe_subnets(Filters=[dict(Name='vpc-id', Values=[{n.vpc!r}])])['Subnets']
assert (subnet['SubnetId'], subnet['VpcId']) == ({n.subnet!r}, {n.vpc!r})
assert subnet['SubnetArn'].endswith('/' + {n.subnet!r}), subnet
groups = ec2.describe_security_groups(GroupIds=[{n.group!r}])['SecurityGroups']
assert groups[0]['VpcId'] == {n.vpc!r}
[gateway] = ec2.describe_internet_gateways(InternetGatewayIds=[{n.gateway!r}])['InternetGateways']
assert gateway['Attachments'][0]['VpcId'] == {n.vpc!r}
assert ec2.describe_route_tables(RouteTableIds=[{n.table!r}])
assert ec2.describe_volumes(VolumeIds=[{n.volume!r}])
assert kms.describe_key(KeyId={n.key!r})['KeyMetadata']['Arn'] == {n.key_arn!r}
assert kms.describe_key(KeyId={n.key_arn!r})['KeyMetadata']['KeyId'] == {n.key!r}
secret = c('secretsmanager').describe_secret(SecretId={n.secret!r})
assert (secret['Name'], secret['ARN']) == ('token', {n.secret!r})
"""
    assert run(rehearse(script)).decision == "allow"


def test_ids_are_understood_in_changes_and_in_what_is_inside_longer_strings(
    network: Network, production: Production, rehearse: Rehearse
) -> None:
    n = network
    production.call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    production.call("s3", "CreateBucket", Bucket="assets")
    group_arn = f"arn:aws:ec2:us-east-1:123456789012:security-group/{n.group}"
    allow_key = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": n.key_arn}],
    }
    from_vpc = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::assets/*",
                "Condition": {"StringNotEquals": {"aws:SourceVpc": n.vpc}},
            }
        ],
    }
    template = {
        "Resources": {
            "Inner": {
                "Type": "AWS::EC2::Subnet",
                "Properties": {"VpcId": n.vpc, "CidrBlock": "10.9.2.0/24"},
            }
        }
    }
    script = f"""
ec2 = c('ec2')
ec2.create_tags(Resources=[{n.vpc!r}, {n.subnet!r}], Tags=[dict(Key='team', Value='web')])
ec2.associate_route_table(RouteTableId={n.table!r}, SubnetId={n.subnet!r})
ec2.create_route(RouteTableId={n.table!r}, DestinationCidrBlock='0.0.0.0/0',
    GatewayId={n.gateway!r})
c('iam').put_role_policy(RoleName='r', PolicyName='p', PolicyDocument={json.dumps(allow_key)!r})
kept = c('iam').get_role_policy(RoleName='r', PolicyName='p')['PolicyDocument']
assert kept['Statement'][0]['Resource'] == {n.key_arn!r}, kept
c('s3').put_bucket_policy(Bucket='assets', Policy={json.dumps(from_vpc)!r})
kept = json.loads(c('s3').get_bucket_policy(Bucket='assets')['Policy'])
assert kept['Statement'][0]['Condition']['StringNotEquals']['aws:SourceVpc'] == {n.vpc!r}, kept
c('ssm').put_parameter(Name='/net', Value={group_arn!r}, Type='String')
assert c('ssm').get_parameter(Name='/net')['Parameter']['Value'] == {group_arn!r}
c('cloudformation').create_stack(StackName='inner', TemplateBody={json.dumps(template)!r})
c('cloudformation').get_waiter('stack_create_complete').wait(
    StackName='inner', WaiterConfig=dict(Delay=1))
subnets = ec2.describe_subnets(Filters=[dict(Name='vpc-id', Values=[{n.vpc!r}])])['Subnets']
assert len(subnets) == 2, subnets
"""
    report = run(rehearse(script))
    touched = {e.id for e in report.effects if e.action.value == "update"}
    assert {n.vpc, n.subnet, n.table} <= touched


def test_ids_in_binary_protocols_are_understood_as_well(
    network: Network, rehearse: Rehearse, engine: str
) -> None:
    n = network
    script = f"""
watch = c('cloudwatch')
watch.put_metric_alarm(AlarmName='full', MetricName='VolumeIdleTime', Namespace='AWS/EBS',
    Statistic='Average', Period=60, EvaluationPeriods=1, Threshold=1.0,
    ComparisonOperator='GreaterThanThreshold',
    Dimensions=[dict(Name='VolumeId', Value={n.volume!r})])
[alarm] = watch.describe_alarms(AlarmNames=['full'])['MetricAlarms']
assert alarm['Dimensions'][0]['Value'] == {n.volume!r}, alarm
found = watch.describe_alarms_for_metric(MetricName='VolumeIdleTime', Namespace='AWS/EBS',
    Dimensions=[dict(Name='VolumeId', Value={n.volume!r})])['MetricAlarms']
assert len(found) == 1, found
"""
    run(rehearse(script))


def test_an_object_keeps_what_looks_like_an_id(
    network: Network, production: Production, rehearse: Rehearse
) -> None:
    production.call("s3", "CreateBucket", Bucket="assets")
    text = " ".join(sorted(network.ids()))
    script = f"""
s3 = c('s3')
s3.put_object(Bucket='assets', Key='k-' + {network.vpc!r}, Body={text!r}.encode())
answer = s3.get_object(Bucket='assets', Key='k-' + {network.vpc!r})
assert answer['Body'].read().decode() == {text!r}
import hashlib
assert answer['ETag'] == '"' + hashlib.md5({text!r}.encode()).hexdigest() + '"'
[listed] = s3.list_objects_v2(Bucket='assets')['Contents']
assert listed['Key'] == 'k-' + {network.vpc!r}
"""
    assert run(rehearse(script)).decision == "allow"


def test_no_id_of_the_engine_is_ever_seen(
    network: Network, production: Production, rehearse: Rehearse
) -> None:
    script = """
ec2 = c('ec2')
seen = [ec2.describe_vpcs()['Vpcs'], ec2.describe_subnets()['Subnets'],
    ec2.describe_security_groups()['SecurityGroups'], ec2.describe_route_tables()['RouteTables'],
    ec2.describe_internet_gateways()['InternetGateways'], ec2.describe_volumes()['Volumes'],
    c('kms').list_keys()['Keys']]
import re, os
known = set(os.environ['TF_VAR_known'].split())
pattern = re.compile(os.environ['TF_VAR_pattern'])
ours = [x for kind in seen for x in kind if os.environ['TF_VAR_vpc'] in json.dumps(x, default=str)]
strange = set(pattern.findall(json.dumps(ours, default=str))) - known
assert len(ours) > 5, ours
assert not strange, strange
"""
    known: set[str] = set()
    for service, operation in (
        ("ec2", "DescribeVpcs"),
        ("ec2", "DescribeSubnets"),
        ("ec2", "DescribeSecurityGroups"),
        ("ec2", "DescribeRouteTables"),
        ("ec2", "DescribeInternetGateways"),
        ("ec2", "DescribeVolumes"),
        ("kms", "ListKeys"),
    ):
        known |= set(ID.findall(json.dumps(production.call(service, operation), default=str)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_VAR_vpc", network.vpc)
        patch.setenv("TF_VAR_known", " ".join(known))
        patch.setenv("TF_VAR_pattern", ID.pattern)
        assert run(rehearse(script)).decision == "allow"


class Replica:
    """A sandbox seeded with what production holds, seen without a gateway between."""

    def __init__(self, production: Production, engine: Engine, emulator: str) -> None:
        self.production, self.engine, self.emulator = production, engine, emulator

    def ids(self, services: tuple[str, ...]) -> tuple[set[str], set[str]]:
        """Return the ids that production has and the engine does not, and all tags there."""
        catalog, aliases = Catalog(), Aliases()
        there = SnapshotReader(catalog, self.production.api, account=ACCOUNT, region=REGION)
        scopes = [there.scope(service) for service in services]
        wanted = there.read(scopes)
        with self.engine.start(SandboxSpec(run="ids", account=ACCOUNT, region=REGION)) as sandbox:
            keys = Credentials(access_key=ACCOUNT, secret_key="unused")
            api = Api(Where(region=REGION, endpoint_url=sandbox.url, credentials=keys))
            own = SnapshotReader(catalog, api, account=ACCOUNT, region=REGION)
            seeder = Seeder(
                catalog,
                api,
                aliases,
                list_engine=lambda kind, region: own.read_type(
                    kind, own.scope(catalog.service_of(kind.type), region)
                ),
                implements=sandbox.operations.implements,
                emulator=self.emulator,
            )
            assert seeder.seed(wanted, services, region=REGION) == ()
            found = own.read(scopes)
        made = {r.id for r in wanted.resources.values() if not r.builtin}
        tags = {tag for r in found.resources.values() for tag in r.tags}
        return made - {r.id for r in found.resources.values()}, tags


@pytest.mark.docker
def test_an_engine_that_takes_ids_is_given_the_targets(
    network: Network, production: Production
) -> None:
    replica = Replica(production, LocalStackEngine(), "localstack")
    others, tags = replica.ids(("ec2", "kms", "secretsmanager"))
    assert not others & {network.subnet, network.key, network.secret}
    # What it cannot be told, or does not keep to, is translated.
    assert {network.vpc, network.gateway} <= others
    assert tags == set()


def test_an_engine_that_takes_no_ids_is_not_asked(network: Network, production: Production) -> None:
    replica = Replica(production, EmbeddedEngine(), "ministack")
    others, tags = replica.ids(("ec2",))
    assert network.vpc in others
    assert tags == set()
