"""Templates: seeded once, forked for every sandbox, each fork as shut in as any sandbox."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from executor.aws import Api, Credentials, Where
from sandboxes.contract import KeepsReplicas
from sandboxes.embedded import EmbeddedEngine, daemon_status, stop_daemons
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.embedded.shelf import Child, Limits, Shelf
from sandboxes.errors import NotKept, ReplicaGone
from sandboxes.model import KeptReplica, SandboxSpec
from tests.integration.test_embedded_confinement import SPACES, status
from tests.integration.test_embedded_daemon import end, ended, eventually, listens

ACCOUNT = "123456789012"
SPEC = SandboxSpec(run="templates", account=ACCOUNT)
PARTS = {"sqs us-east-1": "sha256:1"}

_CLIENT = """
import sys, time
from pathlib import Path
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec
sandbox = EmbeddedEngine("ministack", runtime=Path(sys.argv[1])).start(SandboxSpec(run="client"))
draft = sandbox.draft()
print(draft.url, flush=True)
time.sleep(60)
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "executor"
    yield directory
    stop_daemons(directory)


@pytest.fixture(params=["ministack", "moto"])
def engine(request: pytest.FixtureRequest, runtime: Path) -> EmbeddedEngine:
    return EmbeddedEngine(request.param, runtime=runtime)


@pytest.fixture
def ministack(runtime: Path) -> EmbeddedEngine:
    return EmbeddedEngine("ministack", runtime=runtime)


class Client:
    """Calls an emulator, and hangs up."""

    def __init__(self, url: str) -> None:
        keys = Credentials(access_key=ACCOUNT, secret_key="test")
        self._api = Api(Where(region="us-east-1", endpoint_url=url, credentials=keys))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def call(self, service: str, operation: str, **params: object) -> Mapping[str, object]:
        return self._api.call(service, operation, params)

    def queues(self) -> list[str]:
        urls = self.call("sqs", "ListQueues").get("QueueUrls") or []
        assert isinstance(urls, list)
        return sorted(str(url).rpartition("/")[2] for url in urls)

    def vpcs(self) -> list[str]:
        found = self.call("ec2", "DescribeVpcs")["Vpcs"]
        assert isinstance(found, list)
        return sorted(vpc["VpcId"] for vpc in found)


def seed(client: Client) -> None:
    client.call("sqs", "CreateQueue", QueueName="orders")
    client.call("s3", "CreateBucket", Bucket="logs")
    client.call("s3", "PutObject", Bucket="logs", Key="a", Body=b"x" * 100_000)
    client.call("ec2", "CreateVpc", CidrBlock="10.7.0.0/16")


def kept(
    sandbox: EmbeddedSandbox,
    seeding: Callable[[Client], None] = seed,
    parts: Mapping[str, str] = PARTS,
) -> KeptReplica:
    draft = sandbox.draft()
    with Client(draft.url) as client:
        seeding(client)
    return draft.keep(parts, b"memo")


def queues(sandbox: EmbeddedSandbox) -> list[str]:
    with Client(sandbox.url) as client:
        return client.queues()


