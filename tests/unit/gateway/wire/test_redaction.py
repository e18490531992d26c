from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from executor.gateway.wire import STREAMED, Models, Redaction

REDACTION = Redaction(Models())
HIDDEN = "<redacted>"


@pytest.mark.parametrize(
    ("service", "operation", "params", "shown"),
    [
        (
            "secretsmanager",
            "CreateSecret",
            {"Name": "n", "SecretString": "s3cret"},
            {"Name": "n", "SecretString": HIDDEN},
        ),
        (
            "secretsmanager",
            "PutSecretValue",
            {"SecretId": "n", "SecretBinary": b"s3cret"},
            {"SecretId": "n", "SecretBinary": HIDDEN},
        ),
        (
            "rds",
            "CreateDBInstance",
            {"DBInstanceIdentifier": "d", "MasterUserPassword": "s3cret"},
            {"DBInstanceIdentifier": "d", "MasterUserPassword": HIDDEN},
        ),
        (
            "ssm",
            "PutParameter",
            {"Name": "n", "Value": "s3cret"},
            {"Name": "n", "Value": HIDDEN},
        ),
        (
            "lambda",
            "CreateFunction",
            {"FunctionName": "f", "Environment": {"Variables": {"TOKEN": "s3cret"}}},
            {"FunctionName": "f", "Environment": {"Variables": HIDDEN}},
        ),
        (
            "ec2",
            "RunInstances",
            {"ImageId": "i", "UserData": "s3cret"},
            {"ImageId": "i", "UserData": HIDDEN},
        ),
        (
            "elasticbeanstalk",
            "UpdateEnvironment",
            {
                "OptionSettings": [
                    {"OptionName": "DB_PASSWORD", "Value": "s3cret"},
                    {"OptionName": "MODE", "Value": "on"},
                ]
            },
            {
                "OptionSettings": [
                    {"OptionName": "DB_PASSWORD", "Value": HIDDEN},
                    {"OptionName": "MODE", "Value": "on"},
                ]
            },
        ),
        (
            "cloudformation",
            "CreateStack",
            {"Parameters": [{"ParameterKey": "DbPassword", "ParameterValue": "s3cret"}]},
            {"Parameters": [{"ParameterKey": "DbPassword", "ParameterValue": HIDDEN}]},
        ),
    ],
)
def test_secrets_are_hidden(
    service: str, operation: str, params: dict[str, object], shown: dict[str, object]
) -> None:
    found, changed = REDACTION.redact(service, operation, params)
    assert found == shown
    assert changed


@pytest.mark.parametrize(
    ("service", "operation", "output"),
    [
        ("secretsmanager", "GetSecretValue", {"SecretString": "s3cret"}),
        ("iam", "CreateAccessKey", {"AccessKey": {"SecretAccessKey": "s3cret"}}),
        ("sts", "AssumeRole", {"Credentials": {"SessionToken": "s3cret"}}),
        ("ssm", "GetParameter", {"Parameter": {"Name": "n", "Value": "s3cret"}}),
        ("kms", "Decrypt", {"Plaintext": b"s3cret"}),
        ("ec2", "CreateKeyPair", {"KeyMaterial": "s3cret"}),
    ],
)
def test_secrets_in_answers_are_hidden(
    service: str, operation: str, output: dict[str, object]
) -> None:
    found, changed = REDACTION.redact(service, operation, output, response=True)
    assert "s3cret" not in str(found)
    assert changed


def test_what_is_no_secret_is_shown_as_it_is() -> None:
    params = {"QueueName": "q", "Attributes": {"VisibilityTimeout": "30"}}
    assert REDACTION.redact("sqs", "CreateQueue", params) == (params, False)


def test_bulk_is_told_by_size_and_digest() -> None:
    body, text = b"x" * 9, "t" * (17 << 10)
    found, changed = REDACTION.redact("s3", "PutObject", {"Body": body, "Key": text})
    assert found["Body"] == {"$bytes": 9, "sha256": hashlib.sha256(body).hexdigest()}
    cut = found["Key"]
    assert isinstance(cut, dict)
    assert cut["length"] == len(text)
    assert changed


def test_what_json_lacks_is_told_in_words() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    found, changed = REDACTION.redact(
        "x", "Y", {"At": moment, "Nan": float("nan"), "Body": STREAMED}
    )
    assert found == {
        "At": "2026-01-01T00:00:00+00:00",
        "Nan": "nan",
        "Body": {"$streamed": True},
    }
    assert changed


def test_only_name_that_a_resource_has_is_shown() -> None:
    params = {"UserPoolId": "p", "ClientId": "c1"}
    assert REDACTION.redact("cognito-idp", "DeleteUserPoolClient", params) == (params, False)
    secret = {**params, "ClientName": "web", "ClientSecret": "s3cret"}
    shown, hidden = REDACTION.redact(
        "cognito-idp", "CreateUserPoolClient", {"UserPoolClient": secret}, response=True
    )
    assert shown == {"UserPoolClient": {**secret, "ClientSecret": HIDDEN}}
    assert hidden
