"""An append-only, hash-chained record in SQLite.

Each entry's hash covers its number, time, kind, run, the digest of its payload and the hash
of the entry before, so that no entry can be changed, removed or moved without the chain
breaking. That the newest entries were not cut off is seen by a second file, which holds
number and hash of the last entry.

Known limits: whoever can write both files can compute a new chain, or remove both; the chain
shows tampering to those who kept a later head (`Ledger.head`), it does not prevent it. A
crash between the two writes leaves the head file one entry behind, which is accepted; so one
entry that was never in the head file could be cut off unseen.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from executor.atomic import write_atomically
from executor.errors import LedgerTampered, RecorderFailed
from executor.ledger.chain import GENESIS, Row, entry_hash, first_fault, payload_digest
from executor.model.application import LedgerCheck
from executor.model.json import Json, JsonObject, canonical

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    n INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, run TEXT NOT NULL,
    digest TEXT NOT NULL, payload TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS entries_keep BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_same BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
_TRIGGERS = {b"entries_keep", b"entries_same"}
_TRIGGER_NAMES = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
_COLUMNS = "n, time, kind, run, digest, payload, prev, hash"
_BUSY_S = 30.0
_MEND = "`executor verify` says more; keep the files, and move them aside to start a new ledger"


class Kind(StrEnum):
    """What an entry records."""

    DRY_RUN = "dry-run"
    """A dry run and its decision."""

    APPROVAL = "approval"
    """A person's approval of a report."""

    PROMOTION = "promotion"
    """The beginning or the end of a promotion."""

    PROMOTION_STEP = "promotion-step"
    """One call of a promotion, before or after it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        n: position, from 1.
        time: ISO time in UTC.
        kind: what it records.
        run: id of the run it is about.
        digest: `sha256:` digest of the payload as stored.
        payload: what was recorded.
        prev: hash of the entry before.
        hash: its own hash.
    """

    n: int
    time: str
    kind: Kind
    run: str
    digest: str
    payload: JsonObject
    prev: str
    hash: str


