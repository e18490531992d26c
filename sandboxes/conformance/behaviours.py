"""Checks of behaviour that dry runs lean on and emulators are known to differ in."""

from __future__ import annotations

import json
from typing import Any

from sandboxes.conformance.case import Aws, Check, EngineCase
from sandboxes.conformance.operations import settle


def dry_run_changes_nothing(case: EngineCase) -> None:
    """EC2's `DryRun` answers `DryRunOperation` and does nothing."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        before = len(aws.call("ec2", "DescribeVpcs")["Vpcs"])
        code = aws.error("ec2", "CreateVpc", CidrBlock="10.2.0.0/16", DryRun=True)
        assert code == "DryRunOperation"
        assert len(aws.call("ec2", "DescribeVpcs")["Vpcs"]) == before


def protected_table_refuses_deletion(case: EngineCase) -> None:
    """DynamoDB's deletion protection holds."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        aws.call("dynamodb", "CreateTable", **_table("table"), DeletionProtectionEnabled=True)
        assert aws.error("dynamodb", "DeleteTable", TableName="table") == "ValidationException"
        assert aws.call("dynamodb", "ListTables")["TableNames"] == ["table"]


def protected_stack_refuses_deletion(case: EngineCase) -> None:
    """CloudFormation's termination protection holds."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        _stack(aws, _queue("q"), EnableTerminationProtection=True)
        assert aws.error("cloudformation", "DeleteStack", StackName="s") == "ValidationError"
        assert aws.call("sqs", "ListQueues")["QueueUrls"]


def create_only_property_replaces(case: EngineCase) -> None:
    """A stack update that changes a create-only property makes a new resource."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        _stack(aws, _queue("before"))
        body = _template(_queue("after"))
        aws.call("cloudformation", "UpdateStack", StackName="s", TemplateBody=body)
        settle(lambda: aws.call("cloudformation", "DescribeStacks", StackName="s"))
        urls = aws.call("sqs", "ListQueues")["QueueUrls"]
        assert [url.rsplit("/", 1)[1] for url in urls] == ["after"]


def retained_resource_outlives_its_stack(case: EngineCase) -> None:
    """`DeletionPolicy: Retain` holds."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        _stack(aws, {**_queue("kept"), "DeletionPolicy": "Retain"})
        aws.call("cloudformation", "DeleteStack", StackName="s")
        assert aws.call("sqs", "GetQueueUrl", QueueName="kept")["QueueUrl"]


def stack_with_a_full_bucket_is_not_deleted(case: EngineCase) -> None:
    """CloudFormation fails to delete a bucket that holds objects, and the objects stay."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        _stack(aws, {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "conformance-full"}})
        aws.call("s3", "PutObject", Bucket="conformance-full", Key="k", Body=b"1")
        aws.call("cloudformation", "DeleteStack", StackName="s")
        settled = settle(lambda: aws.call("cloudformation", "DescribeStacks", StackName="s"))
        assert settled == "DELETE_FAILED"
        assert aws.call("s3", "GetObject", Bucket="conformance-full", Key="k")


def update_without_changes_is_refused(case: EngineCase) -> None:
    """CloudFormation says that there are no updates to be performed."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        _stack(aws, _queue("q"))
        body = _template(_queue("q"))
        code = aws.error("cloudformation", "UpdateStack", StackName="s", TemplateBody=body)
        assert code == "ValidationError"


def key_pending_deletion_does_not_encrypt(case: EngineCase) -> None:
    """KMS refuses to use a key that is about to be deleted."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        key = aws.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
        aws.call("kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
        assert aws.error("kms", "Encrypt", KeyId=key, Plaintext=b"p") == "KMSInvalidStateException"


def recreated_role_has_another_id(case: EngineCase) -> None:
    """A birth mark moves when a resource is re-created under its name."""
    with case.start() as sandbox:
        aws = Aws(sandbox)
        ids = set()
        for _ in range(2):
            made = aws.call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument="{}")
            ids.add(made["Role"]["RoleId"])
            aws.call("iam", "DeleteRole", RoleName="r")
        assert len(ids) == 2


def _stack(aws: Aws, resource: dict[str, Any], **options: object) -> None:
    body = _template(resource)
    aws.call("cloudformation", "CreateStack", StackName="s", TemplateBody=body, **options)
    settled = settle(lambda: aws.call("cloudformation", "DescribeStacks", StackName="s"))
    assert settled == "CREATE_COMPLETE"


def _template(resource: dict[str, Any]) -> str:
    return json.dumps({"Resources": {"One": resource}})


def _queue(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}


def _table(name: str) -> dict[str, Any]:
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


BEHAVIOUR_CHECKS: tuple[Check, ...] = (
    dry_run_changes_nothing,
    protected_table_refuses_deletion,
    protected_stack_refuses_deletion,
    create_only_property_replaces,
    retained_resource_outlives_its_stack,
    stack_with_a_full_bucket_is_not_deleted,
    update_without_changes_is_refused,
    key_pending_deletion_does_not_encrypt,
    recreated_role_has_another_id,
)
