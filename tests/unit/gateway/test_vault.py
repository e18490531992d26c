from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from executor.gateway import Vault

KEY = b"k" * 32
PARAMS = {
    "SecretString": "hunter2",
    "Blob": b"\x00\xff",
    "When": datetime(2026, 11, 23, tzinfo=UTC),
    "$odd": ["a", {"b": None}],
}


def everything_on_disk(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_parameters_come_back_exactly(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY)
    vault.put("call-1", PARAMS, framing="aws-chunked")
    vault.save()
    assert Vault(tmp_path / "v", KEY).params("call-1") == (PARAMS, "aws-chunked")
    assert b"hunter2" not in everything_on_disk(tmp_path)


def test_nothing_is_written_before_the_decision(tmp_path: Path) -> None:
    Vault(tmp_path / "v", KEY).put("call-1", PARAMS)
    assert not (tmp_path / "v").exists()


def test_more_than_fits_the_memory_is_sealed_at_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY, most_in_memory=100)
    vault.put("call-1", PARAMS)
    assert (tmp_path / "v" / "call-1.sealed").stat().st_mode & 0o777 == 0o600
    assert b"hunter2" not in everything_on_disk(tmp_path)
    assert Vault(tmp_path / "v", KEY).params("call-1")[0] == PARAMS


def test_unknown_entry_and_other_key_are_refused(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY)
    vault.put("call-1", PARAMS)
    vault.save()
    with pytest.raises(KeyError):
        vault.params("call-2")
    with pytest.raises(ValueError, match="altered"):
        Vault(tmp_path / "v", b"x" * 32).params("call-1")


def kept_body(directory: Path, body: bytes) -> Vault:
    vault = Vault(directory, KEY)
    with vault.blob("call-1") as blob:
        for start in range(0, len(body), 70_000):
            blob.write(body[start : start + 70_000])
        blob.keep()
    vault.save()
    return Vault(directory, KEY)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (5 << 19) + 7])
def test_streamed_body_comes_back_exactly(tmp_path: Path, size: int) -> None:
    body = (b"secret" * (size // 6 + 1))[:size]
    vault = kept_body(tmp_path / "v", body)
    assert b"".join(vault.pieces("call-1")) == body
    assert b"secret" not in everything_on_disk(tmp_path)


def test_body_that_was_cut_off_is_not_kept(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY)
    with vault.blob("call-1") as blob:
        blob.write(b"half of it")
    vault.save()
    with pytest.raises(FileNotFoundError):
        next(Vault(tmp_path / "v", KEY).pieces("call-1"))


def test_body_beyond_the_cap_is_not_kept(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY, most_bytes=100)
    with vault.blob("call-1") as blob:
        for _ in range(3):
            blob.write(b"x" * 50)
        blob.keep()
    with pytest.raises(FileNotFoundError):
        next(vault.pieces("call-1"))


def test_body_that_lost_a_piece_is_refused(tmp_path: Path) -> None:
    vault = kept_body(tmp_path / "v", b"a" * (3 << 20))
    path = tmp_path / "v" / "call-1.blob"
    data = path.read_bytes()
    first = 4 + int.from_bytes(data[:4], "big")
    path.write_bytes(data[first:])
    with pytest.raises(ValueError, match="not the one that was kept"):
        list(vault.pieces("call-1"))


def test_body_of_another_call_is_refused(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY)
    for name in ("call-1", "call-2"):
        with vault.blob(name) as blob:
            blob.write(name.encode())
            blob.keep()
    (tmp_path / "v" / "call-2.blob").replace(tmp_path / "v" / "call-1.blob")
    with pytest.raises(ValueError, match="altered"):
        list(vault.pieces("call-1"))


def test_what_is_sealed_in_one_file_cannot_stand_in_another(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", KEY, most_in_memory=100)
    vault.put("call-1", PARAMS)
    vault.put("call-2", {**PARAMS, "SecretString": "other"})
    first, second = (tmp_path / "v" / f"call-{n}.sealed" for n in (1, 2))
    assert Vault(tmp_path / "v", KEY).params("call-2")[0]["SecretString"] == "other"
    second.write_bytes(first.read_bytes())
    with pytest.raises(ValueError, match="altered"):
        Vault(tmp_path / "v", KEY).params("call-2")
