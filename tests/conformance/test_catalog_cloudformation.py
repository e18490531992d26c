"""Stacks, and what they make, on every emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from executor.model.resource import Resource
from tests.conformance.cases.cloudformation import (
    STACK,
    create_stack,
    described,
    make_stacks,
    settled_stack,
)
from tests.conformance.catalog_harness import EMULATORS, Lab, differences, lab, only
from tests.conformance.catalog_whole import check_whole

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


@pytest.mark.parametrize("emulator", EMULATORS)
def test_stack_is_rebuilt_and_its_members_are_adopted(emulator: str, runtime: Path) -> None:
    check_whole(make_stacks, SERVICES, TYPES, {}, emulator, runtime, UNSTEADY)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_members_go_by_the_ids_of_the_target(emulator: str, runtime: Path) -> None:
    with lab(emulator, runtime) as target:
        make_stacks(target.api)
        made = target.read("cloudformation")
    with lab(emulator, runtime) as replica:
        assert replica.seed(made, "cloudformation") == ()
        again = replica.read("cloudformation")
    assert {m.id for m in _web(made.resources)} == {m.id for m in _web(again.resources)}


def _web(resources: Any) -> Any:
    return next(r.members for r in resources.values() if r.name == "web")


def test_stack_that_the_engine_cannot_make_is_a_gap_and_leaves_nothing(runtime: Path) -> None:
    with lab("ministack", runtime) as target:
        create_stack(target.api, "small", json.dumps({"Resources": {"Q": described("SQS::Queue")}}))
        stack = only(target.read("cloudformation"), STACK)["small"]
        made = target.read("cloudformation")
    nested = described(
        "CloudFormation::Stack", TemplateURL="https://s3.amazonaws.com/nowhere/t.json"
    )
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
    template = json.dumps({"Resources": {"Q": described("SQS::Queue")}})
    with lab(emulator, runtime) as target:
        create_stack(target.api, "small", template)
        first = _only_stack(target)
        target.api.call("cloudformation", "DeleteStack", {"StackName": "small"})
        assert settled_stack(target.api, "small") in ("GONE", "DELETE_COMPLETE")
        create_stack(target.api, "small", template)
        second = _only_stack(target)
    assert first.name == second.name
    assert first.address != second.address
    assert first.birth["id"] != second.birth["id"]


def _only_stack(target: Lab) -> Resource:
    stacks = only(target.read("cloudformation"), STACK)
    assert differences(stacks, stacks) == set()
    return stacks["small"]
