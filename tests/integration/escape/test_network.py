"""Attempts to reach anything but the gateway, in a network made for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.confining import KINDS, Kind
from tests.integration.escape.attempts import SIGN
from tests.integration.escape.network_attempts import ATTEMPTS

# The network is made by bubblewrap, whatever confines in it.
pytestmark = pytest.mark.bubblewrap

_ROOT = Path(__file__).parents[3]
_AWS = "sqs.us-east-1.amazonaws.com"


@pytest.fixture(scope="module", params=KINDS)
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """How every attempt went; they share one network."""
    assert isinstance(request.param, Kind)
    settings = tmp_path_factory.mktemp("settings") / "resolv.conf"
    settings.write_text("nameserver 8.8.8.8\n")
    real = Path("/etc/resolv.conf").resolve()
    world = [
        "bwrap",
        "--unshare-user",
        "--uid",
        str(os.getuid()),
        "--gid",
        str(os.getgid()),
        "--unshare-net",
        "--unshare-uts",
    ]
    world += ["--cap-add", "ALL", "--die-with-parent", "--dev-bind", "/", "/"]
    world += ["--ro-bind", str(settings), str(real), "--chdir", str(_ROOT), "--"]
    world += [sys.executable, "-m", "tests.integration.escape.world", request.param.name]
    ended = subprocess.run(world, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize("name", ATTEMPTS)
def test_only_unconfined(results: dict[str, Any], name: str) -> None:
    result = results[name]
    assert SIGN not in result["confined"], result["confined"]
    assert SIGN in result["unconfined"], result["unconfined"]


@pytest.mark.parametrize("name", ["a name without variables", "a name with an empty environment"])
def test_names_of_aws_lead_to_the_gateway(results: dict[str, Any], name: str) -> None:
    assert results[name]["requests"] == [_AWS]


def test_names_that_were_asked_for_are_reported_and_go_nowhere(results: dict[str, Any]) -> None:
    result = results["a name that carries a secret"]
    assert result["blocked"] == ["c2vjcmv0.evil.example"]
    assert result["told_outside"] == []
