"""An agent loop: propose, be denied, read the findings, propose again, be promoted.

`Agent` stands for a language model; what it does with the findings is what a model would be
prompted to do with them. Everything else is what a real loop looks like.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from production import ACCOUNT, REGION, production

from executor import Change, Executor, Intent

TASK = "Raise the visibility timeout of the orders queue to 120 seconds."


@dataclass
class Agent:
    """Proposes a change for a task, in the light of what the last one did."""

    queue_url: str
    feedback: list[str] = field(default_factory=list)

    def propose(self) -> list[dict[str, object]]:
        if not self.feedback:
            # "Cannot hurt: I make it again with the right setting."
            return [
                {
                    "service": "sqs",
                    "operation": "DeleteQueue",
                    "params": {"QueueUrl": self.queue_url},
                },
                {
                    "service": "sqs",
                    "operation": "CreateQueue",
                    "params": {"QueueName": "orders", "Attributes": {"VisibilityTimeout": "120"}},
                },
            ]
        return [
            {
                "service": "sqs",
                "operation": "SetQueueAttributes",
                "params": {"QueueUrl": self.queue_url, "Attributes": {"VisibilityTimeout": "120"}},
            }
        ]


def main() -> int:
    with production() as account:
        os.environ.update(
            AWS_ACCESS_KEY_ID=ACCOUNT, AWS_SECRET_ACCESS_KEY="production", AWS_REGION=REGION
        )
        sqs = account.client("sqs")
        agent = Agent(queue_url=sqs.create_queue(QueueName="orders")["QueueUrl"])
        sqs.send_message(QueueUrl=agent.queue_url, MessageBody="order 1")
        executor = Executor(target=account.url)
        intent = Intent(summary=TASK, expect=["update AWS::SQS::Queue orders"])
        for attempt in range(1, 4):
            report = executor.dry_run(Change.calls(agent.propose()), intent)
            print(f"attempt {attempt}: {report.decision}")
            if report.decision == "allow":
                receipt = executor.promote(report)
                print(f"promoted, confirmed: {receipt.confirmed}")
                return 0 if receipt.confirmed else 1
            for finding in report.findings:
                print(f"  {finding.rule}: {finding.message}")
                agent.feedback.append(f"{finding.rule}: {finding.message}")
        print("the agent gave up")
        return 1


if __name__ == "__main__":
    sys.exit(main())
