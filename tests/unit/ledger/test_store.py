"""The directories of the runs."""

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from executor.errors import NotFound, RecorderFailed
from executor.ledger.store import RunStore, state_home


def test_the_state_directory_follows_the_environment(tmp_path: Path) -> None:
    home = str(tmp_path)
    assert state_home({"HOME": home}) == tmp_path / ".local/state/executor"
    assert state_home({"HOME": home, "XDG_STATE_HOME": "/s"}) == Path("/s/executor")
    assert state_home({"HOME": home, "XDG_STATE_HOME": "s"}) == tmp_path / ".local/state/executor"
    assert state_home({"HOME": home, "EXECUTOR_HOME": "/e", "XDG_STATE_HOME": "/s"}) == Path("/e")


def test_a_run_gets_a_private_directory_and_a_readable_id(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "home")
    run = store.create(datetime(2026, 11, 23, 14, 15, 2, 500_000, tzinfo=UTC))
    assert run == "20261123-141502-8000"
    assert stat.S_IMODE(store.directory(run).stat().st_mode) == 0o700
    assert stat.S_IMODE(store.home.stat().st_mode) == 0o700


def test_ids_sort_as_the_runs_began_and_never_collide(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    moment = datetime(2026, 11, 23, 14, 15, 2, 1000, tzinfo=UTC)
    runs = [store.create(moment) for _ in range(4)] + [store.create() for _ in range(4)]
    assert len(set(runs)) == 8
    assert runs[:4] == sorted(runs[:4])
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", run) for run in runs)


def test_a_run_is_found_by_id_prefix_end_and_last(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = store.create(datetime(2026, 11, 22, tzinfo=UTC))
    second = store.create(datetime(2026, 11, 23, tzinfo=UTC))
    store.write_report(first, {"id": first})
    assert store.find(first) == first
    assert store.find("20261123") == second
    assert store.find("last") == first
    assert store.runs() == (second, first)
    for ambiguous in ("2026", "", "nothing", "../../etc"):
        with pytest.raises(NotFound):
            store.find(ambiguous)


def test_a_report_comes_back_as_written(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.create()
    path = store.write_report(run, {"id": run, "text": "ü"})
    assert store.read_report(run) == {"id": run, "text": "ü"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in store.directory(run).iterdir()] == ["report.json"]


def test_a_run_without_a_report_says_that_it_was_broken_off(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.create()
    with pytest.raises(NotFound, match="broken off"):
        store.read_report(run)
    (store.directory(run) / "report.json").write_text("[")
    with pytest.raises(RecorderFailed):
        store.read_report(run)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "home")
    key = store.key("run-1")
    assert len(key) == 32
    assert RunStore(tmp_path / "home").key("run-1") == key
    assert store.key("run-2") != key
    path = tmp_path / "home" / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"short")
    with pytest.raises(RecorderFailed, match="damaged"):
        store.key("run-1")


def test_an_unwritable_state_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecorderFailed, match="state directory"):
        RunStore(tmp_path / "file" / "home").prepare()
