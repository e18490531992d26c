"""Who may pass, and what is said to those who may not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from executor.gateway.accounts import Accounts
from executor.gateway.admission import (
    EngineHasIt,
    KnownAccounts,
    OnlyTrying,
    Refused,
    first_refusal,
)
from executor.gateway.wire import Identity
from executor.model.call import Refusal
from sandboxes.model import Operations

_ACCOUNT = "123456789012"
_HAS = Operations({"s3": frozenset({"DeleteBucket"})})


def _identity(service: str, operation: str, params: Mapping[str, object] | None = None) -> Identity:
    return Identity(
        service=service,
        operation=operation,
        region="us-east-1",
        access_key="AKIA",
        params=params or {},
    )


def test_what_is_only_tried_is_answered_as_aws_does_and_nothing_is_missing() -> None:
    refused = OnlyTrying()(_identity("ec2", "DeleteVolume", {"VolumeId": "v", "DryRun": True}))
    assert refused is not None
    assert (refused.refusal, refused.code, refused.status) == (None, "DryRunOperation", 412)
    assert OnlyTrying()(_identity("ec2", "DeleteVolume", {"DryRun": False})) is None
    assert OnlyTrying()(_identity("glue", "StartJobRun", {"DryRun": True})) is None


class RecordingRule:
    def __init__(self, answer: Refused | None) -> None:
        self._answer = answer
        self.asked = 0

    def __call__(self, identity: Identity) -> Refused | None:
        self.asked += 1
        return self._answer


def test_operation_that_the_engine_implements_passes() -> None:
    assert EngineHasIt(_HAS)(_identity("s3", "DeleteBucket")) is None


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "DeleteBucketMetricsConfiguration"),
        ("s3", "deletebucket"),
        ("sqs", "DeleteBucket"),
        ("", ""),
    ],
)
def test_operation_that_the_engine_lacks_is_refused_and_named(service: str, operation: str) -> None:
    refused = EngineHasIt(_HAS)(_identity(service, operation))
    assert refused is not None
    assert refused.refusal is Refusal.NOT_IMPLEMENTED
    assert f"{service}:{operation}" in refused.message


def test_refusal_is_no_server_error_that_clients_would_repeat() -> None:
    refused = EngineHasIt(_HAS)(_identity("s3", "RenameObject"))
    assert refused is not None
    assert 400 <= refused.status < 500


@pytest.mark.parametrize("operation", ["AssumeRole", "AssumeRoleWithWebIdentity"])
def test_role_of_another_account_is_refused(operation: str) -> None:
    params = {"RoleArn": "arn:aws:iam::999999999999:role/admin"}
    refused = KnownAccounts(Accounts(_ACCOUNT))(_identity("sts", operation, params))
    assert refused is not None
    assert "999999999999" in refused.message
    assert refused.refusal is Refusal.NOT_IMPLEMENTED


def test_role_of_the_own_account_passes() -> None:
    params = {"RoleArn": f"arn:aws:iam::{_ACCOUNT}:role/admin"}
    assert KnownAccounts(Accounts(_ACCOUNT))(_identity("sts", "AssumeRole", params)) is None


def test_role_of_an_account_that_the_target_names_passes() -> None:
    params = {"RoleArn": "arn:aws:iam::999999999999:role/admin"}
    accounts = Accounts(_ACCOUNT, ["999999999999"])
    assert KnownAccounts(accounts)(_identity("sts", "AssumeRole", params)) is None


def test_root_of_another_account_is_refused() -> None:
    refused = KnownAccounts(Accounts(_ACCOUNT))(
        _identity("sts", "AssumeRoot", {"TargetPrincipal": "999999999999"})
    )
    assert refused is not None


@pytest.mark.parametrize("service", ["iam", "s3"])
def test_role_of_another_account_may_be_spoken_of(service: str) -> None:
    params = {"RoleArn": "arn:aws:iam::999999999999:role/admin"}
    assert KnownAccounts(Accounts(_ACCOUNT))(_identity(service, "AssumeRole", params)) is None


def test_first_rule_that_refuses_decides_and_later_ones_are_not_asked() -> None:
    refusal = Refused(refusal=Refusal.NOT_REHEARSED, code="NotRehearsed", message="no")
    before, refusing, after = RecordingRule(None), RecordingRule(refusal), RecordingRule(None)
    found = first_refusal((before, refusing, after), _identity("s3", "DeleteBucket"))
    assert found is refusal
    assert (before.asked, refusing.asked, after.asked) == (1, 1, 0)


def test_request_that_no_rule_refuses_passes() -> None:
    rules = (RecordingRule(None), EngineHasIt(_HAS))
    assert first_refusal(rules, _identity("s3", "DeleteBucket")) is None
