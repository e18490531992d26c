"""Exact parameters for replay, encrypted, because the trace holds them redacted only.

Parameters stay in memory until the run is decided; what will never be promoted is never
written. Bodies that stream past are encrypted piece by piece as they come.
"""

from __future__ import annotations

import base64
import json
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from executor.errors import RecorderFailed
from executor.gateway.wire import decode, encode
from executor.model.json import Json

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MOST_BYTES = 256 << 20
_PIECE = 1 << 20
_PARAMS = "params.sealed"


class BlobWriter:
    """Takes one streamed body."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._name = name
        self._pending = bytearray()
        self._file: BinaryIO | None = vault.open_blob_for_writing(name)

    @property
    def kept(self) -> bool:
        """Whether all of it fits the vault so far."""
        return self._file is not None

    def write(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._file is None:
            return
        if not self._vault.reserve(len(data)):
            self._drop()
            return
        self._pending += data
        while len(self._pending) >= _PIECE:
            self._put(bytes(self._pending[:_PIECE]))
            del self._pending[:_PIECE]

    def close(self) -> bool:
        """End the body; returns whether it was kept."""
        if self._file is None:
            return False
        self._put(bytes(self._pending))
        self._file.close()
        return True

    def _put(self, piece: bytes) -> None:
        assert self._file is not None
        sealed = self._vault.seal(piece)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)

    def _drop(self) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        (self._vault.directory / f"{self._name}.blob").unlink()


class Vault:
    """The sealed material of one run."""

    def __init__(self, directory: Path, key: bytes, *, most_bytes: int = MOST_BYTES) -> None:
        """Args:
        directory: where it is kept; made when something is.
        key: 32 bytes, the user's own.
        most_bytes: how much of streamed bodies is kept; more makes the call not replayable.
        """
        self.directory = directory
        self._key = key
        self._left = most_bytes
        self._entries: dict[str, Json] = {}

    def put(self, name: str, params: Mapping[str, object], *, framing: str = "") -> None:
        """Keep exact parameters until `save`.

        Args:
            name: the entry.
            params: as botocore takes them; a streamed body is the blob of the same name.
            framing: how the blob is framed: `aws-chunked` or not at all.
        """
        self._entries[name] = {"params": encode(params), "framing": framing}

    def blob(self, name: str) -> BlobWriter:
        """Return where a streamed body goes."""
        return BlobWriter(self, name)

    def save(self) -> None:
        """Write the entries, encrypted.

        Raises:
            RecorderFailed: they cannot be written.
        """
        if not self._entries:
            return
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            data = self.seal(json.dumps(self._entries).encode())
            path = self.directory / _PARAMS
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
                f.write(data)
        except OSError as error:
            raise RecorderFailed(f"what a promotion needs cannot be kept: {error}") from error

    def params(self, name: str) -> tuple[dict[str, object], str]:
        """Return kept parameters and the framing of their blob.

        Raises:
            KeyError: there is no such entry.
            ValueError: it was altered, or the key is another one.
        """
        if not self._entries:
            self._load()
        entry = self._entries[name]
        assert isinstance(entry, Mapping)
        found = decode(entry["params"])
        assert isinstance(found, dict)
        return found, str(entry["framing"])

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the pieces of a streamed body.

        Raises:
            FileNotFoundError: it was not kept.
            ValueError: it was altered, or the key is another one.
        """
        with (self.directory / f"{name}.blob").open("rb") as file:
            while head := file.read(4):
                yield self._opened(file.read(struct.unpack(">I", head)[0]))

    def reserve(self, count: int) -> bool:
        """Take room for streamed bytes; returns whether there was enough."""
        self._left -= count
        return self._left >= 0

    def open_blob_for_writing(self, name: str) -> BinaryIO:
        """Open the file of a streamed body."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        return os.fdopen(os.open(self.directory / f"{name}.blob", flags, 0o600), "wb")

    def seal(self, data: bytes) -> bytes:
        """Return data encrypted."""
        return self._fernet().encrypt(data)

    def _opened(self, data: bytes) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(data)
        except InvalidToken as error:
            raise ValueError(
                "the sealed material was altered, or the key is another one"
            ) from error

    def _load(self) -> None:
        try:
            data = (self.directory / _PARAMS).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(str(error)) from error
        entries = json.loads(self._opened(data))
        assert isinstance(entries, dict)
        self._entries = entries

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(self._key))
