"""The change that benchmarks rehearse: twenty ordinary calls to three services."""

from __future__ import annotations

import boto3


def main() -> None:
    s3 = boto3.client("s3")
    sqs = boto3.client("sqs")
    dynamodb = boto3.client("dynamodb")
    s3.create_bucket(Bucket="benchmark-bucket")
    for n in range(6):
        s3.put_object(Bucket="benchmark-bucket", Key=f"object-{n}", Body=b"x" * 1000)
    s3.list_objects_v2(Bucket="benchmark-bucket")
    url = sqs.create_queue(QueueName="benchmark-queue")["QueueUrl"]
    for n in range(4):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {n}")
    dynamodb.create_table(
        TableName="benchmark-table",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    for n in range(5):
        dynamodb.put_item(TableName="benchmark-table", Item={"id": {"S": str(n)}})
    dynamodb.scan(TableName="benchmark-table")


if __name__ == "__main__":
    main()
