"""What a stack made of rules, services, pools, APIs ... is rebuilt by the stack and adopted."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from executor.aws import Api
from executor.catalog.parts import PARTS
from executor.model.resource import Snapshot
from tests.conformance.catalog_harness import ACCOUNT, EMULATORS, REGION, differences, lab, only

SERVICES = (
    "cloudformation",
    "apigateway",
    "apigatewayv2",
    "athena",
    "cognito-idp",
    "ecr",
    "ecs",
    "events",
    "glue",
    "scheduler",
    "stepfunctions",
)
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/works"
_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
_FLOW = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


_RESOURCES: dict[str, tuple[str, dict[str, object]]] = {
    "Daily": (
        "AWS::Events::Rule",
        {
            "ScheduleExpression": "rate(1 day)",
            "State": "ENABLED",
            "Targets": [{"Id": "q", "Arn": _QUEUE}],
        },
    ),
    "Group": ("AWS::Scheduler::ScheduleGroup", {"Name": "shop"}),
    "Flow": ("AWS::StepFunctions::StateMachine", {"DefinitionString": _FLOW, "RoleArn": _ROLE}),
    "Cluster": ("AWS::ECS::Cluster", {}),
    "Task": (
        "AWS::ECS::TaskDefinition",
        {
            "Family": "web",
            "ContainerDefinitions": [{"Name": "web", "Image": "shop/web:1", "Memory": 64}],
        },
    ),
    "Service": (
        "AWS::ECS::Service",
        {"Cluster": _ref("Cluster"), "TaskDefinition": _ref("Task"), "DesiredCount": 1},
    ),
    "Reports": ("AWS::Athena::WorkGroup", {"Name": "reports"}),
}
# moto's stacks do not make these, or say that they did.
_MORE: dict[str, tuple[str, dict[str, object]]] = {
    "Bus": ("AWS::Events::EventBus", {"Name": "orders"}),
    "Paid": (
        "AWS::Events::Rule",
        {"EventBusName": _ref("Bus"), "EventPattern": {"source": ["shop"]}},
    ),
    "Nightly": (
        "AWS::Scheduler::Schedule",
        {
            "GroupName": _ref("Group"),
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": _QUEUE, "RoleArn": _ROLE},
        },
    ),
    "Images": ("AWS::ECR::Repository", {}),
    "Pool": ("AWS::Cognito::UserPool", {"UserPoolName": "shop"}),
    "Client": (
        "AWS::Cognito::UserPoolClient",
        {"UserPoolId": _ref("Pool"), "CallbackURLs": ["https://shop.example"]},
    ),
    "Rest": ("AWS::ApiGateway::RestApi", {"Name": "shop"}),
    "Orders": (
        "AWS::ApiGateway::Resource",
        {
            "RestApiId": _ref("Rest"),
            "ParentId": {"Fn::GetAtt": ["Rest", "RootResourceId"]},
            "PathPart": "orders",
        },
    ),
    "Get": (
        "AWS::ApiGateway::Method",
        {
            "RestApiId": _ref("Rest"),
            "ResourceId": _ref("Orders"),
            "HttpMethod": "GET",
            "AuthorizationType": "NONE",
            "Integration": {"Type": "MOCK"},
        },
    ),
    "Deployment": ("AWS::ApiGateway::Deployment", {"RestApiId": _ref("Rest")}),
    "Live": (
        "AWS::ApiGateway::Stage",
        {"RestApiId": _ref("Rest"), "DeploymentId": _ref("Deployment"), "StageName": "live"},
    ),
    "Http": ("AWS::ApiGatewayV2::Api", {"Name": "web", "ProtocolType": "HTTP"}),
    "Integration": (
        "AWS::ApiGatewayV2::Integration",
        {
            "ApiId": _ref("Http"),
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders",
            "PayloadFormatVersion": "2.0",
        },
    ),
    "Route": (
        "AWS::ApiGatewayV2::Route",
        {
            "ApiId": _ref("Http"),
            "RouteKey": "GET /",
            "Target": {"Fn::Join": ["/", ["integrations", _ref("Integration")]]},
        },
    ),
    "Default": (
        "AWS::ApiGatewayV2::Stage",
        {"ApiId": _ref("Http"), "StageName": "$default", "AutoDeploy": True},
    ),
    "Lake": (
        "AWS::Glue::Database",
        {"CatalogId": ACCOUNT, "DatabaseInput": {"Name": "lake"}},
    ),
    "Table": (
        "AWS::Glue::Table",
        {"CatalogId": ACCOUNT, "DatabaseName": _ref("Lake"), "TableInput": {"Name": "orders"}},
    ),
    "Counts": (
        "AWS::Glue::Job",
        {"Role": _ROLE, "Command": {"Name": "glueetl", "ScriptLocation": "s3://lake/count.py"}},
    ),
}


def _make(api: Api, emulator: str) -> set[str]:
    wanted = _RESOURCES if emulator == "moto" else {**_RESOURCES, **_MORE}
    resources: dict[str, dict[str, object]] = {
        name: {"Type": kind, "Properties": properties}
        for name, (kind, properties) in wanted.items()
    }
    if "Deployment" in resources:
        resources["Deployment"]["DependsOn"] = ["Get"]
    template = json.dumps({"Resources": resources})
    api.call("cloudformation", "CreateStack", {"StackName": "web", "TemplateBody": template})
    ends = time.monotonic() + 20
    while _status(api) == "CREATE_IN_PROGRESS" and time.monotonic() < ends:
        time.sleep(0.05)
    assert _status(api) == "CREATE_COMPLETE"
    return {kind for kind, _ in wanted.values()} - set(PARTS)


def _status(api: Api) -> object:
    stacks = api.call("cloudformation", "DescribeStacks", {"StackName": "web"})["Stacks"]
    assert isinstance(stacks, list)
    return stacks[0]["StackStatus"]


def _unknown_members(snapshot: Snapshot) -> set[str]:
    """Members that no resource answers to: what happens to them would not be seen."""
    known = {(r.type, handle) for r in snapshot.resources.values() for handle in r.handles}
    (stack,) = snapshot.of_type("AWS::CloudFormation::Stack")
    apart = [m for m in stack.members if m.type not in PARTS]
    return {m.logical_id for m in apart if (m.type, m.id) not in known}


@pytest.mark.parametrize("emulator", EMULATORS)
def test_members_of_a_stack_are_rebuilt_once_and_known_by_their_ids(
    emulator: str, runtime: Path
) -> None:
    with lab(emulator, runtime) as target, lab(emulator, runtime) as replica:
        kinds = _make(target.api, emulator)
        made = target.read(*SERVICES)
        assert {g.type for g in made.gaps} & kinds == set()
        assert {r.type for r in made.resources.values()} >= kinds
        assert _unknown_members(made) == set()
        assert replica.seed(made, *SERVICES) == ()
        again = replica.read(*SERVICES)
        assert _unknown_members(again) == set()
    lost = {kind: differences(only(made, kind), only(again, kind)) for kind in kinds}
    assert lost == {kind: set() for kind in kinds}
