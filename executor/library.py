"""The library: `Executor`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from executor.assembly import App
from executor.ledger.store import RunStore, state_home
from executor.model.application import DryRunRequest, SnapshotRequest, TargetChoice
from executor.model.change import AnyChange
from executor.model.intent import Intent
from executor.model.progress import Progress, Silence
from executor.model.receipt import Receipt
from executor.model.report import Report
from executor.model.saved import SavedSnapshot


class Executor:
    """Rehearses changes, and promotes what was allowed.

    executor = Executor(target="prod")
    report = executor.dry_run(Change.command(["./deploy.sh"]))
    if report.decision == "allow":
        receipt = executor.promote(report)
    """

    def __init__(
        self,
        target: str | None = None,
        *,
        engine: str = "auto",
        confine: str = "auto",
        image: str = "",
        daemon: bool = True,
        home: str | Path | None = None,
        progress: Progress | None = None,
        from_snapshot: str | Path | None = None,
    ) -> None:
        """Args:
        target: a name in `executor.toml`, a URL or `none`; None takes the configured or
            ambient one.
        engine: `auto`, `embedded`, `localstack` or the URL of a running emulator.
        confine: `auto`, `off`, or a confinement that works here.
        image: what a container that confines a command is made of; empty for the one that
            `EXECUTOR_CONTAINER_IMAGE` or `executor.toml` names.
        daemon: the per-user background server may be used and started.
        home: state directory; None takes the user's.
        progress: told what happens; None is silent.
        from_snapshot: a snapshot file that takes the target's place in dry runs.
        """
        self._from_snapshot = from_snapshot
        self._target = TargetChoice(name=target)
        self._engine = engine
        self._confine = confine
        self._image = image
        self._daemon = daemon
        self._progress = progress or Silence()
        environment = dict(os.environ)
        store = RunStore(Path(home) if home is not None else state_home(environment))
        self._app = App(store, environment)

    @classmethod
    def from_config(cls) -> Executor:
        """Return an executor for what `executor.toml` says, found from the working directory."""
        return cls()

    def dry_run(
        self,
        change: AnyChange,
        intent: Intent | None = None,
        *,
        timeout_s: float | None = None,
        in_place: bool = False,
        hydrate: str = "",
        copy_data: Sequence[str] = (),
        from_snapshot: str | Path | None = None,
    ) -> Report:
        """Rehearse a change against a replica of the target.

        Args:
            change: what is proposed, see `Change`.
            intent: what it means to do; None declares nothing.
            timeout_s: the command is ended after that many seconds.
            in_place: run in the real work directory and not in a copy.
            hydrate: `all`, `touched`, `none` or `TYPE,...`; empty for the configured one.
            copy_data: `TYPE NAME` patterns of resources whose data is copied to the replica.
            from_snapshot: a snapshot file that takes the target's place; None takes the
                executor's own, if it was given one.

        Raises:
            ExecutorError: it could not be rehearsed; there is no decision.
        """
        saved = from_snapshot if from_snapshot is not None else self._from_snapshot
        request = DryRunRequest(
            change=change,
            intent=intent or Intent(),
            target=self._target,
            engine=self._engine,
            confine=self._confine,
            image=self._image,
            daemon=self._daemon,
            in_place=in_place,
            timeout_s=timeout_s,
            hydrate=hydrate,
            copy_data=tuple(copy_data),
            from_snapshot=Path(saved) if saved is not None else None,
        )
        return self._app.dry_run(request, self._progress)

    def snapshot(
        self, path: str | Path, *, services: Sequence[str] = (), types: Sequence[str] = ()
    ) -> SavedSnapshot:
        """Read the target and keep what it holds in a file, without secrets.

        Args:
            path: the file to write.
            services: botocore names of the services to read; empty for all.
            types: globs of resource types to read; empty for all.

        Raises:
            InvalidInput: there is no target, no such service or type, or no such place.
            TargetFailed: nothing could be read.
        """
        request = SnapshotRequest(
            output=Path(path), target=self._target, services=tuple(services), types=tuple(types)
        )
        return self._app.snapshot(request, self._progress)

    def promote(self, report: Report) -> Receipt:
        """Do to the target what was rehearsed.

        Raises:
            PromotionRefused: a precondition does not hold; nothing was changed.
        """
        return self._app.promote(report.id, progress=self._progress)

    def approve(self, report: Report, *, by: str, reason: str) -> None:
        """Record a person's approval of a report on hold.

        Raises:
            InvalidInput: the report is not on hold.
        """
        self._app.approve(report.id, by=by, reason=reason)
