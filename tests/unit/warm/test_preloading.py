"""What is loaded beforehand goes by nothing that is the client's, and is seen to change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executor.warm.preloading import Loaded
from executor.warm.talking import inherited, is_inherited

RECORDING = """
import json, os, sys
asked = set()
class Recording(type(os.environ)):
    def __getitem__(self, name):
        asked.add(name)
        return super().__getitem__(name)
    def __contains__(self, name):
        asked.add(name)
        return super().__contains__(name)
os.environ.__class__ = Recording
from executor.warm.preloading import load_modules
load_modules()
print(json.dumps(sorted(asked)))
"""


def test_loading_goes_by_what_tells_servers_apart_and_by_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", RECORDING],
        env={**inherited(), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stderr
    asked = json.loads(ended.stdout.splitlines()[-1])
    assert asked
    assert [name for name in asked if not is_inherited(name)] == []


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    (tmp_path / "module.py").write_text("a = 1\n")
    since = time.time_ns() + 1
    time.sleep(0.01)
    return Loaded([str(tmp_path / "module.py"), str(tmp_path / "to-come")], since)


def test_what_is_as_it_was_is_not_stale(loaded: Loaded) -> None:
    assert not loaded.is_stale()


def test_what_was_written_anew_is(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("a = 2\n")
    assert loaded.is_stale()


def test_what_is_gone_is(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "module.py").unlink()
    assert loaded.is_stale()


def test_what_was_not_there_and_is_now_is(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "to-come").mkdir()
    assert loaded.is_stale()


def test_what_was_written_while_it_was_loaded_is(tmp_path: Path) -> None:
    since = time.time_ns() - 10**9
    (tmp_path / "module.py").write_text("a = 1\n")
    assert Loaded([str(tmp_path / "module.py")], since).is_stale()
