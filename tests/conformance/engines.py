"""The engines that declarations are tried on, and fresh places on each of them.

An embedded emulator is forked anew for every place. A LocalStack container takes seconds, so
two serve all cases: one to make things in, one to rebuild them in, with an account of its own
for every place. Only buckets are one for all accounts: cases must not share their names.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Self

from sandboxes.contract import Sandbox
from sandboxes.embedded import EmbeddedEngine
from sandboxes.embedded.installed import emulator_version
from sandboxes.localstack import LocalStackEngine
from sandboxes.localstack.images import VERSION
from sandboxes.model import SandboxSpec
from tests.conformance.catalog_harness import ACCOUNT, EMULATORS, REGION, Lab, lab

LOCALSTACK = "localstack"
ENGINES = (*EMULATORS, LOCALSTACK)


def version_of(engine: str) -> str:
    """Return the version of an engine's emulator that cases are tried on."""
    return VERSION if engine == LOCALSTACK else emulator_version(engine) or ""


class Labs:
    """Opens fresh places on every engine; what it started ends with it."""

    def __init__(self, runtime: Path) -> None:
        """Args:
        runtime: keeps the background servers apart from other tests'.
        """
        self._runtime = runtime
        self._open = ExitStack()
        self._lock = threading.Lock()
        self._containers: dict[str, Sandbox] = {}
        self._accounts = itertools.count(100_000_000_001)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def open(self, engine: str, role: str) -> AbstractContextManager[Lab]:
        """Return a fresh place: `target` to make things in, `replica` to rebuild them in."""
        if engine != LOCALSTACK:
            return lab(engine, self._runtime)
        return self._account_of_its_own(role)

    @contextmanager
    def _account_of_its_own(self, role: str) -> Iterator[Lab]:
        sandbox = self._container(role)
        yield Lab(sandbox.url, sandbox.operations, account=str(next(self._accounts)))

    @contextmanager
    def sandbox(self, engine: str) -> Iterator[tuple[Sandbox, str]]:
        """Yield a sandbox, and an account in it that nobody else uses."""
        if engine == LOCALSTACK:
            yield self._container("probe"), str(next(self._accounts))
            return
        spec = SandboxSpec(run="probe", account=ACCOUNT, region=REGION)
        with EmbeddedEngine(engine, runtime=self._runtime).start(spec) as sandbox:
            yield sandbox, ACCOUNT

    def _container(self, role: str) -> Sandbox:
        with self._lock:
            if role not in self._containers:
                spec = SandboxSpec(run=f"conformance-{role}", account=ACCOUNT, region=REGION)
                sandbox = LocalStackEngine().start(spec)
                self._containers[role] = self._open.enter_context(sandbox)
            return self._containers[role]
