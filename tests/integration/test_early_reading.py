"""What is read while the change ends is what the replica holds at the end, or is read again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from executor import Decision
from executor.assembly.road import hydrated, open_gateway
from executor.assembly.targets import open_target
from executor.assembly.wings import HydratedReplica
from executor.aws import Api, Credentials, Where
from executor.catalog.catalog import Catalog
from executor.config import Config, resolve_target
from executor.gateway import Doors, Gateway, Vault
from executor.model.finding import Rule
from executor.model.hydration import Hydration
from executor.model.progress import Silence
from executor.snapshots.early import EarlyReading
from sandboxes.contract import Sandbox
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec
from tests.integration.conftest import ACCOUNT, REGION, Production, Rehearse

CATALOG = Catalog()
SOON_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A change that makes queues, and what watches it."""

    sandbox: Sandbox
    replica: HydratedReplica
    gateway: Gateway

    @property
    def early(self) -> EarlyReading:
        found = self.replica.early
        assert found is not None
        return found

    @contextmanager
    def api(self, url: str = "") -> Iterator[Api]:
        """Connect, by way of the gateway if not otherwise said."""
        keys = Credentials(access_key=ACCOUNT, secret_key="change")
        api = Api(Where(region=REGION, endpoint_url=url or self.gateway.url, credentials=keys))
        try:
            yield api
        finally:
            api.close()

    def make(self, name: str, url: str = "") -> None:
        """Make a queue and hang up."""
        with self.api(url) as api:
            api.call("sqs", "CreateQueue", {"QueueName": name})

    def wait_for_reading(self) -> None:
        """Wait until it has been read early."""
        _until(lambda: self.early._attempt is not None)
        _until(lambda: "early-reading" not in {thread.name for thread in threading.enumerate()})

    def observed(self) -> set[str]:
        self.gateway.close()
        return {r.name for r in self.replica.observe().resources.values()}


def _until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        threading.Event().wait(SOON_S / 1000)
    raise AssertionError("it did not come to that")


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "ministack"))


@pytest.fixture
def run(emulator: str, world: Path, tmp_path: Path) -> Iterator[Run]:
    spec = SandboxSpec(run="early", account=ACCOUNT, region=REGION)
    settings = resolve_target("none", Config(), dict(os.environ), account=ACCOUNT, region=REGION)
    target = open_target(settings, CATALOG.reads)
    with EmbeddedEngine(emulator, runtime=world).start(spec) as sandbox:
        replica = hydrated(sandbox, target, CATALOG, Silence(), Hydration(), confined=True)
        gateway = open_gateway(
            sandbox,
            replica,
            target,
            doors=Doors.open(),
            trace=tmp_path / "trace.jsonl",
            vault=Vault(tmp_path / "replay", bytes(32)),
        )
        try:
            yield Run(sandbox=sandbox, replica=replica, gateway=gateway)
        finally:
            gateway.close()


both = pytest.mark.parametrize("emulator", ["ministack", "moto"], indirect=True)


def test_what_was_read_early_is_not_read_again(run: Run) -> None:
    run.make("a")
    run.wait_for_reading()
    run.gateway.close()
    early = run.early.confirmed()
    assert early is not None
    assert run.replica.observe() is early
    assert [r.name for r in early.resources.values()] == ["a"]


def test_reading_that_the_end_overtakes_is_waited_for(run: Run) -> None:
    run.make("a")
    assert run.observed() == {"a"}


@both
def test_call_after_the_reading_is_seen(run: Run) -> None:
    run.make("a")
    run.wait_for_reading()
    run.make("b")
    assert run.observed() == {"a", "b"}


@both
def test_what_the_emulator_does_by_itself_after_the_reading_is_seen(run: Run) -> None:
    run.make("a")
    run.wait_for_reading()
    # To the executor nobody has asked for it.
    run.make("b", run.sandbox.url)
    run.gateway.close()
    assert run.early.confirmed() is None
    assert run.observed() == {"a", "b"}


_WAITS = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Delete"},
        "Delete": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sqs:deleteQueue",
            "Parameters": {"QueueUrl": ""},
            "End": True,
        },
    },
}


def test_what_waits_for_its_time_is_not_read_before_it(run: Run) -> None:
    with run.api() as api:
        machine = api.call(
            "stepfunctions",
            "CreateStateMachine",
            {
                "name": "waits",
                "definition": json.dumps(_WAITS),
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/any",
            },
        )
        api.call("stepfunctions", "StartExecution", {"stateMachineArn": machine["stateMachineArn"]})
    run.wait_for_reading()
    run.gateway.close()
    assert run.early.confirmed() is None


_SETS_OFF = f"""
states, events, queues = c("stepfunctions"), c("events"), c("sqs")
url = queues.get_queue_url(QueueName="orders")["QueueUrl"]
made = json.loads({json.dumps(json.dumps(_WAITS))})
made["States"]["Wait"]["Seconds"] = wait_s
made["States"]["Delete"]["Parameters"]["QueueUrl"] = url
role = "arn:aws:iam::{ACCOUNT}:role/any"
machine = states.create_state_machine(name="m", definition=json.dumps(made), roleArn=role)
events.put_rule(Name="r", EventPattern=json.dumps({{"source": ["a"]}}))
target = {{"Id": "1", "Arn": machine["stateMachineArn"], "RoleArn": role}}
events.put_targets(Rule="r", Targets=[target])
states.close()
queues.close()
events.put_events(Entries=[{{"Source": "a", "DetailType": "b", "Detail": "{{}}"}}])
events.close()
"""


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_deletion_that_the_change_sets_off_for_later_is_denied(
    rehearse: Rehearse, production: Production
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    report = rehearse(f"wait_s = 1{_SETS_OFF}time.sleep(4)")
    deleted = [e.type for e in report.effects if e.action.value == "delete"]
    assert (report.decision, deleted) == (Decision.DENY, ["AWS::SQS::Queue"])
    # Whoever does not wait for it sees nothing of it.
    report = rehearse(f"wait_s = 60{_SETS_OFF}")
    assert report.decision is Decision.UNDECIDED
    assert [f.rule for f in report.findings] == [Rule.NOT_REHEARSED]


_PAUSES = """
for n in range(5):
    queues = c("sqs")
    url = queues.get_queue_url(QueueName="orders")["QueueUrl"]
    queues.close()
    time.sleep(0.3)
c("sqs").delete_queue(QueueUrl=url)
"""
_ENDS_LATE = """
queues = c("sqs")
queues.delete_queue(QueueUrl=queues.get_queue_url(QueueName="orders")["QueueUrl"])
queues.close()
time.sleep(3)
"""


@pytest.mark.parametrize("script", [_PAUSES, _ENDS_LATE], ids=["pauses", "ends late"])
def test_deletion_is_denied_whenever_its_script_is_not_connected(
    rehearse: Rehearse, production: Production, script: str
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    report = rehearse(script)
    assert report.decision is Decision.DENY
    assert [(e.action.value, e.type) for e in report.effects] == [("delete", "AWS::SQS::Queue")]
