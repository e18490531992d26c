"""What an engine is known not to do as AWS does it is undecided, end to end, and only that."""

from __future__ import annotations

import json

import pytest

from tests.integration.conftest import Production, Rehearse

embedded = pytest.mark.parametrize("engine", ["embedded"])
DELETE_STACK = "delete AWS::*::* *"


@pytest.fixture
def emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTOR_EMULATOR", request.param)


def _stack(production: Production, *, protected: bool) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}
    production.call(
        "cloudformation",
        "CreateStack",
        StackName="web",
        TemplateBody=json.dumps({"Resources": {"One": queue}}),
        EnableTerminationProtection=protected,
    )


@embedded
@pytest.mark.parametrize("emulator", ["moto"], indirect=True)
@pytest.mark.parametrize(("protected", "decision"), [(True, "undecided"), (False, "allow")])
def test_only_the_deletion_of_a_protected_stack_is_undecided_where_protection_is_ignored(
    production: Production, rehearse: Rehearse, emulator: None, protected: bool, decision: str
) -> None:
    _stack(production, protected=protected)
    script = "c('cloudformation').delete_stack(StackName='web')"
    report = rehearse(script, expect=[DELETE_STACK])
    assert report.decision == decision, report.findings
    assert {f.rule.value for f in report.findings} == ({"not-rehearsed"} if protected else set())
