"""The endpoint engine on a LocalStack that is not ours: one for all tests, by pytest-docker."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest

from executor import Change, Executor
from sandboxes.conformance.case import Aws
from sandboxes.endpoint import EndpointEngine
from sandboxes.localstack.images import VERSION, image_to_use
from sandboxes.model import SandboxSpec
from tests.integration.conftest import Production
from tests.integration.programs import confinement

pytestmark = pytest.mark.docker


def compose() -> str:
    """Docker's own `compose` where it has it, else the program that came before."""
    found = shutil.which("docker")
    asked = [found or "docker", "compose", "version"]
    if found and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
        return "docker compose"
    return "docker-compose"


@pytest.fixture(scope="session")
def docker_compose_command() -> str:
    client = docker.from_env()
    try:
        return f"env EXECUTOR_TEST_IMAGE={image_to_use(client)} {compose()}"
    finally:
        client.close()


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(Path(__file__).with_name("docker-compose.yml"))


@pytest.fixture(scope="session")
def docker_setup() -> str:
    # Debian's docker-compose does not know `--wait`.
    return "up --detach"


@pytest.fixture(scope="session")
def docker_cleanup() -> str:
    return "down --volumes --timeout 0"


def healthy(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2)
    try:
        connection.request("GET", "/_localstack/health")
        return "services" in json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


@pytest.fixture(scope="session")
def somebodys(request: pytest.FixtureRequest) -> Iterator[str]:
    # Not an argument, so that without Docker the tests are skipped before compose is called.
    services = request.getfixturevalue("docker_services")
    url = f"http://127.0.0.1:{services.port_for('localstack', 4566)}"
    services.wait_until_responsive(check=lambda: healthy(url), timeout=60.0, pause=0.2)
    yield url
    assert healthy(url), "somebody's LocalStack was ended by what used it"


def test_it_is_recognised_with_the_operations_of_its_version(somebodys: str) -> None:
    with EndpointEngine(somebodys).start(SandboxSpec(run="somebodys")) as sandbox:
        assert sandbox.info.emulator == "localstack"
        assert sandbox.info.version.startswith(VERSION)
        assert sandbox.operations.implements("sqs", "PurgeQueue")
        assert not sandbox.operations.implements("rds", "CreateDBInstance")


def test_closing_leaves_it_as_it_is(somebodys: str) -> None:
    with EndpointEngine(somebodys).start(SandboxSpec(run="somebodys")) as sandbox:
        Aws(sandbox).call("sqs", "CreateQueue", QueueName="left")
    with EndpointEngine(somebodys).start(SandboxSpec(run="somebodys")) as sandbox:
        assert any("/left" in url for url in Aws(sandbox).call("sqs", "ListQueues")["QueueUrls"])


def test_a_change_is_rehearsed_on_it(
    somebodys: str, production: Production, home: Path, credentials: None
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    executor = Executor(target=production.url, engine=somebodys, confine=confinement(), home=home)
    params = {"QueueUrl": f"{production.url}/123456789012/orders"}
    change = Change.calls([{"service": "sqs", "operation": "DeleteQueue", "params": params}])
    report = executor.dry_run(change)
    assert report.decision == "deny"
    assert [(e.action, e.name) for e in report.effects] == [("delete", "orders")]
