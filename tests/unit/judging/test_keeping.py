"""What an engine cannot keep makes a run undecided where it matters, and nowhere else."""

from __future__ import annotations

from functools import partial as partial_of

import pytest

from executor.judging import Evidence, Faithfulness, Judge
from executor.judging.keeping import lost
from executor.model.call import Call, Touch, Trace, Verb
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Action, Effect, Effects
from executor.model.intent import Intent
from executor.model.json import Json
from executor.model.policy import Policy
from executor.model.resource import DataMark, Resource, Snapshot
from sandboxes.fidelity.records import Level, TypeFidelity

QUEUE = "AWS::SQS::Queue"
ADDRESS = "arn:aws:sqs:us-east-1:123456789012:orders"
HANDLES = frozenset({"orders", ADDRESS})


def queue(*, data: int = 0, tags: dict[str, str] | None = None, **properties: Json) -> Resource:
    return Resource(
        type=QUEUE,
        address=ADDRESS,
        name="orders",
        id="orders",
        account="123456789012",
        region="us-east-1",
        properties=properties,
        handles=HANDLES,
        tags=tags or {},
        data=DataMark(unit="message", count=data, entries={str(n): "x" for n in range(data)}),
    )


def snapshot(*resources: Resource) -> Snapshot:
    held = {r.address: r for r in resources}
    return Snapshot(account="123456789012", region="us-east-1", resources=held)


def partial(*missing: str) -> TypeFidelity:
    return TypeFidelity(type=QUEUE, level=Level.PARTIAL, missing=missing)


NONE = TypeFidelity(type=QUEUE, level=Level.NONE, reason="the engine has no ListQueues")


def judged(
    known: TypeFidelity | None,
    verb: Verb,
    *,
    target: Resource | None = None,
    replica: Resource | None = None,
    call: Call | None = None,
    hazardous: frozenset[str] = frozenset(),
    safeguards: frozenset[str] = frozenset(),
    intent: Intent | None = None,
    effect: Effect | None = None,
) -> list[str]:
    """Return the messages of what keeps the run from a decision."""
    made = call or Call(
        n=1, service="sqs", operation="SetQueueAttributes", region="us-east-1", status=200
    )
    touch = Touch(call=1, type=QUEUE, verb=verb, handles=HANDLES, succeeded=made.succeeded)
    evidence = Evidence(
        effects=Effects(effects=(effect,) if effect else ()),
        trace=Trace(calls=(made,), touches=(touch,)),
        intent=intent or Intent(),
        policy=Policy(),
        outcome=ChangeOutcome(exit_code=0),
        baseline=snapshot(*[r for r in (target,) if r]),
        prior=snapshot(*[r for r in (replica,) if r]),
        observed=snapshot(),
        isolation={"kind": "not-needed"},
        faithfulness=Faithfulness(
            types={QUEUE: known} if known else {},
            hazardous={QUEUE: hazardous},
            safeguards={QUEUE: safeguards},
        ),
    )
    found = Judge().judge(evidence).findings
    return [f.message for f in found if f.decision is Decision.UNDECIDED]


READS = Call(n=1, service="sqs", operation="ListQueues", region="r", status=200, mutating=False)
FAILED = Call(n=1, service="sqs", operation="DeleteQueue", region="r", status=400, error="No")


def test_change_of_a_type_that_cannot_be_kept_is_undecided() -> None:
    assert judged(NONE, Verb.CREATE) == [
        "AWS::SQS::Queue was touched (SetQueueAttributes, call 1), which the engine cannot keep:"
        " the engine has no ListQueues"
    ]


@pytest.mark.parametrize("call", [READS, FAILED])
def test_look_or_failure_at_a_type_that_cannot_be_kept_decides_nothing(call: Call) -> None:
    verb = Verb.DELETE if call.mutating else Verb.READ
    assert judged(NONE, verb, call=call) == []


def test_type_that_is_fully_kept_or_unknown_decides_nothing() -> None:
    full = TypeFidelity(type=QUEUE, level=Level.FULL)
    held = queue(Policy="x")
    assert judged(full, Verb.UPDATE, target=held, replica=queue()) == []
    assert judged(None, Verb.UPDATE, target=held, replica=queue()) == []


def test_update_of_what_lacks_a_setting_in_the_replica_is_undecided() -> None:
    known = partial("properties.Policy")
    assert judged(known, Verb.UPDATE, target=queue(Policy="x"), replica=queue())


