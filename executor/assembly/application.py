"""Everything the command line and the library can do, made of the real things."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from executor.errors import InvalidInput
from executor.ledger.store import RunStore, state_home
from executor.model.application import (
    Approval,
    DoctorLine,
    DryRunRequest,
    LedgerCheck,
    RunSummary,
    SandboxRequest,
    SandboxSession,
    SnapshotRequest,
    TargetChoice,
)
from executor.model.comparison import Comparison
from executor.model.decision import Decision
from executor.model.progress import Progress
from executor.model.receipt import Receipt
from executor.model.report import Report
from executor.model.saved import SavedSnapshot

if TYPE_CHECKING:
    from executor.assembly.promoting import Promotions
    from executor.assembly.rehearsing import DryRuns
    from executor.catalog.catalog import Catalog


def open_application() -> App:
    """Return the application for this user and environment."""
    return App(RunStore(state_home(os.environ)), dict(os.environ))


class App:
    """Implements `executor.cli.application.Application`."""

    def __init__(self, store: RunStore, environment: dict[str, str]) -> None:
        """Args:
        store: keeps runs.
        environment: the caller's environment.
        """
        self._store = store
        self._environment = environment

    @cached_property
    def _catalog(self) -> Catalog:
        from executor.catalog.catalog import Catalog

        return Catalog()

    def dry_run(self, request: DryRunRequest, progress: Progress) -> Report:
        """Rehearse a change."""
        return self._dry_runs().run(request, progress)

    def promote(self, run_id: str, *, progress: Progress) -> Receipt:
        """Do to the target what the run rehearsed."""
        from executor.assembly.targets import open_target
        from executor.config import load_config, resolve_target
        from executor.errors import NotFound

        run = self._store.find(run_id)
        promotions = self._promotions()
        ref = promotions.report(run).target
        config = load_config(Path.cwd())
        try:
            settings = resolve_target(
                _name_to_resolve(ref.name), config, self._environment, region=ref.region
            )
        except NotFound as error:
            raise InvalidInput(
                f"run {run} was rehearsed for target {ref.name!r}, which is not configured here",
                hint="promote from the directory of its executor.toml",
            ) from error
        return promotions.promote(run, open_target(settings, self._catalog.reads), progress)

    def approve(self, run_id: str, *, by: str, reason: str) -> Approval:
        """Record a person's approval of the run's report."""
        from executor.ledger.ledger import Kind, Ledger

        run = self._store.find(run_id)
        report = self._promotions().report(run)
        if report.decision is not Decision.HOLD:
            raise InvalidInput(
                f"run {run} was decided {report.decision.value}; only a hold can be approved",
                hint=f"`executor show {run}` says why",
            )
        payload = {"digest": report.digest, "by": by, "reason": reason}
        entry = Ledger(self._store.ledger_path).append(Kind.APPROVAL, run, payload)
        return Approval(run=run, digest=report.digest, by=by, reason=reason, time=entry.time)

    def show(self, run_id: str) -> Report:
        """Return the stored report of a run."""
        return self._promotions().report(self._store.find(run_id))

    def runs(self, limit: int) -> Sequence[RunSummary]:
        """Return the newest runs, newest first."""
        from executor.ledger.ledger import Kind, Ledger

        ledger = Ledger(self._store.ledger_path)
        approved = {entry.run for entry in ledger.entries(kind=Kind.APPROVAL)}
        promoted = {entry.run for entry in ledger.entries(kind=Kind.PROMOTION)}
        decided = {entry.run: entry.payload for entry in ledger.entries(kind=Kind.DRY_RUN)}
        summaries: list[RunSummary] = []
        for run in self._store.runs()[:limit]:
            payload = decided.get(run, {})
            target, change = payload.get("target"), payload.get("change")
            summaries.append(
                RunSummary(
                    id=run,
                    started=_started(run),
                    decision=str(payload.get("decision", "")),
                    target=str(target.get("name")) if isinstance(target, dict) else "",
                    change=_in_words(change) if isinstance(change, dict) else "",
                    approved=run in approved,
                    promoted=run in promoted,
                )
            )
        return tuple(summaries)

    def verify(self) -> LedgerCheck:
        """Check the ledger."""
        from executor.ledger.ledger import Ledger

        return Ledger(self._store.ledger_path).verify()

    def doctor(self) -> Sequence[DoctorLine]:
        """Look at what the executor needs on this machine."""
        from executor.assembly.housekeeping import examine

        return examine(self._store, self._environment)

    def clean(self) -> Sequence[str]:
        """Remove what runs that died have left, and stop the background server."""
        from executor.assembly.housekeeping import clean

        return clean(self._store)

    def snapshot(self, request: SnapshotRequest, progress: Progress) -> SavedSnapshot:
        """Read a target and keep what it holds in a file."""
        from executor.assembly.snapshotting import take_snapshot
        from executor.config import load_config

        config = load_config(Path.cwd())
        target = self._dry_runs().target(config, request.target, config.hydration)
        return take_snapshot(request, target, self._catalog, config.hydration, progress)

    def compare(self, before: Path, after: Path) -> Comparison:
        """Tell how two snapshot files differ."""
        from executor.assembly.snapshotting import compare_files

        return compare_files(before, after)

    def sandbox(
        self, request: SandboxRequest, progress: Progress
    ) -> AbstractContextManager[SandboxSession]:
        """Give a fresh replica, gone when the context ends."""
        return self._session(request, progress)

    @contextmanager
    def _session(self, request: SandboxRequest, progress: Progress) -> Iterator[SandboxSession]:
        from executor.assembly.rehearsing import engine_of
        from executor.assembly.road import hydrated
        from executor.config import load_config
        from executor.model.hydration import Hydrate
        from sandboxes.confine.environment import Appearance, client_variables
        from sandboxes.model import SandboxSpec

        config = load_config(Path.cwd())
        hydration = replace(config.hydration, mode=Hydrate.ALL, types=())
        target = self._dry_runs().target(config, request.target, hydration, request.from_snapshot)
        ref = target.ref
        engine = engine_of(config, request.engine)
        spec = SandboxSpec(
            run=f"sandbox-{os.getpid()}",
            account=ref.account,
            region=ref.region,
            daemon=request.daemon,
        )
        progress.stage("sandbox", "starting")
        with engine.start(spec) as sandbox:
            hydrated(sandbox, target, self._catalog, progress, hydration)
            look = Appearance(url=sandbox.url, account=ref.account, region=ref.region, run=spec.run)
            yield SandboxSession(
                url=sandbox.url,
                account=ref.account,
                region=ref.region,
                environment=client_variables(look),
            )

    def _dry_runs(self) -> DryRuns:
        from executor.assembly.rehearsing import DryRuns

        return DryRuns(self._store, lambda: self._catalog, self._environment)

    def _promotions(self) -> Promotions:
        from executor.assembly.promoting import Promotions

        return Promotions(self._store, self._catalog)


def _name_to_resolve(name: str) -> str | None:
    """Return the name to look a target up by; what was ambient is looked for again."""
    return None if name == "ambient" else name


def _started(run: str) -> str:
    try:
        moment = datetime.strptime(run[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return moment.isoformat()


def _in_words(change: dict[str, object]) -> str:
    words = change.get("command") or change.get("calls") or []
    text = " ".join(str(w) for w in words) if isinstance(words, list) else ""
    return str(change.get("description") or text)


__all__ = ["App", "TargetChoice", "open_application"]
