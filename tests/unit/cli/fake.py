"""An application that answers without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from executor.cli.application import Application
from executor.model.application import (
    Approval,
    DoctorLine,
    DryRunRequest,
    LedgerCheck,
    RunSummary,
    SandboxRequest,
    SandboxSession,
    SnapshotRequest,
)
from executor.model.comparison import Comparison, Side
from executor.model.progress import Progress
from executor.model.receipt import Receipt, Step, StepStatus
from executor.model.report import Report
from executor.model.saved import SavedSnapshot
from tests.unit.reports.samples import allowed


class FakeApplication:
    """Returns what it is given, or raises it; keeps what it was asked."""

    def __init__(
        self,
        *,
        report: Report | None = None,
        failure: BaseException | None = None,
        confirmed: bool = True,
        ledger: LedgerCheck | None = None,
        lines: Sequence[DoctorLine] = (),
        removed: Sequence[str] = (),
        summaries: Sequence[RunSummary] = (),
        saved: SavedSnapshot | None = None,
        comparison: Comparison | None = None,
        act: Callable[[DryRunRequest, Progress], None] = lambda request, progress: None,
    ) -> None:
        self.report = report or allowed()
        self.failure = failure
        self.confirmed = confirmed
        self.ledger = ledger or LedgerCheck(ok=True, entries=3)
        self.lines = lines
        self.removed = removed
        self.summaries = summaries
        self.act = act
        self.requests: list[DryRunRequest] = []
        self.sandboxes: list[SandboxRequest] = []
        self.promoted: list[str] = []
        self.approvals: list[Approval] = []
        self.closed = 0
        self.saved = saved or SavedSnapshot(
            source="prod", endpoint_url="", account="", region="", taken="", executor=""
        )
        side = Side(digest="", taken="", account="", resources=0)
        self.comparison = comparison or Comparison(before=side, after=side, differences=())
        self.snapshots: list[SnapshotRequest] = []
        self.compared: list[tuple[Path, Path]] = []

    def __call__(self) -> Application:
        return self

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure

    def dry_run(self, request: DryRunRequest, progress: Progress) -> Report:
        self.requests.append(request)
        self._fail()
        self.act(request, progress)
        return self.report

    def promote(self, run_id: str, *, progress: Progress) -> Receipt:
        self._fail()
        self.promoted.append(run_id)
        step = Step(call=1, service="sqs", operation="CreateQueue", status=StepStatus.DONE)
        return Receipt(
            run=run_id,
            digest=self.report.digest,
            target=self.report.target,
            started="",
            finished="",
            steps=(step,),
            confirmed=self.confirmed,
        )

    def approve(self, run_id: str, *, by: str, reason: str) -> Approval:
        approval = Approval(run=run_id, digest="", by=by, reason=reason, time="")
        self.approvals.append(approval)
        return approval

    def show(self, run_id: str) -> Report:
        return self.report

    def runs(self, limit: int) -> Sequence[RunSummary]:
        return self.summaries[:limit]

    def verify(self) -> LedgerCheck:
        return self.ledger

    def doctor(self) -> Sequence[DoctorLine]:
        return self.lines

    def clean(self) -> Sequence[str]:
        return self.removed

    def snapshot(self, request: SnapshotRequest, progress: Progress) -> SavedSnapshot:
        self._fail()
        self.snapshots.append(request)
        return self.saved

    def compare(self, before: Path, after: Path) -> Comparison:
        self._fail()
        self.compared.append((before, after))
        return self.comparison

    @contextmanager
    def sandbox(self, request: SandboxRequest, progress: Progress) -> Iterator[SandboxSession]:
        self._fail()
        self.sandboxes.append(request)
        try:
            yield SandboxSession(
                url="http://127.0.0.1:1",
                account="123456789012",
                region="eu-west-1",
                environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "X": "it's"},
            )
        finally:
            self.closed += 1
