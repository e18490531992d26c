"""The first draft of the same change: it made the queue anew, and its messages were gone."""

from __future__ import annotations

import boto3


def main() -> None:
    sqs = boto3.client("sqs")
    sqs.create_queue(QueueName="jobs-failed")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="jobs")["QueueUrl"])
    sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "120"})


if __name__ == "__main__":
    main()
