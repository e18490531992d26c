"""Code and addresses that a change hands to the emulator: nothing runs, and nobody is reached.

Each attempt is made twice at the emulator's own port, past the gateway and its list of what may
be called: on an emulator as it comes, where it succeeds, and on one in a sandbox. Only what is
in EC2's user data is run by no emulator; there a shell shows that it would work.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.parsers import ResponseParserError

from sandboxes.embedded import EmbeddedEngine, stop_daemons
from sandboxes.model import SandboxSpec
from tests.integration.unguarded import unguarded

ACCOUNT = "111111111111"
REGION = "us-east-1"
SPEC = SandboxSpec(run="escape", account=ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
_SEEN_S = 20.0
# After the attempt has come to its end: for what an emulator does behind an answer.
_LATER_S = 1.0

_WRITES = "open({marker!r}, 'w').write('x')"
_CONNECTS = "import socket; socket.create_connection(('127.0.0.1', {port})).close()"
_READS = """
import shutil
shutil.copy({secret!r}, {marker!r})
"""
_FORKS = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.1)
        open({marker!r}, 'w').write('x')
    os._exit(0)
"""


class Machine(ThreadingHTTPServer):
    """Something of this machine that listens, and remembers whether it was reached."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.reached = threading.Event()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.reached.set()
        super().process_request(request, client_address)


class Answers(BaseHTTPRequestHandler):
    """Answers whatever is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@dataclass(frozen=True, slots=True)
