"""boto3: clients and resources, with no endpoint, and with hard-coded ones."""

from __future__ import annotations

import sys

import pytest

from tests.integration.clients.conftest import Confined
from tests.integration.conftest import Production
from tests.integration.programs import effects_of, rules_of

pytestmark = [pytest.mark.bubblewrap]

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
for name, host in (
    ("sqs", "https://sqs.us-east-1.amazonaws.com"),
    ("dynamodb", "https://dynamodb.us-east-1.api.aws"),
    ("s3", "https://s3.dualstack.us-east-1.amazonaws.com"),
    ("sns", "http://sns.us-east-1.amazonaws.com"),
    ("kms", "https://kms-fips.us-east-1.amazonaws.com"),
):
    client = boto3.client(name, endpoint_url=host, region_name="us-east-1")
    {"sqs": lambda c: c.create_queue(QueueName="q"),
     "dynamodb": lambda c: c.list_tables(),
     "s3": lambda c: c.create_bucket(Bucket="hard-coded"),
     "sns": lambda c: c.create_topic(Name="t"),
     "kms": lambda c: c.list_keys()}[name](client)
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
    ended = confined(sys.executable, "-c", RESOURCES)
    report = ended.report()
    assert effects_of(report) == {
        ("create", "AWS::S3::Bucket", "dots.in.its.name"),
        ("create", "AWS::SQS::Queue", "jobs"),
    }, ended.err
    assert ended.status == 0, ended.err + ended.out


def test_hard_coded_endpoints_lead_to_the_replica(confined: Confined) -> None:
    ended = confined(sys.executable, "-c", HARD_CODED)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {
        ("create", "AWS::SQS::Queue", "q"),
        ("create", "AWS::S3::Bucket", "hard-coded"),
        ("create", "AWS::SNS::Topic", "t"),
    }


def test_other_partitions_are_reached_by_their_names(confined: Confined) -> None:
    ended = confined(sys.executable, "-c", OTHER_PARTITIONS)
    assert ended.report()["change"]["exit_code"] == 0, ended.err  # type: ignore[index,call-overload]


def test_a_purge_is_denied(confined: Confined, production: Production) -> None:
    url = production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"]
    production.call("sqs", "SendMessage", QueueUrl=url, MessageBody="paid for")
    ended = confined(sys.executable, "-c", PURGE)
    assert ended.status == 4, ended.err + ended.out
    assert rules_of(ended.report()) == {"unexpected-data-loss"}
