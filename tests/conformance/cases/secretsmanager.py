"""Secrets on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import Case

_FIRST = "11111111-2222-3333-4444-555555555555"
_SECOND = "22222222-2222-3333-4444-555555555555"


def make_secrets(api: Api) -> None:
    api.call(
        "secretsmanager",
        "CreateSecret",
        {
            "Name": "prod/db",
            "Description": "größe",
            "KmsKeyId": "alias/own",
            "SecretString": "one",
            "ClientRequestToken": _FIRST,
            "Tags": [{"Key": "team", "Value": "a"}],
        },
    )
    api.call(
        "secretsmanager",
        "PutSecretValue",
        {"SecretId": "prod/db", "SecretString": "two", "ClientRequestToken": _SECOND},
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api.call(
        "secretsmanager", "PutResourcePolicy", {"SecretId": "prod/db", "ResourcePolicy": document}
    )
    api.call("secretsmanager", "CreateSecret", {"Name": "once", "SecretString": "x"})


def _remake(api: Api) -> None:
    for name in ("prod/db", "once"):
        params = {"SecretId": name, "ForceDeleteWithoutRecovery": True}
        api.call("secretsmanager", "DeleteSecret", params)
    make_secrets(api)


def _update(api: Api) -> None:
    params = {"SecretId": "prod/db", "Description": "other"}
    api.call("secretsmanager", "UpdateSecret", params)


SECRET = Case(
    service="secretsmanager",
    type="AWS::SecretsManager::Secret",
    make=make_secrets,
    remake=_remake,
    update=_update,
)


CASES = (SECRET,)
