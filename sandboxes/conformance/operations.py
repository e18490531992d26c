"""Checks of an engine's list of operations against what the engine does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from sandboxes.conformance.case import ACCOUNT, REGION, Aws, Check, EngineCase
from sandboxes.contract import Sandbox
from sandboxes.model import Operations

_BUCKET = "conformance-operations"
_KEY = "kept"
_BODY = b"to be left alone"

# S3's sub-resources that emulators are known to take for the bucket or the object itself.
_MISTAKEN: Mapping[str, Mapping[str, object]] = {
    "DeleteBucketMetricsConfiguration": {"Id": "m"},
    "DeleteBucketAnalyticsConfiguration": {"Id": "a"},
    "DeleteBucketInventoryConfiguration": {"Id": "i"},
    "DeleteBucketIntelligentTieringConfiguration": {"Id": "t"},
    "DeleteBucketMetadataConfiguration": {},
    "DeleteBucketMetadataTableConfiguration": {},
    "RenameObject": {"Key": _KEY, "RenameSource": f"/{_BUCKET}/{_KEY}-none"},
    "UpdateObjectEncryption": {
        "Key": _KEY,
        "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"}},
    },
}


class _Listed:
    """Calls only what is listed, so that a smoke test shows the list to be right."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._aws = Aws(sandbox)
        self._operations: Operations = sandbox.operations

    def __call__(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        listed = self._operations.implements(service, operation)
        assert listed, f"{service} {operation} is not listed"
        return self._aws.call(service, operation, **parameters)

    def error(self, service: str, operation: str, **parameters: object) -> str:
        listed = self._operations.implements(service, operation)
        assert listed, f"{service} {operation} is not listed"
        return self._aws.error(service, operation, **parameters)


def listed_operations_are_botocores(case: EngineCase) -> None:
    """The gateway looks services and operations up under botocore's names."""
    from botocore.session import Session

    with case.start() as sandbox:
        listed = sandbox.operations.by_service
        assert listed, "nothing is listed, so nothing would be forwarded"
        session = Session()
        known = set(session.get_available_services())
        assert set(listed) <= known
        for service in ("s3", "sqs", "iam"):
            assert listed[service] <= set(session.get_service_model(service).operation_names)


def operations_are_read_at_once(case: EngineCase) -> None:
    """Each run needs the list before its first call."""
    import time

    with case.start() as sandbox:
        began = time.monotonic()
        assert not sandbox.operations.implements("s3", "NoSuchOperation")
        assert not sandbox.operations.implements("nosuchservice", "CreateQueue")
        assert time.monotonic() - began < 0.1


def mistaken_operations_do_no_harm(case: EngineCase) -> None:
    """What would delete a bucket by mistake is either not listed or does what it says."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        where = {"LocationConstraint": REGION}
        aws.call("s3", "CreateBucket", Bucket=_BUCKET, CreateBucketConfiguration=where)
        aws.call("s3", "PutObject", Bucket=_BUCKET, Key=_KEY, Body=_BODY)
        for operation, parameters in _MISTAKEN.items():
            if not sandbox.operations.implements("s3", operation):
                continue
            aws.error("s3", operation, Bucket=_BUCKET, **parameters)
            body = aws.call("s3", "GetObject", Bucket=_BUCKET, Key=_KEY)["Body"].read()
            assert body == _BODY, f"{operation} overwrites the object"


def s3_smoke(case: EngineCase) -> None:
    """Buckets and objects come and go as they are told."""
    with case.start() as sandbox:
        call = _Listed(sandbox)
        call(
            "s3",
            "CreateBucket",
            Bucket=_BUCKET,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        call("s3", "PutObject", Bucket=_BUCKET, Key="a b/ü", Body=_BODY)
        assert call("s3", "GetObject", Bucket=_BUCKET, Key="a b/ü")["Body"].read() == _BODY
        keys = [item["Key"] for item in call("s3", "ListObjectsV2", Bucket=_BUCKET)["Contents"]]
        assert keys == ["a b/ü"]
        assert call.error("s3", "DeleteBucket", Bucket=_BUCKET) == "BucketNotEmpty"
        call("s3", "DeleteObject", Bucket=_BUCKET, Key="a b/ü")
        call("s3", "DeleteBucket", Bucket=_BUCKET)
        assert call("s3", "ListBuckets")["Buckets"] == []


def sqs_smoke(case: EngineCase) -> None:
    """A message goes in and comes out; a purge removes the rest."""
    with case.start() as sandbox:
        call = _Listed(sandbox)
        url = call("sqs", "CreateQueue", QueueName="q")["QueueUrl"]
        assert call("sqs", "GetQueueUrl", QueueName="q")["QueueUrl"] == url
        call("sqs", "SendMessage", QueueUrl=url, MessageBody="m")
        assert call("sqs", "ReceiveMessage", QueueUrl=url)["Messages"][0]["Body"] == "m"
        call("sqs", "PurgeQueue", QueueUrl=url)
        call("sqs", "DeleteQueue", QueueUrl=url)
        assert not call("sqs", "ListQueues").get("QueueUrls")


def sns_smoke(case: EngineCase) -> None:
    """A topic with a subscription."""
    with case.start() as sandbox:
        call = _Listed(sandbox)
        topic = call("sns", "CreateTopic", Name="t")["TopicArn"]
        to = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
        call("sqs", "CreateQueue", QueueName="q")
        arn = call(
            "sns",
            "Subscribe",
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=to,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        assert [
            s["SubscriptionArn"] for s in call("sns", "ListSubscriptions")["Subscriptions"]
        ] == [arn]
        call("sns", "Unsubscribe", SubscriptionArn=arn)
        call("sns", "DeleteTopic", TopicArn=topic)
        assert call("sns", "ListTopics")["Topics"] == []


def dynamodb_smoke(case: EngineCase) -> None:
    """A table with an item."""
    with case.start() as sandbox:
        call = _Listed(sandbox)
        call(
            "dynamodb",
            "CreateTable",
            TableName="table",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        key = {"k": {"S": "1"}}
        call("dynamodb", "PutItem", TableName="table", Item=key)
        assert call("dynamodb", "GetItem", TableName="table", Key=key)["Item"] == key
        assert call("dynamodb", "Scan", TableName="table")["Count"] == 1
        call("dynamodb", "DeleteItem", TableName="table", Key=key)
        call("dynamodb", "DeleteTable", TableName="table")
        assert call("dynamodb", "ListTables")["TableNames"] == []


def iam_smoke(case: EngineCase) -> None:
    """A role with a policy attached refuses to go before its policy."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with case.start() as sandbox:
        call = _Listed(sandbox)
        call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
        arn = call("iam", "CreatePolicy", PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
        call("iam", "AttachRolePolicy", RoleName="r", PolicyArn=arn)
        assert call.error("iam", "DeleteRole", RoleName="r") == "DeleteConflict"
        call("iam", "DetachRolePolicy", RoleName="r", PolicyArn=arn)
        call("iam", "DeleteRole", RoleName="r")
        call("iam", "DeletePolicy", PolicyArn=arn)
        call("iam", "CreateUser", UserName="u")
        call("iam", "DeleteUser", UserName="u")
        assert call.error("iam", "GetRole", RoleName="r") == "NoSuchEntity"


def ec2_smoke(case: EngineCase) -> None:
    """A network, a volume, a security group."""
    with case.start() as sandbox:
        call = _Listed(sandbox)
        vpc = call("ec2", "CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        subnet = call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]
        group = call("ec2", "CreateSecurityGroup", VpcId=vpc, GroupName="g", Description="d")
        assert call.error("ec2", "DeleteVpc", VpcId=vpc) == "DependencyViolation"
        call("ec2", "DeleteSecurityGroup", GroupId=group["GroupId"])
        call("ec2", "DeleteSubnet", SubnetId=subnet["SubnetId"])
        call("ec2", "DeleteVpc", VpcId=vpc)
        volume = call("ec2", "CreateVolume", AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        call("ec2", "DeleteVolume", VolumeId=volume)
        assert call("ec2", "DescribeVolumes")["Volumes"] == []


def keys_and_secrets_smoke(case: EngineCase) -> None:
    """KMS, Secrets Manager, Parameter Store, log groups, event rules."""
    with case.start() as sandbox:
        call = _Listed(sandbox)
        key = call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
        call("kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
        assert call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        call("secretsmanager", "CreateSecret", Name="s", SecretString="v")
        assert call("secretsmanager", "GetSecretValue", SecretId="s")["SecretString"] == "v"
        call("secretsmanager", "DeleteSecret", SecretId="s", RecoveryWindowInDays=7)
        assert "DeletedDate" in call("secretsmanager", "DescribeSecret", SecretId="s")
        call("ssm", "PutParameter", Name="/p", Value="v", Type="String")
        assert call("ssm", "GetParameter", Name="/p")["Parameter"]["Value"] == "v"
        call("ssm", "DeleteParameter", Name="/p")
        call("logs", "CreateLogGroup", logGroupName="/g")
        call("logs", "PutRetentionPolicy", logGroupName="/g", retentionInDays=7)
        call("logs", "DeleteLogGroup", logGroupName="/g")
        call("events", "PutRule", Name="r", ScheduleExpression="rate(1 day)")
        call("events", "DeleteRule", Name="r")
        assert call("events", "ListRules")["Rules"] == []


def lambda_smoke(case: EngineCase) -> None:
    """A function is stored, described, updated and deleted; whether it runs is another matter."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event\n")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    with case.start() as sandbox:
        call = _Listed(sandbox)
        role = call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)["Role"]
        call(
            "lambda",
            "CreateFunction",
            FunctionName="f",
            Role=role["Arn"],
            Runtime="python3.12",
            Handler="app.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        assert [f["FunctionName"] for f in call("lambda", "ListFunctions")["Functions"]] == ["f"]
        call("lambda", "UpdateFunctionConfiguration", FunctionName="f", Timeout=9)
        assert call("lambda", "GetFunctionConfiguration", FunctionName="f")["Timeout"] == 9
        call("lambda", "DeleteFunction", FunctionName="f")
        missing = call.error("lambda", "GetFunction", FunctionName="f")
        assert missing == "ResourceNotFoundException"


def cloudformation_smoke(case: EngineCase) -> None:
    """A stack makes its resources and takes them with it."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "from-stack"}}
    with case.start() as sandbox:
        call = _Listed(sandbox)
        body = json.dumps({"Resources": {"Queue": queue}})
        call("cloudformation", "CreateStack", StackName="s", TemplateBody=body)
        settled = settle(lambda: call("cloudformation", "DescribeStacks", StackName="s"))
        assert settled == "CREATE_COMPLETE"
        members = call("cloudformation", "DescribeStackResources", StackName="s")
        assert [m["LogicalResourceId"] for m in members["StackResources"]] == ["Queue"]
        assert call("sqs", "GetQueueUrl", QueueName="from-stack")["QueueUrl"]
        call("cloudformation", "DeleteStack", StackName="s")
        gone = lambda: not call("sqs", "ListQueues").get("QueueUrls")  # noqa: E731
        wait_for(gone)


def settle(describe: Callable[[], Mapping[str, Any]]) -> str:
    """Wait until a stack is no longer in progress; returns its status."""
    wait_for(lambda: not _status(describe()).endswith("IN_PROGRESS"))
    return _status(describe())


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait some seconds for a condition.

    Raises:
        AssertionError: it did not come true.
    """
    import time

    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def _status(described: Mapping[str, Any]) -> str:
    return str(described["Stacks"][0]["StackStatus"])


OPERATION_CHECKS: tuple[Check, ...] = (
    listed_operations_are_botocores,
    operations_are_read_at_once,
    mistaken_operations_do_no_harm,
    s3_smoke,
    sqs_smoke,
    sns_smoke,
    dynamodb_smoke,
    iam_smoke,
    ec2_smoke,
    keys_and_secrets_smoke,
    lambda_smoke,
    cloudformation_smoke,
)
