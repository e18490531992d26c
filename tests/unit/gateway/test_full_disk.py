"""What a full disk does to the trace, which stops the gateway, and to the vault, which does not."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from executor.errors import RecorderFailed
from executor.gateway import FileRecorder, Vault
from executor.model.call import Call

_CALL = Call(n=0, service="sqs", operation="DeleteQueue", region="us-east-1")
_KEY = bytes(range(32))


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: writes are cut short, then fail, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


@pytest.fixture
def recorder(path: Path) -> Iterator[FileRecorder]:
    found = FileRecorder(path)
    yield found
    found.close()


def test_row_that_is_cut_short_fails(path: Path, recorder: FileRecorder) -> None:
    recorder.begin(_CALL)
    with _largest_file(path.stat().st_size + 10), pytest.raises(RecorderFailed):
        recorder.begin(_CALL)


def test_nothing_is_recorded_after_a_gap(path: Path, recorder: FileRecorder) -> None:
    begun = recorder.begin(_CALL)
    with _largest_file(path.stat().st_size), pytest.raises(RecorderFailed):
        recorder.end(replace(begun, status=200))
    with pytest.raises(RecorderFailed):
        recorder.begin(_CALL)


def test_outcome_that_was_not_written_leaves_the_call_uncertain(
    path: Path, recorder: FileRecorder
) -> None:
    begun = recorder.begin(_CALL)
    with _largest_file(path.stat().st_size), pytest.raises(RecorderFailed):
        recorder.end(replace(begun, status=200))
    assert [call.uncertain for call in recorder.calls()] == [True]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "replay"


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
    vault.put("call-1", {"Value": "x" * 200})
    with pytest.raises(RecorderFailed):
        vault.save()


def test_parameters_beyond_memory_and_disk_are_not_kept(directory: Path) -> None:
    vault = Vault(directory, _KEY, most_in_memory=100, most_bytes=100)
    vault.put("call-1", {"Value": "x" * 200})
    vault.save()
    with pytest.raises(KeyError):
        vault.params("call-1")
