"""A replica is seeded once: the next run that needs the same is a fork, and finds the same."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from executor import Change, Executor, Report
from executor.assembly.road import hydrated
from executor.assembly.targets import open_target
from executor.assembly.wings import HydratedReplica
from executor.catalog.catalog import Catalog
from executor.config import Config, resolve_target
from executor.model.hydration import Hydration
from executor.model.json import Json
from executor.model.progress import Silence
from executor.model.resource import Resource, Snapshot
from sandboxes.background.runtime import RUNTIME_VARIABLE
from sandboxes.embedded import EmbeddedEngine, daemon_status, stop_daemons
from sandboxes.model import SandboxSpec
from tests.integration.conftest import ACCOUNT, REGION, Production
from tests.integration.test_snapshot_files import _plant as plant

CATALOG = Catalog()


class Counting(Silence):
    """Counts what is rebuilt."""

    def __init__(self) -> None:
        self.rebuilt = 0

    def tick(self, name: str, done: int, total: int) -> None:
        self.rebuilt += name == "rebuilt"


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = tmp_path / "runtime"
    monkeypatch.setenv(RUNTIME_VARIABLE, str(directory))
    yield directory
    stop_daemons(directory)


@pytest.fixture(params=["ministack", "moto"])
def emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EXECUTOR_EMULATOR", request.param)
    return str(request.param)


class Runs:
    """Rehearses calls for an account, and tells what was rebuilt for that."""

    def __init__(self, home: Path, **options: object) -> None:
        self.counting = Counting()
        self._executor = Executor(home=home, progress=self.counting, **options)  # type: ignore[arg-type]

    def __call__(self, *calls: tuple[str, str, Mapping[str, Json]]) -> Report:
        before = self.counting.rebuilt
        listed: list[Mapping[str, Json]] = [
            {"service": s, "operation": o, "params": p} for s, o, p in calls
        ]
        report = self._executor.dry_run(Change.calls(listed))
        self.rebuilt = self.counting.rebuilt - before
        return report


Rehearsing = Callable[..., Runs]


@pytest.fixture(params=["target", "file"])
def runs(
    request: pytest.FixtureRequest,
    production: Production,
    credentials: None,
    home: Path,
    tmp_path: Path,
) -> Rehearsing:
    """Gives runs for the account as it is then, or for a file of it."""

    def of(**options: object) -> Runs:
        if request.param == "target":
            return Runs(home, target=production.url, **options)
        path = tmp_path / "prod.snap"
        Executor(target=production.url, home=home).snapshot(path)
        return Runs(home, from_snapshot=path, **options)

    return of


def told(report: Report) -> tuple[Json, Json]:
    replica = report.engine["replica"]
    assert isinstance(replica, dict)
    return replica["forked"], replica["seeded"]


def effects(report: Report) -> list[tuple[str, str, str]]:
    return [(e.action.value, e.type, e.name) for e in report.effects]


def queue_url(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"


LIST = ("sqs", "ListQueues", dict[str, Json]())
DELETE = ("sqs", "DeleteQueue", {"QueueUrl": queue_url("orders")})


def test_the_second_run_seeds_nothing_and_finds_the_same(
    runs: Rehearsing, production: Production, emulator: str
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    production.call("sqs", "CreateQueue", QueueName="mails")
    vpc = production.call("ec2", "CreateVpc", CidrBlock="10.3.0.0/16")["Vpc"]
    assert isinstance(vpc, dict)
    rehearse = runs()
    look = ("ec2", "DescribeVpcs", {"VpcIds": [vpc["VpcId"]]})
    first = rehearse(LIST, look, DELETE)
    assert rehearse.rebuilt >= 3
    second = rehearse(LIST, look, DELETE)
    assert rehearse.rebuilt == 0
    assert told(second) == (["sqs us-east-1", "ec2 us-east-1"], [])
    assert effects(first) == effects(second) == [("delete", "AWS::SQS::Queue", "orders")]
    for one, other in zip(first.effects, second.effects, strict=True):
        assert (one.before, one.address, one.hazards) == (
            other.before,
            other.address,
            other.hazards,
        )
    assert [c.response for c in first.calls] == [c.response for c in second.calls]
    assert (first.decision, first.not_covered) == (second.decision, second.not_covered)
    assert second.timing_ms["replica"] > 0


def test_what_one_run_did_no_other_sees(
    runs: Rehearsing, production: Production, emulator: str
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    rehearse = runs()
    create = ("sqs", "CreateQueue", {"QueueName": "new"})
    for _ in range(2):
        assert effects(rehearse(LIST, DELETE, create)) == [
            ("delete", "AWS::SQS::Queue", "orders"),
            ("create", "AWS::SQS::Queue", "new"),
        ]
    report = rehearse(LIST)
    assert rehearse.rebuilt == 0
    assert effects(report) == []


def test_a_target_that_has_changed_is_seeded_anew(
    production: Production, credentials: None, home: Path, emulator: str
) -> None:
    url = str(production.call("sqs", "CreateQueue", QueueName="orders")["QueueUrl"])
    rehearse = Runs(home, target=production.url)
    rehearse(LIST)
    for attributes in ({"VisibilityTimeout": "77"}, {"DelaySeconds": "5"}):
        production.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=attributes)
        report = rehearse(DELETE)
        assert rehearse.rebuilt == 1
        [(name, value)] = attributes.items()
        before = report.effects[0].before
        assert before is not None
        assert f"{name!r}: {value!r}" in str(before).replace(f": {value}", f": {value!r}")
    production.call("sqs", "DeleteQueue", QueueUrl=url)
    report = rehearse(DELETE)
    assert (effects(report), report.decision) == ([], "deny")
    production.call("sqs", "CreateQueue", QueueName="orders")
    rehearse(LIST)
    # As it was in the beginning: that replica is still there.
    assert rehearse.rebuilt == 0


def test_runs_at_the_same_time_are_each_their_own(
    runs: Rehearsing, production: Production, home: Path
) -> None:
    for number in range(6):
        production.call("sqs", "CreateQueue", QueueName=f"q{number}")
    rehearse = runs()

    def one(number: int) -> tuple[int, Report]:
        own = runs() if number < 2 else rehearse
        doomed = ("sqs", "DeleteQueue", {"QueueUrl": queue_url(f"q{number % 6}")})
        made = ("sqs", "CreateQueue", {"QueueName": f"new{number}"})
        return number, own(LIST, doomed, made)

    with ThreadPoolExecutor(4) as pool:
        for number, report in pool.map(one, range(16)):
            assert set(effects(report)) == {
                ("delete", "AWS::SQS::Queue", f"q{number % 6}"),
                ("create", "AWS::SQS::Queue", f"new{number}"),
            }
    rehearse(LIST)
    assert rehearse.rebuilt == 0


def test_what_is_touched_after_a_change_is_seeded_and_from_a_file_kept_for_later(
    production: Production, credentials: None, home: Path, tmp_path: Path
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    production.call("sns", "CreateTopic", Name="mails")
    topic = ("sns", "DeleteTopic", {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:mails"})
    path = tmp_path / "prod.snap"
    Executor(target=production.url, home=home).snapshot(path)
    expected = [("delete", "AWS::SQS::Queue", "orders"), ("delete", "AWS::SNS::Topic", "mails")]
    for options, later in (({"target": production.url}, "seeded"), ({"from_snapshot": path}, "")):
        rehearse = Runs(home, **options)
        report = rehearse(DELETE, topic)
        assert told(report) == (["sqs us-east-1"], ["sns us-east-1"])
        assert effects(report) == expected
        report = rehearse(DELETE, topic)
        assert effects(report) == expected
        _, seeded = told(report)
        assert seeded == (["sns us-east-1"] if later else [])
        assert (rehearse.rebuilt == 0) is not bool(later)


def test_nothing_is_forked_once_a_call_has_changed_something(
    production: Production, credentials: None, home: Path
) -> None:
    """A queue is made before the topics are read: it must still be there afterwards."""
    production.call("sns", "CreateTopic", Name="mails")
    rehearse = Runs(home, target=production.url)
    create = ("sqs", "CreateQueue", {"QueueName": "new"})
    look = ("sns", "ListTopics", dict[str, Json]())
    for _ in range(2):
        report = rehearse(create, look, ("sqs", "GetQueueUrl", {"QueueName": "new"}))
        assert effects(report) == [("create", "AWS::SQS::Queue", "new")]
        assert [c.status for c in report.calls] == [200, 200, 200]
        assert told(report) == ([], ["sns us-east-1"])


def test_without_a_server_everything_is_seeded(
    production: Production, credentials: None, home: Path
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    rehearse = Runs(home, target=production.url, daemon=False)
    for _ in range(2):
        report = rehearse(DELETE)
        assert told(report) == ([], ["sqs us-east-1"])
        assert rehearse.rebuilt == 1


def test_a_template_that_was_killed_is_made_anew(
    production: Production, credentials: None, home: Path, runtime: Path
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    rehearse = Runs(home, target=production.url)
    rehearse(LIST)
    with EmbeddedEngine().start(SandboxSpec(run="x", account=ACCOUNT)) as sandbox:
        sandbox.become(sandbox.kept()[0])
        status = Path(f"/proc/{sandbox.pid}/status").read_text()
        parent = next(li.split()[1] for li in status.splitlines() if li.startswith("PPid"))
        os.kill(int(parent), signal.SIGKILL)
    report = rehearse(DELETE)
    assert effects(report) == [("delete", "AWS::SQS::Queue", "orders")]
    assert told(report) == (["sqs us-east-1"], [])
    assert rehearse.rebuilt == 1
    assert daemon_status(runtime=runtime).templates == 1


# What is taken from beside a replica is what would be read


def _where(snapshot: Snapshot) -> set[tuple[str, str, str]]:
    return {(gap.service, gap.type, gap.address) for gap in snapshot.gaps}


def _compare(replica: HydratedReplica) -> tuple[dict[str, Resource], Snapshot]:
    observed = replica.observe()
    prior = replica.prior
    found = {
        address: replace(r, data=None if r.data is None else replace(r.data, originals={}))
        for address, r in prior.resources.items()
    }
    assert found == dict(observed.resources)
    assert prior.services == observed.services
    return found, prior


def test_what_is_kept_beside_a_replica_is_what_is_read_in_a_fork_of_it(
    production: Production, credentials: None, emulator: str
) -> None:
    plant(production)
    production.call("ec2", "CreateVpc", CidrBlock="10.3.0.0/16")
    settings = resolve_target(production.url, Config(), dict(os.environ))
    target = open_target(settings, CATALOG.reads)
    spec = SandboxSpec(run="x", account=ACCOUNT, region=REGION)
    found: list[tuple[dict[str, Resource], Snapshot]] = []
    services = ["sqs", "ec2", "lambda", "dynamodb", "secretsmanager", "s3", "ssm"]
    if emulator == "ministack":
        # With what a stack reaches: all there is. In moto a work group is always of this moment.
        services.append("cloudformation")
    for _ in range(3):
        with EmbeddedEngine().start(spec) as sandbox:
            address = "127.0.0.1:4"
            replica = hydrated(sandbox, target, CATALOG, Silence(), Hydration(), address)
            for service in services:
                replica.prepare(service, "", REGION, ACCOUNT, {})
            found.append(_compare(replica))
            told = json.loads(json.dumps(replica.told))
            assert told["seeded"] == []
            assert told.get("note", "") == ""
    for later, snapshot in found[1:]:
        assert later == found[0][0]
        assert _where(snapshot) == _where(found[0][1])
