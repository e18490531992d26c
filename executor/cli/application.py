"""What the command line asks of the rest; `executor.assembly` answers it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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
    from executor.model.comparison import Comparison
    from executor.model.progress import Progress
    from executor.model.receipt import Receipt
    from executor.model.report import Report
    from executor.model.saved import SavedSnapshot


class Application(Protocol):
    """Everything the command line can do. Runs are named by id, unique prefix or `last`.

    Every method may raise `ExecutorError` or `SandboxError`.
    """

    def dry_run(self, request: DryRunRequest, progress: Progress) -> Report:
        """Rehearse a change."""
        ...

    def promote(self, run_id: str, *, progress: Progress) -> Receipt:
        """Do to the target what the run rehearsed."""
        ...

    def approve(self, run_id: str, *, by: str, reason: str) -> Approval:
        """Record a person's approval of the run's report."""
        ...

    def show(self, run_id: str) -> Report:
        """Return the stored report of a run."""
        ...

    def runs(self, limit: int) -> Sequence[RunSummary]:
        """Return the newest runs, newest first."""
        ...

    def verify(self) -> LedgerCheck:
        """Check the ledger."""
        ...

    def doctor(self) -> Sequence[DoctorLine]:
        """Look at what the executor needs on this machine."""
        ...

    def clean(self) -> Sequence[str]:
        """Remove what runs that died have left, and stop the background server."""
        ...

    def sandbox(
        self, request: SandboxRequest, progress: Progress
    ) -> AbstractContextManager[SandboxSession]:
        """Give a fresh replica, gone when the context ends."""
        ...

    def snapshot(self, request: SnapshotRequest, progress: Progress) -> SavedSnapshot:
        """Read a target and keep what it holds in a file."""
        ...

    def compare(self, before: Path, after: Path) -> Comparison:
        """Tell how two snapshot files differ."""
        ...
