"""Backup vaults, plans and selections."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.raw import objects, text
from tests.conformance.catalog_harness import Case

_TAGS = {"team": "a b"}


def _make_vault(api: Api) -> None:
    api.call(
        "backup",
        "CreateBackupVault",
        {
            "BackupVaultName": "safe",
            "EncryptionKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0000",
            "BackupVaultTags": _TAGS,
        },
    )


def _make_locked(api: Api) -> None:
    _make_vault(api)
    limits = {"BackupVaultName": "safe", "MinRetentionDays": 7, "MaxRetentionDays": 100}
    api.call("backup", "PutBackupVaultLockConfiguration", limits)


def make_plan(api: Api) -> None:
    _make_vault(api)
    elsewhere = "arn:aws:backup:us-west-2:123456789012:backup-vault:far"
    rule = {
        "RuleName": "every night",
        "TargetBackupVaultName": "safe",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "StartWindowMinutes": 60,
        "CompletionWindowMinutes": 180,
        "Lifecycle": {"MoveToColdStorageAfterDays": 7, "DeleteAfterDays": 120},
        "CopyActions": [
            {"DestinationBackupVaultArn": elsewhere, "Lifecycle": {"DeleteAfterDays": 30}}
        ],
    }
    plan = {"BackupPlanName": "daily", "Rules": [rule]}
    made = api.call("backup", "CreateBackupPlan", {"BackupPlan": plan, "BackupPlanTags": _TAGS})
    selection = {
        "SelectionName": "all that is tagged",
        "IamRoleArn": "arn:aws:iam::123456789012:role/backup",
        "Resources": ["arn:aws:dynamodb:us-east-1:123456789012:table/orders"],
        "ListOfTags": [
            {"ConditionType": "STRINGEQUALS", "ConditionKey": "save", "ConditionValue": "yes"}
        ],
    }
    api.call(
        "backup",
        "CreateBackupSelection",
        {"BackupPlanId": made["BackupPlanId"], "BackupSelection": selection},
    )


def _drop_plan(api: Api) -> None:
    for plan in objects(api.call("backup", "ListBackupPlans", {}), "BackupPlansList"):
        named = {"BackupPlanId": text(plan, "BackupPlanId")}
        listed = api.call("backup", "ListBackupSelections", named)
        for one in objects(listed, "BackupSelectionsList"):
            gone = {**named, "SelectionId": one["SelectionId"]}
            api.call("backup", "DeleteBackupSelection", gone)
        api.call("backup", "DeleteBackupPlan", named)
    api.call("backup", "DeleteBackupVault", {"BackupVaultName": "safe"})


def _remake(api: Api) -> None:
    _drop_plan(api)
    make_plan(api)


def _remake_vault(api: Api) -> None:
    api.call("backup", "DeleteBackupVault", {"BackupVaultName": "safe"})
    _make_vault(api)


CASES = (
    Case(
        service="backup",
        type="AWS::Backup::BackupVault",
        make=_make_vault,
        remake=_remake_vault,
    ),
    Case(service="backup", type="AWS::Backup::BackupVault", make=_make_locked),
    Case(service="backup", type="AWS::Backup::BackupPlan", make=make_plan, remake=_remake),
    Case(service="backup", type="AWS::Backup::BackupSelection", make=make_plan, remake=_remake),
)
