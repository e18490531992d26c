"""Running calls one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from executor.aws import CallFailed
from executor.changes.calls import CallsRunner
from executor.errors import InvalidChange
from executor.model.change import Change
from executor.model.json import Json, JsonObject


class RecordingCaller:
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, *answers: JsonObject | CallFailed) -> None:
        self._answers = iter(answers)
        self.asked: list[tuple[str, str, Mapping[str, object], str]] = []

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        self.asked.append((service, operation, params, region))
        answer = next(self._answers)
        if isinstance(answer, CallFailed):
            raise answer
        return answer

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        yield self.call(service, operation, params, region=region)


def call(operation: str, params: JsonObject, **more: str) -> dict[str, Json]:
    return {"service": "ec2", "operation": operation, "params": params, **more}


def test_values_of_earlier_answers_are_put_in() -> None:
    answer: JsonObject = {"Vpc": {"VpcId": "vpc-1", "Ports": [80, 443]}, "Tags": [{"Key": "k"}]}
    caller = RecordingCaller(answer, {})
    change = Change.calls(
        [
            call("CreateVpc", {}, save="v"),
            call(
                "X",
                {
                    "Id": "${v.Vpc.VpcId}",
                    "Nested": [{"Arn": "arn:${v.Vpc.VpcId}/${ v.Vpc.Ports[1] }"}],
                    "Ports": "${v.Vpc.Ports}",
                    "Key": "${v.Tags[0].Key}",
                    "Literal": "$${v.Vpc}",
                    "Number": 7,
                },
                region="eu-west-1",
            ),
        ]
    )
    assert not CallsRunner(caller).run(change).failed
    assert caller.asked[1] == (
        "ec2",
        "X",
        {
            "Id": "vpc-1",
            "Nested": [{"Arn": "arn:vpc-1/443"}],
            "Ports": [80, 443],
            "Key": "k",
            "Literal": "${v.Vpc}",
            "Number": 7,
        },
        "eu-west-1",
    )


def test_the_first_failing_call_ends_it() -> None:
    failure = CallFailed(
        service="ec2", operation="B", code="Denied", message="no such thing", status=400
    )
    caller = RecordingCaller({}, failure, {})
    outcome = CallsRunner(caller).run(Change.calls([call(o, {}) for o in "ABC"]))
    assert outcome.failed
    assert outcome.detail == "calls[1] ec2:B failed: Denied: no such thing"
    assert len(caller.asked) == 2


@pytest.mark.parametrize("text", ["${v.Nothing}", "a ${v.Vpc} b"])
def test_a_reference_that_leads_nowhere_is_an_outcome(text: str) -> None:
    caller = RecordingCaller({"Vpc": {}})
    outcome = CallsRunner(caller).run(
        Change.calls([call("A", {}, save="v"), call("B", {"X": text})])
    )
    assert outcome.exit_code == 1
    assert "calls[1]" in outcome.detail
    assert len(caller.asked) == 1


@pytest.mark.parametrize("text", ["${w.X}", "${v.[}"])
def test_a_reference_that_cannot_work_is_refused_before_any_call(text: str) -> None:
    caller = RecordingCaller()
    with pytest.raises(InvalidChange):
        CallsRunner(caller).run(Change.calls([call("A", {}, save="v"), call("B", {"X": text})]))
    assert caller.asked == []
