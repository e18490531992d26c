"""Leads connections of a confined command to the hosts that a policy names, and nowhere else.

It runs outside, in our own process: what comes from inside names a host and a port, and both
must be on the list. Addresses that are not public are refused whatever the name server says,
or a name could be turned to the machine itself or to the instance's metadata.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from sandboxes.sockets import listen_at

Connect = Callable[[str, int], socket.socket]
"""Opens a connection to a host and port, or raises `OSError`."""

_BACKLOG = 64
_MOST_LINE = 300
_CHUNK = 65_536
_CONNECT_S = 10.0
_IDLE_S = 600.0


def connect_public(host: str, port: int) -> socket.socket:
    """Connect to a host at a public address of its.

    Raises:
        OSError: it cannot be reached, or has no public address.
    """
    failure: OSError = PermissionError(f"{host} has no public address")
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not is_public(str(address[0])):
            continue
        try:
            # The address that was looked at, not the name, which may change its mind.
            return socket.create_connection((str(address[0]), port), timeout=_CONNECT_S)
        except OSError as error:
            failure = error
    raise failure


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or inner.is_global)


class Relay:
    """A unix socket behind which the named hosts are; a context that closes it."""

    def __init__(
        self, path: Path, hosts: Collection[str], ports: Collection[int], connect: Connect
    ) -> None:
        """Args:
        path: where to listen.
        hosts: names that may be reached.
        ports: at which ports.
        connect: reaches them.
        """
        self.refused: set[str] = set()
        self._hosts = frozenset(hosts)
        self._ports = frozenset(ports)
        self._connect = connect
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = listen_at(path, _BACKLOG)
        self._threads: list[threading.Thread] = []
        self._closed = False

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(_CONNECT_S + 1)
        self._listener.close()

    def _begin(self, target: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, name="relay", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with self._kept(client):
            try:
                client.settimeout(_CONNECT_S)
                host, port = _destination(client)
                if host not in self._hosts or port not in self._ports:
                    self.refused.add(f"{host}:{port}")
                    return
                with self._kept(self._connect(host, port)) as server:
                    for sock in (client, server):
                        sock.settimeout(_IDLE_S)
                    back = self._begin(_pump, server, client)
                    _pump(client, server)
                    back.join()
            except (OSError, ValueError):
                return

    @contextlib.contextmanager
    def _kept(self, sock: socket.socket):  # type: ignore[no-untyped-def]
        with self._lock:
            self._open.add(sock)
        try:
            yield sock
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


def _destination(client: socket.socket) -> tuple[str, int]:
    line = b""
    while not line.endswith(b"\n"):
        byte = client.recv(1)
        if not byte or len(line) > _MOST_LINE:
            raise ValueError("no destination was named")
        line += byte
    host, _, port = line.decode("ascii", "replace").strip().partition(" ")
    return host, int(port)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
