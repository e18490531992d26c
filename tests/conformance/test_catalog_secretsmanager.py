"""Secrets on every emulator."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from executor.aws import Api
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import EMULATORS, Case, check_case, lab, only

_FIRST = "11111111-2222-3333-4444-555555555555"
_SECOND = "22222222-2222-3333-4444-555555555555"


def _make(api: Api) -> None:
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
    _make(api)


def _update(api: Api) -> None:
    params = {"SecretId": "prod/db", "Description": "other"}
    api.call("secretsmanager", "UpdateSecret", params)


SECRET = Case(
    service="secretsmanager",
    type="AWS::SecretsManager::Secret",
    make=_make,
    remake=_remake,
    update=_update,
)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_secret_is_read_rebuilt_and_told_from_its_successor(emulator: str, runtime: Path) -> None:
    check_case(SECRET, emulator, runtime)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_secret_scheduled_for_deletion_stays_so_in_the_replica(
    emulator: str, runtime: Path
) -> None:
    with lab(emulator, runtime) as target, lab(emulator, runtime) as replica:
        target.api.call("secretsmanager", "CreateSecret", {"Name": "old", "SecretString": "x"})
        target.api.call("secretsmanager", "DeleteSecret", {"SecretId": "old"})
        made = target.read("secretsmanager")
        assert replica.seed(made, "secretsmanager") == ()
        rebuilt = replica.read("secretsmanager")
        assert only(rebuilt, "AWS::SecretsManager::Secret")["old"].deferred_delete
        assert only(made, "AWS::SecretsManager::Secret")["old"].deferred_delete


@pytest.mark.parametrize("emulator", EMULATORS)
def test_rotation_is_rebuilt_without_its_function(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target, lab(emulator, runtime) as replica:
        _make(target.api)
        made = target.read("secretsmanager")
        secret = only(made, "AWS::SecretsManager::Secret")["prod/db"]
        # As real AWS tells it; no emulator here keeps rotation without a function.
        rotation: JsonObject = {
            "RotationEnabled": True,
            "RotationLambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:rotate",
            "RotationRules": {"AutomaticallyAfterDays": 30},
        }
        rotated = replace(secret, raw={**secret.raw, **rotation})
        snapshot = replace(made, resources={secret.address: rotated})
        assert replica.seed(snapshot, "secretsmanager") == ()
        rebuilt = only(replica.read("secretsmanager"), "AWS::SecretsManager::Secret")["prod/db"]
        assert rebuilt.properties["RotationEnabled"] is True
        assert rebuilt.properties["Stages"] == secret.properties["Stages"]
