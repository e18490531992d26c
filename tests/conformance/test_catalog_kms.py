"""KMS on every emulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from executor.aws import Api
from tests.conformance.catalog_harness import EMULATORS, lab
from tests.conformance.catalog_whole import check_whole

OPEN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": [f"arn:aws:iam::{a}:root" for a in (123456789012, 999999999999)]
                },
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
)


def _key(api: Api, **params: object) -> str:
    metadata = api.call("kms", "CreateKey", params)["KeyMetadata"]
    assert isinstance(metadata, dict)
    return str(metadata["KeyId"])


def _make(api: Api) -> None:
    rich = _key(api, Description="rich", Tags=[{"TagKey": "team", "TagValue": "a"}])
    signing = _key(api, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    doomed = _key(api, Description="doomed")
    api.call("kms", "CreateAlias", {"AliasName": "alias/rich", "TargetKeyId": rich})
    api.call("kms", "EnableKeyRotation", {"KeyId": rich})
    api.call("kms", "PutKeyPolicy", {"KeyId": rich, "PolicyName": "default", "Policy": OPEN})
    for name in ("first", "second"):
        api.call(
            "kms",
            "CreateGrant",
            {
                "KeyId": rich,
                "GranteePrincipal": f"arn:aws:iam::123456789012:role/{name}",
                "Operations": ["Encrypt", "Decrypt"],
                "Name": name,
            },
        )
    api.call("kms", "DisableKey", {"KeyId": signing})
    api.call("kms", "ScheduleKeyDeletion", {"KeyId": doomed, "PendingWindowInDays": 7})


@pytest.mark.parametrize("emulator", EMULATORS)
def test_keys_and_aliases_are_read_and_rebuilt(emulator: str, runtime: Path) -> None:
    types = ("AWS::KMS::Key", "AWS::KMS::Alias")
    check_whole(_make, ("kms",), types, {}, emulator, runtime)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_scheduled_deletion_is_deferred_and_known_by_the_alias(
    emulator: str, runtime: Path
) -> None:
    with lab(emulator, runtime) as target:
        key = _key(target.api, Description="k")
        target.api.call("kms", "CreateAlias", {"AliasName": "alias/k", "TargetKeyId": key})
        target.api.call("kms", "ScheduleKeyDeletion", {"KeyId": key})
        found = {r.id: r for r in target.read("kms").of_type("AWS::KMS::Key")}[key]
    assert found.deferred_delete
    assert "alias/k" in found.handles
