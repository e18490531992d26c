"""What a replica costs: `python -m benchmarks.hydration [COUNT]`.

Builds a target of mixed resources and prints, from one run on one machine: how fast the
catalog reads it beside the same calls made bare, how fast the replica is seeded, and a dry run
that touches one service, with few and with many resources in the others. Ratios are what counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks.large_target import ACCOUNT, REGION, api, build
from executor import Change, Executor
from executor.aws import Api
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import ResourceType
from executor.gateway.aliases import Aliases
from executor.model.json import JsonObject
from executor.model.resource import Resource, Snapshot
from executor.replica import Seeder
from executor.snapshots import SnapshotReader
from sandboxes.contract import Sandbox
from sandboxes.model import SandboxSpec
from sandboxes.registry import choose

FEW, QUEUES, ROUNDS = 20, 20, 5
WORKERS = 8
SCRIPT = """
import boto3
sqs = boto3.client('sqs')
for url in sqs.list_queues()['QueueUrls']:
    sqs.tag_queue(QueueUrl=url, Tags={'seen': 'yes'})
"""

Asked = tuple[str, str, Mapping[str, object], str]


class Counting:
    """Makes another's calls, and remembers them."""

    def __init__(self, inner: Api) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self.asked: list[Asked] = []

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        with self._lock:
            self.asked.append((service, operation, dict(params), region))
        return self._inner.call(service, operation, params, region=region)

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        for page in self._inner.pages(service, operation, params, region=region):
            with self._lock:
                self.asked.append((service, operation, dict(params), region))
            yield page


@contextmanager
def emulator() -> Iterator[Sandbox]:
    spec = SandboxSpec(run="benchmark", account=ACCOUNT, region=REGION)
    with choose("embedded").start(spec) as sandbox:
        yield sandbox


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def reading(url: str, catalog: Catalog, services: tuple[str, ...]) -> tuple[Snapshot, float, float]:
    """Return the snapshot, and calls per second of reading and of the same calls made bare.

    By turns, after a reading that is not counted: an emulator loads a service when it is first
    called, which is neither's doing.
    """
    target = api(url)
    for service in services:
        target.prepare(service)

    def read() -> tuple[Snapshot, list[Asked]]:
        counting = Counting(target)
        reader = SnapshotReader(catalog, counting, account=ACCOUNT, region=REGION, workers=WORKERS)
        return reader.read([reader.scope(s) for s in services]), counting.asked

    def again(asked: Asked) -> None:
        service, operation, params, region = asked
        # What was said to be absent was answered as well.
        try:
            target.call(service, operation, params, region=region)
        except Exception as error:  # a benchmark counts answers, whatever they are
            if "Unreachable" in str(error):
                raise

    snapshot, calls = read()

    def bare() -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            for made in [pool.submit(again, asked) for asked in calls]:
                made.result()

    turns = [(seconds(read), seconds(bare)) for _ in range(ROUNDS)]
    took, alone = (statistics.median(each) for each in zip(*turns, strict=True))
    return snapshot, len(calls) / took, len(calls) / alone


def seeding(snapshot: Snapshot, catalog: Catalog, services: tuple[str, ...]) -> float:
    with emulator() as sandbox:
        engine = api(sandbox.url)
        own = SnapshotReader(catalog, engine, account=ACCOUNT, region=REGION)

        def listed(kind: ResourceType, region: str) -> tuple[Resource, ...]:
            return own.read_type(kind, own.scope(catalog.service_of(kind.type), region))

        seeder = Seeder(
            catalog,
            engine,
            Aliases(),
            list_engine=listed,
            implements=sandbox.operations.implements,
            emulator=sandbox.info.emulator,
        )
        order = catalog.in_seed_order(services)
        return seconds(lambda: seeder.seed(snapshot, order, region=REGION))


def touching_one_service(others: int, home: str) -> float:
    """Return the seconds of a dry run that touches queues, beside so many other resources."""
    with emulator() as target:
        queues = api(target.url)
        for n in range(QUEUES):
            queues.call("sqs", "CreateQueue", {"QueueName": f"queue-{n}"})
        build(queues, others, without="sqs")
        executor = Executor(target=target.url, engine="embedded", home=home)
        change = Change.command([sys.executable, "-c", SCRIPT], workdir=home)
        executor.dry_run(change)
        rounds = [seconds(lambda: executor.dry_run(change)) for _ in range(ROUNDS)]
        return statistics.median(rounds)


def main(count: int) -> None:
    catalog = Catalog()
    with emulator() as target:
        built = seconds(lambda: build(api(target.url), count))
        print(f"a target of {count} mixed resources, built in {built:.1f} s")
        services = tuple(s for s in catalog.services if s != "sts")
        snapshot, read, bare = reading(target.url, catalog, services)
    print(f"read   {len(snapshot.resources)} resources, {read:.0f} calls/s")
    print(f"bare   the same calls alone, {bare:.0f} calls/s: reading keeps {read / bare:.0%}")
    took = seeding(snapshot, catalog, services)
    print(f"seed   {took:.1f} s, {len(snapshot.resources) / took:.0f} resources/s")
    with tempfile.TemporaryDirectory() as home:
        few, many = touching_one_service(FEW, home), touching_one_service(count, home)
    print(f"touch  one service beside {FEW} others: {few * 1000:.0f} ms")
    print(f"touch  one service beside {count} others: {many * 1000:.0f} ms, x {many / few:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
