from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sandboxes
from sandboxes.embedded import EmbeddedEngine
from sandboxes.embedded.installed import EMULATOR_VARIABLE
from sandboxes.endpoint import EndpointEngine
from sandboxes.errors import EngineUnavailable, SandboxError
from sandboxes.registry import choose, engines

STRANGER = """
class Engine:
    name = "strange"
"""


def test_ours_are_listed() -> None:
    assert {"embedded", "localstack", "endpoint"} <= set(engines())


def test_embedded_is_chosen_where_it_can_be_used() -> None:
    assert isinstance(choose("auto"), EmbeddedEngine)
    assert isinstance(choose("embedded"), EmbeddedEngine)


def test_url_chooses_the_endpoint() -> None:
    assert isinstance(choose("http://127.0.0.1:4566"), EndpointEngine)
    with pytest.raises(SandboxError, match="the real AWS"):
        choose("https://sqs.amazonaws.com")


@pytest.mark.parametrize("name", ["localstak", "", "ministack"])
def test_unknown_name_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(EngineUnavailable, match="no engine called") as unknown:
        choose(name)
    assert "embedded, localstack" in unknown.value.hint


def test_endpoint_without_an_address_is_explained() -> None:
    with pytest.raises(EngineUnavailable) as refused:
        choose("endpoint")
    assert "http://" in refused.value.hint


def test_auto_falls_back_when_the_emulator_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EMULATOR_VARIABLE, "none-such")
    if choose("localstack").availability().usable:
        assert choose("auto").name == "localstack"
        return
    with pytest.raises(EngineUnavailable) as nothing:
        choose("auto")
    assert "none-such" in nothing.value.detail


def install_stranger(site: Path, value: str) -> None:
    (site / "strange.py").write_text(STRANGER)
    info = site / "strange-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        f"[executor.engines]\nstrange = {value}\nembedded = strange:Engine\n"
    )


def run(site: Path, code: str) -> str:
    source = str(Path(sandboxes.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", f"from sandboxes.registry import choose, engines; {code}"],
        env={"PYTHONPATH": f"{site}:{source}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_strangers_engine_is_found_by_entry_point(tmp_path: Path) -> None:
    install_stranger(tmp_path, "strange:Engine")
    assert run(tmp_path, "print(choose('strange').name)").strip() == "strange"
    assert run(tmp_path, "print('strange' in engines())").strip() == "True"


def test_stranger_cannot_take_the_name_of_ours(tmp_path: Path) -> None:
    install_stranger(tmp_path, "strange:Engine")
    shown = run(tmp_path, "print(engines()['embedded']().name, choose('embedded').name)")
    assert shown.strip() == "embedded embedded"


def test_strangers_engine_that_cannot_be_loaded_is_reported(tmp_path: Path) -> None:
    install_stranger(tmp_path, "strange:Missing")
    assert "EngineUnavailable" in run(tmp_path, "choose('strange')")


def test_choosing_ours_reads_no_entry_points(tmp_path: Path) -> None:
    code = "choose('auto'); import sys; print('importlib.metadata' in sys.modules)"
    assert run(tmp_path, code).strip() == "False"


def test_public_names_are_exact() -> None:
    assert sorted(sandboxes.__all__) == sandboxes.__all__
    assert all(hasattr(sandboxes, name) for name in sandboxes.__all__)
