"""What the clients' tests share: a confined dry run of a program, and the programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.clients import toolchains
from tests.integration.programs import Ended, Programs

Confined = Callable[..., Ended]


@pytest.fixture
def confined(programs: Programs) -> Confined:
    """Rehearse a program under bubblewrap, which hands it no endpoint; the report is JSON."""

    def run(*words: str) -> Ended:
        found = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        options = ("--confine", "bubblewrap", "--format", "json")
        ended = programs.dry_run(*options, "--", *words, env=found)
        if ended.out:
            isolation = ended.report()["isolation"]
            assert isinstance(isolation, dict)
            assert isolation["kind"] == "bubblewrap"
            assert [isolation[k] for k in ("network", "filesystem", "credentials")] == [True] * 3
        return ended

    return run


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return toolchains.node_modules()


@pytest.fixture(scope="session")
def ansible_playbook() -> Path:
    return toolchains.ansible_playbook()


@pytest.fixture(scope="session")
def java_sdk() -> Path:
    return toolchains.java_sdk()
