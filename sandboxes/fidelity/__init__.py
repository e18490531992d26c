"""What emulators do, but not as AWS does it: a success there proves nothing.

Each entry was seen by trying it on the named emulator, or starts code, which no sandbox runs. A
run that makes such a call is `undecided`, never `allow`. `service:Operation EXPRESSION` is
about calls of which the JMESPath expression over the parameters is true.
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
_WAYS: Final = "where it leads to by weight, and who has to say who he is, is forgotten"
_SAID_TO_NOBODY: Final = "what it sets is kept and cannot be asked for"
_PROTECTS_UNTOLD: Final = "what a web ACL protects is kept and cannot be asked for"
_UNFAITHFUL: Final[Mapping[str, Mapping[str, str]]] = {
    "ministack": {
        "autoscaling:UpdateAutoScalingGroup LaunchTemplate || LaunchConfigurationName"
        " || MixedInstancesPolicy || DeletionProtection || AvailabilityZones"
        " || TerminationPolicies": "only sizes, subnets and health checks are changed",
        "ec2:DeregisterImage DeleteAssociatedSnapshots": "its snapshots are kept",
        "ec2:ModifyVpcEndpoint PolicyDocument || ResetPolicy || AddSecurityGroupIds"
        " || RemoveSecurityGroupIds || PrivateDnsEnabled != `null`": "policy, groups and names"
        " stay as they are",
        "ec2:ReplaceNetworkAclAssociation": "which subnet it is about is forgotten",
        "elbv2:CreateListener DefaultActions[].ForwardConfig"
        " || DefaultActions[].AuthenticateCognitoConfig || MutualAuthentication": _WAYS,
        "elbv2:ModifyListener DefaultActions[].ForwardConfig"
        " || DefaultActions[].AuthenticateCognitoConfig || MutualAuthentication": _WAYS,
        "elbv2:CreateRule Actions[].ForwardConfig || Actions[].AuthenticateCognitoConfig": _WAYS,
        "elbv2:ModifyRule Actions[].ForwardConfig || Actions[].AuthenticateCognitoConfig": _WAYS,
        "ses:SetIdentityFeedbackForwardingEnabled": _SAID_TO_NOBODY,
        "ses:SetIdentityNotificationTopic": _SAID_TO_NOBODY,
    },
    "moto": {
        "kinesis:DeregisterStreamConsumer ConsumerName": "it stays, and all others go",
        "ec2:CreateLaunchTemplateVersion SourceVersion": "the source version is left out",
        "ec2:DeregisterImage DeleteAssociatedSnapshots": "its snapshots are kept",
        "elbv2:ModifyListener MutualAuthentication": "it is taken and ignored",
        "cloudfront:UpdateDistribution": "which origins are asked with a signature, and which"
        " functions run, is forgotten",
        "ses:SetIdentityNotificationTopic": _SAID_TO_NOBODY,
        "wafv2:AssociateWebACL": _PROTECTS_UNTOLD,
        "wafv2:DisassociateWebACL": _PROTECTS_UNTOLD,
    },
    "localstack": {
        # Of the image that is built from packages.
        "dynamodb:UpdateTable DeletionProtectionEnabled != `null`": "its DynamoDB, of 2020, knows"
        " no protection from deletion",
    },
}


def unfaithful(emulator: str) -> Mapping[str, str]:
    """Return `service:Operation[ EXPRESSION]` -> how the emulator differs from AWS."""
    return {**_STARTS_CODE, **_UNFAITHFUL.get(emulator, {})}
