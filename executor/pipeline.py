"""The story of a dry run: sandbox, replica, gateway, change, effects, verdict.

Reads from top to bottom as the road in `docs/architecture.md`. It names no concrete class;
`executor.assembly` does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from executor.errors import EngineFailed
from executor.model.call import Call, Trace
from executor.model.change import AnyChange, ChangeOutcome
from executor.model.effect import Effects
from executor.model.intent import Intent
from executor.model.json import JsonObject
from executor.model.progress import Progress
from executor.model.resource import Gap, Scope, Snapshot
from sandboxes.contract import Sandbox


class Replica(Protocol):
    """The sandbox as the target's likeness."""

    @property
    def baseline(self) -> Snapshot:
        """What the target held."""
        ...

    @property
    def prior(self) -> Snapshot:
        """What the replica held before the change."""
        ...

    @property
    def scopes(self) -> frozenset[Scope]:
        """What was hydrated."""
        ...

    @property
    def told(self) -> JsonObject:
        """What was forked from a kept replica, and what was seeded."""
        ...

    @property
    def spent_ms(self) -> float:
        """How long rebuilding took, in all."""
        ...

    def prepare(
        self, service: str, operation: str, region: str, account: str, params: Mapping[str, object]
    ) -> None:
        """Hydrate what a call in one of the target's accounts may meet."""
        ...

    def prepare_types(self, type_globs: Iterable[str], region: str) -> None:
        """Hydrate the types that an intent names."""
        ...

    def observe(self) -> Snapshot:
        """Read what the replica holds once it has settled."""
        ...

    def keep_the_rest(self) -> None:
        """Keep for the next run what this one could not fork; never raises."""
        ...


class OpenGateway(Protocol):
    """A gateway that answers."""

    def close(self) -> tuple[Call, ...]:
        """Stop, and return what was recorded; raises `RecorderFailed`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How the change ended, and in what isolation it ran."""

    outcome: ChangeOutcome
    isolation: JsonObject
    files: tuple[str, ...] = ()


class Stages(Protocol):
    """The collaborators of one dry run."""

    def open_sandbox(self) -> AbstractContextManager[Callable[[], Sandbox]]:
        """Start a fresh sandbox; what is given waits until it is there, and returns it."""
        ...

    def replica(self, sandbox: Sandbox) -> Replica:
        """Make the sandbox hydrate by need."""
        ...

    def gateway(self, sandbox: Sandbox, replica: Replica) -> OpenGateway:
        """Open the only road to the sandbox."""
        ...

    def run(self, change: AnyChange, under_way: Callable[[], None]) -> Ran:
        """Run the change to its end.

        Args:
            change: what to run.
            under_way: called once, when the change has been started and before it is waited
                for; its calls wait meanwhile. What it raises ends the change.
        """
        ...

    def trace(self, calls: Iterable[Call]) -> Trace:
        """Read what the calls meant."""
        ...

    def effects(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> Effects:
        """Tell what the change did."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Everything a dry run brought to light, before it is judged.

    Attributes:
        engine: name, emulator and version.
        ran: how the change ended.
        trace: its calls.
        effects: what it did.
        baseline: the target.
        prior: the replica before.
        observed: the replica after.
        scopes: what was read.
        timing_ms: time spent per part.
    """

    engine: JsonObject
    ran: Ran
    trace: Trace
    effects: Effects
    baseline: Snapshot
    prior: Snapshot
    observed: Snapshot
    scopes: frozenset[Scope]
    timing_ms: dict[str, float]


class _Stopwatch:
    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = (now - self._last) * 1000
        self.laps["total"] = (now - self._started) * 1000
        self._last = now


def rehearse(
    stages: Stages, change: AnyChange, intent: Intent, *, region: str, progress: Progress
) -> Rehearsal:
    """Run a change against a replica and tell what it did.

    Raises:
        SandboxError, EngineFailed: the sandbox could not do its work.
        TargetFailed: the target could not be read.
        RecorderFailed: a call could not be recorded.
        InvalidChange: the change cannot be run.
    """
    watch = _Stopwatch()
    progress.stage("sandbox", "starting")
    with stages.open_sandbox() as opened:
        watch.lap("sandbox")
        road = _Road(stages, opened)

        def under_way() -> None:
            progress.stage("change", "running")
            road.open(sorted(intent.types_named()), region)

        try:
            ran = stages.run(change, under_way)
        finally:
            calls = road.close()
        watch.lap("change")
        replica = road.replica
        progress.stage("effects", "reading the replica")
        observed = replica.observe()
        sandbox = opened()
        if not sandbox.alive():
            raise EngineFailed("the engine died during the run", detail=sandbox.logs())
        engine: JsonObject = {
            "name": sandbox.info.name,
            "emulator": sandbox.info.emulator,
            "version": sandbox.info.version,
            "confined": sandbox.info.confined,
            "replica": replica.told,
        }
        watch.lap("observe")
        replica.keep_the_rest()
        watch.lap("keep")
        watch.laps["replica"] = replica.spent_ms
    trace = stages.trace(calls)
    effects = stages.effects(replica.prior, observed, trace)
    watch.lap("effects")
    return Rehearsal(
        engine=engine,
        ran=ran,
        trace=trace,
        effects=effects,
        baseline=replica.baseline,
        prior=replica.prior,
        observed=observed,
        scopes=replica.scopes,
        timing_ms=watch.laps,
    )


@dataclass(slots=True)
class _Road:
    """From the change to the sandbox; opened while the change is starting."""

    stages: Stages
    sandbox: Callable[[], Sandbox]
    opened: tuple[Replica, OpenGateway] | None = field(default=None)

    @property
    def replica(self) -> Replica:
        if self.opened is None:
            raise EngineFailed("the change ended before its replica was there")
        return self.opened[0]

    def open(self, type_globs: Iterable[str], region: str) -> None:
        sandbox = self.sandbox()
        replica = self.stages.replica(sandbox)
        replica.prepare_types(type_globs, region)
        self.opened = replica, self.stages.gateway(sandbox, replica)

    def close(self) -> tuple[Call, ...]:
        return self.opened[1].close() if self.opened is not None else ()


def not_covered(rehearsal: Rehearsal) -> tuple[Gap, ...]:
    """Return everything that could not be read or rebuilt, once each."""
    gaps = rehearsal.baseline.gaps + rehearsal.prior.gaps + rehearsal.observed.gaps
    return tuple(dict.fromkeys(gaps))