def test_update_of_what_never_had_the_setting_is_decidable() -> None:
    known = partial("properties.Policy")
    assert judged(known, Verb.UPDATE, target=queue(Delay=1), replica=queue(Delay=1)) == []


def test_update_of_what_has_the_setting_in_the_replica_too_is_decidable() -> None:
    known = partial("properties.Policy")
    held = queue(Policy="x")
    assert judged(known, Verb.UPDATE, target=held, replica=held) == []


def test_setting_that_only_differs_is_not_missing() -> None:
    known = partial("properties.Address")
    given = queue(Address="10.0.0.5")
    assert judged(known, Verb.UPDATE, target=queue(Address="10.0.0.4"), replica=given) == []


def test_deletion_of_what_lost_its_tags_is_decidable() -> None:
    tagged = queue(tags={"team": "a"})
    assert judged(partial("tags"), Verb.DELETE, target=tagged, replica=queue()) == []


def test_deletion_of_what_lost_the_tag_that_protects_it_is_undecided() -> None:
    tagged = queue(tags={"Name": "prod-orders"})
    gone = Effect(
        action=Action.DELETE, type=QUEUE, name="orders", id="orders", address=ADDRESS, calls=(1,)
    )
    protecting = Intent(
        protect=(f"{QUEUE} prod-*",),
        allow=(f"delete {QUEUE} *",),
    )

    def asked(intent: Intent) -> list[str]:
        return judged(
            partial("tags"),
            Verb.DELETE,
            intent=intent,
            target=tagged,
            replica=queue(),
            effect=gone,
        )

    assert asked(protecting)
    other = Intent(protect=(f"{QUEUE} dev-*",), allow=(f"delete {QUEUE} *",))
    assert asked(other) == []


def test_deletion_of_what_lost_its_safeguard_is_undecided() -> None:
    known = partial("properties.Protected")
    on, off = queue(Protected=True), queue(Protected=False)
    safeguards = frozenset({"Protected"})
    assert judged(known, Verb.DELETE, hazardous=safeguards, target=on, replica=off)
    assert judged(known, Verb.DELETE, target=on, replica=off) == []


def test_changing_what_cannot_have_its_safeguard_there_is_undecided() -> None:
    known = partial("properties.Protected")
    assert judged(known, Verb.UPDATE, hazardous=frozenset({"Protected"}))
    assert judged(known, Verb.UPDATE, hazardous=frozenset({"Other"})) == []


def test_what_the_run_makes_has_nothing_to_lose_yet() -> None:
    known = partial("properties.Protected")
    hazardous = frozenset({"Protected"})
    assert judged(known, Verb.CREATE, hazardous=hazardous) == []
    # One of that name is there: the call may have put another in its place.
    there = queue(Protected=True)
    assert judged(known, Verb.CREATE, hazardous=hazardous, target=there, replica=queue())


def test_a_safeguard_that_the_target_lacks_cannot_be_lost() -> None:
    known = partial("properties.Protected")
    named = frozenset({"Protected"})
    judge = partial_of(judged, known, Verb.UPDATE, replica=queue(), hazardous=named)
    on, off = queue(Protected=True), queue(Protected=False)
    assert judge(target=off, safeguards=named) == []
    assert judge(target=on, safeguards=named)
    # A setting that is dangerous to gain may have come with the call.
    assert judge(target=off)


def test_sending_to_what_cannot_have_its_safeguard_there_is_decidable() -> None:
    known = partial("properties.Protected")
    assert judged(known, Verb.WRITE, hazardous=frozenset({"Protected"})) == []


def test_writing_to_what_lost_its_data_is_undecided() -> None:
    assert judged(partial("data"), Verb.ERASE, target=queue(data=3), replica=queue())
    assert judged(partial("data"), Verb.ERASE, target=queue(data=3), replica=queue(data=3)) == []


def test_marks_that_do_not_move_decide_nothing() -> None:
    assert judged(TypeFidelity(type=QUEUE, level=Level.FULL), Verb.DELETE, target=queue()) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a", "", True),
        ("a", "b", False),
        (True, False, True),
        (False, True, False),
        (None, "a", False),
        ([1, 2], [1], True),
        ([1, 2], [3, 4], False),
        ([1], None, True),
        ({"a": {"b": 1}}, {"a": {}}, True),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, False),
        ({"a": ""}, {}, False),
        ({}, None, False),
    ],
)
def test_lost_is_what_is_gone_and_not_what_differs(
    before: Json, after: Json, expected: bool
) -> None:
    assert lost(before, after) is expected
