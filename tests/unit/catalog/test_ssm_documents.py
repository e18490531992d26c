"""Systems Manager's documents and maintenance windows: touches and dangers."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import hazards, is_unread, touches

DOCUMENT = "AWS::SSM::Document"
WINDOW = "AWS::SSM::MaintenanceWindow"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"SharedWith": ["all"]}, {("exposure", "SharedWith")}),
        ({"SharedWith": ["all"]}, {}, {("disruption", "SharedWith")}),
        ({"Content": "{}"}, {"Content": '{"a": 1}'}, set()),
    ],
)
def test_changes_of_a_document_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(DOCUMENT, {"Name": "d", **before}, {"Name": "d", **after}) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"Enabled": True}, {"Enabled": False}, {("protection-loss", "Enabled")}),
        ({"Enabled": False}, {"Enabled": True}, set()),
        ({"Targets": [{"WindowTargetId": "t"}]}, {}, {("protection-loss", "Targets")}),
        ({"Tasks": [{"WindowTaskId": "t"}]}, {}, {("protection-loss", "Tasks")}),
        ({}, {"Tasks": [{"WindowTaskId": "t"}]}, set()),
        ({"NextExecutionTime": "a"}, {"NextExecutionTime": "b"}, set()),
    ],
)
def test_changes_of_a_window_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards(WINDOW, {"WindowId": "w", **before}, {"WindowId": "w", **after}) == expected


def test_deleting_a_version_leaves_the_document() -> None:
    whole = touches("ssm:DeleteDocument", {"Name": "d"})
    assert whole == {("SSM::Document", "delete", ("d",), "")}
    part = touches("ssm:DeleteDocument", {"Name": "d", "DocumentVersion": "2"})
    assert part == {("SSM::Document", "update", ("d",), "version")}


def test_targets_and_tasks_are_parts_of_their_window() -> None:
    params = {"WindowId": "w", "WindowTargetId": "t"}
    gone = touches("ssm:DeregisterTargetFromMaintenanceWindow", params)
    assert gone == {("SSM::MaintenanceWindow", "update", ("w",), "target t")}
    made = touches(
        "ssm:RegisterTaskWithMaintenanceWindow", {"WindowId": "w"}, {"WindowTaskId": "k"}
    )
    assert made == {("SSM::MaintenanceWindow", "update", ("w",), "task k")}


@pytest.mark.parametrize("kind", ["Parameter", "Document", "MaintenanceWindow"])
def test_tags_are_of_what_the_call_says(kind: str) -> None:
    found = touches("ssm:AddTagsToResource", {"ResourceType": kind, "ResourceId": "x"})
    assert found == {(f"SSM::{kind}", "update", ("x",), "")}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("ssm:DeletePatchBaseline", {"BaselineId": "b"})
    assert is_unread("ssm:AddTagsToResource", {"ResourceType": "OpsItem", "ResourceId": "x"})
