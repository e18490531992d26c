"""Stacks, and what they make, on every emulator."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from executor.aws import Api
from tests.conformance.catalog_harness import Case

STACK = "AWS::CloudFormation::Stack"
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


def described(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


WEB: dict[str, Any] = {
    "Parameters": {"Env": {"Type": "String"}},
    "Resources": {
        "Queue": described("SQS::Queue", QueueName={"Fn::Sub": "named-${Env}"}),
        "Unnamed": described("SQS::Queue"),
        "Role": described("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "Profile": described("IAM::InstanceProfile", Roles=[{"Ref": "Role"}]),
        "Vpc": described("EC2::VPC", CidrBlock="10.9.0.0/16"),
        "Gateway": described("EC2::InternetGateway"),
        "Attached": described(
            "EC2::VPCGatewayAttachment",
            VpcId={"Ref": "Vpc"},
            InternetGatewayId={"Ref": "Gateway"},
        ),
        "Routes": described("EC2::RouteTable", VpcId={"Ref": "Vpc"}),
        "Out": {
            **described(
                "EC2::Route",
                RouteTableId={"Ref": "Routes"},
                DestinationCidrBlock="0.0.0.0/0",
                GatewayId={"Ref": "Gateway"},
            ),
            "DependsOn": "Attached",
        },
        "Subnet": described("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.9.1.0/24"),
        "Group": described(
            "EC2::SecurityGroup",
            GroupDescription="d",
            VpcId={"Ref": "Vpc"},
            SecurityGroupIngress=[
                {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}
            ],
        ),
        "Function": described(
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


def create_stack(api: Api, name: str, template: str, **params: object) -> None:
    wanted = {"StackName": name, "TemplateBody": template, **params}
    api.call("cloudformation", "CreateStack", wanted)
    became = settled_stack(api, name)
    assert became == "CREATE_COMPLETE", f"{name}: {became}"


def settled_stack(api: Api, name: str) -> str:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        stacks = api.call("cloudformation", "DescribeStacks", {})["Stacks"]
        states = {s["StackName"]: s["StackStatus"] for s in stacks}  # type: ignore[index, union-attr, call-overload]
        status = str(states.get(name, "GONE"))
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.05)
    raise AssertionError(f"{name} did not settle")


def make_stacks(api: Api) -> None:
    _make_web(api, WEB)


def _make_without_code(api: Api) -> None:
    resources = {k: v for k, v in WEB["Resources"].items() if k != "Function"}
    _make_web(api, {**WEB, "Resources": resources})


def _make_web(api: Api, template: Mapping[str, object]) -> None:
    create_stack(
        api,
        "web",
        json.dumps(template),
        Parameters=[{"ParameterKey": "Env", "ParameterValue": "prod"}],
        Tags=[{"Key": "team", "Value": "a"}],
        EnableTerminationProtection=True,
        Capabilities=["CAPABILITY_IAM"],
        StackPolicyBody=json.dumps(POLICY),
    )
    create_stack(api, "importer", IMPORTER)


def _make_small(api: Api) -> None:
    create_stack(api, "small", json.dumps({"Resources": {"Q": described("SQS::Queue")}}))


def _remake_small(api: Api) -> None:
    api.call("cloudformation", "DeleteStack", {"StackName": "small"})
    assert settled_stack(api, "small") in ("GONE", "DELETE_COMPLETE")
    _make_small(api)


CASES = (
    Case(service="cloudformation", type=STACK, make=make_stacks, services=("ec2", "iam", "lambda")),
    Case(service="cloudformation", type=STACK, make=_make_without_code, services=("ec2", "iam")),
    Case(service="cloudformation", type=STACK, make=_make_small, remake=_remake_small),
)
