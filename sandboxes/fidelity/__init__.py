"""What emulators do, but not as AWS does it: a success there proves nothing.

Each entry was seen by trying it on the named emulator, or starts code, which no sandbox runs. A
run that makes such a call is `undecided`, never `allow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CODE: Final = "what it starts is not run in a sandbox, and may do anything"
# Not because of an emulator: what these start is the change's or the target's own code or SQL.
_STARTS_CODE: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "athena:StartQueryExecution",
        "bedrock-agent-runtime:InvokeAgent",
        "bedrock-agent-runtime:InvokeFlow",
        "codedeploy:CreateDeployment",
        "codepipeline:StartPipelineExecution",
        "emr-containers:StartJobRun",
        "emr-serverless:StartJobRun",
        "glue:StartCrawler",
        "glue:StartJobRun",
        "kinesisanalyticsv2:StartApplication",
        "mwaa:InvokeRestApi",
        "osis:StartPipeline",
        "rds-data:BatchExecuteStatement",
        "rds-data:ExecuteStatement",
        "redshift-data:BatchExecuteStatement",
        "redshift-data:ExecuteStatement",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateTransformJob",
        "sagemaker:StartPipelineExecution",
        "ssm:SendCommand",
        "ssm:StartAutomationExecution",
        "stepfunctions:RedriveExecution",
        "stepfunctions:StartExecution",
        "stepfunctions:StartSyncExecution",
        "stepfunctions:TestState",
    ),
    _CODE,
)
_UNFAITHFUL: Final[Mapping[str, Mapping[str, str]]] = {
    "ministack": {
        "ec2:TerminateInstances": "volumes that AWS deletes with the instance are kept, and"
        " termination protection is ignored",
    },
    "moto": {
        "cloudformation:UpdateStack": "a resource that AWS replaces is kept",
        "cloudformation:ExecuteChangeSet": "a resource that AWS replaces is kept",
        "cloudformation:DeleteStack": "a full bucket is kept, and the stack is said to be deleted;"
        " termination protection is ignored",
    },
    "localstack": {
        "cloudformation:UpdateTerminationProtection": "the protection is taken and ignored",
    },
}


def unfaithful(emulator: str) -> Mapping[str, str]:
    """Return `service:Operation` -> how the emulator differs from AWS."""
    return {**_STARTS_CODE, **_UNFAITHFUL.get(emulator, {})}
