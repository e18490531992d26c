"""Stacks, and what they make, on every emulator."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from executor.aws import Api
from executor.model.resource import Resource
from tests.conformance.catalog_harness import EMULATORS, Lab, differences, lab, only
from tests.conformance.catalog_whole import check_whole

STACK = "AWS::CloudFormation::Stack"
TYPES = (
    STACK,
    "AWS::IAM::Role",
    "AWS::IAM::InstanceProfile",
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::RouteTable",
    "AWS::EC2::InternetGateway",
    "AWS::Lambda::Function",
)
# Emulators pack inline code with the time of day.
UNSTEADY = frozenset({"properties.CodeSha256"})
SERVICES = ("cloudformation", "iam", "ec2", "lambda")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def _of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


WEB = {
    "Parameters": {"Env": {"Type": "String"}},
    "Resources": {
        "Queue": _of("SQS::Queue", QueueName={"Fn::Sub": "named-${Env}"}),
        "Unnamed": _of("SQS::Queue"),
        "Role": _of("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "Profile": _of("IAM::InstanceProfile", Roles=[{"Ref": "Role"}]),
        "Vpc": _of("EC2::VPC", CidrBlock="10.9.0.0/16"),
        "Gateway": _of("EC2::InternetGateway"),
        "Attached": _of(
            "EC2::VPCGatewayAttachment",
            VpcId={"Ref": "Vpc"},
            InternetGatewayId={"Ref": "Gateway"},
        ),
        "Routes": _of("EC2::RouteTable", VpcId={"Ref": "Vpc"}),
        "Out": {
            **_of(
                "EC2::Route",
                RouteTableId={"Ref": "Routes"},
                DestinationCidrBlock="0.0.0.0/0",
                GatewayId={"Ref": "Gateway"},
            ),
            "DependsOn": "Attached",
        },
        "Subnet": _of("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.9.1.0/24"),
        "Group": _of(
            "EC2::SecurityGroup",
            GroupDescription="d",
            VpcId={"Ref": "Vpc"},
            SecurityGroupIngress=[
                {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}
            ],
        ),
        "Function": _of(
            "Lambda::Function",
            Runtime="python3.12",
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code={"ZipFile": "def handler(event, context): pass"},
            # The value holds an id that the engine gives out.
            Environment={"Variables": {"QUEUE": {"Ref": "Unnamed"}}},
        ),
    },
    "Outputs": {"Vpc": {"Value": {"Ref": "Vpc"}, "Export": {"Name": "the-vpc"}}},
}
IMPORTER = """
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: imports
      VpcId: !ImportValue the-vpc
"""
POLICY = {
    "Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]
}


def _create(api: Api, name: str, template: str, **params: object) -> None:
    wanted = {"StackName": name, "TemplateBody": template, **params}
    api.call("cloudformation", "CreateStack", wanted)
    assert _settled(api, name) == "CREATE_COMPLETE"


def _settled(api: Api, name: str) -> str:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        stacks = api.call("cloudformation", "DescribeStacks", {})["Stacks"]
        states = {s["StackName"]: s["StackStatus"] for s in stacks}  # type: ignore[index, union-attr, call-overload]
        status = str(states.get(name, "GONE"))
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.05)
    raise AssertionError(f"{name} did not settle")


def _make(api: Api) -> None:
    _create(
        api,
        "web",
        json.dumps(WEB),
        Parameters=[{"ParameterKey": "Env", "ParameterValue": "prod"}],
        Tags=[{"Key": "team", "Value": "a"}],
        EnableTerminationProtection=True,
        Capabilities=["CAPABILITY_IAM"],
        StackPolicyBody=json.dumps(POLICY),
    )
    _create(api, "importer", IMPORTER)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_stack_is_rebuilt_and_its_members_are_adopted(emulator: str, runtime: Path) -> None:
    check_whole(_make, SERVICES, TYPES, {}, emulator, runtime, UNSTEADY)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_members_go_by_the_ids_of_the_target(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target:
        _make(target.api)
        made = target.read("cloudformation")
    with lab(emulator, runtime) as replica:
        assert replica.seed(made, "cloudformation") == ()
        again = replica.read("cloudformation")
    assert {m.id for m in _web(made.resources)} == {m.id for m in _web(again.resources)}


def _web(resources: Any) -> Any:
    return next(r.members for r in resources.values() if r.name == "web")


def test_stack_that_the_engine_cannot_make_is_a_gap_and_leaves_nothing(runtime: Path) -> None:
    with lab("ministack", runtime) as target:
        _create(target.api, "small", json.dumps({"Resources": {"Q": _of("SQS::Queue")}}))
        stack = only(target.read("cloudformation"), STACK)["small"]
        made = target.read("cloudformation")
    nested = _of("CloudFormation::Stack", TemplateURL="https://s3.amazonaws.com/nowhere/t.json")
    unmakeable = {**stack.raw, "Template": {"Resources": {"N": nested}}}
    snapshot = _with_raw(made, stack, unmakeable)
    with lab("ministack", runtime) as replica:
        gaps = replica.seed(snapshot, "cloudformation")
        assert [g.address for g in gaps] == [stack.address]
        assert only(replica.read("cloudformation"), STACK) == {}


def _with_raw(snapshot: Any, stack: Resource, raw: Any) -> Any:
    from dataclasses import replace

    return replace(snapshot, resources={stack.address: replace(stack, raw=raw)})


@pytest.mark.parametrize("emulator", EMULATORS)
def test_recreated_stack_has_another_address_and_birth(emulator: str, runtime: Path) -> None:
    template = json.dumps({"Resources": {"Q": _of("SQS::Queue")}})
    with lab(emulator, runtime) as target:
        _create(target.api, "small", template)
        first = _only_stack(target)
        target.api.call("cloudformation", "DeleteStack", {"StackName": "small"})
        assert _settled(target.api, "small") in ("GONE", "DELETE_COMPLETE")
        _create(target.api, "small", template)
        second = _only_stack(target)
    assert first.name == second.name
    assert first.address != second.address
    assert first.birth["id"] != second.birth["id"]


def _only_stack(target: Lab) -> Resource:
    stacks = only(target.read("cloudformation"), STACK)
    assert differences(stacks, stacks) == set()
    return stacks["small"]
