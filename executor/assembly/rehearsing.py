"""A dry run from request to stored report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from executor.assembly.confining import confinement_of
from executor.assembly.stages import RealStages, RunPlace
from executor.changes.checking import check_change
from executor.config import Config, PolicySettings, load_config, resolve_target
from executor.errors import EngineFailed, InvalidConfig, InvalidIntent
from executor.ledger.store import RunStore
from executor.model.application import DryRunRequest, TargetChoice
from executor.model.change import AnyChange, CommandChange
from executor.model.decision import Decision
from executor.model.hydration import Hydration
from executor.model.intent import Intent, ResourcePattern
from executor.model.policy import Policy
from executor.model.progress import Progress
from executor.model.report import Report
from executor.model.target import TargetKind
from executor.pipeline import Rehearsal, not_covered, rehearse
from sandboxes.contract import Engine
from sandboxes.errors import SandboxError
from sandboxes.fidelity import unfaithful
from sandboxes.leases import Lease, reap_leases
from sandboxes.registry import choose

if TYPE_CHECKING:
    from executor.assembly.targets import OpenTarget
    from executor.catalog.catalog import Catalog
    from executor.judging import Verdict
    from executor.model.resource import Gap

PROMOTABLE = frozenset({Decision.ALLOW, Decision.HOLD})


class DryRuns:
    """Makes dry runs and keeps them."""

    def __init__(
        self, store: RunStore, catalog: Callable[[], Catalog], environment: dict[str, str]
    ) -> None:
        """Args:
        store: keeps runs.
        catalog: gives the declarations; asked for them when the change is under way.
        environment: the caller's environment.
        """
        self._store = store
        self._catalog = catalog
        self._environment = environment

    def run(self, request: DryRunRequest, progress: Progress) -> Report:
        """Rehearse a change, judge it, and keep the report.

        Raises:
            ExecutorError: it could not be rehearsed; there is no decision.
        """
        check_change(request.change)
        config = load_config(_start(request.change))
        hydration = self._hydration(config, request)
        target = self.target(config, request.target, hydration, request.from_snapshot)
        settings = config.policy_for(_judged_as(request, config, target))
        policy = policy_of(settings)
        engine = engine_of(config, request.engine)
        confinement = confinement_of(request, config, self._environment)
        self._store.prepare()
        for line in reap_leases(self._store.leases):
            progress.note(f"left by an earlier run: {line}")
        run = self._store.create()
        with self._place(run) as place, self._unless_nothing(run):
            stages = RealStages(
                request=request,
                place=place,
                target=target,
                engine=engine,
                confinement=confinement,
                catalog=self._catalog,
                progress=progress,
                timeout_s=request.timeout_s or config.timeout_s,
                environment=self._environment,
                reachable=settings.reachable,
                hydration=hydration,
            )
            with closing(stages):
                report, rehearsal = self._judged(run, stages, request, target, policy, progress)
                self._keep(report, rehearsal, place)
            # Last, so that it never promises more than there is.
            self._record(report)
        return report

    def _judged(
        self,
        run: str,
        stages: RealStages,
        request: DryRunRequest,
        target: OpenTarget,
        policy: Policy,
        progress: Progress,
    ) -> tuple[Report, Rehearsal]:
        from executor.replica import in_part

        started = datetime.now(UTC).isoformat(timespec="seconds")
        rehearsal = self._rehearse(stages, request, target, progress)
        replicates = target.settings.kind is not TargetKind.NONE
        catalog = self._catalog()
        verdict = _judged(rehearsal, request.intent, policy, catalog, replicates=replicates)
        partly = in_part(catalog, rehearsal.prior)
        return _report(run, started, request, target, rehearsal, verdict, partly), rehearsal

    def _hydration(self, config: Config, request: DryRunRequest) -> Hydration:
        """Return how much of the target is wanted.

        Raises:
            InvalidConfig: it names what there is not.
        """
        found = hydration_of(config, request.hydrate, request.copy_data)
        if request.copy_data and request.from_snapshot is not None:
            raise InvalidConfig(
                "--copy-data and --from-snapshot exclude each other: a snapshot holds no data",
                hint="rehearse on the target itself to copy data",
            )
        unknown = [glob for glob in found.types if not self._known(glob)]
        if unknown:
            raise InvalidConfig(
                f"--hydrate: the catalog has no type {unknown[0]!r}",
                hint="types are CloudFormation's, such as AWS::SQS::Queue; globs are allowed",
            )
        return found

    def _known(self, glob: str) -> bool:
        return bool(self._catalog().needed(lambda name: fnmatchcase(name, glob)))

    def target(
        self,
        config: Config,
        choice: TargetChoice,
        hydration: Hydration,
        from_snapshot: Path | None = None,
    ) -> OpenTarget:
        """Find and reach the target that was asked for, or open the snapshot in its place."""
        from executor.assembly.targets import open_target

        if from_snapshot is not None:
            from executor.assembly.saved import open_saved

            return open_saved(from_snapshot, choice, config, self._environment)
        settings = resolve_target(
            choice.name,
            config,
            self._environment,
            account=choice.account,
            region=choice.region,
        )

        def reads(service: str, operation: str) -> bool:
            catalog = self._catalog()
            copies = bool(hydration.copy) and catalog.copies(service, operation)
            return copies or catalog.reads(service, operation)

        return open_target(
            settings,
            reads,
            per_second=hydration.per_second,
            timeout_s=hydration.timeout_s,
        )

    @contextmanager
    def _place(self, run: str) -> Iterator[RunPlace]:
        store = self._store
        with Lease.open(store.leases, run) as lease:
            yield RunPlace(
                run=run,
                trace=store.trace_path(run),
                output=store.output_path(run),
                replay=store.replay_path(run),
                key=store.key(run),
                lease=lease,
            )

    @contextmanager
    def _unless_nothing(self, run: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # What never came to a call or a line of output is no run to look at.
            self._store.discard_empty(run)
            raise

    def _rehearse(
        self, stages: RealStages, request: DryRunRequest, target: OpenTarget, progress: Progress
    ) -> Rehearsal:
        try:
            return rehearse(
                stages, request.change, request.intent, region=target.ref.region, progress=progress
            )
        except SandboxError as error:
            raise EngineFailed(error.message, hint=error.hint, detail=error.detail) from error

    def _keep(self, report: Report, rehearsal: Rehearsal, place: RunPlace) -> None:
        """Write what `show` and `promote` need."""
        from executor.model.codec import call_to_json, snapshot_to_json

        store, run = self._store, report.id
        if report.decision in PROMOTABLE:
            place.vault.save()
            calls = [call_to_json(call) for call in rehearsal.trace.calls]
            store.write(run, "calls.json", {"calls": calls})
            store.write(
                run,
                "baseline.json",
                {
                    "snapshot": snapshot_to_json(rehearsal.baseline),
                    "scopes": sorted([s.service, s.region, s.account] for s in rehearsal.scopes),
                },
            )
        store.write_report(run, report.to_json())

    def _record(self, report: Report) -> None:
        from executor.ledger.ledger import Kind, Ledger

        Ledger(self._store.ledger_path).append(
            Kind.DRY_RUN,
            report.id,
            {
                "digest": report.digest,
                "decision": report.decision.value,
                "target": report.target.view(),
                "change": report.change,
            },
        )


def _judged_as(request: DryRunRequest, config: Config, target: OpenTarget) -> str:
    """Return the name of the target whose policy holds."""
    if target.saved is not None:
        return target.ref.name
    return request.target.name or config.target


def engine_of(config: Config, asked: str) -> Engine:
    """Return the engine that was asked for, or the configured one.

    Raises:
        EngineUnavailable: it cannot be used here.
    """
    name = config.engine if asked == "auto" else asked
    if name in ("auto", "embedded") and "EXECUTOR_EMULATOR" not in os.environ:
        from sandboxes.embedded import EmbeddedEngine

        embedded = EmbeddedEngine(config.emulator)
        if name == "embedded" or embedded.availability().usable:
            return embedded
    return choose(name)


def hydration_of(config: Config, asked: str, copy_data: Sequence[str]) -> Hydration:
    """Return the configured hydration with what a request asks for in its place.

    Raises:
        InvalidConfig: what is asked for cannot be read.
    """
    found = config.hydration
    if asked:
        parsed = Hydration.parse(asked)
        found = replace(found, mode=parsed.mode, types=parsed.types)
    try:
        more = tuple(ResourcePattern.parse(text, where="--copy-data") for text in copy_data)
    except InvalidIntent as error:
        raise InvalidConfig(error.message, hint=error.hint) from None
    return replace(found, copy=found.copy + more)


def policy_of(settings: PolicySettings) -> Policy:
    """Return the judge's policy for a target's settings."""
    return Policy(
        protect=settings.protect,
        limits=settings.limits,
        minimum_isolation=settings.isolation or "off",
        decisions=settings.decisions,
        blocked_connections=settings.blocked,
    )


def _judged(
    rehearsal: Rehearsal, intent: Intent, policy: Policy, catalog: Catalog, *, replicates: bool
) -> Verdict:
    from executor.assembly.faithful import faithfulness_of
    from executor.judging import Evidence, Judge

    return Judge().judge(
        Evidence(
            effects=rehearsal.effects,
            trace=rehearsal.trace,
            intent=intent,
            policy=policy,
            outcome=rehearsal.ran.outcome,
            baseline=rehearsal.baseline,
            prior=rehearsal.prior,
            observed=rehearsal.observed,
            isolation=rehearsal.ran.isolation,
            replicates=replicates,
            faithfulness=faithfulness_of(rehearsal, catalog),
            unfaithful=unfaithful(str(rehearsal.engine["emulator"])),
        )
    )


def _report(
    run: str,
    started: str,
    request: DryRunRequest,
    target: OpenTarget,
    rehearsal: Rehearsal,
    verdict: Verdict,
    partly: tuple[Gap, ...],
) -> Report:
    from executor.promotion.preconditions import evidence

    change = request.change.view()
    if rehearsal.ran.files:
        change["files"] = list(rehearsal.ran.files)
    return Report(
        id=run,
        started=started,
        decision=verdict.decision,
        findings=verdict.findings,
        effects=verdict.effects,
        calls=rehearsal.trace.calls,
        change=change,
        outcome=rehearsal.ran.outcome,
        intent=request.intent.view(),
        target=target.ref,
        engine=rehearsal.engine,
        isolation=rehearsal.ran.isolation,
        types=tuple(sorted({r.type for r in rehearsal.observed.resources.values()})),
        not_covered=not_covered(rehearsal) + partly,
        transient=rehearsal.effects.transient,
        evidence=evidence(rehearsal.trace.calls, rehearsal.baseline),
        timing_ms=rehearsal.timing_ms,
    ).sealed()


def _start(change: AnyChange) -> Path:
    return change.workdir if isinstance(change, CommandChange) else Path.cwd()