def test_a_fork_holds_what_was_seeded_with_the_same_ids(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as one, engine.start(SPEC) as other:
        assert isinstance(one, KeepsReplicas)
        assert one.keeps
        assert one.kept() == ()
        replica = kept(one)
        assert [r.parts for r in other.kept()] == [PARTS]
        assert other.memo(replica) == b"memo"
        found: list[list[str]] = []
        for sandbox in (one, other):
            sandbox.become(replica)
            assert queues(sandbox) == ["orders"]
            with Client(sandbox.url) as client:
                found.append(client.vpcs())
                body = client.call("s3", "GetObject", Bucket="logs", Key="a")["Body"]
                assert isinstance(body, dict)
                assert body["$bytes"] == 100_000
        assert found[0] == found[1]


def test_what_a_change_does_in_a_fork_is_in_no_other(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as one, engine.start(SPEC) as other:
        replica = kept(one)
        one.become(replica)
        other.become(replica)
        with Client(one.url) as client:
            client.call("sqs", "CreateQueue", QueueName="new")
            client.call("s3", "DeleteObject", Bucket="logs", Key="a")
        assert queues(one) == ["new", "orders"]
        assert queues(other) == ["orders"]
        with engine.start(SPEC) as third:
            assert queues(third) == []
            third.become(replica)
            assert queues(third) == ["orders"]
            with Client(third.url) as client:
                client.call("s3", "HeadObject", Bucket="logs", Key="a")


def test_many_forks_at_once_are_each_their_own(engine: EmbeddedEngine) -> None:
    def rehearse(number: int) -> list[str]:
        with engine.start(SPEC) as sandbox:
            sandbox.become(sandbox.kept()[0])
            with Client(sandbox.url) as client:
                for place in range(5):
                    client.call("sqs", "CreateQueue", QueueName=f"q{number}-{place}")
                client.call("ec2", "CreateVpc", CidrBlock="10.8.0.0/16")
                return client.queues() + client.vpcs()

    with engine.start(SPEC) as sandbox:
        replica = kept(sandbox)
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(rehearse, range(18)))
        for number, names in enumerate(found):
            own = [f"q{number}-{place}" for place in range(5)]
            assert [n for n in names if n.startswith("q")] == own
        assert len({name for names in found for name in names if name.startswith("vpc-")}) >= 18
        sandbox.become(replica)
        assert queues(sandbox) == ["orders"]


def test_a_fork_is_shut_in_as_every_sandbox_and_shares_nothing(engine: EmbeddedEngine) -> None:
    with engine.start(SPEC) as plain, engine.start(SPEC) as one, engine.start(SPEC) as other:
        replica = kept(one)
        for sandbox in (one, other):
            sandbox.become(replica)
            assert sandbox.info == plain.info
            assert sandbox.info.confined, sandbox.info.note
            found = status(sandbox)
            for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
                assert int(found[f"Cap{kind}"], 16) == 0
            assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
            assert int(found["Seccomp_filters"]) == 2
        parent = int(status(one)["PPid"])
        pids = (plain.pid, one.pid, other.pid, parent, os.getpid())
        for space in SPACES:
            spaces = {os.readlink(f"/proc/{pid}/ns/{space}") for pid in pids}  # noqa: PTH115
            assert len(spaces) == len(pids), space
        for sandbox in (one, other):
            root = Path(f"/proc/{sandbox.pid}/root")
            place = root / plain.directory.parent.relative_to("/") / replica.id
            assert names(place) == ["fork"]
            assert names(place / "fork") == ["home", "tmp"]
            assert names(place.parent) == [replica.id]
        (root / place / "fork" / "tmp" / "mine").write_text("x")
        theirs = Path(f"/proc/{one.pid}/root") / place.relative_to(root)
        assert names(theirs / "fork" / "tmp") == []


def test_a_fork_inherits_no_file_and_no_connection(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as one, ministack.start(SPEC) as other:
        replica = kept(one)
        one.become(replica)
        other.become(replica)
        template = int(status(one)["PPid"])
        server = daemon_status("ministack", one.directory.parent.parent).pid
        files = {name for name in descriptors(one.pid) if name.startswith("/")}
        assert files <= {"/dev/null", f"{one.directory}/log"}
        for pid in (template, server, other.pid):
            shared = descriptors(one.pid) & descriptors(pid)
            assert not {name for name in shared if name.startswith("socket:")}


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))  # noqa: PTH208


def descriptors(pid: int) -> set[str]:
    found = set[str]()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        # It may be closed meanwhile.
        with suppress(FileNotFoundError):
            found.add(str(entry.readlink()))
    return found


