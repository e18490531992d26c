"""What the agent did: jobs are processed twice, so it deletes and re-creates the environment.

An ordinary boto3 script. It knows nothing of the executor and has no endpoint in it.
"""

from __future__ import annotations

from pathlib import Path

import boto3

STACK = "cost-explorer"
BUCKET = "cost-explorer-reports"


def main() -> None:
    cloudformation = boto3.client("cloudformation")
    s3 = boto3.client("s3")
    # CloudFormation refuses to delete a full bucket, so the agent empties it first.
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    template = Path(__file__).with_name("environment-mended.yaml").read_text(encoding="utf-8")
    cloudformation.create_stack(StackName=STACK, TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    print("environment re-created")


if __name__ == "__main__":
    main()
