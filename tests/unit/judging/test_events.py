"""What an event sets off is not followed, so a change that puts one is not rehearsed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.judging import Judge
from executor.model.call import Call, Touch, Trace, Verb
from executor.model.json import Json
from executor.model.resource import Gap, Resource
from tests.unit.judging.test_coverage import COVERED, NOT_REHEARSED, resource, state
from tests.unit.judging.test_rules import call, decided, evidence

RULE = "AWS::Events::Rule"
FUNCTION = "arn:aws:lambda:us-east-1:1:function:cleanup"
MACHINE = "arn:aws:states:us-east-1:1:stateMachine:cleanup"
QUEUE = "arn:aws:sqs:us-east-1:1:orders"
ANY: Json = {"source": [{"prefix": ""}]}


def rule(name: str = "r", *, goal: str = FUNCTION, bus: str = "default", **has: Json) -> Resource:
    properties: dict[str, Json] = {
        "EventBusName": bus,
        "State": "ENABLED",
        "EventPattern": {"source": ["shop"]},
        "Targets": {"1": {"Arn": goal}},
    }
    return replace(resource(RULE, name, f"{bus}/{name}"), properties=properties | has)


def asked(n: int, operation: str, **params: Json) -> Call:
    return call(n, service="events", operation=operation, params=params)


def put(n: int = 1, *, status: int = 200, **has: Json) -> Call:
    entry: dict[str, Json] = {"Source": "shop", "DetailType": "sold", "Detail": '{"a": {"b": 1}}'}
    return replace(asked(n, "PutEvents", Entries=[entry | has]), status=status)


def shaped(n: int) -> Touch:
    return Touch(call=n, type=RULE, verb=Verb.CREATE, handles=frozenset({"default/r"}))


@pytest.mark.parametrize(
    ("held", "event"),
    [
        (rule(), put()),
        (rule(goal=MACHINE), put()),
        (rule(bus="mine"), put(EventBusName="mine")),
        (rule(bus="mine"), put(EventBusName="arn:aws:events:us-east-1:1:event-bus/mine")),
        (rule(EventPattern=ANY), put()),
        (rule(EventPattern="no JSON"), put()),
        (rule(EventPattern={"account": ["1"]}), put()),
        (rule(EventPattern={"detail": {"a": {"b": [1, 2]}}}), put()),
        (rule(EventPattern={"detail": {"c": [{"exists": False}]}}), put()),
        (rule(EventPattern={"detail": {"$or": [{"a": ["c"]}]}}), put()),
        (rule(EventPattern={"detail": {"a": ["c"]}}), put(Detail="kept back")),
        (rule(EventPattern={"resources": ["x"]}), put(Resources=["w", "x"])),
    ],
)
def test_an_event_that_a_rule_may_hand_to_what_acts(held: Resource, event: Call) -> None:
    given = evidence(trace=Trace(calls=(event,)), prior=state(held))
    assert decided(given) == NOT_REHEARSED
    # One that the change has made counts as well.
    given = evidence(trace=Trace(calls=(event,)), observed=state(held))
    assert decided(given) == NOT_REHEARSED


@pytest.mark.parametrize(
    ("held", "event"),
    [
        (rule(goal=QUEUE), put()),
        (rule(bus="mine"), put()),
        (rule(State="DISABLED"), put()),
        (replace(rule(), region="eu-west-1"), put()),
        (rule(EventPattern=None, ScheduleExpression="rate(1 day)"), put()),
        (rule(EventPattern={"source": ["aws.ec2"]}), put()),
        (rule(EventPattern={"source": ["shop"], "detail-type": ["returned"]}), put()),
        (rule(EventPattern={"detail": {"a": {"b": [2]}}}), put()),
        (rule(EventPattern={"detail": {"c": {"d": ["e"]}}}), put()),
        (rule(EventPattern={"resources": ["x"]}), put(Resources=["w"])),
        (rule(), put(status=400)),
        (rule(), asked(1, "ListRules")),
    ],
)
def test_an_event_that_sets_nothing_off(held: Resource, event: Call) -> None:
    given = evidence(trace=Trace(calls=(event,)), prior=state(held), observed=state(held))
    assert decided(given) == COVERED


def test_targets_that_were_there_for_a_moment_count() -> None:
    elsewhere = rule("other", EventPattern={"source": ["aws.ec2"]})
    target: Json = [{"Id": "1", "Arn": FUNCTION}]
    calls = (asked(1, "PutTargets", Rule="r", Targets=target), put(2))
    assert decided(evidence(trace=Trace(calls=calls), prior=state(elsewhere))) == NOT_REHEARSED
    calls = (asked(1, "PutTargets", Rule="other", Targets=target), put(2))
    assert decided(evidence(trace=Trace(calls=calls), prior=state(elsewhere))) == COVERED


def test_a_rule_that_was_another_for_a_moment_counts() -> None:
    held = rule(EventPattern={"source": ["aws.ec2"]})
    calls = (asked(1, "PutRule"), put(2), asked(3, "PutRule"))
    twice = Trace(calls=calls, touches=(shaped(1), shaped(3)))
    assert decided(evidence(trace=twice, prior=state(held))) == NOT_REHEARSED
    once = Trace(calls=calls[:2], touches=(shaped(1),))
    assert decided(evidence(trace=once, prior=state(held))) == COVERED


def test_rules_that_could_not_be_read_may_be_any() -> None:
    unread = Gap(service="events", type=RULE, reason="AccessDenied")
    assert decided(evidence(trace=Trace(calls=(put(),)), prior=state(gap=unread))) == NOT_REHEARSED
    far = replace(unread, region="eu-west-1")
    assert decided(evidence(trace=Trace(calls=(put(),)), prior=state(gap=far))) == COVERED


def test_what_is_set_off_is_named() -> None:
    held = rule(EventPattern={"detail": {"a": [None]}})
    given = evidence(trace=Trace(calls=(put(Detail="{}"),)), prior=state(held))
    (finding,) = Judge().judge(given).findings
    assert FUNCTION in finding.message
    assert finding.calls == (1,)
