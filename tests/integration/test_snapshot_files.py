"""Snapshot files down the whole road: taken of an account, rehearsed from without it, promoted."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from executor import Change, Executor
from executor.errors import InvalidConfig, InvalidSnapshot
from executor.snapshots.files import read_snapshot, write_snapshot
from tests.integration.conftest import ACCOUNT, Production
from tests.integration.programs import Ended, Programs, confinement, effects_of, objects, python
from tests.integration.test_bad_input import idle, rejected
from tests.integration.test_promotion_cli import EDIT, a_queue, promote, refused, timeout_of
from tests.unit.snapshots.saved import resource, saved, scope

__all__ = ["idle"]
SECRET = "hunter2-correct-horse"
_UNREACHABLE = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def snapshot_of(programs: Programs, path: Path, *options: str) -> Path:
    ended = programs.executor("snapshot", "--target", programs.target, "-o", str(path), *options)
    assert ended.status == 0, ended.err
    return path


def from_file(programs: Programs, path: Path, script: str, *options: str) -> Ended:
    words = ("--from-snapshot", str(path), "--format", "json", *options, *python(script))
    return programs.run("dry-run", *words, env=_UNREACHABLE)


def test_a_change_is_rehearsed_from_a_file_when_the_target_cannot_be_reached(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    a_queue(production)
    vpc = production.call("ec2", "CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]
    assert isinstance(vpc, dict)
    path = snapshot_of(programs, tmp_path / "prod.snap")
    # From here on nothing of ours may ask the account anything.
    offline = {**_UNREACHABLE, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    script = (
        f"assert c('ec2').describe_vpcs(VpcIds=[{vpc['VpcId']!r}])['Vpcs']\n"
        "q = c('sqs').get_queue_url(QueueName='orders')['QueueUrl']\n"
        "c('sqs').delete_queue(QueueUrl=q)\n"
    )
    words = ("--from-snapshot", str(path), "--format", "json", *python(script))
    ended = programs.run("dry-run", *words, env=offline)
    assert ended.status == 4, ended.out + ended.err
    report = ended.report()
    assert effects_of(report) == {("delete", "AWS::SQS::Queue", "orders")}
    target = report["target"]
    assert isinstance(target, dict)
    saved = read_snapshot(path)
    assert target["account"] == ACCOUNT
    assert target["snapshot"] == {"digest": saved.digest, "taken": saved.taken}
    shown = programs.executor("show", "last").out
    assert f"from the snapshot {saved.digest[7:19]}" in shown


def test_what_the_file_does_not_cover_is_undecided(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    a_queue(production)
    path = snapshot_of(programs, tmp_path / "sqs.snap", "--service", "sqs")
    for script, words in (
        ("c('sns').create_topic(Name='t')", "does not cover sns"),
        ("c('sqs', region_name='us-west-2').create_queue(QueueName='q')", "sqs in us-west-2"),
    ):
        ended = from_file(programs, path, script)
        assert ended.status == 5, ended.out + ended.err
        assert words in ended.out
    assert from_file(programs, path, "c('sqs').create_queue(QueueName='n')").status == 0


def test_a_type_that_was_left_out_is_undecided(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    path = snapshot_of(programs, tmp_path / "x.snap", "--type", "AWS::SNS::Topic")
    assert [s.service for s in read_snapshot(path).scopes] == ["sns"]
    topic = "t = c('sns').create_topic(Name='t')['TopicArn']\n"
    queue = "arn:aws:sqs:us-east-1:123456789012:q"
    more = f"c('sns').subscribe(TopicArn=t, Protocol='sqs', Endpoint={queue!r})"
    assert from_file(programs, path, topic).status == 0
    assert from_file(programs, path, topic + more).status == 5


def test_a_snapshot_taken_twice_is_the_same(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    url = a_queue(production)
    first = snapshot_of(programs, tmp_path / "a.snap")
    second = snapshot_of(programs, tmp_path / "b.snap")
    assert read_snapshot(first).digest == read_snapshot(second).digest
    words = ("diff", str(first), str(second), "--exit-code")
    assert programs.executor(*words).status == 0
    production.call("sqs", "DeleteQueue", QueueUrl=url)
    third = snapshot_of(programs, tmp_path / "c.snap")
    told = programs.executor("diff", str(first), str(third), "--exit-code", "--format", "json")
    assert told.status == 3
    [difference] = objects(told.report()["differences"])
    assert (difference["action"], difference["name"]) == ("delete", "orders")


def _plant(production: Production) -> None:
    role = production.call(
        "iam", "CreateRole", RoleName="run", AssumeRolePolicyDocument='{"Statement": []}'
    )["Role"]
    assert isinstance(role, dict)
    production.call(
        "lambda",
        "CreateFunction",
        FunctionName="f",
        Role=role["Arn"],
        Runtime="python3.12",
        Handler="i.h",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
        Environment={"Variables": {"ANYTHING": SECRET}},
    )
    for kind in ("String", "SecureString"):
        production.call("ssm", "PutParameter", Name=f"/{kind}", Value=SECRET, Type=kind)
    production.call("secretsmanager", "CreateSecret", Name="db", SecretString=SECRET)
    production.call("ec2", "RunInstances", ImageId="ami-1", MinCount=1, MaxCount=1, UserData=SECRET)
    production.call(
        "dynamodb",
        "CreateTable",
        TableName="users",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "1"}, "password": {"S": SECRET}}
    production.call("dynamodb", "PutItem", TableName="users", Item=item)
    production.call("s3", "CreateBucket", Bucket="secrets-are-here")
    production.call("s3", "PutObject", Bucket="secrets-are-here", Key="k", Body=SECRET.encode())
    url = production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"]
    production.call("sqs", "SendMessage", QueueUrl=url, MessageBody=SECRET)
    production.call("logs", "CreateLogGroup", logGroupName="/app")
    production.call("logs", "CreateLogStream", logGroupName="/app", logStreamName="s")
    production.call(
        "logs",
        "PutLogEvents",
        logGroupName="/app",
        logStreamName="s",
        logEvents=[{"timestamp": 1_764_000_000_000, "message": SECRET}],
    )
    template = {
        "Parameters": {"DbPassword": {"Type": "String"}},
        "Resources": {
            "P": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Name": "/stack", "Type": "String", "Value": SECRET},
            }
        },
        "Outputs": {"ApiKey": {"Value": SECRET}},
    }
    production.call(
        "cloudformation",
        "CreateStack",
        StackName="web",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "DbPassword", "ParameterValue": SECRET}],
    )
    production.call("iam", "CreateUser", UserName="robot")


def test_no_secret_is_in_the_file_and_the_replica_is_rebuilt_all_the_same(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    _plant(production)
    path = snapshot_of(programs, tmp_path / "prod.snap")
    content = gzip.decompress(path.read_bytes())
    assert SECRET.encode() not in content
    assert SECRET.encode().hex().encode() not in content
    types = {r.type for s in read_snapshot(path).scopes for r in s.resources}
    assert types >= {
        "AWS::Lambda::Function",
        "AWS::SSM::Parameter",
        "AWS::SecretsManager::Secret",
        "AWS::EC2::Instance",
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::Logs::LogGroup",
        "AWS::CloudFormation::Stack",
        "AWS::IAM::User",
    }
    ended = from_file(programs, path, "c('cloudformation').describe_stacks(StackName='web')")
    assert ended.status == 0, ended.out
    coverage = ended.report()["coverage"]
    assert isinstance(coverage, dict)
    left_out = {gap["type"] for gap in objects(coverage["not_covered"])}
    assert left_out.isdisjoint(types), coverage


def test_what_was_rehearsed_from_a_file_is_promoted_if_the_target_is_still_like_that(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    url = a_queue(production)
    path = snapshot_of(programs, tmp_path / "prod.snap")
    edit = EDIT.format(url=url)
    assert from_file(programs, path, edit).status == 0
    ended = promote(programs)
    assert ended.status == 0, ended.err
    assert ended.report()["confirmed"] is True
    assert timeout_of(production, url) == "90"
    # The file tells of a queue that is not like that any more.
    assert from_file(programs, path, edit.replace("'90'", "'60'")).status == 0
    refused(promote(programs), "orders has changed")
    assert timeout_of(production, url) == "90"


def test_a_stack_whose_secrets_were_taken_out_has_not_drifted(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    _plant(production)
    path = snapshot_of(programs, tmp_path / "prod.snap")
    script = (
        "c('cloudformation').describe_stacks(StackName='web')\n"
        "c('lambda').put_function_concurrency(FunctionName='f', ReservedConcurrentExecutions=3)\n"
    )
    assert from_file(programs, path, script).status == 0
    ended = promote(programs)
    assert ended.status == 0, ended.err


def test_nothing_is_promoted_to_another_account(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    a_queue(production)
    path = snapshot_of(programs, tmp_path / "prod.snap")
    other = tmp_path / "other.snap"
    old = read_snapshot(path)
    scopes = tuple(replace(s, account="210987654321") for s in old.scopes)
    write_snapshot(other, replace(old, account="210987654321", scopes=scopes))
    assert from_file(programs, other, "c('sqs').create_queue(QueueName='n')").status == 0
    before = production.state()
    refused(promote(programs), "210987654321")
    gone = tmp_path / "gone.snap"
    write_snapshot(gone, replace(old, source="prod", endpoint_url=""))
    assert from_file(programs, gone, "c('sqs').create_queue(QueueName='n')").status == 0
    ended = promote(programs)
    assert ended.status == 2
    assert "which is not configured here" in ended.err
    assert production.state() == before


def test_the_policy_of_the_target_holds_for_its_snapshot(
    programs: Programs, production: Production, tmp_path: Path, workdir: Path
) -> None:
    a_queue(production)
    path = snapshot_of(programs, tmp_path / "prod.snap")
    (workdir / "executor.toml").write_text(
        f'target = "live"\n[targets.live]\nendpoint_url = "{production.url}"\n'
        f'account = "{ACCOUNT}"\npolicy = {{protect = ["AWS::SQS::Queue *"]}}\n'
    )
    ended = from_file(programs, path, "c('sqs').create_queue(QueueName='n')")
    assert ended.status == 4, ended.out
    target = ended.report()["target"]
    assert isinstance(target, dict)
    assert target["name"] == "live"


def test_a_sandbox_is_filled_from_a_file(
    programs: Programs, production: Production, tmp_path: Path
) -> None:
    a_queue(production)
    path = snapshot_of(programs, tmp_path / "prod.snap", "--service", "sqs")
    command = python("print(c('sqs').list_queues()['QueueUrls'])")
    ended = programs.executor("sandbox", "--from-snapshot", str(path), *command)
    assert ended.status == 0, ended.err
    assert "orders" in ended.out


def test_a_library_caller_names_the_file_once_or_for_a_run(
    production: Production, credentials: None, home: Path, workdir: Path, tmp_path: Path
) -> None:
    a_queue(production)
    path = tmp_path / "prod.snap"
    taken = Executor(target=production.url, home=home).snapshot(path, services=["sqs"])
    assert taken == read_snapshot(path)
    change = Change.command(
        [sys.executable, "-c", "import boto3; boto3.client('sqs').create_queue(QueueName='n')"],
        workdir=workdir,
    )
    report = Executor(from_snapshot=path, confine=confinement(), home=home).dry_run(change)
    assert (report.decision, report.target.snapshot) == ("allow", taken.digest)
    executor = Executor(confine=confinement(), home=home)
    assert executor.dry_run(change, from_snapshot=path).target == report.target
    with pytest.raises(InvalidConfig, match="exclude each other"):
        Executor(target="none", home=home).dry_run(change, from_snapshot=path)
    with pytest.raises(InvalidSnapshot, match="cannot be read"):
        Executor(home=home).dry_run(change, from_snapshot=tmp_path / "none.snap")


def test_an_account_that_cannot_be_read_at_all_gives_no_file(
    programs: Programs, tmp_path: Path
) -> None:
    path = tmp_path / "prod.snap"
    ended = programs.executor("snapshot", "--target", "http://127.0.0.1:1", "-o", str(path))
    assert ended.status == 1
    assert "cannot be reached" in ended.err
    assert not path.exists()
    ended = programs.executor("snapshot", "--target", "none", "-o", str(path))
    assert (ended.status, path.exists()) == (2, False)
    words = ("snapshot", "--target", programs.target, "-o", str(path))
    for option in (("--service", "sqsx"), ("--type", "AWS::Nothing::*")):
        ended = programs.executor(*words, *option)
        assert (ended.status, path.exists()) == (2, False)


@pytest.mark.parametrize("kind", ["truncated", "altered", "newer", "foreign", "empty", "gone"])
def test_a_file_that_is_no_good_is_refused_before_anything_starts(
    idle: Programs, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "prod.snap"
    write_snapshot(path, saved(scope(resource("a"))))
    content = path.read_bytes()
    words = {
        "truncated": ("truncated", content[:-40]),
        "altered": ("altered", content[:60] + b"\x00" + content[61:]),
        "newer": ("newer", gzip.compress(b'{"format":"executor/snapshot/v7"}\n')),
        "foreign": ("not a snapshot", b"PK\x03\x04"),
        "empty": ("empty", b""),
        "gone": ("cannot be read", content),
    }
    named, new = words[kind]
    path.write_bytes(new)
    if kind == "gone":
        path.unlink()
    ended = idle.run("dry-run", "--from-snapshot", str(path), "--", "true")
    rejected(idle, ended, named, "prod.snap")


def test_a_file_of_somebody_else_is_refused_before_anything_starts(
    idle: Programs, tmp_path: Path
) -> None:
    path = tmp_path / "prod.snap"
    write_snapshot(path, saved(scope(resource("a"))))
    for options, named in (
        (("--account", "210987654321"), "210987654321"),
        (("--region", "us-west-2"), "us-west-2"),
        (("--target", "none"), "exclude each other"),
        (("--target", "unknown"), "unknown"),
    ):
        words = ("--from-snapshot", str(path), *options, "--", "true")
        rejected(idle, idle.run("dry-run", *words), named)
