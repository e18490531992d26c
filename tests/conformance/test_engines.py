"""The conformance suite on every engine of ours.

An engine is one function below: it yields a case. To add one, write it and put it into ENGINES
(with a mark where it needs something that may be absent).
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from sandboxes.conformance import CHECKS, KNOWN_GAPS, Check, EngineCase, name_of, run_check
from sandboxes.contract import Sandbox
from sandboxes.embedded import EmbeddedEngine, stop_daemons
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.endpoint import EndpointEngine
from sandboxes.localstack import LocalStackEngine
from sandboxes.localstack.images import BUILT, image_to_use
from sandboxes.model import SandboxSpec
from tests.integration.unguarded import unguarded

Prepared = Callable[[Path], AbstractContextManager[EngineCase]]


def kill(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, EmbeddedSandbox)
    os.kill(sandbox.pid, signal.SIGKILL)


def footprint(sandbox: Sandbox) -> tuple[Path, ...]:
    assert isinstance(sandbox, EmbeddedSandbox)
    return (sandbox.directory,)


@contextmanager
def embedded_ministack(runtime: Path) -> Iterator[EngineCase]:
    yield EngineCase(
        label="embedded-ministack",
        engine=EmbeddedEngine("ministack", runtime=runtime),
        gaps=KNOWN_GAPS["embedded-ministack"],
        kill=kill,
        footprint=footprint,
    )


@contextmanager
def embedded_moto(runtime: Path) -> Iterator[EngineCase]:
    yield EngineCase(
        label="embedded-moto",
        engine=EmbeddedEngine("moto", runtime=runtime),
        gaps=KNOWN_GAPS["embedded-moto"],
        kill=kill,
        footprint=footprint,
    )


@contextmanager
def endpoint_ministack(runtime: Path) -> Iterator[EngineCase]:
    runtime.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runtime) as place:
        with unguarded("ministack", Path(place)) as somebodys:
            yield EngineCase(
                label="endpoint-ministack",
                engine=EndpointEngine(somebodys),
                gaps=KNOWN_GAPS["endpoint-ministack"],
            )
            with EndpointEngine(somebodys).start(SandboxSpec(run="conformance")) as sandbox:
                assert sandbox.alive(), "a sandbox on somebody's emulator ended it"


def kill_container(sandbox: Sandbox) -> None:
    import docker

    client = docker.from_env()
    try:
        client.containers.get(sandbox.id).kill()
    finally:
        client.close()


def localstacks_image() -> str:
    import docker

    client = docker.from_env()
    try:
        return image_to_use(client)
    finally:
        client.close()


@contextmanager
def localstack(runtime: Path) -> Iterator[EngineCase]:
    label = "localstack" if localstacks_image() == BUILT else "localstack-pinned"
    yield EngineCase(
        label=label,
        engine=LocalStackEngine(),
        gaps=KNOWN_GAPS[label],
        kill=kill_container,
    )


ENGINES = [
    pytest.param(embedded_ministack, id="embedded-ministack"),
    pytest.param(embedded_moto, id="embedded-moto"),
    pytest.param(endpoint_ministack, id="endpoint-ministack"),
    pytest.param(localstack, id="localstack", marks=pytest.mark.docker),
]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("runtime") / "executor"
    yield directory
    stop_daemons(directory)


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
@pytest.mark.parametrize("prepared", ENGINES)
def test_engine(prepared: Prepared, check: Check, runtime: Path) -> None:
    with prepared(runtime) as case:
        run_check(check, case)


@pytest.mark.parametrize("label", sorted(KNOWN_GAPS))
def test_known_gaps_name_checks(label: str) -> None:
    assert set(KNOWN_GAPS[label]) <= {name_of(check) for check in CHECKS}