class Ground:
    """An emulator, and what shows that code ran or that somebody was reached."""

    url: str
    marker: Path
    secret: Path
    machine: Machine

    @property
    def port(self) -> int:
        """Where something of the machine listens."""
        return self.machine.server_port

    def client(self, service: str) -> Any:
        """Return a client of the emulator."""
        return botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def code(self, code: str) -> str:
        """Return code with what it needs to know in it."""
        return code.format(marker=str(self.marker), secret=str(self.secret), port=self.port)

    def function(self, code: str = _WRITES) -> str:
        """Make a Lambda function that runs `code`; returns its ARN."""
        body = "".join(f"\n    {line}" for line in self.code(code).splitlines())
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", f"def handler(event, context):{body}\n    return {{}}\n")
        made = self.client("lambda").create_function(
            FunctionName="f",
            Runtime="python3.12",
            Role=ROLE,
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        return str(made["FunctionArn"])

    def escaped(self, within_s: float) -> bool:
        """Wait for a sign of it."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self.marker.exists() or self.machine.reached.wait(0.05):
                return True
        return False


def settled(state: Callable[[], str]) -> None:
    """Wait until something is no longer under way."""
    until = time.monotonic() + _SEEN_S
    while state().endswith(("IN_PROGRESS", "RUNNING", "STARTING")):
        assert time.monotonic() < until
        time.sleep(0.05)


def invoked(ground: Ground, code: str = _WRITES) -> None:
    ground.function(code)
    ground.client("lambda").invoke(FunctionName="f", Payload=b"{}")


def opening_sockets(ground: Ground) -> None:
    invoked(ground, _CONNECTS)


def reading_files(ground: Ground) -> None:
    invoked(ground, _READS)


def forking(ground: Ground) -> None:
    invoked(ground, _FORKS)


def invoked_later(ground: Ground) -> None:
    ground.function()
    ground.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")


def custom_resource(ground: Ground) -> None:
    # One second, in which an answer may come.
    properties = {"ServiceToken": ground.function(), "ServiceTimeout": "1"}
    resource = {"C": {"Type": "Custom::Thing", "Properties": properties}}
    client = ground.client("cloudformation")
    client.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resource}))
    settled(lambda: str(client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"]))


def step_functions_task(ground: Ground) -> None:
    task = {"Type": "Task", "Resource": ground.function(), "End": True}
    client = ground.client("stepfunctions")
    machine = client.create_state_machine(
        name="m", roleArn=ROLE, definition=json.dumps({"StartAt": "T", "States": {"T": task}})
    )
    run = client.start_execution(stateMachineArn=machine["stateMachineArn"])
    arn = run["executionArn"]
    settled(lambda: str(client.describe_execution(executionArn=arn)["status"]))


def subscribed_function(ground: Ground) -> None:
    client = ground.client("sns")
    topic = client.create_topic(Name="t")["TopicArn"]
    client.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=ground.function())
    client.publish(TopicArn=topic, Message="x")


def function_behind_a_queue(ground: Ground) -> None:
    client = ground.client("sqs")
    queue = client.create_queue(QueueName="q")["QueueUrl"]
    ground.function()
    ground.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", FunctionName="f"
    )
    client.send_message(QueueUrl=queue, MessageBody="x")


def glue_job(ground: Ground) -> None:
    store, client = ground.client("s3"), ground.client("glue")
    store.create_bucket(Bucket="scripts")
    store.put_object(Bucket="scripts", Key="j.py", Body=ground.code(_WRITES).encode())
    command = {"Name": "pythonshell", "ScriptLocation": "s3://scripts/j.py"}
    client.create_job(Name="j", Role=ROLE, Command=command)
    run = client.start_job_run(JobName="j")["JobRunId"]
    settled(lambda: str(client.get_job_run(JobName="j", RunId=run)["JobRun"]["JobRunState"]))


def subscribed_address(ground: Ground) -> None:
    client = ground.client("sns")
    topic = client.create_topic(Name="t")["TopicArn"]
    address = f"http://127.0.0.1:{ground.port}/"
    client.subscribe(TopicArn=topic, Protocol="http", Endpoint=address)
    client.publish(TopicArn=topic, Message="x")


# Makes an attempt where the kernel gives no namespaces; its arguments are directories.
_WITHOUT_NAMESPACES = """
import os, sys
from pathlib import Path
from sandboxes.embedded import EmbeddedEngine, kernel
from sandboxes.model import SandboxSpec
from tests.integration.escape import test_code_in_the_emulator as suite
uid = os.getuid()
kernel.unshare(kernel.NEW_USER)
open("/proc/self/uid_map", "w").write(f"0 {uid} 1")
open("/proc/sys/user/max_user_namespaces", "w").write("0")
kernel.drop_rights()
runtime, place = map(Path, sys.argv[1:])
spec = SandboxSpec(run="escape", account=suite.ACCOUNT, daemon=False)
engine = EmbeddedEngine("ministack", runtime=runtime)
with engine.start(spec) as sandbox, suite.Machine() as machine:
    suite.reading_files(suite.ground_at(sandbox.url, place, machine))
    print(sandbox.info.confined, sandbox.info.note)
"""


Attempt = Callable[[Ground], Any]
ATTEMPTS: tuple[Attempt, ...] = (
    opening_sockets,
    reading_files,
    forking,
    invoked_later,
    custom_resource,
    step_functions_task,
    subscribed_function,
    function_behind_a_queue,
    glue_job,
    subscribed_address,
)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("runtime") / "executor"
    yield directory
    stop_daemons(directory)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with Machine() as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def ground_at(url: str, place: Path, machine: Machine) -> Ground:
    (place / "secret").write_text("the machine's own")
    return Ground(url, place / "marker", place / "secret", machine)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda a: a.__name__)
def test_harmless_in_a_sandbox(
    attempt: Attempt, tmp_path: Path, runtime: Path, machine: Machine
) -> None:
    with EmbeddedEngine("ministack", runtime=runtime).start(SPEC) as sandbox:
        assert sandbox.info.confined, sandbox.info.note
        ground = ground_at(sandbox.url, tmp_path, machine)
        attempt(ground)
        assert not ground.escaped(_LATER_S)
        assert sandbox.alive()


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda a: a.__name__)
def test_harmful_on_an_emulator_as_it_comes(
    attempt: Attempt, tmp_path: Path, machine: Machine
) -> None:
    with unguarded("ministack", tmp_path) as url:
        ground = ground_at(url, tmp_path, machine)
        attempt(ground)
        assert ground.escaped(_SEEN_S)


def test_nothing_is_run_either_where_the_kernel_refuses_and_that_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WITHOUT_NAMESPACES, str(tmp_path / "runtime"), str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("False the kernel refuses a place of its own"), done.stderr
    assert not (tmp_path / "marker").exists()


def test_stack_with_a_custom_resource_fails_and_says_why(
    tmp_path: Path, runtime: Path, machine: Machine
) -> None:
    with EmbeddedEngine("ministack", runtime=runtime).start(SPEC) as sandbox:
        ground = ground_at(sandbox.url, tmp_path, machine)
        resource = {"Type": "Custom::Thing", "Properties": {"ServiceToken": ground.function()}}
        client = ground.client("cloudformation")
        client.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"C": resource}}))
        settled(lambda: str(client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"]))
        events = client.describe_stack_events(StackName="s")["StackEvents"]
        reasons = [event.get("ResourceStatusReason", "") for event in events]
        assert any("a sandbox runs no code" in reason for reason in reasons), reasons


def test_address_of_a_subscription_is_asked_by_no_sandboxs_moto(
    tmp_path: Path, runtime: Path, machine: Machine
) -> None:
    with EmbeddedEngine("moto", runtime=runtime).start(SPEC) as sandbox:
        assert sandbox.info.confined, sandbox.info.note
        ground = ground_at(sandbox.url, tmp_path, machine)
        # moto does not expect it, and answers with a page.
        with pytest.raises(ResponseParserError):
            subscribed_address(ground)
        assert not ground.escaped(_LATER_S)
        assert sandbox.alive()
    with unguarded("moto", tmp_path) as url:
        ground = ground_at(url, tmp_path, machine)
        subscribed_address(ground)
        assert ground.escaped(_SEEN_S)


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_user_data_is_not_run(
    emulator: str, tmp_path: Path, runtime: Path, machine: Machine
) -> None:
    script = f"#!/bin/sh\ntouch {tmp_path}/marker\n"
    with EmbeddedEngine(emulator, runtime=runtime).start(SPEC) as sandbox:
        ground = ground_at(sandbox.url, tmp_path, machine)
        ground.client("ec2").run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, UserData=script
        )
        assert not ground.escaped(_LATER_S)
    subprocess.run(["/bin/sh", "-c", script], check=True)
    assert ground.escaped(_SEEN_S)
