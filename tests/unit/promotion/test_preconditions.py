"""Which recorded calls are made on the target, and which keep a run from being promoted."""

import pytest

from executor.errors import PromotionRefused
from executor.model.call import Call, Refusal
from executor.promotion.preconditions import replayable


def call(n: int, operation: str, *, status: int | None = 200, **more: object) -> Call:
    return Call(
        n=n,
        service="sqs",
        operation=operation,
        region="us-east-1",
        status=status,
        **more,  # type: ignore[arg-type]
    )


def test_calls_that_changed_something_are_made_again_in_order() -> None:
    calls = (
        call(1, "CreateQueue"),
        call(2, "ListQueues", mutating=False),
        call(3, "DeleteQueue", status=400, error="NonExistentQueue"),
        call(4, "DeleteQueue", refused=Refusal.NOT_IMPLEMENTED),
        call(5, "SendMessage"),
    )
    assert [c.n for c in replayable(calls)] == [1, 5]


def test_a_call_without_an_answer_keeps_a_run_from_being_promoted() -> None:
    with pytest.raises(PromotionRefused) as refused:
        replayable((call(1, "CreateQueue", status=None),))
    assert refused.value.reason == "incomplete"


@pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessage"])
def test_messages_that_were_received_are_not_received_again(operation: str) -> None:
    with pytest.raises(PromotionRefused) as refused:
        replayable((call(1, "SendMessage"), call(2, operation)))
    assert refused.value.reason == "not-replayable"
    assert "call 2" in refused.value.message
