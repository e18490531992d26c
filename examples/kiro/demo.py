"""The Kiro incident, rehearsed: `python examples/kiro/demo.py`.

In December 2025 a coding agent decided to delete and re-create a production environment;
the outage lasted 13 hours. Here the same idea meets a replica first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from production import ACCOUNT, REGION, Production, confinement, production  # noqa: E402

from executor import Change, Executor, Intent  # noqa: E402
from executor.reports import render  # noqa: E402


def furnish(account: Production) -> None:
    """Make the environment as it was before the incident, with data in it."""
    cloudformation = account.client("cloudformation")
    template = (HERE / "environment.yaml").read_text(encoding="utf-8")
    cloudformation.create_stack(StackName="cost-explorer", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="cost-explorer", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    s3 = account.client("s3")
    for month in ("2025-10", "2025-11", "2025-12"):
        s3.put_object(Bucket="cost-explorer-reports", Key=f"{month}.csv", Body=b"account,cost\n")
    account.client("dynamodb").put_item(
        TableName="cost-explorer-usage", Item={"account": {"S": "123456789012"}}
    )


def describe(account: Production) -> str:
    """Return what production looks like, in one line."""
    s3 = account.client("s3")
    objects = s3.list_objects_v2(Bucket="cost-explorer-reports").get("KeyCount", 0)
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName="cost-explorer-jobs")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return (
        f"{objects} reports, visibility timeout {attributes['Attributes']['VisibilityTimeout']} s"
    )


def main() -> int:
    with production() as account:
        os.environ.update(
            AWS_ACCESS_KEY_ID=ACCOUNT, AWS_SECRET_ACCESS_KEY="production", AWS_REGION=REGION
        )
        furnish(account)
        print(f"production:            {describe(account)}\n")
        executor = Executor(target=account.url, confine=confinement())

        print("1. The agent proposes to delete and re-create the environment.\n")
        proposal = Change.command([sys.executable, "recreate.py"], workdir=HERE)
        report = executor.dry_run(
            proposal, Intent(expect=["update AWS::SQS::Queue cost-explorer-jobs"])
        )
        print(render(report, "text"))
        if report.decision != "deny":
            print("the dry run should have denied this", file=sys.stderr)
            return 1
        print(f"production, untouched: {describe(account)}\n")

        print("2. It reads why, and proposes to update the stack in place.\n")
        proposal = Change.command([sys.executable, "mend.py"], workdir=HERE)
        report = executor.dry_run(
            proposal, Intent(expect=["update AWS::SQS::Queue cost-explorer-jobs"])
        )
        print(render(report, "text"))
        if report.decision != "allow":
            print("the dry run should have allowed this", file=sys.stderr)
            return 1
        receipt = executor.promote(report)
        print(f"promoted: {len(receipt.steps)} call(s), confirmed: {receipt.confirmed}")
        print(f"production, mended:    {describe(account)}")
        return 0 if receipt.confirmed else 1


if __name__ == "__main__":
    sys.exit(main())
