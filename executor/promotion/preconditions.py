"""What must hold before the target is touched. Each check refuses with a reason and a mend."""

from __future__ import annotations

from collections.abc import Iterable

from executor.errors import PromotionRefused
from executor.model.call import Call
from executor.model.codec import call_to_json, snapshot_to_json
from executor.model.decision import Decision
from executor.model.json import Json, digest
from executor.model.report import Report
from executor.model.resource import Snapshot

# What they name or take is handed out anew each time: made again, they would meet other messages.
_OF_THE_MOMENT = {
    "sqs": frozenset(
        {
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ReceiveMessage",
        }
    ),
}


def evidence(calls: Iterable[Call], baseline: Snapshot) -> dict[str, Json]:
    """Return the digests that bind what is stored beside a report to it."""
    return {
        "trace": digest([call_to_json(call) for call in calls]),
        "baseline": digest(snapshot_to_json(baseline)),
    }


def require_intact(report: Report, calls: Iterable[Call], baseline: Snapshot) -> None:
    """The report, the trace and the baseline are what was judged.

    Raises:
        PromotionRefused: one of them was altered (`altered`).
    """
    if report.digest != report.computed_digest() or report.evidence != evidence(calls, baseline):
        raise PromotionRefused(
            f"the stored run {report.id} is not what was judged: report, trace or baseline differ",
            reason="altered",
            hint="rehearse the change again",
        )


def require_allowed(report: Report, approved_digests: Iterable[str]) -> None:
    """The decision is `allow`, or `hold` with an approval of this very report.

    Raises:
        PromotionRefused: neither (`not-allowed`, `not-approved`).
    """
    match report.decision:
        case Decision.ALLOW:
            return
        case Decision.HOLD:
            if report.digest in set(approved_digests):
                return
            raise PromotionRefused(
                f"run {report.id} is on hold and nobody has approved it",
                reason="not-approved",
                hint=f"`executor show {report.id}`, then `executor approve {report.id}`",
            )
        case Decision.DENY | Decision.UNDECIDED:
            raise PromotionRefused(
                f"run {report.id} was decided {report.decision.value}",
                reason="not-allowed",
                hint=f"`executor show {report.id}` says why; rehearse a change that is allowed",
            )


def replayable(calls: Iterable[Call]) -> tuple[Call, ...]:
    """Return the calls to make on the target: those that can change something, in order.

    Also those that left every resource as it was: the start and the parts of a multipart
    upload and a change set have no effect of their own, and the call that ends them needs them.

    Raises:
        PromotionRefused: it is not known what came of a call (`incomplete`), or one would do
            something else when it is made again (`not-replayable`).
    """
    steps: list[Call] = []
    for call in calls:
        if not call.mutating or call.refused is not None:
            continue
        if call.uncertain:
            raise PromotionRefused(
                f"call {call.n} ({call.service}:{call.operation}) never got an answer",
                reason="incomplete",
                hint="rehearse the change again",
            )
        if call.operation in _OF_THE_MOMENT.get(call.service, ()):
            raise PromotionRefused(
                f"call {call.n} ({call.service}:{call.operation}) takes what is there at the"
                " moment: made again, it would take other messages",
                reason="not-replayable",
                hint="promote a change that does not receive messages; run the rest by itself",
            )
        if call.succeeded:
            steps.append(call)
    return tuple(steps)
