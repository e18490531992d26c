"""AWS Backup: what calls touch, and what makes backups fewer, or easier to lose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from executor.catalog.catalog import Catalog
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark
from tests.unit.catalog.calls import ACCOUNT, CATALOG, call, hazards, is_unread, touches

VAULT = "AWS::Backup::BackupVault"
PLAN = "AWS::Backup::BackupPlan"
POINT = f"arn:aws:backup:us-east-1:{ACCOUNT}:recovery-point:p"


def _vault(**changes: Json) -> dict[str, Json]:
    return {"BackupVaultName": "safe", "EncryptionKeyArn": "arn:k", **changes}


def _policy(effect: str, principal: Json = "*") -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": "backup:DeleteRecoveryPoint"}
    return json.dumps({"Statement": [{**statement, "Resource": "*"}]})


LOCKED: dict[str, Json] = {"Locked": True, "MinRetentionDays": 7}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (LOCKED, {}, {("protection-loss", "Locked"), ("protection-loss", "MinRetentionDays")}),
        ({}, LOCKED, set()),
        (LOCKED, {**LOCKED, "MinRetentionDays": 3}, {("protection-loss", "MinRetentionDays")}),
        (LOCKED, {**LOCKED, "MinRetentionDays": 9}, set()),
        ({"Policy": _policy("Deny")}, {}, {("protection-loss", "Policy")}),
        ({}, {"Policy": _policy("Deny")}, set()),
        ({}, {"Policy": _policy("Allow")}, {("exposure", "OpenTo")}),
        ({}, {"Policy": _policy("Allow", {"AWS": ACCOUNT})}, set()),
        ({"Notifications": {"SNSTopicArn": "arn:t"}}, {}, {("protection-loss", "Notifies")}),
    ],
)
def test_changes_of_a_vault_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(VAULT, _vault(**before), _vault(**after)) == expected


def _plan(*rules: Json) -> dict[str, Json]:
    return {"BackupPlanId": "p", "BackupPlanName": "daily", "BackupPlan": {"Rules": list(rules)}}


def _rule(**changes: Json) -> dict[str, Json]:
    return {
        "RuleName": "night",
        "TargetBackupVaultName": "safe",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "Lifecycle": {"DeleteAfterDays": 30},
        "EnableContinuousBackup": True,
        "CopyActions": [{"DestinationBackupVaultArn": "arn:far"}],
        **changes,
    }


@pytest.mark.parametrize(
    "after",
    [
        [],
        [_rule(Lifecycle={"DeleteAfterDays": 3})],
        [_rule(ScheduleExpression="cron(0 5 1 * ? *)")],
        [_rule(TargetBackupVaultName="other")],
        [_rule(EnableContinuousBackup=False)],
        [_rule(CopyActions=[])],
    ],
)
def test_a_plan_that_saves_less_is_a_loss_of_protection(after: list[Json]) -> None:
    assert hazards(PLAN, _plan(_rule()), _plan(*after)) == {("protection-loss", "Rules")}


@pytest.mark.parametrize(
    "after",
    [
        [_rule(), _rule(RuleName="noon")],
        [_rule(Lifecycle={"DeleteAfterDays": 90})],
        [_rule(Lifecycle={})],
        [_rule(RuleId="another")],
        [_rule(StartWindowMinutes=120)],
    ],
)
def test_a_plan_that_saves_as_much_is_no_danger(after: list[Json]) -> None:
    assert hazards(PLAN, _plan(_rule()), _plan(*after)) == set()


def test_deleting_a_recovery_point_destroys_what_its_vault_holds() -> None:
    params = {"BackupVaultName": "safe", "RecoveryPointArn": POINT}
    found = touches("backup:DeleteRecoveryPoint", params)
    assert found == {("Backup::BackupVault", "erase", ("safe",), POINT)}


def test_a_recovery_point_that_is_to_be_kept_for_another_time_may_be_lost() -> None:
    params = {"BackupVaultName": "safe", "RecoveryPointArn": POINT}
    (touch,) = Catalog().touches(call("backup:UpdateRecoveryPointLifecycle", params))
    assert touch.hazard is Hazard.DATA_LOSS


def test_a_selection_is_a_resource_of_its_own() -> None:
    gone = touches("backup:DeleteBackupSelection", {"BackupPlanId": "p", "SelectionId": "s"})
    assert gone == {("Backup::BackupSelection", "delete", ("s",), "")}


class InMemoryPoints:
    """Recovery points of one vault."""

    def __init__(self, count: int, cap: int = 10) -> None:
        self.cap = cap
        self._points: list[Json] = [
            {"RecoveryPointArn": f"{POINT}{n}", "CreationDate": n} for n in range(count)
        ]

    def call(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        raise AssertionError(operation)

    def pages(self, operation: str, params: Mapping[str, object]) -> Iterator[JsonObject]:
        assert (operation, params) == (
            "ListRecoveryPointsByBackupVault",
            {"BackupVaultName": "safe"},
        )
        yield {"RecoveryPoints": self._points}


def _held(points: InMemoryPoints) -> DataMark:
    kind = CATALOG.type(VAULT)
    assert kind is not None
    assert kind.data is not None
    return kind.data(points, {"BackupVaultName": "safe"})


def test_recovery_points_are_what_a_vault_holds() -> None:
    held = _held(InMemoryPoints(2))
    assert held.entries == {f"{POINT}0": "0", f"{POINT}1": "1"}
    # They are not rebuilt, so deleting them cannot be rehearsed to the end.
    assert (held.count, held.complete) == (2, False)
    assert _held(InMemoryPoints(0)).complete
    capped = _held(InMemoryPoints(12))
    assert (capped.count, len(capped.entries)) == (None, 10)


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("backup:StartRestoreJob", {"RecoveryPointArn": POINT})
    frame = f"arn:aws:backup:us-east-1:{ACCOUNT}:framework:f"
    assert is_unread("backup:TagResource", {"ResourceArn": frame, "Tags": {}})
