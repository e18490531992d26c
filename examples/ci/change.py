"""The change of the pull request: a queue for failed jobs, and more time for each job."""

from __future__ import annotations

import json

import boto3


def main() -> None:
    sqs = boto3.client("sqs")
    failed = sqs.create_queue(QueueName="jobs-failed")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=failed, AttributeNames=["QueueArn"])
    redrive = {
        "deadLetterTargetArn": attributes["Attributes"]["QueueArn"],
        "maxReceiveCount": "5",
    }
    sqs.set_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName="jobs")["QueueUrl"],
        Attributes={"VisibilityTimeout": "120", "RedrivePolicy": json.dumps(redrive)},
    )


if __name__ == "__main__":
    main()
