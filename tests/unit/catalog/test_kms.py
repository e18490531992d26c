"""KMS: what calls touch, and what is dangerous."""

from __future__ import annotations

import json

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

KEY = "AWS::KMS::Key"


def _policy(*accounts: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{a}:root" for a in accounts]},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Statement": [statement]})


def _key(**changes: Json) -> dict[str, Json]:
    return {
        "KeyId": "k-1",
        "Arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k-1",
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "Policy": _policy(ACCOUNT),
        "Rotation": {"KeyRotationEnabled": True},
        **changes,
    }


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"KeyState": "Disabled"}, {("disruption", "Enabled")}),
        ({"Rotation": {"KeyRotationEnabled": False}}, {("protection-loss", "Rotation")}),
        ({"Policy": _policy(ACCOUNT, "999999999999")}, {("exposure", "OpenTo")}),
        (
            {"Policy": _policy("999999999999")},
            {("exposure", "OpenTo"), ("disruption", "KeyPolicy")},
        ),
        (
            {"Grants": [{"GrantId": "g", "GranteePrincipal": "x", "Operations": ["Decrypt"]}]},
            {("exposure", "Grants")},
        ),
        ({"Description": "another"}, set()),
    ],
)
def test_changes_of_a_key_and_their_dangers(
    after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(KEY, _key(), _key(**after)) == expected


def test_key_pending_deletion_is_deferred() -> None:
    assert described(KEY, _key(KeyState="PendingDeletion")).deferred_delete
    assert not described(KEY, _key()).deferred_delete


def test_keys_of_aws_are_built_in() -> None:
    assert described(KEY, _key(KeyManager="AWS")).builtin
    alias: dict[str, Json] = {"AliasName": "alias/aws/s3", "AliasArn": "arn"}
    assert described("AWS::KMS::Alias", alias).builtin


def test_partly_read_key_can_still_be_described() -> None:
    assert described(KEY, {"KeyId": "k-1"}).id == "k-1"


def test_pointing_an_alias_elsewhere_is_disruption() -> None:
    def alias(key: str) -> dict[str, Json]:
        return {"AliasName": "alias/a", "AliasArn": "arn", "TargetKeyId": key}

    expected = {("disruption", "TargetKeyId")}
    assert hazards("AWS::KMS::Alias", alias("k-1"), alias("k-2")) == expected


def test_scheduling_deletes_the_key() -> None:
    params = {"KeyId": "alias/a", "PendingWindowInDays": 7}
    assert touches("kms:ScheduleKeyDeletion", params) == {("KMS::Key", "delete", ("alias/a",), "")}


def test_moving_an_alias_touches_alias_and_both_keys() -> None:
    params = {"AliasName": "alias/a", "TargetKeyId": "k-2"}
    assert touches("kms:UpdateAlias", params) == {
        ("KMS::Alias", "update", ("alias/a",), ""),
        ("KMS::Key", "update", ("k-2",), "alias"),
        ("KMS::Key", "update", ("alias/a",), "alias"),
    }


def test_destroying_key_material_destroys_data() -> None:
    found = touches("kms:DeleteImportedKeyMaterial", {"KeyId": "k-1"})
    assert found == {("KMS::Key", "erase", ("k-1",), "key material")}


def test_using_a_key_is_harmless_and_replicating_it_is_not_read() -> None:
    assert not is_unread("kms:Encrypt", {"KeyId": "k-1"})
    assert is_unread("kms:ReplicateKey", {"KeyId": "k-1"})
