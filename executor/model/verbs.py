"""Whether an operation can change state, told by its name.

AWS names operations verb first. What begins with a verb of looking is taken to look, with the
exceptions below; everything else changes state. In doubt it does: a reading operation taken
for a changing one costs a false alarm, the reverse costs production.
"""

from __future__ import annotations

import re

_LOOKING = frozenset(
    {
        "BatchDetect",
        "BatchGet",
        "Check",
        "Compare",
        "Count",
        "Describe",
        "Detect",
        "Discover",
        "Download",
        "Estimate",
        "Filter",
        "Get",
        "Head",
        "List",
        "Lookup",
        "Preview",
        "Query",
        "Resolve",
        "Scan",
        "Search",
        "Select",
        "Simulate",
        "Validate",
    }
)

_CHANGES_ANYWAY = frozenset(
    {
        "apigatewayv2:PreviewPortal",
        "appconfigdata:GetLatestConfiguration",
        "chime-sdk-voice:ValidateE911Address",
        "cognito-identity:GetId",
        "cognito-identity:GetOpenIdToken",
        "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
        "cognito-idp:GetUserAttributeVerificationCode",
        "customer-profiles:DetectProfileObjectType",
        "importexport:GetShippingLabel",
        "iot:DescribeEndpoint",
        "iot:GetRegistrationCode",
        "license-manager:CheckInLicense",
        "payment-cryptography:GetCertificateSigningRequest",
        "redshift-serverless:GetCredentials",
        "redshift:GetClusterCredentials",
        "redshift:GetClusterCredentialsWithIAM",
        "resiliencehub:ResolveAppVersionResources",
        "sagemaker:GetScalingConfigurationRecommendation",
        "stepfunctions:GetActivityTask",
        "support:ResolveCase",
    }
)
"""Named like a look, and changes something or is not known well enough."""

_LOOKS_ANYWAY = frozenset(
    {
        "dynamodb:TransactGetItems",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "kms:Decrypt",
        "kms:DeriveSharedSecret",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:GenerateMac",
        "kms:GenerateRandom",
        "kms:ReEncrypt",
        "kms:Sign",
        "kms:Verify",
        "kms:VerifyMac",
        "logs:StartLiveTail",
        "logs:StartQuery",
        "logs:StopQuery",
        "logs:TestMetricFilter",
        "logs:TestTransformer",
        "events:TestEventPattern",
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoot",
        "sts:DecodeAuthorizationMessage",
    }
)
"""Not named like a look, and leaves every resource as it was."""

_FIRST_WORDS = re.compile(r"(BatchGet|BatchDetect|[A-Z][a-z0-9]*)")


def is_mutating(service: str, operation: str) -> bool:
    """Whether the operation can change state.

    Args:
        service: botocore service name (`sqs`).
        operation: botocore operation name (`DeleteQueue`).
    """
    name = f"{service}:{operation}"
    if name in _CHANGES_ANYWAY:
        return True
    if name in _LOOKS_ANYWAY:
        return False
    found = _FIRST_WORDS.match(operation)
    return found is None or found.group() not in _LOOKING
