"""What is denied and what is allowed, end to end, on every engine.

The scripts are what an agent would write; none of them knows of the executor.
"""

from __future__ import annotations

import json

import pytest

from executor import Report
from tests.integration.conftest import Production, Rehearse
from tests.integration.programs import NEW_RESOURCE_GROUP

TEMPLATE = {
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
    }
}


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


def a_bucket_with_objects(production: Production) -> None:
    production.call("s3", "CreateBucket", Bucket="invoices")
    for key in ("2025/a.pdf", "2025/b.pdf"):
        production.call("s3", "PutObject", Bucket="invoices", Key=key, Body=b"invoice")


def a_queue_with_messages(production: Production) -> str:
    url = str(production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"])
    production.call("sqs", "SendMessage", QueueUrl=url, MessageBody="order 1")
    return url


def a_table_with_items(production: Production, name: str = "customers") -> None:
    production.call(
        "dynamodb",
        "CreateTable",
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    for n in range(3):
        item = {"id": {"S": str(n)}, "name": {"S": f"customer {n}"}}
        production.call("dynamodb", "PutItem", TableName=name, Item=item)


# Denied


def test_deleting_a_bucket_is_denied(production: Production, rehearse: Rehearse) -> None:
    production.call("s3", "CreateBucket", Bucket="empty-one")
    report = rehearse("c('s3').delete_bucket(Bucket='empty-one')")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "AWS::S3::Bucket", "empty-one")}


def test_emptying_a_bucket_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_bucket_with_objects(production)
    before = production.state()
    report = rehearse(
        """
s3 = c('s3')
for item in s3.list_objects_v2(Bucket='invoices')['Contents']:
    s3.delete_object(Bucket='invoices', Key=item['Key'])
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}
    assert production.state() == before


def test_copying_over_an_object_of_the_same_size_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_bucket_with_objects(production)
    report = rehearse(
        "c('s3').copy_object(Bucket='invoices', Key='2025/a.pdf', CopySource='invoices/2025/b.pdf')"
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


def test_purging_versions_is_denied(production: Production, rehearse: Rehearse) -> None:
    production.call("s3", "CreateBucket", Bucket="kept")
    enabled = {"Status": "Enabled"}
    production.call("s3", "PutBucketVersioning", Bucket="kept", VersioningConfiguration=enabled)
    ids = [
        production.call("s3", "PutObject", Bucket="kept", Key="k", Body=b"v")["VersionId"]
        for _ in range(3)
    ]
    # As the target named it, one by one and together.
    for purge in (
        f"c('s3').delete_object(Bucket='kept', Key='k', VersionId={ids[0]!r})",
        f"c('s3').delete_objects(Bucket='kept',"
        f" Delete={{'Objects': [{{'Key': 'k', 'VersionId': {ids[1]!r}}}]}})",
    ):
        report = rehearse(purge)
        assert report.decision == "deny"
        assert rules(report) == {"unexpected-data-loss"}


def test_a_bucket_deleted_and_re_created_with_the_same_settings_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    production.call("s3", "CreateBucket", Bucket="assets")
    report = rehearse(
        "s3 = c('s3'); s3.delete_bucket(Bucket='assets'); s3.create_bucket(Bucket='assets')"
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-replace"}
    assert effects(report) == {("replace", "AWS::S3::Bucket", "assets")}
    assert len(report.effects[0].calls) == 2


def test_purging_a_queue_is_denied(production: Production, rehearse: Rehearse) -> None:
    url = a_queue_with_messages(production)
    report = rehearse(f"c('sqs').purge_queue(QueueUrl={url!r})")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


def test_deleting_items_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_table_with_items(production)
    report = rehearse("c('dynamodb').delete_item(TableName='customers', Key={'id': {'S': '1'}})")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


def test_putting_a_bare_key_over_an_item_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_table_with_items(production)
    report = rehearse("c('dynamodb').put_item(TableName='customers', Item={'id': {'S': '1'}})")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


def test_a_stack_deleted_and_re_created_under_its_name_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    production.call(
        "cloudformation", "CreateStack", StackName="web", TemplateBody=json.dumps(TEMPLATE)
    )
    report = rehearse(
        f"""
cf = c('cloudformation')
cf.delete_stack(StackName='web')
cf.get_waiter('stack_delete_complete').wait(StackName='web', WaiterConfig={{'Delay': 1}})
cf.create_stack(StackName='web', TemplateBody={json.dumps(TEMPLATE)!r})
cf.get_waiter('stack_create_complete').wait(StackName='web', WaiterConfig={{'Delay': 1}})
"""
    )
    assert report.decision == "deny"
    assert "unexpected-replace" in rules(report)
    assert ("replace", "AWS::CloudFormation::Stack", "web") in effects(report)
    assert ("replace", "AWS::SQS::Queue", "jobs") in effects(report)


# Allowed


def test_creating_things_is_allowed(production: Production, rehearse: Rehearse) -> None:
    report = rehearse(
        "c('s3').create_bucket(Bucket='new-one'); c('sqs').create_queue(QueueName='new-one')"
    )
    assert report.decision == "allow"
    assert {e.action.value for e in report.effects} == {"create"}


def test_a_read_only_script_is_allowed(production: Production, rehearse: Rehearse) -> None:
    a_bucket_with_objects(production)
    a_queue_with_messages(production)
    report = rehearse(
        """
assert len(c('s3').list_objects_v2(Bucket='invoices')['Contents']) == 2
assert c('sqs').list_queues()['QueueUrls']
c('iam').list_roles()
"""
    )
    assert report.decision == "allow"
    assert report.effects == ()


def test_uploading_what_is_there_already_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    a_bucket_with_objects(production)
    report = rehearse("c('s3').put_object(Bucket='invoices', Key='2025/a.pdf', Body=b'invoice')")
    assert report.decision == "allow"
    assert report.effects == ()


def test_a_dry_run_of_ec2s_own_deletes_nothing_and_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    zone = "us-east-1a"
    volume = production.call("ec2", "CreateVolume", AvailabilityZone=zone, Size=1)["VolumeId"]
    report = rehearse(
        f"""
try:
    c('ec2').delete_volume(VolumeId={volume!r}, DryRun=True)
except Exception as error:
    assert error.response['Error']['Code'] == 'DryRunOperation', error
assert c('ec2').describe_volumes(VolumeIds=[{volume!r}])['Volumes']
"""
    )
    assert report.decision == "allow"
    assert report.effects == ()


def test_a_temporary_resource_is_allowed(production: Production, rehearse: Rehearse) -> None:
    report = rehearse(
        """
sqs = c('sqs')
sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName='scratch')['QueueUrl'])
"""
    )
    assert report.decision == "allow"
    assert report.effects == ()
    assert [t.name for t in report.transient] == ["scratch"]


def test_a_declared_deletion_is_allowed(production: Production, rehearse: Rehearse) -> None:
    url = a_queue_with_messages(production)
    report = rehearse(
        f"c('sqs').delete_queue(QueueUrl={url!r})", expect=["delete AWS::SQS::Queue orders"]
    )
    assert report.decision == "allow"
    assert report.effects[0].expected


def test_a_protected_resource_is_denied_though_declared(
    production: Production, rehearse: Rehearse
) -> None:
    url = a_queue_with_messages(production)
    report = rehearse(
        f"c('sqs').delete_queue(QueueUrl={url!r})",
        expect=["delete AWS::SQS::Queue orders"],
        protect=["AWS::SQS::Queue ord*"],
    )
    assert report.decision == "deny"
    assert rules(report) == {"protected"}


# Never allowed


def test_a_command_that_fails_is_denied(production: Production, rehearse: Rehearse) -> None:
    report = rehearse("c('sqs').create_queue(QueueName='a'); raise SystemExit(3)")
    assert report.decision == "deny"
    assert rules(report) == {"change-failed"}


def test_an_operation_that_the_engine_lacks_is_undecided(
    production: Production, rehearse: Rehearse, engine: str
) -> None:
    # Emulators answer both of these with success, and delete or empty what they are about.
    lacking = {
        "embedded": "c('s3').delete_bucket_metrics_configuration(Bucket='metered', Id='x')",
        "localstack": "c('s3').delete_bucket_metadata_configuration(Bucket='metered')",
    }
    production.call("s3", "CreateBucket", Bucket="metered")
    report = rehearse(lacking[engine])
    assert report.decision == "undecided"
    assert rules(report) == {"not-rehearsed"}
    assert report.effects == ()


def test_a_service_that_the_catalog_cannot_read_is_undecided(
    production: Production, rehearse: Rehearse
) -> None:
    report = rehearse(NEW_RESOURCE_GROUP)
    assert report.decision == "undecided"
    assert rules(report) == {"not-covered"}
    assert "resource-groups:CreateGroup" in report.findings[0].message


PUT_BACK = """
d = c('dynamodb')
d.put_item(TableName='archive', Item=d.scan(TableName='customers')['Items'][0])
"""
COPIED = """
s3 = c('s3')
body = s3.get_object(Bucket='invoices', Key='2025/a.pdf')['Body'].read()
s3.put_object(Bucket='invoices', Key='copy.pdf', Body=body)
"""
CLEANED = """
d = c('dynamodb')
old = dict(FilterExpression='age > :a', ExpressionAttributeValues={':a': {'N': '90'}})
for item in d.scan(TableName='customers', **old)['Items']:
    d.delete_item(TableName='customers', Key={'id': item['id']})