class Ledger:
    """The ledger in one file; any number of processes may append at the same time."""

    def __init__(self, path: Path) -> None:
        """Args:
        path: the SQLite file; its directory must exist. Nothing is made before it is needed.
        """
        self._path = path
        self._head_path = path.with_name(path.name + ".head")
        self._lock_path = path.with_name(path.name + ".lock")

    def append(self, kind: Kind, run: str, payload: JsonObject) -> Entry:
        """Add an entry; when this returns it is on disk.

        Raises:
            RecorderFailed: it could not be written.
            LedgerTampered: entries are missing at the end, so nothing may be added.
        """
        try:
            with self._locked(), closing(self._open()) as db:
                return self._append(db, kind, run, canonical(payload).decode("utf-8", "replace"))
        except (OSError, sqlite3.Error) as error:
            raise RecorderFailed(
                f"the ledger {self._path.name} cannot be written: {error}",
                hint="see `executor verify` and the free space and rights of its directory",
            ) from error

    def entries(self, *, kind: Kind | None = None, run: str | None = None) -> Sequence[Entry]:
        """Return the entries in order, of one kind or one run where asked.

        Raises:
            RecorderFailed: the ledger cannot be read.
            LedgerTampered: an entry is not of the form that was written.
        """
        if not self._path.exists():
            return ()
        try:
            with closing(self._open()) as db:
                rows = db.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY n").fetchall()
            found = [_entry(row) for row in rows]
        except sqlite3.Error as error:
            raise RecorderFailed(f"the ledger cannot be read: {error}", hint=_MEND) from error
        except (ValueError, AttributeError) as error:
            raise LedgerTampered(f"the ledger holds a malformed entry: {error}", hint=_MEND) from (
                error
            )
        return tuple(
            e for e in found if (kind is None or e.kind is kind) and (run is None or e.run == run)
        )

    def head(self) -> str:
        """Return the hash of the newest entry as the head file has it; empty for none.

        Whoever keeps it elsewhere can show later that nothing before was changed.
        """
        head = self._read_head()
        return head[1] if head else ""

    def verify(self) -> LedgerCheck:
        """Check every entry, the chain and its end; never raises for what it finds."""
        if not self._path.parent.is_dir():
            return LedgerCheck(ok=True, entries=0)
        try:
            with self._locked():
                head = self._read_head()
                if not self._path.exists():
                    return _missing_file(head)
                with closing(self._connect()) as db:
                    rows = db.execute(f"SELECT {_COLUMNS} FROM entries ORDER BY n").fetchall()
                    triggers = {
                        r[0]
                        for r in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
                    }
        except (OSError, ValueError, sqlite3.Error) as error:
            return LedgerCheck(ok=False, entries=0, reason=f"the ledger cannot be read: {error}")
        return _check(rows, triggers, head)

    def _append(self, db: sqlite3.Connection, kind: Kind, run: str, payload: str) -> Entry:
        db.execute("BEGIN IMMEDIATE")
        last = db.execute("SELECT n, hash FROM entries ORDER BY n DESC LIMIT 1").fetchone()
        n, prev = (last[0], last[1].decode()) if last else (0, GENESIS)
        self._refuse_cut(n, prev)
        row = Row(
            n=n + 1,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            kind=kind.value,
            run=run,
            digest=payload_digest(payload),
            payload=payload,
            prev=prev,
        )
        own = entry_hash(row)
        db.execute(
            f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row.n, row.time, row.kind, row.run, row.digest, row.payload, row.prev, own),
        )
        db.commit()
        head = json.dumps({"n": row.n, "hash": own}).encode()
        write_atomically(self._head_path, head)
        return Entry(
            n=row.n,
            time=row.time,
            kind=kind,
            run=run,
            digest=row.digest,
            payload=_object(payload),
            prev=prev,
            hash=own,
        )

    def _refuse_cut(self, n: int, last_hash: str) -> None:
        head = self._read_head()
        if head is None:
            return
        if n < head[0] or (n == head[0] and last_hash != head[1]):
            raise LedgerTampered(
                f"the ledger has {n} entries, and its head file says {head[0]}", hint=_MEND
            )

    def _read_head(self) -> tuple[int, str] | None:
        try:
            head = json.loads(self._head_path.read_bytes())
        except FileNotFoundError:
            return None
        if not isinstance(head, dict):
            raise ValueError("the head file is malformed")
        n, own = head.get("n"), head.get("hash")
        if not isinstance(n, int) or not isinstance(own, str):
            raise ValueError("the head file is malformed")
        return n, own

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # SQLite's own lock ends with the commit; the head file is written after it.
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _open(self) -> sqlite3.Connection:
        if not self._path.exists():
            # SQLite would make it readable for others; it copies these rights to its WAL.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = self._connect()
        try:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name='entries'").fetchone():
                db.execute("PRAGMA journal_mode=WAL")
                db.executescript(_SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
        # Bytes, because a tampered text need not be UTF-8.
        db.text_factory = bytes
        try:
            db.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            db.close()
            raise
        return db


def _check(
    rows: Sequence[tuple[object, ...]], triggers: set[bytes], head: tuple[int, str] | None
) -> LedgerCheck:
    count = len(rows)
    fault = first_fault(rows)
    if fault is not None:
        return LedgerCheck(ok=False, entries=count, first_bad=fault[0], reason=fault[1])
    if not triggers >= _TRIGGERS:
        return LedgerCheck(
            ok=False, entries=count, reason="the triggers that forbid changes were removed"
        )
    reason = _end_fault(rows, head)
    return LedgerCheck(ok=not reason, entries=count, reason=reason)


def _end_fault(rows: Sequence[tuple[object, ...]], head: tuple[int, str] | None) -> str:
    count = len(rows)
    if head is None:
        return "" if count <= 1 else "the head file is missing"
    n, own = head
    if count < n:
        return f"{n - count} entries are missing at the end"
    if count > n + 1:
        return f"the head file is at entry {n}, {count - n} behind"
    hash_column = rows[n - 1][7] if 1 <= n <= count else None
    if hash_column != own.encode():
        return "the head file names another entry"
    return ""


def _missing_file(head: tuple[int, str] | None) -> LedgerCheck:
    if head is None:
        return LedgerCheck(ok=True, entries=0)
    return LedgerCheck(
        ok=False, entries=0, reason=f"the ledger file is gone; it had {head[0]} entries"
    )


def _entry(row: tuple[int, bytes, bytes, bytes, bytes, bytes, bytes, bytes]) -> Entry:
    n, time, kind, run, digest, payload, prev, own = row
    return Entry(
        n=n,
        time=time.decode(),
        kind=Kind(kind.decode()),
        run=run.decode(),
        digest=digest.decode(),
        payload=_object(payload.decode()),
        prev=prev.decode(),
        hash=own.decode(),
    )


def _object(text: str) -> dict[str, Json]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("a payload is not an object")
    return value
