"""Exact parameters and bodies: back as they were put, or not at all."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.errors import RecorderFailed
from executor.gateway.vault import Vault
from executor.gateway.wire import STREAMED

_KEY = bytes(range(32))
_SECRET = "correct-horse-battery-staple"
_PARAMS: dict[str, object] = {
    "Name": "db",
    "SecretString": _SECRET,
    "SecretBinary": b"\x00\xff" + _SECRET.encode(),
    "At": datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC),
    "Numbers": [1, 2.5, True, None],
    "Nested": {"$bytes": "not bytes", "$$": {"$streamed": True}},
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "replay"


def _again(directory: Path, key: bytes = _KEY) -> Vault:
    """The vault as another process sees it."""
    return Vault(directory, key)


def _put_blob(vault: Vault, name: str, body: bytes, piece: int = 60_000) -> None:
    with vault.blob(name) as blob:
        for start in range(0, len(body), piece):
            blob.write(body[start : start + piece])
        blob.keep()


def _on_disk(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_saved_parameters_come_back_exactly(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS, framing="aws-chunked")
    vault.put("call-2", {"A": "b"})
    vault.save()
    again = _again(directory)
    assert again.params("call-1") == (_PARAMS, "aws-chunked")
    assert again.params("call-2") == ({"A": "b"}, "")


def test_parameters_are_there_before_they_are_saved_and_not_on_disk(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS)
    assert vault.params("call-1") == (_PARAMS, "")
    assert not directory.exists()


def test_vault_of_a_run_with_nothing_to_keep_leaves_no_directory(directory: Path) -> None:
    Vault(directory, _KEY).save()
    assert not directory.exists()


def test_streamed_member_comes_back_as_none(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", {"Bucket": "b", "Body": STREAMED})
    vault.save()
    assert _again(directory).params("call-1")[0] == {"Bucket": "b", "Body": None}


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_456_789])
def test_body_comes_back_exactly(directory: Path, size: int) -> None:
    body = os.urandom(size)
    vault = Vault(directory, _KEY)
    vault.put("call-1", {"Body": STREAMED})
    _put_blob(vault, "call-1", body)
    vault.save()
    assert b"".join(_again(directory).pieces("call-1")) == body


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(max_size=300), max_size=20))
def test_body_does_not_depend_on_how_it_came(tmp_path: Path, pieces: list[bytes]) -> None:
    vault = Vault(tmp_path / "v", _KEY)
    with vault.blob("b") as blob:
        for piece in pieces:
            blob.write(piece)
        blob.keep()
    assert b"".join(vault.pieces("b")) == b"".join(pieces)


def test_wrong_key_opens_nothing(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS)
    _put_blob(vault, "call-1", b"body")
    vault.save()
    other = _again(directory, bytes(32))
    with pytest.raises(ValueError, match="altered, or the key"):
        other.params("call-1")
    with pytest.raises(ValueError, match="altered, or the key"):
        list(other.pieces("call-1"))


@pytest.mark.parametrize("place", [0, 10, -1])
def test_altered_parameters_are_not_given_out(directory: Path, place: int) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS)
    vault.save()
    path = directory / "params.sealed"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="altered"):
        _again(directory).params("call-1")


def _altered(directory: Path, data: bytes) -> None:
    (directory / "call-1.blob").write_bytes(data)


def _sealed_body(directory: Path) -> bytes:
    vault = Vault(directory, _KEY)
    vault.put("call-1", {"Body": STREAMED})
    _put_blob(vault, "call-1", os.urandom((2 << 20) + 5))
    vault.save()
    return (directory / "call-1.blob").read_bytes()


@pytest.mark.parametrize("place", [0, 3, 4, 100, -1])
def test_altered_body_is_not_given_out(directory: Path, place: int) -> None:
    data = bytearray(_sealed_body(directory))
    data[place] ^= 1
    _altered(directory, bytes(data))
    with pytest.raises(ValueError, match=r"altered|not the one"):
        list(_again(directory).pieces("call-1"))


def test_body_with_its_last_piece_cut_off_is_not_given_out(directory: Path) -> None:
    data = _sealed_body(directory)
    first = 4 + int.from_bytes(data[:4], "big")
    _altered(directory, data[:first])
    with pytest.raises(ValueError, match="not the one"):
        list(_again(directory).pieces("call-1"))


def test_body_with_its_pieces_swapped_is_not_given_out(directory: Path) -> None:
    data = _sealed_body(directory)
    first = 4 + int.from_bytes(data[:4], "big")
    second = first + 4 + int.from_bytes(data[first : first + 4], "big")
    _altered(directory, data[first:second] + data[:first] + data[second:])
    with pytest.raises(ValueError, match="not the one"):
        list(_again(directory).pieces("call-1"))


def test_body_of_another_call_is_not_given_out_in_its_place(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    _put_blob(vault, "call-1", b"one")
    _put_blob(vault, "call-2", b"two")
    vault.save()
    (directory / "call-2.blob").rename(directory / "call-1.blob")
    with pytest.raises(ValueError, match="not the one"):
        list(_again(directory).pieces("call-1"))


def test_body_beyond_the_limit_is_not_kept(directory: Path) -> None:
    vault = Vault(directory, _KEY, most_bytes=3 << 20)
    with vault.blob("call-1") as blob:
        for _ in range(4):
            blob.write(bytes(1 << 20))
        blob.keep()
    assert list(directory.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        list(vault.pieces("call-1"))


def test_body_that_broke_off_is_not_kept(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    with vault.blob("call-1") as blob:
        blob.write(bytes(2 << 20))
        assert list(directory.iterdir()) != []
    assert list(directory.iterdir()) == []


def test_full_disk_leaves_the_body_unkept_and_fails_nothing(directory: Path) -> None:
    directory.mkdir()
    (directory / "call-1.blob").symlink_to("/dev/full")
    vault = Vault(directory, _KEY)
    with vault.blob("call-1") as blob:
        blob.write(bytes(3 << 20))
        blob.keep()
    assert not (directory / "call-1.blob").is_symlink()


def test_disk_that_is_full_at_the_last_byte_leaves_the_body_unkept(directory: Path) -> None:
    directory.mkdir()
    (directory / "call-1.blob").symlink_to("/dev/full")
    vault = Vault(directory, _KEY)
    with vault.blob("call-1") as blob:
        blob.write(b"fits the buffer of the file")
        blob.keep()
    assert not (directory / "call-1.blob").is_symlink()
    with pytest.raises(FileNotFoundError):
        list(vault.pieces("call-1"))


def test_directory_that_cannot_be_made_leaves_the_body_unkept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with Vault(tmp_path / "file" / "replay", _KEY).blob("call-1") as blob:
        blob.write(b"x")
        blob.keep()


def test_parameters_that_cannot_be_saved_are_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    vault = Vault(tmp_path / "file" / "replay", _KEY)
    vault.put("call-1", _PARAMS)
    with pytest.raises(RecorderFailed):
        vault.save()


def test_parameters_beyond_the_memory_are_written_at_once_and_sealed(directory: Path) -> None:
    vault = Vault(directory, _KEY, most_in_memory=100)
    vault.put("call-1", _PARAMS, framing="aws-chunked")
    assert [path.name for path in directory.iterdir()] == ["call-1.sealed"]
    assert _SECRET.encode() not in _on_disk(directory)
    vault.save()
    assert _again(directory).params("call-1") == (_PARAMS, "aws-chunked")


def test_parameters_beyond_memory_and_disk_are_not_kept(directory: Path) -> None:
    vault = Vault(directory, _KEY, most_in_memory=100, most_bytes=100)
    vault.put("call-1", _PARAMS)
    vault.save()
    with pytest.raises(KeyError):
        vault.params("call-1")


def test_call_that_was_not_kept_is_unknown(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", {})
    vault.save()
    with pytest.raises(KeyError):
        _again(directory).params("call-2")


def test_no_secret_is_in_any_file(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS)
    _put_blob(vault, "call-1", _SECRET.encode() * 100_000)
    vault.save()
    written = _on_disk(directory)
    assert written
    assert _SECRET.encode() not in written
    assert _KEY not in written


def test_files_are_readable_by_their_owner_only(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS)
    _put_blob(vault, "call-1", b"x")
    vault.save()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
