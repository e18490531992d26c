"""A dry run changes nothing on the target, and asks it nothing but questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from executor import Change, Executor
from executor.catalog.catalog import Catalog
from executor.gateway import FileRecorder, Gateway
from executor.model.json import Json
from tests.integration.conftest import ACCOUNT, REGION, Production, Rehearse
from tests.integration.programs import PRELUDE, Programs, confinement, python

# Looks, of any service; written out here so that no table of the executor's is believed.
LOOKS = ("Describe", "Get", "Head", "List", "Query", "Scan", "BatchGet")

TEMPLATE = (
    '{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "member"}}}}'
)
TRUST = '{"Version": "2012-10-17", "Statement": []}'

# The same script furnishes production, and then destroys its replica.
FURNISH = f"""
import io, zipfile
s3, sqs, sns, ddb, iam = c('s3'), c('sqs'), c('sns'), c('dynamodb'), c('iam')
ec2, kms, secrets, ssm = c('ec2'), c('kms'), c('secretsmanager'), c('ssm')
logs, cf, fn = c('logs'), c('cloudformation'), c('lambda')
s3.create_bucket(Bucket='assets')
s3.put_object(Bucket='assets', Key='a/b.txt', Body=b'data')
s3.put_bucket_versioning(Bucket='assets', VersioningConfiguration={{'Status': 'Enabled'}})
queue = sqs.create_queue(QueueName='orders')['QueueUrl']
sqs.send_message(QueueUrl=queue, MessageBody='order')
topic = sns.create_topic(Name='news')['TopicArn']
sns.subscribe(TopicArn=topic, Protocol='email', Endpoint='ana@example.com')
ddb.create_table(TableName='users', BillingMode='PAY_PER_REQUEST',
    AttributeDefinitions=[{{'AttributeName': 'id', 'AttributeType': 'S'}}],
    KeySchema=[{{'AttributeName': 'id', 'KeyType': 'HASH'}}])
ddb.put_item(TableName='users', Item={{'id': {{'S': '1'}}}})
role = iam.create_role(RoleName='runner', AssumeRolePolicyDocument={TRUST!r})['Role']['Arn']
iam.create_user(UserName='ana')
vpc = ec2.create_vpc(CidrBlock='10.3.0.0/16')['Vpc']['VpcId']
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.3.1.0/24')['Subnet']['SubnetId']
volume = ec2.create_volume(AvailabilityZone='us-east-1a', Size=1)['VolumeId']
key = kms.create_key()['KeyMetadata']['KeyId']
secrets.create_secret(Name='token', SecretString='hidden-one')
ssm.put_parameter(Name='/app/mode', Value='on', Type='String')
logs.create_log_group(logGroupName='/app')
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w') as z: z.writestr('f.py', 'def h(e, c): pass')
fn.create_function(FunctionName='worker', Runtime='python3.12', Role=role, Handler='f.h',
    Code={{'ZipFile': packed.getvalue()}})
# It is made in the background, and would else become active while it is compared.
fn.get_waiter('function_active_v2').wait(FunctionName='worker')
cf.create_stack(StackName='web', TemplateBody={TEMPLATE!r})
"""

DESTROY = """
from botocore.exceptions import ClientError
ec2, kms = c('ec2'), c('kms')
def do(client, operation, **params):
    try:
        getattr(client, operation)(**params)
    except ClientError as error:
        print('refused:', operation, error)
        failed.append(operation)
failed = []
queue = c('sqs').get_queue_url(QueueName='orders')['QueueUrl']
[topic] = [t['TopicArn'] for t in c('sns').list_topics()['Topics']]
[vpc] = [v['VpcId'] for v in ec2.describe_vpcs()['Vpcs'] if v['CidrBlock'] == '10.3.0.0/16']
subnets = ec2.describe_subnets(Filters=[{'Name': 'vpc-id', 'Values': [vpc]}])['Subnets']
do(c('s3'), 'put_object', Bucket='assets', Key='a/b.txt', Body=b'other')
do(c('s3'), 'delete_object', Bucket='assets', Key='a/b.txt')
do(c('s3'), 'put_bucket_versioning', Bucket='assets',
   VersioningConfiguration={'Status': 'Suspended'})
do(c('sqs'), 'set_queue_attributes', QueueUrl=queue, Attributes={'DelaySeconds': '9'})
do(c('sqs'), 'purge_queue', QueueUrl=queue)
do(c('sqs'), 'delete_queue', QueueUrl=queue)
do(c('sns'), 'delete_topic', TopicArn=topic)
do(c('dynamodb'), 'put_item', TableName='users', Item={'id': {'S': '2'}})
do(c('dynamodb'), 'delete_item', TableName='users', Key={'id': {'S': '1'}})
do(c('dynamodb'), 'delete_table', TableName='users')
do(c('iam'), 'delete_user', UserName='ana')
do(c('iam'), 'update_assume_role_policy', RoleName='runner', PolicyDocument='{}')
do(ec2, 'create_tags', Resources=[vpc], Tags=[{'Key': 'a', 'Value': 'b'}])
for subnet in subnets: do(ec2, 'delete_subnet', SubnetId=subnet['SubnetId'])
do(ec2, 'delete_vpc', VpcId=vpc)
for volume in ec2.describe_volumes()['Volumes']:
    do(ec2, 'delete_volume', VolumeId=volume['VolumeId'])
