"""A real HTTP server in the engine's place: counts what reaches it and answers as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request that was forwarded."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the server says; `cut` sends so many bytes of the body and hangs up."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


Responder = Callable[[Received], Answered | None]
"""Makes the answer; None hangs up without one."""


def ok(request: Received) -> Answered:
    return Answered()


class Upstream:
    """Listens on loopback; a thread for each connection."""

    def __init__(self, responder: Responder = ok) -> None:
        self._respond = responder
        self.received: list[Received] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, name="upstream")]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
                self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), name="upstream")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as stream:
            with suppress(OSError):
                while (request := _read(stream)) is not None:
                    with self._lock:
                        self.received.append(request)
                    if not _answer(connection, request, self._respond(request)):
                        break
            with self._lock:
                self._open.discard(connection)


def _read(stream: BinaryIO) -> Received | None:
    line = stream.readline().decode("latin-1")
    if not line:
        return None
    method, target, _ = line.split(" ")
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = _chunked(stream)
    else:
        body = stream.read(int(headers.get("content-length", "0")))
        if len(body) < int(headers.get("content-length", "0")):
            return None
    return Received(method=method, target=target, headers=headers, body=body)


def _chunked(stream: BinaryIO) -> bytes:
    found = b""
    while size := int(stream.readline().partition(b";")[0], 16):
        found += stream.read(size)
        stream.readline()
    while stream.readline() not in (b"\r\n", b""):
        pass
    return found


def _answer(connection: socket.socket, request: Received, answer: Answered | None) -> bool:
    if answer is None:
        return False
    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    head = f"HTTP/1.1 {answer.status} Said\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = answer.body if answer.cut is None else answer.body[: answer.cut]
    connection.sendall(
        head.encode("latin-1") + b"\r\n" + (b"" if request.method == "HEAD" else body)
    )
    return answer.cut is None
