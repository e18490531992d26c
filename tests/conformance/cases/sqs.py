"""SQS queues on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import Case


def _make(api: Api) -> None:
    dead = api.call("sqs", "CreateQueue", {"QueueName": "dead"})["QueueUrl"]
    api.call(
        "sqs",
        "CreateQueue",
        {
            "QueueName": "orders",
            "Attributes": {
                "VisibilityTimeout": "55",
                "MessageRetentionPeriod": "86400",
                "RedrivePolicy": json.dumps(
                    {
                        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead",
                        "maxReceiveCount": 3,
                    }
                ),
            },
            "tags": {"team": "größe"},
        },
    )
    api.call("sqs", "SendMessage", {"QueueUrl": dead, "MessageBody": "x"})
    api.call("sqs", "CreateQueue", {"QueueName": "a.fifo", "Attributes": {"FifoQueue": "true"}})


def _remake(api: Api) -> None:
    for name in ("orders", "dead", "a.fifo"):
        url = api.call("sqs", "GetQueueUrl", {"QueueName": name})["QueueUrl"]
        api.call("sqs", "DeleteQueue", {"QueueUrl": url})
    _make(api)


def _update(api: Api) -> None:
    url = api.call("sqs", "GetQueueUrl", {"QueueName": "orders"})["QueueUrl"]
    attributes = {"VisibilityTimeout": "56"}
    api.call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": attributes})


QUEUE = Case(service="sqs", type="AWS::SQS::Queue", make=_make, remake=_remake, update=_update)
CASES = (QUEUE,)
