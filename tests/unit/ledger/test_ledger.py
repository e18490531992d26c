"""The ledger: what is appended stays, and any tampering is seen."""

import multiprocessing
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.errors import LedgerTampered, RecorderFailed
from executor.ledger.ledger import Kind, Ledger

COLUMNS = ("n", "time", "kind", "run", "digest", "payload", "prev", "hash")


def filled(directory: Path, count: int) -> Ledger:
    ledger = Ledger(directory / "ledger.sqlite")
    for i in range(count):
        ledger.append(Kind.DRY_RUN, f"run-{i}", {"decision": "allow", "i": i})
    return ledger


def tamper(directory: Path, statement: str, values: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(directory / "ledger.sqlite", isolation_level=None)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(statement, values)
        for _, sql in triggers:
            db.execute(sql)


def append_many(path: Path, who: int, count: int) -> None:
    ledger = Ledger(path)
    for i in range(count):
        ledger.append(Kind.PROMOTION_STEP, f"run-{who}", {"i": i})


def test_an_untouched_ledger_verifies(tmp_path: Path) -> None:
    check = filled(tmp_path, 3).verify()
    assert (check.ok, check.entries, check.first_bad, check.reason) == (True, 3, None, "")


def test_a_ledger_that_was_never_written_verifies(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "none" / "ledger.sqlite").verify().ok
    assert Ledger(tmp_path / "ledger.sqlite").verify().ok
    assert Ledger(tmp_path / "ledger.sqlite").entries() == ()


def test_entries_come_back_in_order_and_by_kind_and_run(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 2)
    ledger.append(Kind.APPROVAL, "run-1", {"by": "ann"})
    assert [e.n for e in ledger.entries()] == [1, 2, 3]
    assert [e.payload for e in ledger.entries(kind=Kind.APPROVAL)] == [{"by": "ann"}]
    assert [e.n for e in ledger.entries(run="run-1")] == [2, 3]
    assert ledger.head() == ledger.entries()[-1].hash


def test_the_files_are_for_the_user_alone(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "statement", ["DELETE FROM entries WHERE n = 1", "UPDATE entries SET run = 'x'"]
)
def test_the_database_itself_refuses_changes(tmp_path: Path, statement: str) -> None:
    filled(tmp_path, 2)
    with (
        closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        db.execute(statement)


def test_removed_triggers_are_seen(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 2)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
        db.execute("DROP TRIGGER entries_keep")
    assert not ledger.verify().ok


@settings(max_examples=40, deadline=None)
@given(
    row=st.integers(1, 5),
    column=st.sampled_from(COLUMNS),
    value=st.one_of(st.text(max_size=8), st.integers(-3, 9), st.binary(max_size=8)),
)
def test_any_changed_field_is_seen(row: int, column: str, value: object) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ledger = filled(directory, 5)
        before = ledger.entries()
        try:
            tamper(directory, f"UPDATE entries SET {column} = ? WHERE n = ?", (value, row))
        except (sqlite3.IntegrityError, OverflowError):
            return
        check = ledger.verify()
        try:
            unchanged = ledger.entries() == before
        except LedgerTampered:
            unchanged = False
        assert check.ok == unchanged
        if not check.ok:
            assert check.first_bad is not None
            assert check.first_bad <= row


@settings(max_examples=30, deadline=None)
@given(row=st.integers(1, 5), data=st.data())
def test_any_changed_byte_is_seen(row: int, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(COLUMNS[1:]))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ledger = filled(directory, 5)
        with closing(sqlite3.connect(directory / "ledger.sqlite")) as db:
            (old,) = db.execute(f"SELECT {column} FROM entries WHERE n = ?", (row,)).fetchone()
        place = data.draw(st.integers(0, len(old) - 1))
        other = data.draw(st.characters(codec="ascii").filter(lambda c: c != old[place]))
        new = old[:place] + other + old[place + 1 :]
        tamper(directory, f"UPDATE entries SET {column} = ? WHERE n = ?", (new, row))
        check = ledger.verify()
        assert not check.ok
        assert check.first_bad in {row, row + 1}


@settings(max_examples=10, deadline=None)
@given(row=st.integers(1, 5))
def test_a_removed_row_is_seen_wherever_it_was(row: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        ledger = filled(Path(name), 5)
        tamper(Path(name), "DELETE FROM entries WHERE n = ?", (row,))
        assert not ledger.verify().ok


@settings(max_examples=10, deadline=None)
@given(pair=st.lists(st.integers(1, 5), min_size=2, max_size=2, unique=True))
def test_two_swapped_rows_are_seen(pair: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        ledger = filled(Path(name), 5)
        a, b = pair
        for old, new in ((a, 99), (b, a), (99, b)):
            tamper(Path(name), "UPDATE entries SET n = ? WHERE n = ?", (new, old))
        check = ledger.verify()
        assert (check.ok, check.first_bad) == (False, min(pair))


def test_nothing_is_appended_after_the_end_was_cut_off(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 3)
    tamper(tmp_path, "DELETE FROM entries WHERE n > 1")
    assert "2 entries are missing" in ledger.verify().reason
    with pytest.raises(LedgerTampered):
        ledger.append(Kind.DRY_RUN, "run", {})


def test_a_removed_file_is_seen(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 3)
    for part in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (tmp_path / part).unlink(missing_ok=True)
    assert not ledger.verify().ok


def test_a_removed_head_file_is_seen(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 3)
    (tmp_path / "ledger.sqlite.head").unlink()
    assert ledger.verify().reason == "the head file is missing"


def test_a_crash_before_the_head_was_written_is_no_tampering(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 2)
    head = (tmp_path / "ledger.sqlite.head").read_bytes()
    ledger.append(Kind.DRY_RUN, "run", {})
    (tmp_path / "ledger.sqlite.head").write_bytes(head)
    assert ledger.verify().ok
    assert ledger.append(Kind.DRY_RUN, "run", {}).n == 4
    assert ledger.verify().ok


def test_garbage_in_place_of_the_ledger_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"garbage" * 500)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert not ledger.verify().ok
    with pytest.raises(RecorderFailed):
        ledger.append(Kind.DRY_RUN, "run", {})
    with pytest.raises(RecorderFailed):
        ledger.entries()


def test_a_directory_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecorderFailed):
        Ledger(tmp_path / "none" / "ledger.sqlite").append(Kind.DRY_RUN, "run", {})


def test_processes_append_at_the_same_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    path = tmp_path / "ledger.sqlite"
    writers = [context.Process(target=append_many, args=(path, w, 10)) for w in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [w.exitcode for w in writers] == [0, 0, 0]
    check = Ledger(path).verify()
    assert (check.ok, check.entries) == (True, 30)
