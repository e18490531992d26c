"""Sealed material that was altered is not given out."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.gateway import Vault

_KEY = bytes(range(32))
_PARAMS: dict[str, object] = {"SecretString": "correct-horse-battery-staple"}


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


def test_files_are_readable_by_their_owner_only(directory: Path) -> None:
    vault = Vault(directory, _KEY)
    vault.put("call-1", _PARAMS)
    _put_blob(vault, "call-1", b"x")
    vault.save()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
