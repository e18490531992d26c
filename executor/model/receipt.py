"""What a promotion did to the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from executor.model.json import Json
from executor.model.report import TargetRef

SCHEMA = "executor/receipt/v1"


class StepStatus(StrEnum):
    """How one call of a promotion ended."""

    DONE = "done"
    """The target answered that it was done."""

    FAILED = "failed"
    """The target refused it, or answered with an error; it had no effect."""

    IN_DOUBT = "in-doubt"
    """No answer came, so whether it had an effect must be read from the target."""

    SKIPPED = "skipped"
    """It was not tried, because an earlier one did not end well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call made on the target.

    Attributes:
        call: number of the rehearsed call.
        service: botocore service name.
        operation: botocore operation name.
        status: how it ended.
        error: AWS error code and message; empty unless it failed.
        request_id: the target's own id of the request; empty when there was no answer.
    """

    call: int
    service: str
    operation: str
    status: StepStatus
    error: str = ""
    request_id: str = ""

    def view(self) -> dict[str, Json]:
        """Return the receipt's view."""
        return {
            "call": self.call,
            "service": self.service,
            "operation": self.operation,
            "status": self.status.value,
            "error": self.error,
            "request_id": self.request_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The outcome of a promotion.

    Attributes:
        run: id of the dry run.
        digest: digest of the report that was promoted.
        target: where it was done.
        started: ISO time in UTC.
        finished: ISO time in UTC.
        steps: what was called, in order.
        confirmed: the target was read again and is as rehearsed.
        differences: where it is not, one sentence each.
        new_ids: id in the rehearsal -> id on the target.
    """

    run: str
    digest: str
    target: TargetRef
    started: str
    finished: str
    steps: tuple[Step, ...] = ()
    confirmed: bool = False
    differences: tuple[str, ...] = ()
    new_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Every step was done."""
        return all(step.status is StepStatus.DONE for step in self.steps)

    def to_json(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "digest": self.digest,
            "target": self.target.view(),
            "started": self.started,
            "finished": self.finished,
            "steps": [step.view() for step in self.steps],
            "confirmed": self.confirmed,
            "differences": list(self.differences),
            "new_ids": dict(self.new_ids),
        }
