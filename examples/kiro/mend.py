"""The right change: update the stack in place."""

from __future__ import annotations

from pathlib import Path

import boto3

STACK = "cost-explorer"


def main() -> None:
    cloudformation = boto3.client("cloudformation")
    template = Path(__file__).with_name("environment-mended.yaml").read_text(encoding="utf-8")
    cloudformation.update_stack(StackName=STACK, TemplateBody=template)
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    print("environment updated")


if __name__ == "__main__":
    main()