def test_the_old_sandbox_still_answers_what_is_under_way(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as sandbox:
        replica = kept(sandbox)
        old, first = sandbox.url, sandbox.pid
        sandbox.become(replica)
        assert sandbox.url != old
        with Client(old) as client:
            assert client.queues() == []
        pids = (first, sandbox.pid)
    assert all(ended(pid) for pid in pids)
    assert not listens(old)


def test_what_another_account_or_region_seeded_is_not_offered(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as sandbox:
        replica = kept(sandbox)
        for spec in (
            SandboxSpec(run="x", account="210987654321"),
            SandboxSpec(run="x", account=ACCOUNT, region="eu-west-1"),
        ):
            with ministack.start(spec) as other:
                assert other.kept() == ()
                with pytest.raises(ReplicaGone):
                    other.become(replica)
                assert queues(other) == []


def test_a_sandbox_with_a_server_of_its_own_keeps_nothing(ministack: EmbeddedEngine) -> None:
    spec = SandboxSpec(run="x", account=ACCOUNT, daemon=False)
    with ministack.start(spec) as sandbox:
        assert not sandbox.keeps
        assert sandbox.kept() == ()
        with pytest.raises(NotKept):
            sandbox.draft()


def test_what_a_fork_would_not_have_is_not_kept(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as sandbox:
        draft = sandbox.draft()
        with Client(draft.url) as client:
            # It waits for somebody who never calls.
            waiting = {
                "H": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
                "W": {
                    "Type": "AWS::CloudFormation::WaitCondition",
                    "Properties": {"Handle": {"Ref": "H"}, "Timeout": "60"},
                },
            }
            template = json.dumps({"Resources": waiting})
            client.call("cloudformation", "CreateStack", StackName="s", TemplateBody=template)
        with pytest.raises(NotKept):
            draft.keep(PARTS, b"")
        assert sandbox.kept() == ()
        assert queues(sandbox) == []


def test_drafts_that_are_given_up_leave_nothing(ministack: EmbeddedEngine, runtime: Path) -> None:
    with ministack.start(SPEC) as sandbox:
        draft = sandbox.draft()
        draft.close()
        draft.close()
        assert not listens(draft.url)
        with pytest.raises(NotKept):
            draft.keep(PARTS, b"")
        client = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, str(runtime)], stdout=subprocess.PIPE, text=True
        )
        assert client.stdout is not None
        url = client.stdout.readline().strip()
        assert listens(url)
        end(client)
        assert eventually(lambda: not listens(url))
        assert sandbox.kept() == ()


def test_the_server_takes_templates_and_forks_with_it(
    ministack: EmbeddedEngine, runtime: Path
) -> None:
    with ministack.start(SPEC) as sandbox:
        sandbox.become(kept(sandbox))
        template = int(status(sandbox)["PPid"])
        os.kill(daemon_status(runtime=runtime).pid, signal.SIGKILL)
        assert eventually(lambda: ended(sandbox.pid) and ended(template))
        assert not sandbox.alive()
    ministack.reap()
    assert list(runtime.iterdir()) == []


def test_stopping_the_server_ends_templates_too(ministack: EmbeddedEngine, runtime: Path) -> None:
    with ministack.start(SPEC) as sandbox:
        kept(sandbox)
        template = sandbox.directory.parent / sandbox.kept()[0].id
        assert template.is_dir()
    assert daemon_status(runtime=runtime).templates == 1
    stop_daemons(runtime)
    assert not template.exists()
    assert list(runtime.iterdir()) == []


def test_a_template_that_dies_takes_its_forks_and_nobody_else(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as one, ministack.start(SPEC) as other:
        replica = kept(one)
        one.become(replica)
        os.kill(int(status(one)["PPid"]), signal.SIGKILL)
        assert eventually(lambda: not one.alive())
        assert eventually(lambda: other.kept() == ())
        with pytest.raises(ReplicaGone):
            other.become(replica)
        assert other.alive()
        assert queues(other) == []
        replica = kept(other)
        other.become(replica)
        assert queues(other) == ["orders"]


def test_the_same_seeded_twice_is_kept_once(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as sandbox:
        first, second = kept(sandbox), kept(sandbox)
        assert [r.id for r in sandbox.kept()] == [second.id]
        with pytest.raises(ReplicaGone):
            sandbox.become(first)


def nothing(client: Client) -> None:
    """Seed nothing."""


def test_only_so_many_are_kept_and_the_least_used_goes_first(ministack: EmbeddedEngine) -> None:
    with ministack.start(SPEC) as sandbox, ministack.start(SPEC) as other:
        replicas = [kept(sandbox, nothing, {"n": str(n)}) for n in range(Limits().count)]
        other.become(replicas[0])
        newest = kept(sandbox, nothing, {"n": "new"})
        offered = {r.id for r in sandbox.kept()}
        assert offered == {r.id for r in (newest, replicas[0], *replicas[2:])}
        assert other.alive()
        gone = sandbox.directory.parent / replicas[1].id
        assert eventually(lambda: not gone.exists())


Put = Callable[[Shelf, int], None]


@pytest.fixture
def put() -> Iterator[Put]:
    """Puts a template with a number onto a shelf; it takes orders that nobody follows."""
    with ExitStack() as opened:

        def put(shelf: Shelf, number: int) -> None:
            ours, _ = map(opened.enter_context, socket.socketpair())
            _put(shelf, number, ours)

        yield put


def _put(shelf: Shelf, number: int, ours: socket.socket) -> None:
    child = Child(
        id=str(number),
        pid=os.getpid(),
        handle=-1,
        ready=-1,
        port=number,
        directory=Path(),
        spec=SPEC,
        orders=ours,
    )
    shelf.add(child, {"n": str(number)})


def _left(shelf: Shelf) -> Sequence[str]:
    return [t.child.id for t in shelf.offered(SPEC)]


def test_a_shelf_is_bounded_by_memory_but_keeps_the_newest(put: Put) -> None:
    shelf = Shelf(Limits(bytes=1))
    for number in range(3):
        put(shelf, number)
    assert _left(shelf) == ["2"]
    assert [t.child.id for t in shelf.to_end()] == ["0", "1"]


def test_what_is_idle_for_too_long_goes_and_what_is_forked_stays(put: Put) -> None:
    shelf = Shelf(Limits(idle_s=0.0, bytes=1 << 40))
    for number in range(2):
        put(shelf, number)
    first = next(iter(shelf))
    first.forks.add(first.child)
    assert [t.child.id for t in shelf.to_end()] == ["1"]
    assert _left(shelf) == ["0"]
    assert shelf.patience_s() == 0.0


def test_what_is_forsaken_is_offered_to_nobody(put: Put) -> None:
    shelf = Shelf()
    put(shelf, 1)
    shelf.forsake("forks are open")
    assert _left(shelf) == []
    assert shelf.useless == "forks are open"
