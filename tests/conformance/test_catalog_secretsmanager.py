"""Secrets on every emulator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from executor.model.json import JsonObject
from tests.conformance.cases.secretsmanager import make_secrets
from tests.conformance.catalog_harness import EMULATORS, lab, only


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
        make_secrets(target.api)
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
