"""The change that benchmarks rehearse: twenty ordinary calls to three services."""

from __future__ import annotations

import boto3


def main() -> None:
    s3 = boto3.client("s3")
    sqs = boto3.client("sqs")
    sns = boto3.client("sns")
    s3.create_bucket(Bucket="benchmark-bucket")
    for n in range(6):
        s3.put_object(Bucket="benchmark-bucket", Key=f"object-{n}", Body=b"x" * 1000)
    s3.list_objects_v2(Bucket="benchmark-bucket")
    url = sqs.create_queue(QueueName="benchmark-queue")["QueueUrl"]
    for n in range(4):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {n}")
    topic = sns.create_topic(Name="benchmark-topic")["TopicArn"]
    for n in range(5):
        sns.publish(TopicArn=topic, Message=f"message {n}")
    sns.list_topics()


if __name__ == "__main__":
    main()
