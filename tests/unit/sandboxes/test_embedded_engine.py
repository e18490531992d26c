from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sandboxes.contract import Engine
from sandboxes.embedded import EmbeddedEngine, daemon_status, stop_daemons
from sandboxes.embedded.installed import EMULATOR_VARIABLE, emulator_version, zygote_key
from sandboxes.errors import EngineUnavailable
from sandboxes.model import SandboxSpec


def test_importing_the_engine_loads_nothing_heavy() -> None:
    heavy = "{'ministack', 'moto', 'docker', 'botocore', 'asyncio', 'ctypes', 'importlib.metadata'}"
    code = f"import sys, sandboxes.embedded, sandboxes.registry; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_engine_satisfies_the_contract() -> None:
    assert isinstance(EmbeddedEngine(), Engine)


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_emulator_version_is_the_installed_one(emulator: str) -> None:
    assert emulator_version(emulator) == version(emulator)
    found = EmbeddedEngine(emulator).availability()
    assert (found.usable, found.reason) == (True, f"{emulator} {version(emulator)}")


def test_missing_emulator_has_no_version() -> None:
    assert emulator_version("no_such_emulator") is None


def test_emulator_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EMULATOR_VARIABLE, "moto")
    assert EmbeddedEngine().availability().reason.startswith("moto ")
    assert EmbeddedEngine("ministack").availability().reason.startswith("ministack ")


def test_unknown_emulator_is_unavailable(tmp_path: Path) -> None:
    engine = EmbeddedEngine("goto", runtime=tmp_path)
    assert not engine.availability().usable
    with pytest.raises(EngineUnavailable, match="goto") as refused:
        engine.start(SandboxSpec(run="r"))
    assert "ministack" in refused.value.hint


def test_key_differs_by_emulator_version_and_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {zygote_key("ministack", "1"), zygote_key("ministack", "2"), zygote_key("moto", "1")}
    monkeypatch.setattr(sys, "executable", "/elsewhere/python")
    keys.add(zygote_key("ministack", "1"))
    assert len(keys) == 4
    assert zygote_key("ministack", "1") in keys


def test_status_without_a_server(tmp_path: Path) -> None:
    status = daemon_status(runtime=tmp_path)
    assert (status.running, status.pid, status.sandboxes) == (False, 0, 0)
    assert stop_daemons(tmp_path) == []
