"""The examples do what they say, run as their readers run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.programs import Programs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(programs: Programs, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=programs.workdir,
        env=programs.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_incident_is_denied_and_its_right_change_promoted(programs: Programs) -> None:
    out = run(programs, str(EXAMPLES / "kiro" / "demo.py"))
    assert "DENY" in out
    assert "ALLOW" in out
    assert "production:            3 reports, visibility timeout 30 s" in out
    assert "production, untouched: 3 reports, visibility timeout 30 s" in out
    assert "production, mended:    3 reports, visibility timeout" in out
    assert "confirmed: True" in out
    assert programs.left() == []


def test_the_agent_is_denied_and_learns(programs: Programs) -> None:
    out = run(programs, str(EXAMPLES / "agent_loop.py"))
    assert "attempt 1: deny" in out
    assert "unexpected-replace" in out
    assert "attempt 2: allow" in out
    assert "confirmed: True" in out


@pytest.mark.slow
def test_the_tests_of_the_ci_example_pass(programs: Programs) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLES / "ci"))
    out = run(programs, "-m", "pytest", *options, str(EXAMPLES / "ci"))
    assert "3 passed" in out
