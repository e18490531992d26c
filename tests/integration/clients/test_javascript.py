"""The AWS SDK for JavaScript, version 3, and the CDK."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.integration.clients.conftest import Confined
from tests.integration.conftest import Production
from tests.integration.programs import Programs, effects_of, rules_of

pytestmark = [pytest.mark.node]

APP = """
import { S3Client, CreateBucketCommand, PutObjectCommand, ListObjectsV2Command }
  from "@aws-sdk/client-s3";
import { SQSClient, CreateQueueCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { DynamoDBClient, CreateTableCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
const region = "us-east-1";
const s3 = new S3Client({ region });
const sqs = new SQSClient({ region });
const dynamodb = new DynamoDBClient({ region });
await s3.send(new CreateBucketCommand({ Bucket: "from-node" }));
await s3.send(new PutObjectCommand({ Bucket: "from-node", Key: "a/b c.txt", Body: "hello" }));
const listed = await s3.send(new ListObjectsV2Command({ Bucket: "from-node" }));
if (listed.Contents[0].Key !== "a/b c.txt") throw new Error("the object is not there");
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "from-node" }));
await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
await dynamodb.send(new CreateTableCommand({
  TableName: "from-node", BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }));
await dynamodb.send(new PutItemCommand({ TableName: "from-node", Item: { id: { S: "1" } } }));
"""
PURGE = """
import { SQSClient, GetQueueUrlCommand, PurgeQueueCommand } from "@aws-sdk/client-sqs";
const sqs = new SQSClient({ region: "us-east-1" });
const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "orders" }));
await sqs.send(new PurgeQueueCommand({ QueueUrl }));
"""
CDK = """
const { App, Stack, LegacyStackSynthesizer, aws_sqs, aws_s3 } = require("aws-cdk-lib");
const stack = new Stack(new App(), "web", { synthesizer: new LegacyStackSynthesizer() });
new aws_sqs.Queue(stack, "Jobs", { queueName: "jobs" });
new aws_s3.Bucket(stack, "Assets", { bucketName: "web-assets" });
"""


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(autouse=True)
def _modules(programs: Programs, node_modules: Path) -> None:
    # As `npm install` leaves them there, without the time it takes.
    place = programs.workdir / "node_modules"
    shutil.copytree(node_modules, place, symlinks=True, copy_function=_link_or_copy)


def test_the_sdk_creates_and_fills(confined: Confined, programs: Programs) -> None:
    (programs.workdir / "app.mjs").write_text(APP)
    ended = confined("node", "app.mjs")
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {
        ("create", "AWS::S3::Bucket", "from-node"),
        ("create", "AWS::SQS::Queue", "from-node"),
        ("create", "AWS::DynamoDB::Table", "from-node"),
    }


def test_the_sdk_is_denied_a_purge(
    confined: Confined, programs: Programs, production: Production
) -> None:
    url = production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"]
    production.call("sqs", "SendMessage", QueueUrl=url, MessageBody="paid for")
    (programs.workdir / "purge.mjs").write_text(PURGE)
    ended = confined("node", "purge.mjs")
    assert ended.status == 4, ended.err + ended.out
    assert rules_of(ended.report()) == {"unexpected-data-loss"}


def test_the_cdk_deploys(confined: Confined, programs: Programs) -> None:
    (programs.workdir / "app.cjs").write_text(CDK)
    (programs.workdir / "cdk.json").write_text('{"app": "node app.cjs", "versionReporting": false}')
    ended = confined("node_modules/.bin/cdk", "deploy", "--require-approval", "never", "--ci")
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {
        ("create", "AWS::CloudFormation::Stack", "web"),
        ("create", "AWS::S3::Bucket", "web-assets"),
        ("create", "AWS::SQS::Queue", "jobs"),
    }
