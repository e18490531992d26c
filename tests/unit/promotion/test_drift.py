from dataclasses import replace

from executor.model.call import Call, Touch, Trace, Verb
from executor.model.resource import DataMark, Gap, Resource, Snapshot
from executor.promotion.drift import drifted


def queue(name: str, **properties: str) -> Resource:
    address = f"arn:aws:sqs:us-east-1:111122223333:{name}"
    return Resource(
        type="AWS::SQS::Queue",
        address=address,
        name=name,
        id=f"http://sqs/{name}",
        account="111122223333",
        region="us-east-1",
        properties=properties,
        handles=frozenset({name, address, f"http://sqs/{name}"}),
    )


def snapshot(*resources: Resource, gaps: tuple[Gap, ...] = ()) -> Snapshot:
    return Snapshot(
        account="111122223333",
        region="us-east-1",
        services=frozenset({"sqs"}),
        resources={r.address: r for r in resources},
        gaps=gaps,
    )


def touching(name: str, verb: Verb = Verb.UPDATE) -> Trace:
    call = Call(
        n=1,
        service="sqs",
        operation="SetQueueAttributes",
        region="us-east-1",
        params={"QueueUrl": f"http://sqs/{name}"},
        status=200,
    )
    touch = Touch(
        call=1, type="AWS::SQS::Queue", verb=verb, handles=frozenset({f"http://sqs/{name}"})
    )
    return Trace(calls=(call,), touches=(touch,))


def test_a_touched_queue_that_changed_is_drift() -> None:
    differences = drifted(
        snapshot(queue("orders", VisibilityTimeout="30")),
        snapshot(queue("orders", VisibilityTimeout="60")),
        touching("orders"),
        (),
    )
    assert differences == ("AWS::SQS::Queue orders has changed",)


def test_a_touched_queue_that_is_gone_is_drift() -> None:
    assert drifted(snapshot(queue("orders")), snapshot(), touching("orders"), ()) == (
        "AWS::SQS::Queue orders is gone",
    )


def test_a_queue_that_the_change_never_looked_at_may_move() -> None:
    assert (
        drifted(
            snapshot(queue("orders"), queue("other", VisibilityTimeout="30")),
            snapshot(queue("orders"), queue("other", VisibilityTimeout="60")),
            touching("orders"),
            (),
        )
        == ()
    )


def test_a_queue_that_only_was_read_counts() -> None:
    trace = touching("orders")
    trace = replace(trace, touches=(), calls=(replace(trace.calls[0], mutating=False),))
    assert drifted(snapshot(queue("orders")), snapshot(), trace, ()) != ()


def test_messages_that_came_and_went_are_not_drift() -> None:
    before = replace(queue("orders"), data=DataMark(unit="message", count=1))
    after = replace(queue("orders"), data=DataMark(unit="message", count=7))
    assert drifted(snapshot(before), snapshot(after), touching("orders"), ()) == ()


def test_items_that_came_or_went_are_drift() -> None:
    before = replace(queue("orders"), data=DataMark(unit="item", count=1, entries={"a": "1"}))
    after = replace(queue("orders"), data=DataMark(unit="item", count=1, entries={"b": "1"}))
    assert drifted(snapshot(before), snapshot(after), touching("orders"), ()) != ()


def test_a_name_that_the_change_means_to_make_and_that_exists_meanwhile_is_drift() -> None:
    assert drifted(snapshot(), snapshot(queue("orders")), touching("orders", Verb.CREATE), ()) == (
        "AWS::SQS::Queue orders has appeared",
    )


def test_what_cannot_be_read_any_more_is_drift() -> None:
    gap = Gap(service="sqs", type="AWS::SQS::Queue", reason="AccessDenied")
    assert drifted(snapshot(), snapshot(gaps=(gap,)), touching("orders"), ()) != ()
    assert drifted(snapshot(gaps=(gap,)), snapshot(gaps=(gap,)), touching("orders"), ()) == ()
