"""The AWS CLI, and curl with what it presigned."""

from __future__ import annotations

import os

import pytest

from tests.integration.clients.conftest import Confined
from tests.integration.conftest import Production
from tests.integration.programs import Programs, effects_of, rules_of

pytestmark = [pytest.mark.awscli]

MIB = 1024 * 1024
STORE = """
set -eu
aws s3 mb s3://assets
mkdir site && echo one > site/one.txt && echo two > "site/two words.txt"
aws s3 sync site s3://assets/site
aws s3 cp large.bin s3://assets/large.bin
aws s3 cp s3://assets/large.bin back.bin
cmp large.bin back.bin
aws s3 rm s3://assets/site/one.txt
aws s3 ls --recursive s3://assets
"""
# Version 1 takes no endpoint setting for this service: only the host name leads it here.
QUEUE = """
set -eu
url=$(aws sqs create-queue --queue-name orders.fifo --attributes FifoQueue=true \
  --query QueueUrl --output text)
case "$url" in http*/orders.fifo) ;; *) echo "$url"; exit 1;; esac
aws sqs send-message --queue-url "$url" --message-group-id a --message-deduplication-id b \
  --message-body hello
"""
PRESIGNED = """
set -eu
aws s3 mb s3://assets
echo hello > hello.txt
aws s3 cp hello.txt s3://assets/hello.txt
curl --fail --silent --show-error "$(aws s3 presign s3://assets/hello.txt)" -o got.txt
cmp hello.txt got.txt
"""
REGIONS = """
set -eu
aws --region eu-west-1 --endpoint-url https://sqs.eu-west-1.amazonaws.com \
  sqs create-queue --queue-name abroad
aws --region eu-west-1 dynamodb create-table --table-name abroad \
  --billing-mode PAY_PER_REQUEST --key-schema AttributeName=id,KeyType=HASH \
  --attribute-definitions AttributeName=id,AttributeType=S
"""
TEMPLATE = "Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}}"


def test_s3_takes_large_files_and_directories(confined: Confined, programs: Programs) -> None:
    (programs.workdir / "large.bin").write_bytes(os.urandom(9 * MIB))
    ended = confined("bash", "-c", STORE)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {("create", "AWS::S3::Bucket", "assets")}
    assert "site/two words.txt" in ended.err


def test_sqs_is_reached_by_its_host_name(confined: Confined) -> None:
    ended = confined("bash", "-c", QUEUE)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {("create", "AWS::SQS::Queue", "orders.fifo")}


def test_what_was_presigned_can_be_fetched(confined: Confined) -> None:
    ended = confined("bash", "-c", PRESIGNED)
    assert ended.status == 0, ended.err + ended.out


def test_other_regions_and_named_endpoints_are_reached(confined: Confined) -> None:
    ended = confined("bash", "-c", REGIONS)
    assert ended.status == 0, ended.err + ended.out
    assert {e for e in effects_of(ended.report())} == {
        ("create", "AWS::SQS::Queue", "abroad"),
        ("create", "AWS::DynamoDB::Table", "abroad"),
    }


def test_a_deletion_by_host_name_is_denied(confined: Confined, production: Production) -> None:
    url = production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"]
    production.call("sqs", "SendMessage", QueueUrl=url, MessageBody="paid for")
    script = "aws sqs delete-queue --queue-url https://sqs.us-east-1.amazonaws.com/"
    ended = confined("bash", "-c", f"{script}123456789012/orders")
    assert ended.status == 4, ended.err + ended.out
    assert rules_of(ended.report()) == {"unexpected-delete"}


def test_cloudformation_deploys(confined: Confined, programs: Programs) -> None:
    (programs.workdir / "web.yaml").write_text(TEMPLATE)
    words = ("deploy", "--stack-name", "web", "--template-file", "web.yaml")
    ended = confined("aws", "cloudformation", *words)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {
        ("create", "AWS::CloudFormation::Stack", "web"),
        ("create", "AWS::SQS::Queue", "jobs"),
    }
