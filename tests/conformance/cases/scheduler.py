"""Schedules and their groups on every emulator."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
_TARGET = {
    "Arn": f"{_QUEUE}:orders",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/speaks",
    "Input": "{}",
    "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
    "DeadLetterConfig": {"Arn": f"{_QUEUE}:undelivered"},
}


def _scheduler(api: Api, operation: str, **params: object) -> None:
    api.call("scheduler", operation, params)


def _make(api: Api) -> None:
    _scheduler(api, "CreateScheduleGroup", Name="shop", Tags=[{"Key": "team", "Value": "a"}])
    _make_schedules(api)


def _make_schedules(api: Api) -> None:
    _scheduler(
        api,
        "CreateSchedule",
        Name="nightly",
        GroupName="shop",
        Description="at night",
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        StartDate="2098-01-01T00:00:00Z",
        EndDate="2099-01-01T00:00:00Z",
        State="DISABLED",
        ActionAfterCompletion="NONE",
        KmsKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000",
        Target=_TARGET,
    )
    _scheduler(
        api,
        "CreateSchedule",
        Name="hourly",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=_TARGET,
    )


def _remake(api: Api) -> None:
    _scheduler(api, "DeleteSchedule", Name="hourly")
    _scheduler(api, "DeleteScheduleGroup", Name="shop")
    _make(api)


def _update(api: Api) -> None:
    _scheduler(
        api,
        "UpdateSchedule",
        Name="hourly",
        ScheduleExpression="rate(2 hours)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=_TARGET,
    )


CASES = (
    Case(service="scheduler", type="AWS::Scheduler::ScheduleGroup", make=_make, remake=_remake),
    Case(
        service="scheduler",
        type="AWS::Scheduler::Schedule",
        make=_make,
        remake=_remake,
        update=_update,
        kept={
            "State": "State == 'DISABLED'",
            "EndDate": "EndDate",
            "KmsKeyArn": "KmsKeyArn",
            "Target": "Target.DeadLetterConfig.Arn",
            "FlexibleTimeWindow": "FlexibleTimeWindow.MaximumWindowInMinutes",
        },
    ),
)
