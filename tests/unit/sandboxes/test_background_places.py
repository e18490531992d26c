from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sandboxes.background.places import (
    Home,
    ensure_private,
    homes,
    last_lines,
    reap_homes,
    runtime_directory,
)
from sandboxes.background.runtime import RUNTIME_VARIABLE
from sandboxes.errors import EngineUnavailable
from sandboxes.sockets import short


def test_runtime_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    ensure_private(tmp_path / "executor")
    assert (tmp_path / "executor").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_runtime_directory_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "executor"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(EngineUnavailable, match="this user's alone") as refused:
        ensure_private(directory)
    assert RUNTIME_VARIABLE in refused.value.hint


def test_link_in_place_of_the_runtime_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "executor").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EngineUnavailable):
        ensure_private(tmp_path / "executor")


def test_file_in_place_of_the_runtime_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "executor").touch(mode=0o600)
    with pytest.raises(EngineUnavailable):
        ensure_private(tmp_path / "executor")


def test_runtime_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be made"):
        ensure_private(tmp_path / "missing" / "executor")


def test_runtime_directory_is_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RUNTIME_VARIABLE, str(tmp_path / "own"))
    assert runtime_directory() == tmp_path / "own"


def test_runtime_directory_lies_in_the_session_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(RUNTIME_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_directory() == tmp_path / "executor"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    assert runtime_directory().name.startswith("executor-")


def test_home_is_claimed_once_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path, "one")
    held = home.claim()
    assert held is not None
    assert home.claim() is None
    home.release(held)
    again = home.claim()
    assert again is not None
    home.release(again)


def test_lock_that_was_removed_meanwhile_is_not_mistaken_for_the_lock(tmp_path: Path) -> None:
    home = Home(tmp_path, "one")
    held = home.claim()
    assert held is not None
    home.lock.unlink()
    newer = home.claim()
    assert newer is not None
    assert home.claim() is None
    home.release(newer)


def test_only_homes_whose_zygote_is_gone_are_reaped(tmp_path: Path) -> None:
    dead, alive = Home(tmp_path, "dead"), Home(tmp_path, "alive")
    for home in (dead, alive):
        (home.directory / "embedded-1").mkdir(parents=True)
        home.log.write_text("said\n")
    held = alive.claim()
    assert held is not None
    removed = reap_homes(tmp_path)
    assert removed == [f"{dead.directory / 'embedded-1'} of a server that died"]
    assert [home.key for home in homes(tmp_path)] == ["alive"]
    alive.release(held)


def test_reaping_where_nothing_ever_ran_finds_nothing(tmp_path: Path) -> None:
    assert reap_homes(tmp_path / "missing") == []


def test_socket_with_a_long_path_can_be_used(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        with short(deep / "socket") as address:
            listener.bind(address)
        listener.listen()
        with short(deep / "socket") as address:
            client.connect(address)
    assert (deep / "socket").is_socket()


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log, 2) == ""
    log.write_bytes(b"one\ntwo\nthr\xff\n")
    assert last_lines(log, 2) == "two\nthr\ufffd"
    assert last_lines(log, 0) == ""
