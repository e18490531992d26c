"""boto3: clients and resources, with no endpoint, and with hard-coded ones."""

from __future__ import annotations

from tests.integration.clients.conftest import Confined
from tests.integration.conftest import Production
from tests.integration.programs import effects_of, rules_of

RESOURCES = """
import boto3
s3, sqs = boto3.resource("s3"), boto3.resource("sqs")
bucket = s3.create_bucket(Bucket="dots.in.its.name")
bucket.put_object(Key="a/b", Body=b"x" * 1000)
assert [o.key for o in bucket.objects.all()] == ["a/b"]
queue = sqs.create_queue(QueueName="jobs")
queue.send_message(MessageBody="hello")
assert queue.url.endswith("/123456789012/jobs"), queue.url
[message] = queue.receive_messages()
assert message.body == "hello"
"""
HARD_CODED = """
import boto3
boto3.client("sqs", endpoint_url="https://sqs.us-east-1.amazonaws.com").create_queue(QueueName="q")
boto3.client("sns", endpoint_url="http://sns.us-east-1.amazonaws.com").create_topic(Name="t")
"""
OTHER_NAMES = """
import boto3
from botocore.config import Config
dualstack, fips = Config(use_dualstack_endpoint=True), Config(use_fips_endpoint=True)
boto3.client("s3", config=dualstack).create_bucket(Bucket="dual")
boto3.client("s3", config=dualstack).put_object(Bucket="dual", Key="k", Body=b"x")
boto3.client("dynamodb", config=dualstack).list_tables()
boto3.client("kms", config=fips).list_keys()
boto3.client("s3", config=fips).list_objects_v2(Bucket="dual")
"""
OTHER_PARTITIONS = """
import boto3
for region in ("cn-north-1", "us-gov-west-1"):
    boto3.client("sqs", region_name=region).list_queues()
    boto3.client("s3", region_name=region).list_buckets()
"""
PURGE = """
import boto3
sqs = boto3.client("sqs")
sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"])
"""


def test_resources_work(confined: Confined) -> None:
    ended = confined(confined.python, "-c", RESOURCES)
    report = ended.report()
    assert effects_of(report) == {
        ("create", "AWS::S3::Bucket", "dots.in.its.name"),
        ("create", "AWS::SQS::Queue", "jobs"),
    }, ended.err
    assert ended.status == 0, ended.err + ended.out


def test_hard_coded_endpoints_lead_to_the_replica(confined: Confined) -> None:
    ended = confined(confined.python, "-c", HARD_CODED)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {
        ("create", "AWS::SQS::Queue", "q"),
        ("create", "AWS::SNS::Topic", "t"),
    }


def test_dual_stack_and_fips_names_lead_to_the_replica(confined: Confined) -> None:
    ended = confined(confined.python, "-c", OTHER_NAMES)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {("create", "AWS::S3::Bucket", "dual")}


def test_other_partitions_are_reached_by_their_names(confined: Confined) -> None:
    ended = confined(confined.python, "-c", OTHER_PARTITIONS)
    change = ended.report()["change"]
    assert isinstance(change, dict)
    assert change["exit_code"] == 0, ended.err


def test_a_purge_is_denied(confined: Confined, production: Production) -> None:
    url = production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"]
    production.call("sqs", "SendMessage", QueueUrl=url, MessageBody="paid for")
    ended = confined(confined.python, "-c", PURGE)
    assert ended.status == 4, ended.err + ended.out
    assert rules_of(ended.report()) == {"unexpected-data-loss"}