for key in kms.list_keys()['Keys']:
    do(kms, 'schedule_key_deletion', KeyId=key['KeyId'], PendingWindowInDays=7)
do(c('secretsmanager'), 'put_secret_value', SecretId='token', SecretString='another')
do(c('secretsmanager'), 'delete_secret', SecretId='token', ForceDeleteWithoutRecovery=True)
do(c('ssm'), 'delete_parameter', Name='/app/mode')
do(c('logs'), 'delete_log_group', logGroupName='/app')
do(c('lambda'), 'delete_function', FunctionName='worker')
do(c('cloudformation'), 'delete_stack', StackName='web')
assert not failed, failed
"""

KINDS = {
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::DynamoDB::Table",
    "AWS::IAM::User",
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::Volume",
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
    "AWS::SSM::Parameter",
    "AWS::Logs::LogGroup",
    "AWS::Lambda::Function",
    "AWS::CloudFormation::Stack",
}


@pytest.fixture
def engine() -> str:
    return "embedded"


@pytest.fixture
def furnished(production: Production, programs: Programs) -> Production:
    """A production account with something of every service, made by clients and not by us."""
    ended = programs.run(
        "python",
        "-c",
        PRELUDE + FURNISH,
        env={"AWS_ENDPOINT_URL": production.url, "AWS_DEFAULT_REGION": REGION},
    )
    assert ended.status == 0, ended.err
    return production


class EverythingExists:
    def implements(self, service: str, operation: str) -> bool:
        return True


@pytest.fixture
def watched(furnished: Production, tmp_path: Path) -> Iterator[Gateway]:
    """A door in front of production that writes down every request."""
    gateway = Gateway(
        upstream=furnished.url,
        operations=EverythingExists(),
        recorder=FileRecorder(tmp_path / "requests.jsonl"),
        account=ACCOUNT,
        region=REGION,
    )
    with gateway:
        yield gateway


def everything(production: Production) -> dict[str, Json]:
    """Raw answers of the services, apart from the catalog's reading of them."""
    call = production.call
    queue = str(call("sqs", "GetQueueUrl", QueueName="orders")["QueueUrl"])
    attributes = call("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])
    return {
        "attributes": attributes["Attributes"],
        "objects": call("s3", "ListObjectVersions", Bucket="assets")["Versions"],
        "items": call("dynamodb", "Scan", TableName="users")["Items"],
        "keys": call("kms", "ListKeys")["Keys"],
        "secret": call("secretsmanager", "GetSecretValue", SecretId="token")["SecretString"],
        "stacks": call("cloudformation", "DescribeStacks")["Stacks"],
        "functions": call("lambda", "ListFunctions")["Functions"],
        "groups": call("logs", "DescribeLogGroups")["logGroups"],
        "vpcs": call("ec2", "DescribeVpcs")["Vpcs"],
    }


def test_the_target_is_the_same_after_everything_was_destroyed_in_its_replica(
    furnished: Production, rehearse: Rehearse
) -> None:
    before = furnished.state()
    raw = everything(furnished)
    report = rehearse(DESTROY)
    assert report.outcome.exit_code == 0, report.findings
    assert report.decision == "deny"
    assert {effect.type for effect in report.effects} >= KINDS
    assert furnished.state() == before
    assert everything(furnished) == raw


def test_only_questions_reach_the_target(
    furnished: Production, watched: Gateway, home: Path, workdir: Path, credentials: None
) -> None:
    executor = Executor(target=watched.url, engine="embedded", confine=confinement(), home=home)
    change = Change.command(python(DESTROY)[1:], workdir=workdir)
    report = executor.dry_run(change, hydrate="all")
    assert report.decision == "deny"
    asked = watched.close()
    assert len(asked) > 30
    assert [c for c in asked if c.refused is not None] == []
    names = {(c.service, c.operation) for c in asked}
    assert {n for n in names if not n[1].startswith(LOOKS)} == set()
    assert {n for n in names if not Catalog().reads(*n)} == {("sts", "GetCallerIdentity")}
    found = map(Catalog().service, Catalog().services)
    assert {service for service, _ in names} >= {s.name for s in found if s and s.types}


def test_a_change_that_never_calls_costs_the_target_one_question(
    watched: Gateway, home: Path, workdir: Path, credentials: None
) -> None:
    executor = Executor(target=watched.url, engine="embedded", confine=confinement(), home=home)
    report = executor.dry_run(Change.command(["true"], workdir=workdir))
    assert report.decision == "allow"
    assert [c.operation for c in watched.close()] == ["GetCallerIdentity"]


def test_secret_values_are_not_read_from_the_target(watched: Gateway, programs: Programs) -> None:
    reading = "c('secretsmanager').describe_secret(SecretId='token')"
    ended = programs.run("dry-run", "--target", watched.url, "--format", "json", *python(reading))
    assert ended.status == 0, ended.err
    assert "GetSecretValue" not in {c.operation for c in watched.close()}
    kept = [p for p in programs.home.rglob("*") if p.is_file()]
    assert not [p for p in kept if b"hidden-one" in p.read_bytes()]
