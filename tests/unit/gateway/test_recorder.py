"""The trace on disk: written before and after each call, or the gateway must stop."""

from __future__ import annotations

import json
import resource
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from executor.errors import RecorderFailed
from executor.gateway.recorder import FileRecorder
from executor.model.call import Call

_CALL = Call(
    n=0, service="sqs", operation="DeleteQueue", region="us-east-1", params={"QueueUrl": "u"}
)


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


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


def test_row_is_on_disk_before_the_outcome_is_known(path: Path, recorder: FileRecorder) -> None:
    recorder.begin(_CALL)
    (row,) = _rows(path)
    assert (row["event"], row["n"], row["operation"]) == ("call", 1, "DeleteQueue")
    assert row["params"] == {"QueueUrl": "u"}
    assert row["status"] is None


def test_call_without_outcome_is_uncertain(recorder: FileRecorder) -> None:
    recorder.begin(_CALL)
    assert [call.uncertain for call in recorder.calls()] == [True]


def test_outcome_follows_the_call_and_does_not_repeat_its_parameters(
    path: Path, recorder: FileRecorder
) -> None:
    begun = recorder.begin(_CALL)
    recorder.end(replace(begun, status=200))
    call, outcome = _rows(path)
    assert (call["event"], outcome["event"]) == ("call", "outcome")
    assert (outcome["n"], outcome["status"]) == (1, 200)
    assert "params" not in outcome
    (kept,) = recorder.calls()
    assert kept.params == {"QueueUrl": "u"}
    assert kept.succeeded
    assert kept.duration_ms is not None
    assert kept.duration_ms >= 0


def test_calls_are_in_the_order_they_began_whatever_ends_first(recorder: FileRecorder) -> None:
    first, second = recorder.begin(_CALL), recorder.begin(replace(_CALL, operation="ListQueues"))
    recorder.end(replace(second, status=200))
    recorder.end(replace(first, status=200))
    assert [call.operation for call in recorder.calls()] == ["DeleteQueue", "ListQueues"]


def test_threads_get_numbers_without_gaps_in_the_order_of_the_file(
    path: Path, recorder: FileRecorder
) -> None:
    ready = threading.Barrier(8)

    def work(region: str) -> None:
        ready.wait()
        for _ in range(50):
            begun = recorder.begin(replace(_CALL, region=region))
            recorder.end(replace(begun, status=200))

    threads = [threading.Thread(target=work, args=(f"r-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = _rows(path)
    assert [row["n"] for row in rows if row["event"] == "call"] == list(range(1, 401))
    place = {(row["event"], row["n"]): at for at, row in enumerate(rows)}
    assert all(place["call", n] < place["outcome", n] for n in range(1, 401))
    assert [call.n for call in recorder.calls()] == list(range(1, 401))
    regions = {row["n"]: row["region"] for row in rows if row["event"] == "call"}
    assert all(call.region == regions[call.n] for call in recorder.calls())


def test_trace_is_readable_by_its_owner_only(path: Path, recorder: FileRecorder) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_row_is_one_line_whatever_is_in_it(path: Path, recorder: FileRecorder) -> None:
    recorder.begin(replace(_CALL, params={"Name": "a\nb\u2028c\ud800"}))
    (row,) = _rows(path)
    assert row["params"] == {"Name": "a\nb\u2028c\ud800"}


def test_full_disk_fails_the_call_before_it_is_forwarded() -> None:
    recorder = FileRecorder(Path("/dev/full"))
    with pytest.raises(RecorderFailed):
        recorder.begin(_CALL)
    recorder.close()


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


def test_closed_trace_takes_no_calls(recorder: FileRecorder) -> None:
    recorder.close()
    recorder.close()
    with pytest.raises(RecorderFailed):
        recorder.begin(_CALL)


def test_trace_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecorderFailed, match=r"nowhere.*No such file"):
        FileRecorder(tmp_path / "nowhere" / "trace.jsonl")