"""
PARSED = "json.loads(c('secretsmanager').get_secret_value(SecretId='db')['SecretString'])['user']"


@pytest.mark.parametrize("script", [PUT_BACK, COPIED, CLEANED, PARSED])
def test_acting_by_data_that_no_replica_holds_is_undecided(
    production: Production, rehearse: Rehearse, script: str
) -> None:
    a_bucket_with_objects(production)
    a_table_with_items(production)
    a_table_with_items(production, "archive")
    production.call("secretsmanager", "CreateSecret", Name="db", SecretString='{"user": "x"}')
    report = rehearse(script)
    assert report.decision == "undecided"
    assert rules(report) == {"not-rehearsed"}


def test_looking_in_vain_for_what_to_delete_is_undecided(
    production: Production, rehearse: Rehearse
) -> None:
    query = {"Type": "TAG_FILTERS_1_0", "Query": "{}"}
    production.call("resource-groups", "CreateGroup", Name="g", ResourceQuery=query)
    report = rehearse(
        """
groups = c('resource-groups')
for group in groups.list_groups()['GroupIdentifiers']:
    groups.delete_group(GroupName=group['GroupName'])
"""
    )
    assert report.decision == "undecided"
    assert rules(report) == {"not-covered"}
    assert "resource-groups:ListGroups" in report.findings[0].message


def test_a_failure_in_a_finally_block_still_shows_the_deletion(
    production: Production, rehearse: Rehearse
) -> None:
    url = a_queue_with_messages(production)
    report = rehearse(
        f"""
try:
    raise SystemExit(1)
finally:
    c('sqs').delete_queue(QueueUrl={url!r})
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"change-failed", "unexpected-delete"}
