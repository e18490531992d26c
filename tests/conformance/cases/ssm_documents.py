"""Documents and maintenance windows."""

from __future__ import annotations

import json

from executor.aws import Api
from executor.catalog.raw import objects, text
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "a b"}]
_STEP = {
    "action": "aws:runShellScript",
    "name": "deploy",
    "inputs": {"runCommand": ["./deploy"]},
}


def make_document(api: Api) -> None:
    content = json.dumps({"schemaVersion": "2.2", "description": "d", "mainSteps": [_STEP]})
    api.call(
        "ssm",
        "CreateDocument",
        {
            "Name": "deploy",
            "Content": content,
            "DocumentType": "Command",
            "DocumentFormat": "JSON",
            "Tags": _TAGS,
        },
    )
    changed = json.dumps({"schemaVersion": "2.2", "description": "e", "mainSteps": [_STEP]})
    version = {"Name": "deploy", "Content": changed, "DocumentVersion": "$LATEST"}
    api.call("ssm", "UpdateDocument", {**version, "DocumentFormat": "JSON"})
    api.call("ssm", "UpdateDocumentDefaultVersion", {"Name": "deploy", "DocumentVersion": "2"})
    shared = {"Name": "deploy", "PermissionType": "Share", "AccountIdsToAdd": ["210987654321"]}
    api.call("ssm", "ModifyDocumentPermission", shared)


def make_window(api: Api) -> None:
    window = {
        "Name": "sunday",
        "Description": "when nobody works",
        "Schedule": "cron(0 2 ? * SUN *)",
        "ScheduleTimezone": "Europe/Berlin",
        "Duration": 3,
        "Cutoff": 1,
        "AllowUnassociatedTargets": False,
        "Tags": _TAGS,
    }
    made = {"WindowId": api.call("ssm", "CreateMaintenanceWindow", window)["WindowId"]}
    target = {
        **made,
        "ResourceType": "INSTANCE",
        "Name": "servers",
        "Targets": [{"Key": "tag:role", "Values": ["web"]}],
    }
    found = api.call("ssm", "RegisterTargetWithMaintenanceWindow", target)
    task = {
        **made,
        "Name": "patch",
        "TaskArn": "AWS-RunPatchBaseline",
        "TaskType": "RUN_COMMAND",
        "Targets": [{"Key": "WindowTargetIds", "Values": [found["WindowTargetId"]]}],
        "Priority": 1,
        "MaxConcurrency": "1",
        "MaxErrors": "1",
    }
    api.call("ssm", "RegisterTaskWithMaintenanceWindow", task)


def _remake_window(api: Api) -> None:
    for window in objects(api.call("ssm", "DescribeMaintenanceWindows", {}), "WindowIdentities"):
        api.call("ssm", "DeleteMaintenanceWindow", {"WindowId": text(window, "WindowId")})
    make_window(api)


CASES = (
    Case(service="ssm", type="AWS::SSM::Document", make=make_document),
    Case(
        service="ssm",
        type="AWS::SSM::MaintenanceWindow",
        make=make_window,
        remake=_remake_window,
    ),
)
