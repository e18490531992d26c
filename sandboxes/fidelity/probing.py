"""Try on a sandbox which of AWS's ways its emulator has.

Every probe brings about the situation, makes the call that AWS would refuse (or not), and looks
at what is there afterwards: an answer alone proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandboxes.conformance.case import ACCOUNT, Aws
from sandboxes.conformance.operations import settle
from sandboxes.contract import Sandbox
from sandboxes.fidelity.behaviours import Behaviour, Seen

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_ALLOW = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
)


class _Lacking(Exception):
    """An operation that the situation takes is not implemented; the message names it."""


class _Listed:
    """Calls only what the engine is listed to implement, as the gateway does."""

    def __init__(self, sandbox: Sandbox, account: str) -> None:
        self._aws = Aws(sandbox, account=account)
        self._operations = sandbox.operations

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        self._require(service, operation)
        return self._aws.call(service, operation, **parameters)

    def error(self, service: str, operation: str, **parameters: object) -> str:
        self._require(service, operation)
        return self._aws.error(service, operation, **parameters)

    def _require(self, service: str, operation: str) -> None:
        if not self._operations.implements(service, operation):
            raise _Lacking(f"the engine has no {service}:{operation}")


_Probe = Callable[[_Listed], Seen]


def _dry_run(aws: _Listed) -> Seen:
    before = len(aws.call("ec2", "DescribeVpcs")["Vpcs"])
    code = aws.error("ec2", "CreateVpc", CidrBlock="10.2.0.0/16", DryRun=True)
    more = len(aws.call("ec2", "DescribeVpcs")["Vpcs"]) - before
    what = "nothing was made" if not more else "the VPC was made"
    return _seen(code == "DryRunOperation" and not more, "CreateVpc with DryRun", code, what)


def _table_protection(aws: _Listed) -> Seen:
    aws.call(
        "dynamodb",
        "CreateTable",
        TableName="kept",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    code = aws.error("dynamodb", "DeleteTable", TableName="kept")
    there = "kept" in aws.call("dynamodb", "ListTables")["TableNames"]
    return _kept(there, "DeleteTable of a protected table", code)


def _database(aws: _Listed, **settings: object) -> None:
    aws.call(
        "rds",
        "CreateDBInstance",
        DBInstanceIdentifier="kept",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root1",
        MasterUserPassword="only-a-probe",
        **settings,
    )


def _database_left(aws: _Listed) -> bool:
    listed = aws.call("rds", "DescribeDBInstances")["DBInstances"]
    return any(d["DBInstanceIdentifier"] == "kept" for d in listed)


def _database_protection(aws: _Listed) -> Seen:
    _database(aws, DeletionProtection=True)
    named = {"DBInstanceIdentifier": "kept", "SkipFinalSnapshot": True}
    code = aws.error("rds", "DeleteDBInstance", **named)
    return _kept(_database_left(aws), "DeleteDBInstance of a protected one", code)


def _final_snapshot(aws: _Listed) -> Seen:
    _database(aws)
    code = aws.error("rds", "DeleteDBInstance", DBInstanceIdentifier="kept")
    return _kept(_database_left(aws), "DeleteDBInstance without a word on a last snapshot", code)


def _stack(aws: _Listed, resource: Mapping[str, Any], **options: object) -> None:
    body = json.dumps({"Resources": {"One": resource}})
    aws.call("cloudformation", "CreateStack", StackName="s", TemplateBody=body, **options)
    settled = _stack_status(aws)
    if settled != "CREATE_COMPLETE":
        raise AssertionError(f"the stack became {settled}")


def _stack_status(aws: _Listed) -> str:
    return settle(lambda: aws.call("cloudformation", "DescribeStacks", StackName="s"))


def _queue(name: str, **more: object) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}, **more}


def _queues(aws: _Listed) -> list[str]:
    urls = aws.call("sqs", "ListQueues").get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


def _stack_protection(aws: _Listed) -> Seen:
    _stack(aws, _queue("q"), EnableTerminationProtection=True)
    code = aws.error("cloudformation", "DeleteStack", StackName="s")
    if not code:
        _gone(aws)
    return _kept(_queues(aws) == ["q"], "DeleteStack of a protected stack", code)


def _gone(aws: _Listed) -> str:
    from botocore.exceptions import ClientError

    try:
        return _stack_status(aws)
    except ClientError:
        return "gone"


def _instance(aws: _Listed, **more: object) -> dict[str, Any]:
    made = aws.call(
        "ec2",
        "RunInstances",
        ImageId="ami-0123456789abcdef0",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        **more,
    )
    instance: dict[str, Any] = made["Instances"][0]
    return instance


def _instance_protection(aws: _Listed) -> Seen:
    identity = _instance(aws, DisableApiTermination=True)["InstanceId"]
    code = aws.error("ec2", "TerminateInstances", InstanceIds=[identity])
    found = aws.call("ec2", "DescribeInstances", InstanceIds=[identity])["Reservations"]
    states = [i["State"]["Name"] for r in found for i in r["Instances"]]
    there = states == ["running"]
    return _kept(there, "TerminateInstances of a protected instance", code)


def _volumes_go(aws: _Listed) -> Seen:
    before = {v["VolumeId"] for v in aws.call("ec2", "DescribeVolumes")["Volumes"]}
    disk = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}
    identity = _instance(aws, BlockDeviceMappings=[disk])["InstanceId"]
    made = {v["VolumeId"] for v in aws.call("ec2", "DescribeVolumes")["Volumes"]} - before
    code = aws.error("ec2", "TerminateInstances", InstanceIds=[identity])
    left = made & {v["VolumeId"] for v in aws.call("ec2", "DescribeVolumes")["Volumes"]}
    what = "no volume was made with the instance" if not made else ""
    what = what or ("its volumes are kept" if left else "its volumes are gone")
    return _seen(bool(made) and not left, "TerminateInstances", code, what)


def _full_bucket(aws: _Listed) -> Seen:
    aws.call("s3", "CreateBucket", **_bucket("probe-full"))
    aws.call("s3", "PutObject", Bucket="probe-full", Key="k", Body=b"1")
    code = aws.error("s3", "DeleteBucket", Bucket="probe-full")
    return _kept(_object_left(aws, "probe-full"), "DeleteBucket of a full bucket", code)


def _bucket(name: str) -> dict[str, Any]:
    return {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}


def _object_left(aws: _Listed, bucket: str) -> bool:
    return not aws.error("s3", "GetObject", Bucket=bucket, Key="k")


def _stack_with_full_bucket(aws: _Listed) -> Seen:
    _stack(aws, {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "probe-stack"}})
    aws.call("s3", "PutObject", Bucket="probe-stack", Key="k", Body=b"1")
    code = aws.error("cloudformation", "DeleteStack", StackName="s")
    became = _gone(aws)
    left = _object_left(aws, "probe-stack")
    kept = "the object is kept" if left else "bucket and object are deleted"
    honoured = left and became == "DELETE_FAILED"
    return _seen(honoured, "DeleteStack", code, f"the stack became {became}, {kept}")


def _replacement(aws: _Listed) -> Seen:
    _stack(aws, _queue("before"))
    body = json.dumps({"Resources": {"One": _queue("after")}})
    code = aws.error("cloudformation", "UpdateStack", StackName="s", TemplateBody=body)
    _gone(aws)
    left = _queues(aws)
    what = f"the queues are {', '.join(left) or 'none'}"
    return _seen(left == ["after"], "UpdateStack with another QueueName", code, what)


def _retained(aws: _Listed) -> Seen:
    _stack(aws, _queue("kept", DeletionPolicy="Retain"))
    code = aws.error("cloudformation", "DeleteStack", StackName="s")
    _gone(aws)
    left = _queues(aws) == ["kept"]
    what = "the retained queue is kept" if left else "the retained queue is deleted"
    return _seen(left, "DeleteStack", code, what)


def _unchanged_stack(aws: _Listed) -> Seen:
    _stack(aws, _queue("q"))
    body = json.dumps({"Resources": {"One": _queue("q")}})
    code = aws.error("cloudformation", "UpdateStack", StackName="s", TemplateBody=body)
    return _seen(code == "ValidationError", "UpdateStack without a change", code)


def _network_in_use(aws: _Listed) -> Seen:
    vpc = aws.call("ec2", "CreateVpc", CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    aws.call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.3.1.0/24")
    code = aws.error("ec2", "DeleteVpc", VpcId=vpc)
    there = any(v["VpcId"] == vpc for v in aws.call("ec2", "DescribeVpcs")["Vpcs"])
    return _kept(there, "DeleteVpc of one with a subnet", code)


def _role_in_use(aws: _Listed) -> Seen:
    aws.call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=_TRUST)
    made = aws.call("iam", "CreatePolicy", PolicyName="p", PolicyDocument=_ALLOW)
    aws.call("iam", "AttachRolePolicy", RoleName="r", PolicyArn=made["Policy"]["Arn"])
    code = aws.error("iam", "DeleteRole", RoleName="r")
    there = any(r["RoleName"] == "r" for r in aws.call("iam", "ListRoles")["Roles"])
    return _kept(there, "DeleteRole of one with a policy attached", code)


def _doomed_key(aws: _Listed) -> Seen:
    key = aws.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    aws.call("kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    code = aws.error("kms", "Encrypt", KeyId=key, Plaintext=b"p")
    return _seen(code == "KMSInvalidStateException", "Encrypt", code)


_PROBES: Mapping[Behaviour, _Probe] = {
    Behaviour.DRY_RUN: _dry_run,
    Behaviour.TABLE_PROTECTION: _table_protection,
    Behaviour.DATABASE_PROTECTION: _database_protection,
    Behaviour.FINAL_SNAPSHOT: _final_snapshot,
    Behaviour.STACK_PROTECTION: _stack_protection,
    Behaviour.INSTANCE_PROTECTION: _instance_protection,
    Behaviour.VOLUMES_GO: _volumes_go,
    Behaviour.FULL_BUCKET: _full_bucket,
    Behaviour.STACK_WITH_FULL_BUCKET: _stack_with_full_bucket,
    Behaviour.REPLACEMENT: _replacement,
    Behaviour.RETAINED: _retained,
    Behaviour.UNCHANGED_STACK: _unchanged_stack,
    Behaviour.NETWORK_IN_USE: _network_in_use,
    Behaviour.ROLE_IN_USE: _role_in_use,
    Behaviour.DOOMED_KEY: _doomed_key,
}


def probe(behaviour: Behaviour, sandbox: Sandbox, *, account: str = ACCOUNT) -> Seen:
    """Return what becomes of a behaviour in an account of a sandbox that nobody else uses.

    Raises:
        AssertionError, botocore.exceptions.ClientError: the situation could not be brought about.
    """
    try:
        return _PROBES[behaviour](_Listed(sandbox, account))
    except _Lacking as lacking:
        return Seen(honoured=None, evidence=str(lacking))


def _kept(there: bool, asked: str, code: str) -> Seen:
    what = "it is still there" if there else "it is gone"
    return _seen(there and bool(code), asked, code, what)


def _seen(honoured: bool, asked: str, code: str, what: str = "") -> Seen:
    answer = f"{asked} is answered with {code or 'success'}"
    return Seen(honoured=honoured, evidence=f"{answer}: {what}" if what else answer)
