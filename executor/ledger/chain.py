"""The arithmetic of the chain: what a hash covers, and where a list of rows breaks it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from executor.model.json import canonical

GENESIS = "sha256:" + "0" * 64
"""What the first entry has for the hash of the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the hash of an entry covers; `payload` by way of `digest`."""

    n: int
    time: str
    kind: str
    run: str
    digest: str
    payload: str
    prev: str


def payload_digest(payload: str) -> str:
    """Return the digest of a payload as it is stored."""
    return "sha256:" + hashlib.sha256(payload.encode()).hexdigest()


def entry_hash(row: Row) -> str:
    """Return the hash of an entry."""
    # A list, not a concatenation: no two different rows may have the same bytes.
    covered = canonical([row.n, row.time, row.kind, row.run, row.digest, row.prev])
    return "sha256:" + hashlib.sha256(covered).hexdigest()


def first_fault(rows: Sequence[tuple[object, ...]]) -> tuple[int, str] | None:
    """Return number of and reason for the first row that breaks the chain, or None.

    Args:
        rows: as stored, in order of their number; texts as bytes.
    """
    prev = GENESIS
    for position, stored in enumerate(rows, start=1):
        row = _decoded(stored)
        if row is None:
            return position, "a field is not of the type that was written"
        reason = _fault(row, stored[-1], position, prev)
        if reason:
            return position, reason
        prev = entry_hash(row)
    return None


def _fault(row: Row, own: object, position: int, prev: str) -> str:
    if row.n != position:
        return f"entry {position} is missing"
    if row.digest != payload_digest(row.payload):
        return "the payload is not the one that was recorded"
    if row.prev != prev:
        return "it does not follow the entry before it"
    if own != entry_hash(row).encode():
        return "the entry is not the one that was recorded"
    return ""


def _decoded(stored: tuple[object, ...]) -> Row | None:
    n, *texts = stored[:7]
    if not isinstance(n, int):
        return None
    decoded: list[str] = []
    for text in texts:
        if not isinstance(text, bytes):
            return None
        try:
            decoded.append(text.decode("utf-8"))
        except UnicodeDecodeError:
            return None
    time, kind, run, digest, payload, prev = decoded
    return Row(n=n, time=time, kind=kind, run=run, digest=digest, payload=payload, prev=prev)
