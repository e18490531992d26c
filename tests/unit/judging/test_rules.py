"""Every rule, refusing and letting through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor import Intent, Limits
from executor.errors import InvalidConfig
from executor.judging import RULES, Evidence, Judge
from executor.model.call import Call, Refusal, Touch, Trace, Verb
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision, worst
from executor.model.effect import Action, Doubt, Effect, Effects, Hazard
from executor.model.finding import Rule
from executor.model.intent import ResourcePattern
from executor.model.json import JsonObject
from executor.model.policy import Policy
from executor.model.resource import Gap, Resource, Snapshot

QUEUE = "AWS::SQS::Queue"
STACK = "AWS::CloudFormation::Stack"
EMPTY = Snapshot(account="1", region="us-east-1")


def call(n: int = 1, **changes: object) -> Call:
    made = Call(n=n, service="sqs", operation="DeleteQueue", region="us-east-1", status=200)
    return replace(made, **changes)  # type: ignore[arg-type]


def effect(action: Action, name: str = "orders", **changes: object) -> Effect:
    made = Effect(action=action, type=QUEUE, name=name, id=name, address=f"arn:{name}", calls=(1,))
    return replace(made, **changes)  # type: ignore[arg-type]


def evidence(*effects: Effect, intent: Intent | None = None, **changes: object) -> Evidence:
    made = Evidence(
        effects=Effects(effects=effects),
        trace=Trace(calls=(call(),)),
        intent=intent or Intent(),
        policy=Policy(),
        outcome=ChangeOutcome(exit_code=0),
        baseline=EMPTY,
        prior=EMPTY,
        observed=EMPTY,
        isolation={"kind": "off"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def decided(given: Evidence) -> tuple[Decision, list[Rule]]:
    verdict = Judge().judge(given)
    return verdict.decision, [finding.rule for finding in verdict.findings]


DENY, HOLD, UNDECIDED, ALLOW = Decision.DENY, Decision.HOLD, Decision.UNDECIDED, Decision.ALLOW
LOSS = frozenset({Hazard.DATA_LOSS})


def allow(*patterns: str) -> Intent:
    return Intent(allow=patterns)


@pytest.mark.parametrize(
    ("rule", "decision", "refused", "passed"),
    [
        (
            Rule.UNEXPECTED_DELETE,
            DENY,
            evidence(effect(Action.DELETE, hazards=LOSS)),
            evidence(effect(Action.DELETE, hazards=LOSS), intent=allow(f"delete {QUEUE} ord*")),
        ),
        (
            Rule.UNEXPECTED_REPLACE,
            DENY,
            evidence(
                effect(Action.REPLACE),
                intent=allow(f"delete {QUEUE} orders", f"create {QUEUE} orders"),
            ),
            evidence(effect(Action.REPLACE), intent=allow(f"replace {QUEUE} orders")),
        ),
        (
            Rule.UNEXPECTED_DATA_LOSS,
            DENY,
            evidence(effect(Action.UPDATE, hazards=LOSS), intent=allow(f"update {QUEUE} orders")),
            evidence(
                effect(Action.UPDATE, hazards=LOSS),
                intent=allow(f"update+data-loss {QUEUE} orders"),
            ),
        ),
        (
            Rule.UNEXPECTED_DATA_LOSS,
            DENY,
            evidence(effect(Action.REPLACE, hazards=LOSS), intent=allow(f"replace {QUEUE} orders")),
            evidence(
                effect(Action.REPLACE, hazards=LOSS),
                intent=allow(f"replace+data-loss {QUEUE} orders"),
            ),
        ),
        (
            Rule.PROTECTED,
            DENY,
            evidence(effect(Action.UPDATE), intent=Intent(protect=[f"{QUEUE} orders"])),
            evidence(effect(Action.UPDATE), intent=Intent(protect=[f"{QUEUE} other"])),
        ),
        (
            Rule.PROTECTED,
            DENY,
            evidence(
                effect(Action.UPDATE),
                policy=Policy(protect=(ResourcePattern(type="AWS::SQS::*", name="*"),)),
            ),
            evidence(
                effect(Action.UPDATE),
                policy=Policy(protect=(ResourcePattern(type="AWS::SNS::*", name="*"),)),
            ),
        ),
        (
            Rule.INTENT_UNMET,
            DENY,
            evidence(intent=Intent(expect=[f"create {QUEUE} orders"])),
            evidence(effect(Action.CREATE), intent=Intent(expect=[f"create {QUEUE} orders"])),
        ),
        (
            Rule.INTENT_UNMET,
            DENY,
            evidence(intent=Intent(checks=["length(resources) == `1`"])),
            evidence(intent=Intent(checks=["length(resources) == `0`"])),
        ),
        (
            Rule.INTENT_UNMET,
            DENY,
            evidence(intent=Intent(checks=["resources[0].name"])),
            evidence(intent=Intent(checks=["resources == `[]`"])),
        ),
        (
            Rule.CHANGE_FAILED,
            DENY,
            evidence(outcome=ChangeOutcome(exit_code=1)),
            evidence(outcome=ChangeOutcome(exit_code=0)),
        ),
        (
            Rule.CHANGE_FAILED,
            DENY,
            evidence(outcome=ChangeOutcome(exit_code=0, timed_out=True)),
            evidence(outcome=ChangeOutcome(exit_code=0)),
        ),
        (
            Rule.UNEXPECTED_PROTECTION_LOSS,
            HOLD,
            evidence(effect(Action.UPDATE, hazards=frozenset({Hazard.PROTECTION_LOSS}))),
            evidence(
                effect(Action.UPDATE, hazards=frozenset({Hazard.PROTECTION_LOSS})),
                intent=allow(f"update+protection-loss {QUEUE} *"),
            ),
        ),
        (
            Rule.UNEXPECTED_DISRUPTION,
            HOLD,
            evidence(effect(Action.UPDATE, hazards=frozenset({Hazard.DISRUPTION}))),
            evidence(
                effect(Action.UPDATE, hazards=frozenset({Hazard.DISRUPTION})),
                intent=allow(f"update+disruption {QUEUE} *"),
            ),
        ),
        (
            Rule.UNEXPECTED_EXPOSURE,
            HOLD,
            evidence(effect(Action.UPDATE, hazards=frozenset({Hazard.EXPOSURE}))),
            evidence(
                effect(Action.UPDATE, hazards=frozenset({Hazard.EXPOSURE})),
                intent=allow(f"update+exposure {QUEUE} *"),
            ),
        ),
        (
            Rule.UNEXPECTED_CREATE,
            HOLD,
            evidence(effect(Action.CREATE), intent=allow(f"create {QUEUE} other")),
            evidence(effect(Action.CREATE)),
        ),
        (
            Rule.UNEXPECTED_UPDATE,
            HOLD,
            evidence(effect(Action.UPDATE), intent=allow(f"create {QUEUE} orders")),
            evidence(effect(Action.UPDATE)),
        ),
        (
            Rule.OVER_LIMIT,
            HOLD,
            evidence(effect(Action.CREATE), intent=Intent(limits=Limits(total=0))),
            evidence(effect(Action.CREATE), intent=Intent(limits=Limits(total=1))),
        ),
        (
            Rule.OVER_LIMIT,
            HOLD,
            evidence(effect(Action.CREATE), policy=Policy(limits=Limits(create=0))),
            evidence(effect(Action.CREATE), policy=Policy(limits=Limits(delete=0))),
        ),
        (
            Rule.UNEXPLAINED,
            UNDECIDED,
            evidence(effect(Action.CREATE, calls=(), doubts=(Doubt.NO_CAUSE,))),
            evidence(effect(Action.CREATE)),
        ),
        (
            Rule.UNEXPLAINED,
            UNDECIDED,
            evidence(effects=Effects(disagreements=((1, "arn:orders", "is still there"),))),
            evidence(effects=Effects()),
        ),
        (
            Rule.NOT_REHEARSED,
            UNDECIDED,
            evidence(trace=Trace(calls=(call(refused=Refusal.NOT_IMPLEMENTED),))),
            evidence(trace=Trace(calls=(call(status=404, error="NotFound"),))),
        ),
        (
            Rule.NOT_REHEARSED,
            UNDECIDED,
            evidence(trace=Trace(calls=(call(status=None),))),
            evidence(trace=Trace(calls=(call(),))),
        ),
        (
            Rule.NOT_REHEARSED,
            UNDECIDED,
            evidence(unfaithful={"sqs:DeleteQueue": "it forgets"}),
            evidence(unfaithful={"sqs:CreateQueue": "it forgets"}),
        ),
        (
            Rule.NOT_REHEARSED,
            UNDECIDED,
            evidence(
                trace=Trace(calls=(call(params={"Force": True}),)),
                unfaithful={"sqs:DeleteQueue Force || Really": "it forgets"},
            ),
            evidence(
                trace=Trace(calls=(call(params={"Force": False}),)),
                unfaithful={"sqs:DeleteQueue Force || Really": "it forgets"},
            ),
        ),
        (
            Rule.NOT_COVERED,
            UNDECIDED,
            evidence(trace=Trace(calls=(call(),), unread={1: "kinesis:CreateStream"})),
            evidence(trace=Trace(calls=(call(),))),
        ),
        (
            Rule.NOT_COVERED,
            UNDECIDED,
            evidence(trace=Trace(calls=(call(),), blind={1: "mq:ListBrokers"})),
            evidence(trace=Trace(calls=(call(),), blind={1: "mq:ListBrokers"}), replicates=False),
        ),
        (
            Rule.WEAK_CONFINEMENT,
            HOLD,
            evidence(policy=Policy(minimum_isolation="bubblewrap")),
            evidence(policy=Policy(minimum_isolation="off")),
        ),
        (
            Rule.WEAK_CONFINEMENT,
            HOLD,
            evidence(policy=Policy(minimum_isolation="container"), isolation={"kind": "off"}),
            evidence(
                policy=Policy(minimum_isolation="container"), isolation={"kind": "not-needed"}
            ),
        ),
    ],
)
def test_the_rule_refuses_the_one_and_lets_the_other_through(
    rule: Rule, decision: Decision, refused: Evidence, passed: Evidence
) -> None:
    assert decided(refused) == (decision, [rule])
    assert decided(passed) == (ALLOW, [])


@pytest.mark.parametrize("promise", ["network", "filesystem", "credentials"])
def test_a_confinement_that_breaks_a_promise_is_not_the_one_that_was_asked_for(
    promise: str,
) -> None:
    kept: JsonObject = {
        "kind": "bubblewrap",
        "network": True,
        "filesystem": True,
        "credentials": True,
    }
    policy = Policy(minimum_isolation="container")
    assert decided(evidence(policy=policy, isolation=kept)) == (ALLOW, [])
    broken = {**kept, promise: False}
    assert decided(evidence(policy=policy, isolation=broken)) == (HOLD, [Rule.WEAK_CONFINEMENT])


def test_a_failure_that_a_refused_call_explains_is_undecided_and_not_denied() -> None:
    lacking = Trace(calls=(call(refused=Refusal.NOT_IMPLEMENTED),))
    given_ = evidence(trace=lacking, outcome=ChangeOutcome(exit_code=1))
    assert decided(given_) == (UNDECIDED, [Rule.NOT_REHEARSED])


def test_a_touch_of_what_could_not_be_read_is_not_covered() -> None:
    touch = Touch(call=1, type=QUEUE, verb=Verb.UPDATE, handles=frozenset({"orders"}))
    trace = Trace(calls=(call(),), touches=(touch,))
    gap = Gap(service="sqs", type=QUEUE, reason="AccessDenied")
    unread = replace(EMPTY, gaps=(gap,))
    assert decided(evidence(trace=trace, prior=unread)) == (UNDECIDED, [Rule.NOT_COVERED])
    elsewhere = replace(EMPTY, gaps=(replace(gap, type="AWS::SNS::Topic"),))
    assert decided(evidence(trace=trace, prior=elsewhere)) == (ALLOW, [])


def test_updating_a_stack_is_covered_by_what_is_said_of_its_resources() -> None:
    stack = effect(Action.UPDATE, "web", type=STACK, address="arn:web")
    queue = effect(Action.UPDATE)
    intent = allow(f"update {QUEUE} orders")
    assert decided(evidence(stack, queue, intent=intent)) == (ALLOW, [])
    other = effect(Action.UPDATE, "jobs")
    assert decided(evidence(stack, queue, other, intent=intent))[0] is HOLD


def test_deleting_a_stack_is_never_covered_by_its_resources() -> None:
    stack = effect(Action.DELETE, "web", type=STACK, address="arn:web")
    queue = effect(Action.DELETE)
    verdict = decided(evidence(stack, queue, intent=allow(f"delete {QUEUE} orders")))
    assert verdict == (DENY, [Rule.UNEXPECTED_DELETE])


def test_checks_see_the_resources_after_the_run() -> None:
    made = Resource(type=QUEUE, address="arn:a", name="a", id="a", account="1", region="us-east-1")
    observed = replace(EMPTY, resources={"arn:a": made})
    intent = Intent(checks=["length(resources[?type=='AWS::SQS::Queue']) == `1`"])
    assert decided(evidence(intent=intent, observed=observed)) == (ALLOW, [])


@pytest.mark.parametrize(
    "rule", [Rule.NOT_REHEARSED, Rule.NOT_COVERED, Rule.UNEXPLAINED, Rule.CHANGE_FAILED]
)
def test_no_policy_can_allow_what_was_not_rehearsed(rule: Rule) -> None:
    with pytest.raises(InvalidConfig):
        Policy(decisions={rule: ALLOW})
    assert Policy(decisions={rule: DENY}).decision(rule) is DENY


ACTIONS = st.sampled_from(list(Action))
HAZARDS = st.frozensets(st.sampled_from(list(Hazard)))
EFFECTS = st.lists(
    st.builds(
        lambda action, hazards, name: effect(action, name, hazards=hazards),
        ACTIONS,
        HAZARDS,
        st.sampled_from(["a", "b"]),
    ),
    max_size=4,
)
PATTERNS = st.lists(
    st.builds(
        lambda action, hazards, name: "+".join([action, *sorted(hazards)]) + f" {QUEUE} {name}",
        ACTIONS,
        HAZARDS,
        st.sampled_from(["a", "b", "*"]),
    ),
    max_size=3,
)


@given(EFFECTS, PATTERNS)
def test_an_uncovered_deletion_or_replacement_is_never_allowed(
    effects: list[Effect], patterns: list[str]
) -> None:
    intent = Intent(allow=patterns)
    verdict = Judge().judge(evidence(*effects, intent=intent))
    for found in verdict.effects:
        ends = found.action in (Action.DELETE, Action.REPLACE)
        if ends and not any(p.covers_action(found) for p in intent.patterns):
            assert verdict.decision is DENY


@given(EFFECTS, PATTERNS)
def test_data_that_nobody_gave_up_is_never_allowed_to_go(
    effects: list[Effect], patterns: list[str]
) -> None:
    intent = Intent(allow=patterns)
    verdict = Judge().judge(evidence(*effects, intent=intent))
    for found in verdict.effects:
        given_up = any(p.covers_hazard(found, Hazard.DATA_LOSS) for p in intent.patterns)
        if Hazard.DATA_LOSS in found.hazards and not given_up:
            assert verdict.decision is DENY


@given(EFFECTS, PATTERNS, st.data())
def test_taking_a_pattern_back_never_makes_it_less_severe(
    effects: list[Effect], patterns: list[str], data: st.DataObject
) -> None:
    # An intent that declares nothing at all is another question, so one pattern stays.
    kept = [*patterns, "create AWS::None::None x"]
    dropped = data.draw(st.sampled_from(kept[:-1])) if patterns else None
    fewer = [p for p in kept if p != dropped]
    before = Judge().judge(evidence(*effects, intent=Intent(allow=kept)))
    after = Judge().judge(evidence(*effects, intent=Intent(allow=fewer)))
    assert after.decision.severity >= before.decision.severity


@given(EFFECTS, EFFECTS, PATTERNS)
def test_more_effects_never_make_it_less_severe(
    effects: list[Effect], more: list[Effect], patterns: list[str]
) -> None:
    intent = Intent(allow=patterns)
    before = Judge().judge(evidence(*effects, intent=intent))
    after = Judge().judge(evidence(*effects, *more, intent=intent))
    assert after.decision.severity >= before.decision.severity
    assert set(before.findings) <= set(after.findings)


@given(st.lists(st.sampled_from(list(Decision))), st.sampled_from(list(Decision)))
def test_one_more_finding_never_makes_it_less_severe(
    decisions: list[Decision], more: Decision
) -> None:
    assert worst([*decisions, more]).severity >= worst(decisions).severity


def test_every_rule_of_the_contract_has_a_function() -> None:
    named = {rule.__name__.replace("_", "-") for rule in RULES}
    assert named == {rule.value for rule in Rule}
