"""What a test needs of the machine: where it is missing a run says so, and CI fails."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import docker  # noqa: F401 - wholly, before tests' threads import parts of it at once
import pytest
from hypothesis import HealthCheck, settings

from sandboxes.confine.bubblewrap import Bubblewrap
from sandboxes.contract import Sandbox
from sandboxes.localstack import LocalStackEngine
from sandboxes.model import SandboxSpec
from tests.integration.clients.toolchains import commons_logging
from tests.integration.clients.toolchains import missing as missing_programs

# A busy machine breaks no law.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

IN_CI = os.environ.get("CI") == "true"


@cache
def missing_docker() -> str:
    """Why tests marked `docker` cannot run; empty when they can."""
    found = LocalStackEngine().availability()
    return "" if found.usable else f"{found.reason} ({found.hint})"


@cache
def missing_awscli() -> str:
    """Why tests marked `awscli` cannot run; empty when they can."""
    return "" if aws_path().exists() else "the AWS CLI is not in the environment of the tests"


@cache
def missing_bubblewrap() -> str:
    """Why tests marked `bubblewrap` cannot run; empty when they can."""
    found = Bubblewrap().availability()
    return "" if found.usable else f"{found.reason} ({found.hint})"


@cache
def missing_terraform() -> str:
    """Why tests marked `terraform` cannot run; empty when they can."""
    if shutil.which("terraform") is None:
        return "there is no terraform on the PATH"
    if plugin_directory() is None:
        return "no unpacked AWS provider was found; set EXECUTOR_TF_PLUGIN_DIR"
    return ""


def aws_path() -> Path:
    """Where the AWS CLI of the tests' environment is."""
    return Path(sys.executable).with_name("aws")


@cache
def plugin_directory() -> Path | None:
    """The root that `terraform init -plugin-dir` takes, where one is on this machine."""
    named = os.environ.get("EXECUTOR_TF_PLUGIN_DIR")
    if named:
        return Path(named)
    usr = Path("/", "usr")
    usual = [Path.home() / ".terraform.d" / "plugins"]
    shares = (usr / "local" / "share", usr / "share")
    usual += [share / "terraform" / "plugins" for share in shares]
    for parent in (Path("/", "opt"), usr / "local"):
        # No deeper: whole trees of other programs are in there.
        usual += sorted(path for path in parent.glob("*") if path.is_dir())
        usual += sorted(path for path in parent.glob("*/*") if path.is_dir())
    for root in usual:
        for provider in root.glob("*/hashicorp/aws/*/*/terraform-provider-aws_v*"):
            return provider.parents[5]
    return None


def missing_node() -> str:
    """Why tests marked `node` cannot run; empty when they can."""
    return missing_programs("node", "npm")


def missing_ansible() -> str:
    """Why tests marked `ansible` cannot run; empty when they can."""
    return "" if sys.version_info[:2] <= (3, 12) else "the tests' Ansible is for Python 3.11, 3.12"


def missing_java() -> str:
    """Why tests marked `java` cannot run; empty when they can."""
    if not commons_logging().exists():
        return "commons-logging.jar is missing (Debian: libcommons-logging-java)"
    return missing_programs("java", "javac", "npm")


NEEDS: dict[str, Callable[[], str]] = {
    "docker": missing_docker,
    "awscli": missing_awscli,
    "bubblewrap": missing_bubblewrap,
    "node": missing_node,
    "ansible": missing_ansible,
    "java": missing_java,
    "terraform": missing_terraform,
}
# Terraform is no package of the registries that `.ci/run` uses, and the tests' Ansible is for some
# of the Pythons only; the workflow's first job has both.
MAY_BE_MISSING = frozenset({"ansible", "terraform"})


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in NEEDS.items():
        if item.get_closest_marker(marker) is None:
            continue
        reason = missing()
        if reason and IN_CI and marker not in MAY_BE_MISSING:
            pytest.fail(f"{marker}: {reason}", pytrace=False)
        elif reason:
            pytest.skip(f"{marker}: {reason}")


@pytest.fixture
def aws_cli() -> str:
    return str(aws_path())


@pytest.fixture
def terraform_plugin_dir() -> Path:
    found = plugin_directory()
    assert found is not None
    return found


@pytest.fixture
def localstack_sandbox() -> Iterator[Sandbox]:
    """A LocalStack of the test's own; for tests marked `docker`."""
    spec = SandboxSpec(run="test", account="123456789012")
    with LocalStackEngine().start(spec) as sandbox:
        yield sandbox
