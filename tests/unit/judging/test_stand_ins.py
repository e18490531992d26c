"""What was done by data that no replica holds was not rehearsed."""

from __future__ import annotations

from dataclasses import replace

from executor.judging import Evidence, Judge
from executor.model.call import Call, Touch, Trace, Verb
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.finding import Rule
from executor.model.resource import DataMark, Resource, Snapshot
from tests.unit.judging.test_rules import evidence

TABLE = "AWS::DynamoDB::Table"
KEY = '{"id":{"S":"1"}}'


def call(n: int, operation: str, *, mutating: bool, stand_in: bool = False) -> Call:
    return Call(
        n=n,
        service="dynamodb",
        operation=operation,
        region="us-east-1",
        mutating=mutating,
        status=200,
        stand_in=stand_in,
    )


SCAN = call(1, "Scan", mutating=False, stand_in=True)
PUT = call(2, "PutItem", mutating=True)


def table(original: str) -> Snapshot:
    data = DataMark(unit="item", count=1, entries={KEY: "here"}, originals={KEY: original})
    held = Resource(
        type=TABLE,
        address="t",
        name="t",
        id="t",
        account="1",
        region="us-east-1",
        handles=frozenset({"t"}),
        data=data,
    )
    return Snapshot(account="1", region="us-east-1", resources={"t": held})


def judged(
    *calls: Call, chosen_by: str = "", original: str = "there", exit_code: int = 0
) -> Evidence:
    touch = Touch(
        call=1,
        type=TABLE,
        verb=Verb.READ,
        handles=frozenset({"t"}),
        chosen_by=frozenset({chosen_by} - {""}),
    )
    return replace(
        evidence(),
        trace=Trace(calls=calls, touches=(touch,)),
        prior=table(original),
        outcome=ChangeOutcome(exit_code=exit_code),
    )


def found(given: Evidence) -> tuple[Decision, set[Rule]]:
    verdict = Judge().judge(given)
    return verdict.decision, {finding.rule for finding in verdict.findings}


UNREHEARSED = (Decision.UNDECIDED, {Rule.NOT_REHEARSED})
ALLOWED = (Decision.ALLOW, set[Rule]())


def test_a_stand_in_that_is_passed_on_was_not_rehearsed() -> None:
    passed_on = replace(PUT, stand_in=True)
    assert found(judged(passed_on)) == UNREHEARSED
    assert found(judged(replace(passed_on, status=400))) == ALLOWED
    assert found(judged(PUT)) == ALLOWED


def test_items_without_their_contents_may_decide_what_is_done_next() -> None:
    assert found(judged(SCAN, PUT)) == UNREHEARSED
    assert found(judged(SCAN)) == ALLOWED
    assert found(judged(replace(SCAN, n=3), PUT)) == ALLOWED
    assert found(judged(replace(SCAN, stand_in=False), PUT)) == ALLOWED


def test_a_change_that_fails_for_want_of_data_was_not_rehearsed() -> None:
    assert found(judged(SCAN, exit_code=1)) == UNREHEARSED
    plain = replace(SCAN, stand_in=False)
    assert found(judged(plain, exit_code=1)) == (Decision.DENY, {Rule.CHANGE_FAILED})


def test_what_contents_choose_was_not_rehearsed() -> None:
    nothing_found = replace(SCAN, stand_in=False)
    assert found(judged(nothing_found, chosen_by="age")) == UNREHEARSED
    assert found(judged(nothing_found, chosen_by="id")) == ALLOWED
    # The items are the target's own.
    assert found(judged(nothing_found, chosen_by="age", original="here")) == ALLOWED
