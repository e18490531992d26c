from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from executor.errors import RecorderFailed
from executor.gateway import FileRecorder
from executor.model.call import Call

CALL = Call(n=0, service="sqs", operation="DeleteQueue", region="us-east-1", params={"a": "b"})


def test_trace_is_for_the_user_alone(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path / "trace")
    recorder.close()
    assert (tmp_path / "trace").stat().st_mode & 0o777 == 0o600


def test_row_is_written_before_and_after(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path / "trace")
    begun = recorder.begin(CALL)
    rows = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert [(row["event"], row["n"], row["params"]) for row in rows] == [("call", 1, {"a": "b"})]
    recorder.end(replace(begun, status=200))
    last = json.loads((tmp_path / "trace").read_text().splitlines()[-1])
    assert (last["event"], last["n"], last["status"]) == ("outcome", 1, 200)
    assert recorder.calls()[0].duration_ms is not None
    recorder.close()


def test_call_that_never_ended_is_uncertain(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path / "trace")
    recorder.begin(CALL)
    recorder.close()
    assert [call.uncertain for call in recorder.calls()] == [True]


def test_full_disk_fails_the_recorder_for_good() -> None:
    recorder = FileRecorder(Path("/dev/full"))
    for _ in range(2):
        with pytest.raises(RecorderFailed, match="cannot be written"):
            recorder.begin(CALL)
    recorder.close()


def test_closed_recorder_takes_no_calls(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path / "trace")
    recorder.close()
    recorder.close()
    with pytest.raises(RecorderFailed):
        recorder.begin(CALL)


def test_unwritable_place_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(RecorderFailed, match="cannot be written"):
        FileRecorder(tmp_path / "missing" / "trace")


def test_calls_from_many_threads_get_numbers_of_their_own(tmp_path: Path) -> None:
    recorder = FileRecorder(tmp_path / "trace")
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda _: recorder.begin(CALL), range(200)))
    assert sorted(call.n for call in begun) == list(range(1, 201))
    assert [call.n for call in recorder.calls()] == list(range(1, 201))
    recorder.close()
