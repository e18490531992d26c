"""Who looks for what nobody could read must not be told that there is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.model.call import Trace
from executor.model.resource import Gap
from tests.unit.judging.test_coverage import COVERED, NOT_COVERED, resource, state
from tests.unit.judging.test_rules import QUEUE, call, decided, evidence

TOPIC = "AWS::SNS::Topic"
NOT_READ = Gap(service="sqs", type=QUEUE, reason="AccessDenied")
LOST = Gap(service="sqs", type=QUEUE, address="arn:lost", reason="could not be rebuilt")


def looking(*types: str, service: str = "sqs", **params: str) -> Trace:
    look = replace(
        call(), service=service, operation="ListQueues", mutating=False, params=dict(params)
    )
    return Trace(calls=(look,), looks={1: frozenset(types)})


@pytest.mark.parametrize("gap", [NOT_READ, replace(NOT_READ, type="*"), LOST])
def test_looking_into_a_gap_is_not_covered(gap: Gap) -> None:
    prior = state(resource(QUEUE, "orders"), gap=gap)
    assert decided(evidence(trace=looking(QUEUE), prior=prior)) == NOT_COVERED
    # There is no target that could hold more.
    assert decided(evidence(trace=looking(QUEUE), prior=prior, replicates=False)) == COVERED


def test_looking_elsewhere_is_covered() -> None:
    prior = state(resource(QUEUE, "orders"), gap=NOT_READ)
    assert decided(evidence(trace=looking(TOPIC), prior=prior)) == COVERED
    assert decided(evidence(trace=looking(QUEUE, service="sns"), prior=prior)) == COVERED
    far = state(gap=replace(NOT_READ, region="eu-west-1"))
    assert decided(evidence(trace=looking(QUEUE), prior=far)) == COVERED


def test_looking_at_what_the_replica_holds_is_covered() -> None:
    prior = state(resource(QUEUE, "orders"), gap=LOST)
    assert decided(evidence(trace=looking(QUEUE, QueueUrl="orders"), prior=prior)) == COVERED
    # Rebuilt in part, it is there to be found.
    in_part = state(resource(QUEUE, "lost"), gap=LOST)
    assert decided(evidence(trace=looking(QUEUE), prior=in_part)) == COVERED
