"""Exact parameters for replay, encrypted, because the trace holds them redacted only.

Parameters stay in memory until the run is decided; what will never be promoted is never
written, unless it is too much for the memory. Bodies that stream past are encrypted piece by
piece as they come, and are worth something only once they were kept whole.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from executor.errors import RecorderFailed
from executor.gateway.wire import decode, encode
from executor.model.json import Json

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MOST_BYTES = 256 << 20
_PIECE = 1 << 20
_PARAMS = "params.sealed"
# Entries that are kept in memory; an upload of thousands of small files must not fill it.
_MOST_IN_MEMORY = 32 << 20


class BlobWriter:
    """Takes one streamed body; what is not said to be whole is thrown away."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._name = name
        self._pending = bytearray()
        self._digest = hashlib.sha256()
        self._whole = False
        self._file = vault.open_blob(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._whole:
            self._drop()

    def write(self, data: bytes) -> None:
        """Take a piece of the body; a body that does not fit is dropped."""
        if self._file is None:
            return
        if not self._vault.reserve(len(data)):
            self._drop()
            return
        self._digest.update(data)
        self._pending += data
        while len(self._pending) >= _PIECE:
            self._put(bytes(self._pending[:_PIECE]))
            del self._pending[:_PIECE]

    def keep(self) -> None:
        """Say that the body is whole."""
        self._put(bytes(self._pending))
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError:
            self._drop()
            return
        self._whole = True
        self._vault.know_blob(self._name, self._digest.hexdigest())

    def _put(self, piece: bytes) -> None:
        if self._file is None:
            return
        sealed = self._vault.seal(piece, f"{self._name}.blob")
        try:
            self._file.write(struct.pack(">I", len(sealed)) + sealed)
        except OSError:
            # A full disk makes the call one that cannot be replayed, not one that failed.
            self._drop()

    def _drop(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        self._pending.clear()
        # What is still to be written is not wanted any more, so it does not matter if it fits.
        with suppress(OSError):
            file.close()
        self._vault.drop_blob(self._name)


class Vault:
    """The sealed material of one run."""

    def __init__(
        self,
        directory: Path,
        key: bytes,
        *,
        most_bytes: int = MOST_BYTES,
        most_in_memory: int = _MOST_IN_MEMORY,
    ) -> None:
        """Args:
        directory: where it is kept; made when something is.
        key: 32 bytes, this run's alone.
        most_bytes: how much is written before the decision; calls beyond it are not replayable.
        most_in_memory: how much of other parameters waits in memory for the decision.
        """
        self.directory = directory
        self._key = key
        self._left = most_bytes
        self._memory_left = most_in_memory
        self._entries: dict[str, Json] = {}
        self._digests: dict[str, str] = {}

    def put(self, name: str, params: Mapping[str, object], *, framing: str = "") -> None:
        """Keep exact parameters until `save`.

        Args:
            name: the entry.
            params: as botocore takes them; a streamed body is the blob of the same name.
            framing: how the blob is framed: `aws-chunked` or not at all.

        Raises:
            RecorderFailed: they have to be written now, and cannot be.
        """
        entry: Json = {"params": encode(params), "framing": framing}
        size = _weight(params)
        if size <= self._memory_left:
            self._memory_left -= size
            self._entries[name] = entry
        elif self.reserve(size):
            self._write(f"{name}.sealed", json.dumps(entry).encode())

    def blob(self, name: str) -> BlobWriter:
        """Return where a streamed body goes; used as a context."""
        return BlobWriter(self, name)

    def save(self) -> None:
        """Write what is still in memory, encrypted.

        Raises:
            RecorderFailed: it cannot be written.
        """
        if self._entries or self._digests:
            kept: Json = {"entries": self._entries, "blobs": {**self._digests}}
            self._write(_PARAMS, json.dumps(kept).encode())

    def params(self, name: str) -> tuple[dict[str, object], str]:
        """Return kept parameters and the framing of their blob.

        Raises:
            KeyError: there is no such entry.
            ValueError: it was altered, or the key is another one.
        """
        self._load()
        entry = self._entries.get(name)
        if entry is None:
            entry = json.loads(self._read(f"{name}.sealed"))
        assert isinstance(entry, Mapping)
        found = decode(entry["params"])
        assert isinstance(found, dict)
        return found, str(entry["framing"])

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the pieces of a streamed body.

        Raises:
            FileNotFoundError: it was not kept.
            ValueError: it was altered, or the key is another one; the pieces that came before
                are worth nothing.
        """
        self._load()
        digest = hashlib.sha256()
        with (self.directory / f"{name}.blob").open("rb") as file:
            while head := file.read(4):
                piece = self._opened(file.read(int.from_bytes(head, "big")), f"{name}.blob")
                digest.update(piece)
                yield piece
        if digest.hexdigest() != self._digests.get(name):
            raise ValueError(f"the sealed body {name} is not the one that was kept")

    # For `BlobWriter`

    def reserve(self, count: int) -> bool:
        """Take room for streamed bytes; returns whether there was enough."""
        self._left -= count
        return self._left >= 0

    def open_blob(self, name: str) -> BinaryIO | None:
        """Open the file of a streamed body; None when it cannot be kept."""
        try:
            return self._create(f"{name}.blob")
        except OSError:
            return None

    def know_blob(self, name: str, digest: str) -> None:
        """Remember the SHA-256 of a body that was kept whole."""
        self._digests[name] = digest

    def drop_blob(self, name: str) -> None:
        """Forget a body that was not."""
        (self.directory / f"{name}.blob").unlink(missing_ok=True)

    def seal(self, data: bytes, name: str) -> bytes:
        """Return data encrypted so that it can be read in the file of that name only."""
        return self._fernet(name).encrypt(data)

    # Files

    def _create(self, name: str) -> BinaryIO:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        return os.fdopen(os.open(self.directory / name, flags, 0o600), "wb")

    def _write(self, name: str, data: bytes) -> None:
        try:
            with self._create(name) as file:
                file.write(self.seal(data, name))
        except OSError as error:
            raise RecorderFailed(f"what a promotion needs cannot be kept: {error}") from error

    def _read(self, name: str) -> bytes:
        try:
            return self._opened((self.directory / name).read_bytes(), name)
        except FileNotFoundError as error:
            raise KeyError(name) from error

    def _opened(self, data: bytes, name: str) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet(name).decrypt(data)
        except InvalidToken as error:
            raise ValueError(
                "the sealed material was altered, or the key is another one"
            ) from error

    def _load(self) -> None:
        if self._entries or self._digests:
            return
        if not (self.directory / _PARAMS).exists():
            return
        kept = json.loads(self._read(_PARAMS))
        self._entries = dict(kept["entries"])
        self._digests = dict(kept["blobs"])

    def _fernet(self, name: str) -> Fernet:
        from cryptography.fernet import Fernet

        key = hmac.digest(self._key, name.encode(), "sha256")
        return Fernet(base64.urlsafe_b64encode(key))


def _weight(params: object) -> int:
    """Return about how many bytes a value takes."""
    match params:
        case str() | bytes():
            return 64 + len(params)
        case Mapping():
            return 64 + sum(_weight(k) + _weight(v) for k, v in params.items())
        case list() | tuple():
            return 64 + sum(_weight(v) for v in params)
    return 64
