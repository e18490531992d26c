"""Where the gateway is found: sockets that listen before there is anybody to serve them.

A command can be started as soon as they are bound; whoever knocks waits until the gateway, which
takes longer to load, answers. So this module imports next to nothing.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sandboxes.model import Door
from sandboxes.sockets import listen_at

if TYPE_CHECKING:
    from executor.gateway.authority import Authority

_BACKLOG = 256
_HTTP = "http.sock"
_TLS = "tls.sock"
_AUTHORITY = "authority.pem"


class Handed:
    """Sockets that were opened elsewhere, in a confinement, and are served here; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, socket.socket]] = []
        self._serve: Callable[[str, socket.socket], None] | None = None
        self._closed = False

    def take(self, kind: str, listener: socket.socket) -> None:
        """Have a socket served from now on, or as soon as there is who serves it.

        Args:
            kind: `http` or `tls`.
            listener: listens; closed with the others.
        """
        with self._lock:
            if self._closed:
                listener.close()
            elif self._serve is None:
                self._waiting.append((kind, listener))
            else:
                self._serve(kind, listener)

    def served_by(self, serve: Callable[[str, socket.socket], None]) -> None:
        """Have `serve` called for every one; it must not block, and closes them."""
        with self._lock:
            self._serve = serve
            for kind, listener in self._waiting:
                serve(kind, listener)
            self._waiting.clear()

    def close(self) -> None:
        """Close those that nobody serves, and take no more; idempotent."""
        with self._lock:
            self._closed = True
            for _, listener in self._waiting:
                listener.close()
            self._waiting.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Bound, listening sockets.

    Attributes:
        tcp: plain HTTP on loopback.
        http: plain HTTP on a unix socket; None where there is none.
        tls: a unix socket that ends TLS; None where there is none.
        authority: signs the certificates that `tls` shows; None where there is none.
        directory: holds the unix sockets and the certificate to trust; None where there are none.
        handed: further ones, that a confinement has opened.
    """

    tcp: socket.socket
    http: socket.socket | None = None
    tls: socket.socket | None = None
    authority: Authority | None = None
    directory: Path | None = None
    handed: Handed = field(default_factory=Handed)

    @classmethod
    def open(cls, directory: Path | None = None, *, tls: bool = False) -> Self:
        """Bind.

        Args:
            directory: private to the run; None opens the TCP door alone.
            tls: open a door that ends TLS as well; needs a directory. Makes the run's authority
                and writes its certificate, which takes some 5 ms and an import of 20 ms.

        Raises:
            OSError: the machine has no port left, or the directory cannot be used.
        """
        with ExitStack() as undo:
            tcp = undo.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
            if directory is None:
                undo.pop_all()
                return cls(tcp=tcp)
            http = undo.enter_context(listen_at(directory / _HTTP, _BACKLOG))
            behind, authority = None, None
            if tls:
                from executor.gateway.authority import Authority

                authority = Authority()
                (directory / _AUTHORITY).write_bytes(authority.pem)
                behind = undo.enter_context(listen_at(directory / _TLS, _BACKLOG))
            undo.pop_all()
        return cls(tcp=tcp, http=http, tls=behind, authority=authority, directory=directory)

    @property
    def door(self) -> Door:
        """What a confinement has to know."""
        url = f"http://127.0.0.1:{self.tcp.getsockname()[1]}"
        if self.directory is None:
            return Door(url=url)
        if self.tls is None:
            return Door(url=url, http=self.directory / _HTTP)
        return Door(
            url=url,
            http=self.directory / _HTTP,
            tls=self.directory / _TLS,
            authority=self.directory / _AUTHORITY,
            take=self.handed.take,
        )

    def close(self) -> None:
        """Stop listening; idempotent."""
        for listener in (self.tcp, self.http, self.tls):
            if listener is not None:
                listener.close()
        self.handed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
