"""Reading goes on where a server failed for a moment, and ends where it says no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from executor.aws import CallFailed
from executor.aws_faults import SteadyReads
from executor.model.json import JsonObject


def failure(status: int, message: str = "") -> CallFailed:
    return CallFailed(
        service="ec2", operation="DescribeVolumes", code="Failed", message=message, status=status
    )


class Failing:
    """Fails as it is told, and answers then."""

    def __init__(self, *failures: CallFailed) -> None:
        self.left = list(failures)

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        if self.left:
            raise self.left.pop(0)
        return {"Volumes": []}

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        yield self.call(service, operation, params)
        yield {"Volumes": ["second"]}


PASSING = [failure(500), failure(502), failure(0, "Unable to parse response (syntax error)")]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_not_seen(fault: CallFailed) -> None:
    waited: list[float] = []
    steady = SteadyReads(Failing(fault, fault), sleep=waited.append)
    assert steady.call("ec2", "DescribeVolumes", {}) == {"Volumes": []}
    assert len(waited) == 2
    paged = SteadyReads(Failing(fault), sleep=waited.append)
    pages = list(paged.pages("ec2", "DescribeVolumes", {}))
    assert pages == [{"Volumes": []}, {"Volumes": ["second"]}]


def test_a_fault_that_stays_is_told() -> None:
    fault = failure(500)
    steady = SteadyReads(Failing(fault, fault, fault), sleep=lambda s: None)
    with pytest.raises(CallFailed):
        steady.call("ec2", "DescribeVolumes", {})


@pytest.mark.parametrize(
    "no", [failure(403), failure(501), failure(503), failure(0, "Could not connect")]
)
def test_what_was_said_is_not_asked_again(no: CallFailed) -> None:
    inner = Failing(no)
    with pytest.raises(CallFailed):
        SteadyReads(inner, sleep=lambda s: None).call("ec2", "DescribeVolumes", {})
    with pytest.raises(CallFailed):
        list(SteadyReads(Failing(no)).pages("ec2", "DescribeVolumes", {}))
