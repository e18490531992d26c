"""Stack sets: what calls touch, and what leaves a run undecided."""

from __future__ import annotations

import pytest

from executor.model.json import Json
from tests.unit.catalog.calls import hazards, is_unread, touches

SET = "AWS::CloudFormation::StackSet"


def _set(*regions: str) -> dict[str, Json]:
    instances: list[Json] = [{"Account": "1", "Region": region} for region in regions]
    return {"StackSetId": "fleet:1", "StackSetName": "fleet", "Instances": instances}


def test_a_stack_that_is_gone_somewhere_took_along_what_it_held() -> None:
    assert hazards(SET, _set("a", "b"), _set("a")) == {("data-loss", "Instances")}
    assert hazards(SET, _set("a"), _set("a", "b")) == set()


def test_a_stack_set_is_made_and_ended_by_name() -> None:
    params = {"StackSetName": "fleet"}
    made = touches("cloudformation:CreateStackSet", params, {"StackSetId": "fleet:1"})
    assert made == {("CloudFormation::StackSet", "create", ("fleet", "fleet:1"), "")}
    gone = touches("cloudformation:DeleteStackSet", params)
    assert gone == {("CloudFormation::StackSet", "delete", ("fleet",), "")}


@pytest.mark.parametrize(
    "operation",
    ["UpdateStackSet", "CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances"],
)
def test_what_acts_in_other_accounts_leaves_a_run_undecided(operation: str) -> None:
    assert is_unread(f"cloudformation:{operation}", {"StackSetName": "fleet"})
