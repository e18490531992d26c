"""What the clients' tests share: a confined dry run of a program, and the programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.clients import toolchains
from tests.integration.confining import BUBBLEWRAP, CONTAINER, KINDS, Kind
from tests.integration.images import image_of_tests, terraform_image
from tests.integration.programs import Ended, Programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined:
    """Rehearses programs in a confinement, which hands them no endpoint; the report is JSON.

    Attributes:
        programs: `dry-run` among them.
        kind: the confinement.
        options: those of `dry-run` that ask for it.
    """

    programs: Programs
    kind: Kind
    options: Sequence[str]

    @property
    def python(self) -> str:
        """A Python with boto3 there."""
        return self.kind.python

    def __call__(self, *words: str) -> Ended:
        found = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        options = (*self.options, "--format", "json")
        ended = self.programs.dry_run(*options, "--", *words, env=found)
        if ended.out:
            isolation = ended.report()["isolation"]
            assert isinstance(isolation, dict)
            assert isolation["kind"] == self.kind.name
            assert [isolation[k] for k in ("network", "filesystem", "credentials")] == [True] * 3
        return ended


@pytest.fixture(params=KINDS)
def confined(request: pytest.FixtureRequest, programs: Programs) -> Confined:
    """Every confinement; its container has Python, the AWS CLI and Node."""
    kind: Kind = request.param
    return Confined(programs=programs, kind=kind, options=kind.options())


@pytest.fixture
def in_bubblewrap(programs: Programs) -> Confined:
    """The confinement that has this machine's programs."""
    return Confined(programs=programs, kind=BUBBLEWRAP, options=BUBBLEWRAP.options())


@pytest.fixture
def with_terraform(programs: Programs) -> Confined:
    """A container that has Terraform alone; the Python that guards it comes from another."""
    configured = f'[confinement]\nhelper = "{image_of_tests()}"\n'
    (programs.workdir / "executor.toml").write_text(configured)
    options = ("--confine", "container", "--image", terraform_image())
    return Confined(programs=programs, kind=CONTAINER, options=options)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return toolchains.node_modules()


@pytest.fixture(scope="session")
def ansible_playbook() -> Path:
    return toolchains.ansible_playbook()


@pytest.fixture(scope="session")
def java_sdk() -> Path:
    return toolchains.java_sdk()
