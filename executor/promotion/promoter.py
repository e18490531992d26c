"""Promotion by replay: the recorded mutating calls, in order, on the target.

Every step is journaled before it is made and after it was answered. The first step that does
not end well ends the promotion; what is left is skipped and nothing is tried twice. Then the
target is read again: what is observed must equal what was rehearsed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from executor.aws import Caller, CallFailed
from executor.catalog.catalog import Catalog
from executor.errors import PromotionRefused
from executor.model.call import Call, Trace
from executor.model.effect import Effect, Effects
from executor.model.progress import Progress
from executor.model.receipt import Receipt, Step, StepStatus
from executor.model.report import Report
from executor.model.resource import Scope, Snapshot
from executor.promotion.drift import drifted
from executor.promotion.preconditions import replayable, require_allowed, require_intact
from executor.promotion.substitution import Substitution

_SETTLE_S = 900.0
_SETTLE_STEP_S = 1.0


class Material(Protocol):
    """Gives the exact parameters of a recorded call."""

    def params(self, call: Call) -> Mapping[str, object]:
        """Return the parameters as botocore takes them.

        Raises:
            PromotionRefused: they were not kept (`incomplete`).
        """
        ...


class Journal(Protocol):
    """Keeps what a promotion does, before and after it does it."""

    def before(self, run: str, call: Call) -> None:
        """A step is about to be made; raises `RecorderFailed` when that cannot be written."""
        ...

    def after(self, run: str, step: Step) -> None:
        """A step was answered, or was not."""
        ...


class TargetReader(Protocol):
    """Reads the target."""

    def read(self, scopes: Iterable[Scope]) -> Snapshot:
        """Return what the scopes hold now."""
        ...


class EffectSource(Protocol):
    """Tells effects from two snapshots and a trace."""

    def diff(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> Effects:
        """Return the effects."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """Everything kept of a dry run that a promotion needs.

    Attributes:
        report: the report.
        trace: the recorded calls, with what they touched.
        baseline: the target when the replica was made.
        scopes: what was read of it.
    """

    report: Report
    trace: Trace
    baseline: Snapshot
    scopes: frozenset[Scope]

    @property
    def made(self) -> tuple[Call, ...]:
        """The calls that a promotion makes; raises `PromotionRefused` where one cannot be."""
        return replayable(self.trace.calls)


class Promoter:
    """Promotes one rehearsed run to the target it was rehearsed for."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        api: Callable[[str], Caller],
        reader: TargetReader,
        effects: EffectSource,
        material: Material,
        journal: Journal,
        progress: Progress,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Args:
        catalog: knows which types take time to be made or removed.
        api: gives what makes calls in an account (empty for the target's own); the only thing
            here that holds write credentials.
        reader: reads the target, with read calls only.
        effects: tells what came of it.
        material: exact parameters.
        journal: written before and after each step.
        progress: told how far it is.
        sleep: waits between looks at a resource that is still being made.
        """
        self._catalog = catalog
        self._api = api
        self._reader = reader
        self._effects = effects
        self._material = material
        self._journal = journal
        self._progress = progress
        self._sleep = sleep

    def promote(self, run: Rehearsed, *, approved_digests: Iterable[str] = ()) -> Receipt:
        """Do to the target what the run did to its replica.

        Raises:
            PromotionRefused: a precondition does not hold; nothing was changed.
            RecorderFailed: a step could not be journaled; it was not made.
        """
        require_intact(run.report, run.trace.calls, run.baseline)
        require_allowed(run.report, approved_digests)
        calls = run.made
        exact = {call.n: self._material.params(call) for call in calls}
        self._refuse_drift(run)
        started = _now()
        substitution = Substitution()
        steps = self._replay(run, calls, exact, substitution)
        differences = self._differences(run, steps, substitution)
        return Receipt(
            run=run.report.id,
            digest=run.report.digest,
            target=run.report.target,
            started=started,
            finished=_now(),
            steps=steps,
            confirmed=not differences,
            differences=differences,
            new_ids=substitution.ids,
        )

    def _refuse_drift(self, run: Rehearsed) -> None:
        self._progress.stage("drift", "reading the target again")
        now = self._reader.read(run.scopes)
        differences = drifted(run.baseline, now, run.trace, run.report.effects)
        if differences:
            raise PromotionRefused(
                f"the target has drifted since the rehearsal: {'; '.join(differences[:5])}",
                reason="drifted",
                hint="rehearse the change again, on the target as it is now",
                detail="\n".join(differences),
            )

    def _replay(
        self,
        run: Rehearsed,
        calls: tuple[Call, ...],
        exact: Mapping[int, Mapping[str, object]],
        substitution: Substitution,
    ) -> tuple[Step, ...]:
        steps: list[Step] = []
        for done, call in enumerate(calls):
            self._progress.tick("promote", done, len(calls))
            if steps and steps[-1].status is not StepStatus.DONE:
                steps.append(_step(call, StepStatus.SKIPPED))
                continue
            step = self._make(run.report.id, call, exact[call.n], substitution)
            steps.append(step)
            if step.status is StepStatus.DONE and not self._settled(run, call):
                # The call itself worked, so it stays DONE; the confirmation will tell.
                self._progress.note(f"the target has not settled after {call.operation}")
        return tuple(steps)

    def _make(
        self, run: str, call: Call, params: Mapping[str, object], substitution: Substitution
    ) -> Step:
        real = substitution.applied(params)
        assert isinstance(real, Mapping)
        self._journal.before(run, call)
        step = _step(call, StepStatus.IN_DOUBT, "no answer was recorded")
        try:
            api = self._api(call.account)
            answer = api.call(call.service, call.operation, real, region=call.region)
            substitution.learn(call.response, answer)
            step = _step(call, StepStatus.DONE)
        except CallFailed as failure:
            # Without an answer nobody knows whether it had an effect.
            unanswered = failure.status == 0 and failure.code == "Unreachable"
            status = StepStatus.IN_DOUBT if unanswered else StepStatus.FAILED
            step = _step(call, status, f"{failure.code}: {failure.message}")
        finally:
            self._journal.after(run, step)
        return step

    def _settled(self, run: Rehearsed, call: Call) -> bool:
        """Wait until nothing that the call touched is being made or removed any more."""
        scopes = self._slow_scopes(run, call)
        waited = 0.0
        while scopes and any(r.settling for r in self._reader.read(scopes).resources.values()):
            if waited >= _SETTLE_S:
                return False
            self._sleep(_SETTLE_STEP_S)
            waited += _SETTLE_STEP_S
        return True

    def _slow_scopes(self, run: Rehearsed, call: Call) -> frozenset[Scope]:
        services = set()
        for touch in run.trace.touches:
            kind = self._catalog.type(touch.type)
            if touch.call == call.n and kind is not None and kind.settling:
                services.add(self._catalog.service_of(touch.type))
        return frozenset(scope for scope in run.scopes if scope.service in services)

    def _differences(
        self, run: Rehearsed, steps: tuple[Step, ...], substitution: Substitution
    ) -> tuple[str, ...]:
        self._progress.stage("confirm", "comparing the target with the rehearsal")
        found = [
            f"call {step.call} ({step.service}:{step.operation}) {step.status.value}: {step.error}"
            for step in steps
            if step.status is not StepStatus.DONE
        ]
        now = self._reader.read(run.scopes)
        before = run.baseline.with_originals(run.baseline)
        observed = self._effects.diff(before, now, _as_done(run.trace, substitution))
        rehearsed = {_key(effect, substitution) for effect in run.report.effects}
        real = {_key(effect, substitution) for effect in observed.effects}
        found.extend(f"rehearsed, but did not happen: {' '.join(k)}" for k in rehearsed - real)
        found.extend(f"happened, but was not rehearsed: {' '.join(k)}" for k in real - rehearsed)
        return tuple(found)


def _key(effect: Effect, substitution: Substitution) -> tuple[str, str, str]:
    return effect.action.value, effect.type, substitution.text(effect.name)


def _as_done(trace: Trace, substitution: Substitution) -> Trace:
    """Return the trace with the target's ids for what was made."""
    touches = tuple(
        replace(t, handles=frozenset(substitution.text(h) for h in t.handles))
        for t in trace.touches
    )
    return replace(trace, touches=touches)


def _step(call: Call, status: StepStatus, error: str = "") -> Step:
    return Step(
        call=call.n,
        service=call.service,
        operation=call.operation,
        status=status,
        error=error,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
