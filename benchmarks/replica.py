"""What a kept replica saves: `python -m benchmarks.replica [COUNT...]`.

For targets of mixed resources, by default of 20 and of 2,000: how long it takes to seed one whole,
to keep it, and to become a fork of it, until the fork answers; and how long a dry run from a
snapshot file spends on its replica, the first time and after that. From one run on one machine:
ratios are what counts. Goal: a fork takes at most 60 ms, whatever the size.
"""

from __future__ import annotations

import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.large_target import ACCOUNT, REGION, api, build
from executor import Change, Executor
from executor.assembly.road import hydrated
from executor.assembly.saved import open_saved
from executor.assembly.targets import OpenTarget
from executor.catalog.catalog import Catalog
from executor.config import Config
from executor.model.application import TargetChoice
from executor.model.hydration import Hydrate, Hydration
from executor.model.progress import Silence
from sandboxes.background.runtime import RUNTIME_VARIABLE
from sandboxes.embedded import EmbeddedEngine, stop_daemons
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.model import SandboxSpec

ROUNDS = 20
GOAL_MS = 60
CHANGE = Change.calls(
    [
        {"service": "sqs", "operation": "ListQueues", "params": {}},
        {"service": "sqs", "operation": "CreateQueue", "params": {"QueueName": "new"}},
    ]
)


@contextmanager
def sandbox() -> Iterator[EmbeddedSandbox]:
    spec = SandboxSpec(run="benchmark", account=ACCOUNT, region=REGION)
    with EmbeddedEngine().start(spec) as started:
        yield started


def milliseconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def answered(url: str) -> None:
    """Ask something that no service needs to be loaded for, and wait for the answer."""
    connection = http.client.HTTPConnection(url.partition("://")[2])
    connection.request("GET", "/health")
    connection.getresponse().read()
    connection.close()


def snapshot(count: int, directory: Path) -> Path:
    path = directory / f"{count}.snap"
    with sandbox() as target:
        build(api(target.url), count)
        Executor(target=target.url, home=directory / "home").snapshot(path)
    return path


def seed_all(target: OpenTarget) -> tuple[float, str]:
    """Seed and keep all of it; returns how long that took, and the id of what is kept."""
    with sandbox() as started:
        hydration = Hydration(mode=Hydrate.ALL)
        spent = milliseconds(lambda: hydrated(started, target, Catalog(), Silence(), hydration))
        return spent, started.kept()[0].id


def starts() -> list[float]:
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with sandbox() as started:
            answered(started.url)
            times.append((time.perf_counter() - began) * 1000)
    return times


def forks(name: str) -> list[float]:
    """Become a fork again and again, in a sandbox of its own each time."""
    times: list[float] = []
    for _ in range(ROUNDS):
        with sandbox() as started:
            replica = next(r for r in started.kept() if r.id == name)
            began = time.perf_counter()
            started.become(replica)
            answered(started.url)
            times.append((time.perf_counter() - began) * 1000)
    return times


def dry_runs(path: Path, directory: Path) -> list[tuple[float, float]]:
    """Rehearse from the file; returns how long the replica and the whole took."""
    executor = Executor(from_snapshot=path, home=directory / "home")
    reports = [executor.dry_run(CHANGE) for _ in range(4)]
    return [(r.timing_ms["replica"], r.timing_ms["total"]) for r in reports]


def measure(count: int, directory: Path) -> float:
    path = snapshot(count, directory)
    first, *later = dry_runs(path, directory)
    target = open_saved(path, TargetChoice(), Config(), dict(os.environ))
    assert target.saved is not None
    seeding, name = seed_all(target)
    forking = forks(name)
    print(f"{target.saved.resources} resources, file of {path.stat().st_size >> 10} KiB")
    print(f"  seed all, read back, keep, fork   {seeding:8.0f} ms")
    middle, worst = statistics.median(forking), max(forking)
    print(f"  become a fork, first answer       {middle:8.1f} ms (worst of {ROUNDS}: {worst:.1f})")
    print(f"  dry run, one service: replica     {first[0]:8.0f} ms the first time")
    again = statistics.median(replica for replica, _ in later)
    whole = statistics.median(total for _, total in later)
    print(f"                                    {again:8.0f} ms after that, of {whole:.0f} in all")
    return middle


def main(counts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        runtime = directory / "runtime"
        os.environ[RUNTIME_VARIABLE] = str(runtime)
        try:
            with sandbox():
                # The server is there, and has loaded what it loads ahead.
                time.sleep(3)
            print(f"start, first answer                 {statistics.median(starts()):8.1f} ms")
            found = [measure(count, directory) for count in counts]
        finally:
            stop_daemons(runtime)
    verdict = "met" if max(found) <= GOAL_MS else "missed"
    print(f"goal of {GOAL_MS} ms for a fork: {verdict}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [20, 2000])
