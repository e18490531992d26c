"""A production account to rehearse for, and an executor that keeps its state to itself."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from executor import Change, Executor, Intent, Report
from executor.assembly import App
from executor.aws import Api, Credentials, Where
from executor.catalog.catalog import Catalog
from executor.ledger.store import RunStore
from executor.model.codec import snapshot_to_json
from executor.model.json import Json, canonical
from executor.model.resource import Scope
from executor.snapshots import SnapshotReader
from sandboxes.embedded import EmbeddedEngine, stop_daemons
from sandboxes.model import SandboxSpec
from tests.integration.programs import Programs, confinement
from tests.integration.warming import warm_up

ACCOUNT = "123456789012"
REGION = "us-east-1"
SERVICES = ("s3", "sqs", "sns", "dynamodb", "iam", "ec2", "kms", "secretsmanager", "ssm", "logs")


class Production:
    """A stand-in for a real account: an emulator that no dry run may change."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.api = Api(
            Where(
                region=REGION,
                endpoint_url=url,
                credentials=Credentials(access_key=ACCOUNT, secret_key="production"),
            )
        )

    def call(self, service: str, operation: str, **params: object) -> Mapping[str, Json]:
        return self.api.call(service, operation, params)

    def state(self) -> bytes:
        """Everything the catalog can read, as bytes that are equal if nothing changed."""
        reader = SnapshotReader(Catalog(), self.api, account=ACCOUNT, region=REGION)
        scopes: list[Scope] = [reader.scope(service) for service in SERVICES]
        return canonical(snapshot_to_json(reader.read(scopes)))


@pytest.fixture
def plays_production() -> str:
    """The emulator that stands for the real account; a test may be parametrized with another."""
    return "ministack"


@pytest.fixture(scope="session")
def world() -> Iterator[Path]:
    """Yield a directory for background servers that no run under test knows of."""
    # Not pytest's: the paths of unix sockets are short.
    with tempfile.TemporaryDirectory(prefix="xw-") as place:
        yield Path(place)
        stop_daemons(Path(place))


@pytest.fixture
def production(plays_production: str, world: Path) -> Iterator[Production]:
    spec = SandboxSpec(run="production", account=ACCOUNT, region=REGION)
    with EmbeddedEngine(plays_production, runtime=world).start(spec) as account:
        yield Production(account.url)


@pytest.fixture(params=["embedded", pytest.param("localstack", marks=pytest.mark.docker)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "production")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


Rehearse = Callable[..., Report]


@pytest.fixture
def rehearse(
    production: Production, engine: str, home: Path, workdir: Path, credentials: None
) -> Rehearse:
    """Rehearse a boto3 script, given as text, for the production account."""

    def run(script: str, *, expect: Sequence[str] = (), protect: Sequence[str] = ()) -> Report:
        prelude = "import boto3, json, time\nc = boto3.client\n"
        command = [sys.executable, "-c", prelude + script]
        executor = Executor(target=production.url, engine=engine, confine=confinement(), home=home)
        intent = Intent(expect=expect, protect=protect)
        return executor.dry_run(Change.command(command, workdir=workdir), intent)

    return run


def gaps(report: Report) -> dict[str, str]:
    """What was not covered, and why: by address, or by type where it is a whole type."""
    return {gap.address or gap.type: gap.reason for gap in report.not_covered}


@pytest.fixture
def app(home: Path) -> App:
    return App(RunStore(home), dict(os.environ))


@pytest.fixture(scope="session")
def server_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the background server lives that the programs of all tests share."""
    directory = tmp_path_factory.mktemp("runtime") / "executor"
    yield directory
    stop_daemons(directory)


@pytest.fixture
def programs(
    production: Production, home: Path, workdir: Path, tmp_path: Path, server_place: Path
) -> Programs:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return Programs(
        workdir=workdir,
        home=home,
        runtime=server_place,
        temporary=temporary,
        target=production.url,
    )


@pytest.fixture
def cold(programs: Programs, tmp_path: Path) -> Iterator[Programs]:
    """Programs with background servers of their own, of which none runs yet."""
    yield dataclasses.replace(programs, runtime=tmp_path / "run", target="none")
    stop_daemons(tmp_path / "run")


@pytest.fixture
def warm(cold: Programs) -> Programs:
    """The same, with a warm executor."""
    warm_up(cold)
    return cold
