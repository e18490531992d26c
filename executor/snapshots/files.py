"""Snapshot files: compressed, versioned, and refused when they are not what was written.

A file is one gzip stream (`zcat prod.snap` shows it) of two lines of JSON: a head that says
what is in the body, and the body, in the canonical spelling that its digest is taken over. The
head carries the body's length, so that nobody has to unpack more than that, and a seal over
itself. Neither is a signature: whoever may write the file can write another one, so compare the
digest in a report with the one that `executor snapshot` printed where that matters.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from executor.atomic import write_atomically
from executor.errors import InvalidConfig, InvalidSnapshot
from executor.model.codec import scope_from_json, scope_to_json
from executor.model.json import Json, JsonObject, canonical, digest
from executor.model.saved import SavedScope, SavedSnapshot

_FORMAT: Final = "executor/snapshot/v1"
_ANY_FORMAT: Final = re.compile(r"executor/snapshot/v(\d{1,9})")
_NEWEST: Final = 1
_MAGIC: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 16
_LITTLE: Final = 1 << 12
_MOST_HEAD: Final = 1 << 20
_MOST_BODY: Final = 1 << 30
_GZIP: Final = 31
_LEVEL: Final = 6
_AGAIN: Final = "take it again with `executor snapshot`"


def write_snapshot(path: Path, snapshot: SavedSnapshot) -> SavedSnapshot:
    """Write a snapshot, whole or not at all, for the user alone.

    Returns:
        The snapshot with its digest.

    Raises:
        InvalidConfig: the file cannot be written.
    """
    content, found = packed(snapshot)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise InvalidConfig(
            f"{path} cannot be written: {error.strerror or error}", hint="choose another place"
        ) from error
    return replace(snapshot, digest=found)


def packed(snapshot: SavedSnapshot) -> tuple[bytes, str]:
    """Return the bytes of a file, and the digest of what is in it."""
    scopes = sorted(snapshot.scopes, key=lambda s: (s.account, s.region, s.service))
    body = canonical({"scopes": [scope_to_json(scope) for scope in scopes]})
    found = f"sha256:{hashlib.sha256(body).hexdigest()}"
    head: dict[str, Json] = {
        "format": _FORMAT,
        "digest": found,
        "bytes": len(body),
        "taken": snapshot.taken,
        "executor": snapshot.executor,
        "source": {
            "name": snapshot.source,
            "endpoint_url": snapshot.endpoint_url,
            "account": snapshot.account,
            "region": snapshot.region,
        },
        "regions": {a: list(snapshot.regions(a)) for a in snapshot.accounts},
        "resources": snapshot.resources,
        "not_covered": len(snapshot.gaps),
    }
    head["seal"] = digest(head)
    text = canonical(head) + b"\n" + body + b"\n"
    # No time in it: the same content gives the same bytes.
    return gzip.compress(text, compresslevel=_LEVEL, mtime=0), found


def read_snapshot(path: Path) -> SavedSnapshot:
    """Read a snapshot file.

    Raises:
        InvalidSnapshot: it cannot be read, is no snapshot, is truncated, damaged or altered, or
            was written in a newer format; the message names the file.
    """
    try:
        with path.open("rb") as file:
            head, body = _unpacked(path, file)
    except OSError as error:
        raise InvalidSnapshot(
            f"the snapshot {path} cannot be read: {error.strerror or error}",
            hint="check the path and its permissions",
        ) from error
    try:
        scopes = tuple(scope_from_json(scope) for scope in _scopes(body))
        snapshot = _snapshot(head, scopes)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidSnapshot(
            f"the snapshot {path} is whole, but cannot be understood: {_said(error)}", hint=_AGAIN
        ) from error
    return snapshot


def _unpacked(path: Path, file: BinaryIO) -> tuple[JsonObject, bytes]:
    """Return head and body, checked against each other."""
    beginning = file.read(len(_MAGIC))
    if not beginning:
        raise InvalidSnapshot(f"the snapshot {path} is empty", hint=_AGAIN)
    if beginning != _MAGIC:
        _is_none(path)
    stream = _Unpacking(path, beginning, file)
    head = _head(path, stream)
    length = head.get("bytes")
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= _MOST_BODY:
        raise InvalidSnapshot(
            f"the snapshot {path} says that it is {length} bytes long; the most is {_MOST_BODY}",
            hint="take a smaller one: `executor snapshot --service …`",
        )
    body = stream.take(length + 1)
    stream.end()
    if hashlib.sha256(body[:-1]).hexdigest() != str(head.get("digest")).removeprefix("sha256:"):
        _is_altered(path)
    return head, body[:-1]


class _Unpacking:
    """Unpacks no more than it is asked for, and a bit."""

    def __init__(self, path: Path, beginning: bytes, file: BinaryIO) -> None:
        self._path = path
        self._packed = beginning
        self._file = file
        self._unpacker = zlib.decompressobj(_GZIP)
        self._ready = bytearray()

    def line(self, most: int) -> bytes:
        """Return the first line, or what there is of it if it is longer than `most`.

        Raises:
            InvalidSnapshot: the stream breaks off before its end.
        """
        while (end := self._ready.find(b"\n")) < 0 and len(self._ready) < most:
            if not self._unpack(_LITTLE):
                break
        if end < 0:
            if not self._unpacker.eof and len(self._ready) < most:
                _is_truncated(self._path)
            return bytes(self._ready)
        found = bytes(self._ready[:end])
        del self._ready[: end + 1]
        return found

    def take(self, count: int) -> bytes:
        """Return so many bytes.

        Raises:
            InvalidSnapshot: there are fewer.
        """
        while len(self._ready) < count:
            if not self._unpack(min(_CHUNK, count - len(self._ready))):
                _is_truncated(self._path)
        found = bytes(self._ready[:count])
        del self._ready[:count]
        return found

    def end(self) -> None:
        """See that nothing follows, and that the checksum holds.

        Raises:
            InvalidSnapshot: something does, or it does not.
        """
        self._unpack(1)
        if self._ready:
            _is_altered(self._path)
        if not self._unpacker.eof:
            _is_truncated(self._path)
        if self._unpacker.unused_data or self._file.read(1):
            _is_altered(self._path)

    def _unpack(self, most: int) -> bool:
        """Unpack up to `most` bytes more; returns whether there were any."""
        while not self._unpacker.eof:
            self._packed = self._packed or self._file.read(_CHUNK)
            at_end = not self._packed
            try:
                piece = self._unpacker.decompress(self._packed, most)
            except zlib.error:
                _is_altered(self._path)
            self._packed = self._unpacker.unconsumed_tail
            self._ready += piece
            if piece or at_end:
                return bool(piece)
        return False


def _head(path: Path, stream: _Unpacking) -> JsonObject:
    try:
        head = json.loads(stream.line(_MOST_HEAD))
    except (ValueError, RecursionError):
        head = None
    found = head.get("format") if isinstance(head, dict) else None
    version = _ANY_FORMAT.fullmatch(found) if isinstance(found, str) else None
    if version is None or not isinstance(head, dict):
        _is_none(path)
    if int(version.group(1)) > _NEWEST:
        raise InvalidSnapshot(
            f"the snapshot {path} has the format v{version.group(1)}, and this executor reads"
            f" none newer than v{_NEWEST}",
            hint="install a newer executor, or take the snapshot with this one",
        )
    sealed = head.pop("seal", None)
    if found != _FORMAT or digest(head) != sealed:
        _is_altered(path)
    return head


def _scopes(body: bytes) -> Iterator[JsonObject]:
    found = json.loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("scopes"), list):
        raise TypeError("it has no scopes")
    yield from found["scopes"]


def _snapshot(head: JsonObject, scopes: tuple[SavedScope, ...]) -> SavedSnapshot:
    source = head["source"]
    if not isinstance(source, Mapping):
        raise TypeError("its source is no object")
    return SavedSnapshot(
        source=str(source["name"]),
        endpoint_url=str(source["endpoint_url"]),
        account=str(source["account"]),
        region=str(source["region"]),
        taken=str(head["taken"]),
        executor=str(head["executor"]),
        scopes=scopes,
        digest=str(head["digest"]),
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _is_none(path: Path) -> NoReturn:
    raise InvalidSnapshot(
        f"{path} is not a snapshot", hint="`executor snapshot -o FILE` makes one of a target"
    )


def _is_truncated(path: Path) -> NoReturn:
    raise InvalidSnapshot(
        f"the snapshot {path} is truncated: its end is missing",
        hint="copy it again, or " + _AGAIN,
    )


def _is_altered(path: Path) -> NoReturn:
    raise InvalidSnapshot(
        f"the snapshot {path} is damaged or was altered: it is not what was written",
        hint="copy it again, or " + _AGAIN,
    )
