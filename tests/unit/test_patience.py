"""Reading a target with manners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.aws import CallFailed
from executor.aws_patience import PatientApi
from executor.model.json import JsonObject


def failed(code: str) -> CallFailed:
    return CallFailed(service="sqs", operation="ListQueues", code=code, message="", status=0)


class FakeTarget:
    """Answers three pages; fails by plan: one entry per request, None for success."""

    def __init__(self, *plan: str | None) -> None:
        self._plan = list(plan)
        self.requests = 0

    def _asked(self) -> None:
        self.requests += 1
        code = self._plan.pop(0) if self._plan else None
        if code:
            raise failed(code)

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        self._asked()
        return {"answered": True}

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        self._asked()
        return {"answered": True}

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        for n in range(3):
            self._asked()
            yield {"page": n}


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def patient(target: FakeTarget, clock: Clock, per_second: float | None = None) -> PatientApi:
    return PatientApi(target, per_second=per_second, sleep=clock.sleep, clock=clock)


def test_a_throttled_call_is_made_again() -> None:
    target = FakeTarget("ThrottlingException", "SlowDown", None)
    clock = Clock()
    assert patient(target, clock).call("sqs", "ListQueues", {}) == {"answered": True}
    assert target.requests == 3
    assert clock.now > 0


def test_what_is_forbidden_is_not_asked_for_again() -> None:
    target = FakeTarget("AccessDenied")
    with pytest.raises(CallFailed, match="AccessDenied"):
        patient(target, Clock()).call("sqs", "ListQueues", {})
    assert target.requests == 1


@given(st.lists(st.sampled_from(["Throttling", None]), max_size=12))
def test_every_page_is_told_once_and_in_order_however_often_it_was_throttled(
    plan: list[str | None],
) -> None:
    pages = patient(FakeTarget(*plan), Clock()).pages("sqs", "ListQueues", {})
    assert [page["page"] for page in pages] == [0, 1, 2]


def test_a_page_that_fails_is_a_failure_and_no_end() -> None:
    pages = patient(FakeTarget(None, "AccessDenied"), Clock()).pages("sqs", "ListQueues", {})
    assert next(pages) == {"page": 0}
    with pytest.raises(CallFailed, match="AccessDenied"):
        next(pages)


def test_a_service_that_never_answers_is_asked_once() -> None:
    target = FakeTarget("Unreachable")
    api = patient(target, Clock())
    for _ in range(3):
        with pytest.raises(CallFailed, match="Unreachable"):
            api.call("sqs", "ListQueues", {}, region="eu-west-1")
    assert target.requests == 1
    assert api.call("sqs", "ListQueues", {}, region="us-east-1") == {"answered": True}


def test_what_is_asked_no_more_fails_in_its_own_name_whichever_call_found_out() -> None:
    api = PatientApi(FakeTarget("Unreachable"), per_second=None)
    with pytest.raises(CallFailed):
        api.call("sqs", "ListQueues", {})
    with pytest.raises(CallFailed) as failure:
        api.call("sqs", "GetQueueAttributes", {})
    assert failure.value.operation == "GetQueueAttributes"
    assert failure.value.code == "Unreachable"


def test_a_service_that_answered_before_is_asked_again() -> None:
    target = FakeTarget(None, "Unreachable", None)
    api = patient(target, Clock())
    api.call("sqs", "ListQueues", {})
    with pytest.raises(CallFailed, match="Unreachable"):
        api.call("sqs", "ListQueues", {})
    assert api.call("sqs", "ListQueues", {}) == {"answered": True}


def test_calls_of_a_service_keep_their_pace_after_a_burst() -> None:
    clock = Clock()
    api = patient(FakeTarget(), clock, per_second=10)
    moments = []
    for _ in range(40):
        api.call("sqs", "ListQueues", {})
        moments.append(clock.now)
    # The law of a bucket: ten at once, and ten in each second after it.
    assert all(later - earlier <= 0.1001 for earlier, later in pairwise(moments))
    assert moments[-1] == pytest.approx((40 - 11) / 10, abs=0.11)


def test_services_do_not_wait_for_each_other() -> None:
    clock = Clock()
    api = patient(FakeTarget(), clock, per_second=10)
    for n in range(40):
        api.call(f"service-{n}", "List", {})
    assert clock.now == 0
