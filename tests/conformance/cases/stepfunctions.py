"""State machines, their aliases and activities on every emulator."""

from __future__ import annotations

import json

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, REGION, Case

_STATES = f"arn:aws:states:{REGION}:{ACCOUNT}"
_FLOW = f"{_STATES}:stateMachine:flow"
_TAGS = [{"key": "team", "value": "a"}]
_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:flow:*"
_LOGGING = {
    "level": "ALL",
    "includeExecutionData": True,
    "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": _GROUP}}],
}


def _call(api: Api, operation: str, **params: object) -> None:
    api.call("stepfunctions", operation, params)


def _definition(*states: str) -> str:
    chain = {
        name: {"Type": "Pass", **({"Next": after} if after else {"End": True})}
        for name, after in zip(states, [*states[1:], ""], strict=True)
    }
    return json.dumps({"StartAt": states[0], "States": chain})


def _make_machine(api: Api) -> None:
    api.call("logs", "CreateLogGroup", {"logGroupName": "flow"})
    _make_machine_again(api)


def _make_machine_again(api: Api) -> None:
    _call(
        api,
        "CreateStateMachine",
        name="flow",
        definition=_definition("First", "Second"),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/flows",
        type="STANDARD",
        loggingConfiguration=_LOGGING,
        tracingConfiguration={"enabled": True},
        tags=_TAGS,
    )


def _remake_machine(api: Api) -> None:
    _call(api, "DeleteStateMachine", stateMachineArn=_FLOW)
    _make_machine_again(api)


def _update_machine(api: Api) -> None:
    _call(api, "UpdateStateMachine", stateMachineArn=_FLOW, definition=_definition("First"))


def _make_alias(api: Api) -> None:
    _make_machine(api)
    for number in range(1, 5):
        _call(
            api,
            "UpdateStateMachine",
            stateMachineArn=_FLOW,
            definition=_definition(*(f"S{n}" for n in range(number))),
        )
        _call(api, "PublishStateMachineVersion", stateMachineArn=_FLOW)
    for number in (1, 3):
        _call(api, "DeleteStateMachineVersion", stateMachineVersionArn=f"{_FLOW}:{number}")
    _make_alias_again(api)


def _make_alias_again(api: Api) -> None:
    routes = [
        {"stateMachineVersionArn": f"{_FLOW}:{n}", "weight": w} for n, w in ((2, 90), (4, 10))
    ]
    _call(
        api,
        "CreateStateMachineAlias",
        name="live",
        description="what is live",
        routingConfiguration=routes,
    )


def _remake_alias(api: Api) -> None:
    _call(api, "DeleteStateMachineAlias", stateMachineAliasArn=f"{_FLOW}:live")
    _make_alias_again(api)


def _update_alias(api: Api) -> None:
    _call(
        api,
        "UpdateStateMachineAlias",
        stateMachineAliasArn=f"{_FLOW}:live",
        routingConfiguration=[{"stateMachineVersionArn": f"{_FLOW}:4", "weight": 100}],
    )


def _make_activity(api: Api) -> None:
    _call(api, "CreateActivity", name="work", tags=_TAGS)


def _remake_activity(api: Api) -> None:
    _call(api, "DeleteActivity", activityArn=f"{_STATES}:activity:work")
    _make_activity(api)


CASES = (
    Case(
        service="stepfunctions",
        type="AWS::StepFunctions::StateMachine",
        make=_make_machine,
        remake=_remake_machine,
        update=_update_machine,
        services=("logs",),
        kept={
            "logging": "logging.level == 'ALL'",
            "tracing": "tracing",
            "definition": "definition.States.Second",
        },
    ),
    Case(
        service="stepfunctions",
        type="AWS::StepFunctions::StateMachineAlias",
        make=_make_alias,
        remake=_remake_alias,
        update=_update_alias,
        services=("logs",),
        kept={"routes": 'routes."2" == `90`'},
    ),
    Case(
        service="stepfunctions",
        type="AWS::StepFunctions::StateMachine",
        make=_make_alias,
        services=("logs",),
    ),
    Case(
        service="stepfunctions",
        type="AWS::StepFunctions::Activity",
        make=_make_activity,
        remake=_remake_activity,
    ),
)
