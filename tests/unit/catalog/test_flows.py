"""Scheduler and Step Functions: what calls touch, and what is dangerous."""

from __future__ import annotations

import json

import pytest

from executor.catalog.services.scheduler import SCHEDULE
from executor.catalog.services.stepfunctions import STATE_MACHINE
from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

SCHEDULES = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule"
STATES = f"arn:aws:states:us-east-1:{ACCOUNT}"
FLOW = f"{STATES}:stateMachine:flow"


def _schedule(**changes: Json) -> dict[str, Json]:
    return {
        "Arn": f"{SCHEDULES}/shop/nightly",
        "Name": "nightly",
        "GroupName": "shop",
        "State": "ENABLED",
        **changes,
    }


DEAD: Json = {"Arn": "arn:q", "DeadLetterConfig": {"Arn": "arn:dead"}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"State": "DISABLED"}, {("disruption", "State")}),
        ({"State": "DISABLED"}, {}, set()),
        (
            {"Target": {"Arn": "arn:q"}},
            {"Target": {"Arn": "arn:o"}},
            {("disruption", "Target.Arn")},
        ),
        ({"Target": {"Arn": "arn:q"}}, {"Target": {"Arn": "arn:q", "Input": "{}"}}, set()),
        (
            {"Target": DEAD},
            {"Target": {"Arn": "arn:q"}},
            {("protection-loss", "Target.DeadLetterConfig.Arn")},
        ),
        ({}, {"EndDate": "2030-01-01T00:00:00+00:00"}, {("disruption", "EndDate")}),
        (
            {"EndDate": "2030-01-01T00:00:00+00:00"},
            {"EndDate": "2031-01-01T00:00:00+00:00"},
            set(),
        ),
        ({"KmsKeyArn": "k"}, {}, {("protection-loss", "KmsKeyArn")}),
        (
            {},
            {"ActionAfterCompletion": "DELETE"},
            {("protection-loss", "ActionAfterCompletion")},
        ),
        ({"ActionAfterCompletion": "DELETE"}, {}, set()),
        ({"ScheduleExpression": "rate(1 day)"}, {"ScheduleExpression": "rate(1 hour)"}, set()),
    ],
)
def test_changes_of_a_schedule_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    kind = "AWS::Scheduler::Schedule"
    assert hazards(kind, _schedule(**before), _schedule(**after)) == expected


def test_schedules_of_one_name_are_told_apart_by_their_group() -> None:
    found = touches("scheduler:DeleteSchedule", {"Name": "nightly", "GroupName": "shop"})
    assert found == {("Scheduler::Schedule", "delete", ("shop/nightly",), "")}
    found = touches("scheduler:DeleteSchedule", {"Name": "nightly"})
    assert found == {("Scheduler::Schedule", "delete", ("default/nightly",), "")}
    assert "shop/nightly" in described("AWS::Scheduler::Schedule", _schedule()).handles


def test_only_a_start_that_is_to_come_is_asked_for() -> None:
    (seed,) = SCHEDULE.seeds
    (started,) = seed.params(_schedule(StartDate="2020-01-01T00:00:00+00:00"), None)
    assert "StartDate" not in started
    (coming,) = seed.params(_schedule(StartDate="2098-01-01T00:00:00+00:00"), None)
    assert "StartDate" in coming


def _flow(**changes: Json) -> dict[str, Json]:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    return {"stateMachineArn": FLOW, "name": "flow", "definition": definition, **changes}


def _versions(*numbers: int) -> Json:
    return [{"stateMachineVersionArn": f"{FLOW}:{n}"} for n in numbers]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"loggingConfiguration": {"level": "ALL"}},
            {"loggingConfiguration": {"level": "OFF"}},
            {("protection-loss", "logging.level")},
        ),
        (
            {"loggingConfiguration": {"level": "ALL"}},
            {},
            {("protection-loss", "logging.level")},
        ),
        (
            {"loggingConfiguration": {"level": "OFF"}},
            {"loggingConfiguration": {"level": "ALL"}},
            set(),
        ),
        (
            {"tracingConfiguration": {"enabled": True}},
            {},
            {("protection-loss", "tracing")},
        ),
        (
            {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}},
            {"encryptionConfiguration": {"type": "AWS_OWNED_KEY"}},
            {("protection-loss", "encryption.kmsKeyId")},
        ),
        ({"versions": _versions(1, 2)}, {"versions": _versions(2)}, {("disruption", "versions")}),
        ({"versions": _versions(1)}, {"versions": _versions(1, 2)}, set()),
        ({}, {"definition": '{"StartAt": "B"}'}, set()),
    ],
)
def test_changes_of_a_state_machine_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    kind = "AWS::StepFunctions::StateMachine"
    assert hazards(kind, _flow(**before), _flow(**after)) == expected


def test_alias_that_leaves_a_version_disrupts() -> None:
    kind = "AWS::StepFunctions::StateMachineAlias"

    def alias(**weights: int) -> dict[str, Json]:
        routes: Json = [
            {"stateMachineVersionArn": f"{FLOW}:{name[1:]}", "weight": weight}
            for name, weight in weights.items()
        ]
        arn = f"{FLOW}:live"
        return {"stateMachineAliasArn": arn, "name": "live", "routingConfiguration": routes}

    both, one = alias(v1=50, v2=50), alias(v2=100)
    assert hazards(kind, both, one) == {("disruption", "routes")}
    assert hazards(kind, one, both) == set()


def test_version_is_a_part_of_its_state_machine() -> None:
    expected = {("StepFunctions::StateMachine", "update", (FLOW,), "version")}
    found = touches(
        "stepfunctions:DeleteStateMachineVersion", {"stateMachineVersionArn": f"{FLOW}:3"}
    )
    assert found == expected
    assert (
        touches("stepfunctions:PublishStateMachineVersion", {"stateMachineArn": FLOW}) == expected
    )


def test_versions_keep_their_numbers() -> None:
    publish, unpublish = STATE_MACHINE.seeds[1:]
    raw = _flow(versions=_versions(2, 4))
    *published, last = publish.params(raw, None)
    assert [p["versionDescription"] for p in published] == [f"version {n}" for n in range(1, 5)]
    # What has not changed would get no version of its own, and ends as it was.
    assert len({p["definition"] for p in published}) == 4
    assert (last["definition"], "publish" in last) == (raw["definition"], False)
    gone = [str(params["stateMachineVersionArn"]) for params in unpublish.params(raw, None)]
    assert gone == [f"{FLOW}:1", f"{FLOW}:3"]


def test_wide_gap_between_versions_is_left() -> None:
    publish, unpublish = STATE_MACHINE.seeds[1:]
    wide = _flow(versions=_versions(200))
    assert len(list(publish.params(wide, None))) == 2
    assert list(unpublish.params(wide, None)) == []
    assert list(publish.params(_flow(), None)) == []


def test_stopping_an_execution_disrupts_its_state_machine() -> None:
    execution = f"{STATES}:execution:flow:abc"
    found = touches("stepfunctions:StopExecution", {"executionArn": execution})
    part = f"execution {execution}"
    assert found == {("StepFunctions::StateMachine", "update", (FLOW,), part)}


@pytest.mark.parametrize("operation", ["StartExecution", "SendTaskSuccess", "RedriveExecution"])
def test_letting_an_execution_go_on_is_undecided(operation: str) -> None:
    assert is_unread(f"stepfunctions:{operation}", {"stateMachineArn": FLOW})
