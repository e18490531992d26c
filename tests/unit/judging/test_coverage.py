"""What nobody could read, rebuild or really run, and was touched all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor import Intent
from executor.judging import Evidence, Judge
from executor.model.call import Refusal, Touch, Trace, Verb
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Action, Doubt, Effects
from executor.model.finding import Rule
from executor.model.policy import Policy
from executor.model.resource import Gap, Member, Resource, Snapshot
from tests.unit.judging.test_rules import (
    ALLOW,
    DENY,
    EMPTY,
    HOLD,
    QUEUE,
    STACK,
    UNDECIDED,
    call,
    decided,
    effect,
    evidence,
)

FUNCTION = "AWS::Lambda::Function"
SECRET = "AWS::SecretsManager::Secret"
COVERED: tuple[Decision, list[Rule]] = (ALLOW, [])
CUT_OFF = dict.fromkeys(("network", "filesystem", "credentials"), True)
NOT_COVERED = (UNDECIDED, [Rule.NOT_COVERED])
NOT_REHEARSED = (UNDECIDED, [Rule.NOT_REHEARSED])


def resource(type: str, name: str, *handles: str, members: tuple[Member, ...] = ()) -> Resource:
    return Resource(
        type=type,
        address=f"arn:{name}",
        name=name,
        id=name,
        account="1",
        region="us-east-1",
        handles=frozenset({name, *handles}),
        members=members,
    )


def state(*resources: Resource, gap: Gap | None = None) -> Snapshot:
    gaps = (gap,) if gap is not None else ()
    return replace(EMPTY, resources={r.address: r for r in resources}, gaps=gaps)


def touching(type: str, *handles: str, verb: Verb = Verb.UPDATE, **changes: object) -> Trace:
    touch = Touch(call=1, type=type, verb=verb, handles=frozenset(handles))
    return Trace(calls=(replace(call(), **changes),), touches=(touch,))  # type: ignore[arg-type]


def gap(type: str = QUEUE, address: str = "", service: str = "sqs") -> Gap:
    return Gap(service=service, type=type, address=address, reason="AccessDenied")


# Gaps


@pytest.mark.parametrize(
    ("unread", "trace", "expected"),
    [
        (gap(), touching(QUEUE, "orders"), NOT_COVERED),
        (gap("AWS::SNS::Topic"), touching(QUEUE, "orders"), COVERED),
        (gap("*"), touching(QUEUE, "orders"), NOT_COVERED),
        (gap("*", service="sns"), touching(QUEUE, "orders"), COVERED),
        (gap(), touching(QUEUE, "orders", mutating=False), COVERED),
        (gap(), touching(QUEUE, "orders", status=403, error="AccessDenied"), COVERED),
        (gap(address="arn:aws:sqs:r:1:orders"), touching(QUEUE, "orders"), NOT_COVERED),
        (gap(address="arn:aws:sqs:r:1:orders"), touching(QUEUE, "jobs"), COVERED),
        (gap(address="arn:aws:logs:r:1:log-group:/a/b"), touching(QUEUE, "/a/b"), NOT_COVERED),
        (
            gap(STACK, "arn:aws:cloudformation:r:1:stack/web/0-1"),
            touching(STACK, "web", verb=Verb.CREATE),
            NOT_COVERED,
        ),
        (
            gap(SECRET, "arn:aws:secretsmanager:r:1:secret:db/main-AbCdEf"),
            touching(SECRET, "db/main"),
            NOT_COVERED,
        ),
        (
            gap(SECRET, "arn:aws:secretsmanager:r:1:secret:db/main-AbCdEf"),
            touching(SECRET, "db/other"),
            COVERED,
        ),
    ],
)
def test_touching_a_gap_is_not_covered_and_touching_beside_it_is(
    unread: Gap, trace: Trace, expected: tuple[Decision, list[Rule]]
) -> None:
    assert decided(evidence(trace=trace, prior=state(gap=unread))) == expected
    assert decided(evidence(trace=trace, observed=state(gap=unread))) == expected


def test_an_uncertain_touch_of_a_gap_is_told_too() -> None:
    found = decided(evidence(trace=touching(QUEUE, "a", status=None), prior=state(gap=gap())))
    assert Rule.NOT_COVERED in found[1]


def test_a_gap_is_found_by_any_name_of_its_resource() -> None:
    unread = gap(address="arn:orders")
    prior = state(resource(QUEUE, "orders", "https://queue/orders"), gap=unread)
    trace = touching(QUEUE, "https://queue/orders")
    assert decided(evidence(trace=trace, prior=prior)) == NOT_COVERED


def test_an_effect_on_what_could_not_be_read_whole_is_not_covered() -> None:
    unread = state(gap=gap(address="arn:orders"))
    assert decided(evidence(effect(Action.UPDATE), observed=unread)) == NOT_COVERED
    assert decided(evidence(effect(Action.UPDATE, "jobs"), observed=unread)) == COVERED


@pytest.mark.parametrize(("member", "expected"), [(QUEUE, NOT_COVERED), ("Other", COVERED)])
def test_a_stack_reaches_into_the_gaps_of_its_members_however_deep(
    member: str, expected: tuple[Decision, list[Rule]]
) -> None:
    inner = resource(STACK, "inner", members=(Member(logical_id="Q", type=member, id="orders"),))
    outer = resource(STACK, "web", members=(Member(logical_id="I", type=STACK, id="inner"),))
    for resources in ((outer, inner), (inner, outer)):
        prior = state(*resources, gap=gap())
        assert decided(evidence(trace=touching(STACK, "web"), prior=prior)) == expected


def test_a_gap_that_many_calls_touch_is_told_once_with_the_first() -> None:
    touches = tuple(
        Touch(call=n, type=QUEUE, verb=Verb.UPDATE, handles=frozenset({"orders"}))
        for n in (1, 2, 3)
    )
    trace = Trace(calls=(call(1), call(2), call(3)), touches=touches)
    unread = state(gap=gap())
    verdict = Judge().judge(evidence(trace=trace, prior=unread, observed=unread))
    assert [f.calls for f in verdict.findings] == [(1,)]


def test_a_member_that_nobody_reads_is_not_covered() -> None:
    words = "the stack web owns Rule of type AWS::Events::Rule"
    unread = Effects(unread=((1, "arn:web", words),))
    assert decided(evidence(effects=unread)) == NOT_COVERED
    assert decided(evidence(effects=Effects())) == COVERED


# What the engine could not do


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": 501}, NOT_REHEARSED),
        ({"status": 500, "error": "InternalError"}, NOT_REHEARSED),
        ({"status": 404, "error": "NotFound"}, COVERED),
        ({"status": 200, "error": "Unreadable:ParseError"}, NOT_REHEARSED),
        ({"refused": Refusal.UNIDENTIFIED}, NOT_REHEARSED),
        ({"refused": Refusal.NOT_HYDRATED}, NOT_REHEARSED),
        ({"refused": Refusal.ENGINE_LOST}, NOT_REHEARSED),
        ({"refused": Refusal.NOT_IMPLEMENTED, "mutating": False}, NOT_REHEARSED),
    ],
)
def test_an_engine_that_fails_has_rehearsed_nothing(
    changes: dict[str, object], expected: tuple[Decision, list[Rule]]
) -> None:
    made = replace(call(), **changes)  # type: ignore[arg-type]
    assert decided(evidence(trace=Trace(calls=(made,)))) == expected


def test_a_change_that_fails_on_an_engines_failure_is_undecided() -> None:
    broken = Trace(calls=(call(status=501),))
    failed = ChangeOutcome(exit_code=1)
    assert decided(evidence(trace=broken, outcome=failed)) == NOT_REHEARSED
    refused_by_aws = Trace(calls=(call(status=400, error="ValidationError"),))
    assert decided(evidence(trace=refused_by_aws, outcome=failed)) == (DENY, [Rule.CHANGE_FAILED])


def invoked(*operations: str, prior: Snapshot) -> Evidence:
    calls = tuple(call(n, operation=o) for n, o in enumerate(operations, start=1))
    touches = tuple(
        Touch(
            call=c.n,
            type=FUNCTION,
            verb=Verb.OPERATE if c.operation == "Invoke" else Verb.UPDATE,
            handles=frozenset({"cleanup"}),
        )
        for c in calls
    )
    return evidence(trace=Trace(calls=calls, touches=touches), prior=prior)


def test_running_a_function_of_the_targets_runs_a_placeholder() -> None:
    theirs = state(resource(FUNCTION, "cleanup"))
    assert decided(invoked("Invoke", prior=theirs)) == NOT_REHEARSED
    assert decided(invoked("Invoke", "UpdateFunctionCode", prior=theirs)) == NOT_REHEARSED
    assert decided(invoked("UpdateFunctionCode", "Invoke", prior=theirs)) == COVERED
    assert decided(invoked("CreateFunction", "Invoke", prior=EMPTY)) == COVERED


def test_what_was_overwritten_unseen_is_unexplained() -> None:
    doubtful = effect(Action.UPDATE, doubts=(Doubt.PARTLY_READ,))
    assert decided(evidence(doubtful)) == (UNDECIDED, [Rule.UNEXPLAINED])


@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_leaves_a_run_undecided(doubt: Doubt) -> None:
    assert decided(evidence(effect(Action.UPDATE, doubts=(doubt,))))[0] is UNDECIDED


# Protection, checks, confinement


def test_what_takes_a_protected_name_is_protected() -> None:
    replaced = effect(
        Action.REPLACE,
        replaced_by="arn:invoices",
        after={"name": "invoices", "id": "invoices"},
    )
    intent = Intent(allow=[f"replace {QUEUE} *"], protect=[f"{QUEUE} invoices"])
    assert decided(evidence(replaced, intent=intent)) == (DENY, [Rule.PROTECTED])
    other = Intent(allow=[f"replace {QUEUE} *"], protect=[f"{QUEUE} jobs"])
    assert decided(evidence(replaced, intent=other)) == COVERED


@pytest.mark.parametrize(
    ("check", "shown"),
    [
        ("missing", "null"),
        ("length(resources) == `1`", "false"),
        ("length(resources)", "0"),
        ("'true'", '"true"'),
        ("`1`", "1"),
        ("resources[::0]", "an error"),
        ("sum(resources)", "0"),
        ('avg(`["a"]`)', "an error"),
        ("length(`1`)", "an error"),
    ],
)
def test_a_check_that_is_not_true_is_denied_with_what_it_is(check: str, shown: str) -> None:
    verdict = Judge().judge(evidence(intent=Intent(checks=[check])))
    assert verdict.decision is DENY
    assert f"is {shown}" in verdict.findings[0].message


@pytest.mark.parametrize(
    ("isolation", "expected"),
    [
        ({"kind": "bubblewrap", **CUT_OFF}, COVERED),
        ({"kind": "container", **CUT_OFF}, COVERED),
        ({"kind": "bubblewrap", **CUT_OFF, "network": False}, HOLD),
        ({"kind": "bubblewrap", **CUT_OFF, "filesystem": False}, HOLD),
        ({"kind": "bubblewrap", **CUT_OFF, "credentials": False}, HOLD),
        ({"kind": "bubblewrap"}, HOLD),
        ({"kind": "home-made", **CUT_OFF}, HOLD),
        ({}, HOLD),
    ],
)
def test_a_confinement_is_worth_what_it_achieved(
    isolation: dict[str, object], expected: object
) -> None:
    asked = Policy(minimum_isolation="container")
    found = decided(evidence(policy=asked, isolation=isolation))
    assert found == (expected if expected == COVERED else (HOLD, [Rule.WEAK_CONFINEMENT]))


def test_blocked_connections_decide_what_the_policy_says() -> None:
    isolation = {"kind": "off", "blocked": ["telemetry.example.com:443", "10.0.0.1:80"]}
    assert decided(evidence(isolation=isolation)) == COVERED
    minded = evidence(isolation=isolation, policy=Policy(blocked_connections=DENY))
    assert decided(minded) == (DENY, [Rule.WEAK_CONFINEMENT])
