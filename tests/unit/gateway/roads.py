"""A gateway before a real HTTP server that does as it is told and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from executor.gateway import Aliases, Doors, FileRecorder, Gateway, Rule, Vault
from executor.gateway.connection import Patience
from executor.gateway.preparation import Prepare
from executor.gateway.server import Watcher
from executor.model.json import JsonObject

ACCOUNT = "123456789012"
REGION = "us-east-1"


def scope(service: str, key: str = "AKIAEXAMPLE") -> str:
    where = f"{key}/20261123/{REGION}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={where}, SignedHeaders=host, Signature=0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hang_up: bool = False
    hang_up_after: int | None = None


Answering = Callable[[Asked], Told]


class FakeEngine:
    """Not an emulator: answers what the test says, and keeps what it was asked."""

    def __init__(self, answering: Answering = lambda asked: Told()) -> None:
        self.asked: list[Asked] = []
        self.answering = answering
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                self.close_connection = True
                if self.raw_requestline and self.parse_request():
                    engine._one(self)

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler

    def _one(self, http: BaseHTTPRequestHandler) -> None:
        asked = Asked(
            method=http.command,
            target=http.path,
            headers=tuple(http.headers.items()),
            body=_body(http),
        )
        self.asked.append(asked)
        told = self.answering(asked)
        if told.hang_up:
            http.close_connection = True
            return
        http.send_response(told.status)
        for name, value in told.headers.items():
            http.send_header(name, value)
        lengthless = told.status in (204, 304) or "Content-Length" in told.headers
        if not lengthless:
            http.send_header("Content-Length", str(len(told.body)))
        http.end_headers()
        if http.command != "HEAD" and told.status not in (204, 304):
            http.wfile.write(told.body[: told.hang_up_after])
        http.close_connection = told.hang_up_after is not None


def _body(http: BaseHTTPRequestHandler) -> bytes:
    if http.headers.get("Transfer-Encoding", "") != "chunked":
        return http.rfile.read(int(http.headers.get("Content-Length") or 0))
    found = b""
    while size := int(http.rfile.readline(), 16):
        found += http.rfile.read(size)
        http.rfile.readline()
    http.rfile.readline()
    return found


class Everything:
    def implements(self, service: str, operation: str) -> bool:
        return True


class AllBut:
    def __init__(self, *operations: str) -> None:
        self._lacking = operations

    def implements(self, service: str, operation: str) -> bool:
        return f"{service}:{operation}" not in self._lacking


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")


class RawClient:
    """Sends bytes as the test writes them."""

    def __init__(self, where: str | socket.socket) -> None:
        if isinstance(where, str):
            port = cast(int, urlsplit(where).port)
            where = socket.create_connection(("127.0.0.1", port))
        self.socket = where
        self.socket.settimeout(10)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, *, bodiless: bool = False) -> Answered:
        line = self._stream.readline()
        if not line:
            raise EOFError
        headers: list[tuple[str, str]] = []
        while (row := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = row.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        found = {name.lower(): value for name, value in headers}
        status = int(line.split()[1])
        body = b""
        if not bodiless and status not in (100, 204, 304):
            body = self._stream.read(int(found.get("content-length", 0)))
        return Answered(status=status, headers=tuple(headers), body=body)

    def finish(self) -> None:
        """Say that nothing more will come."""
        self.socket.shutdown(socket.SHUT_WR)

    def ended(self) -> bool:
        """Whether the other side hung up without another word."""
        try:
            return self._stream.read(1) == b""
        except ConnectionResetError:
            return True


def request(
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    service: str = "s3",
) -> bytes:
    rows = {"Host": "127.0.0.1", "Authorization": scope(service), **(headers or {})}
    if body and "Content-Length" not in rows and "Transfer-Encoding" not in rows:
        rows["Content-Length"] = str(len(body))
    head = f"{method} {target} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in rows.items() if value)
    return head.encode("latin-1") + b"\r\n" + body


def sqs(operation: str, **params: object) -> bytes:
    headers = {
        "X-Amz-Target": f"AmazonSQS.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    return request("POST", "/", headers, json.dumps(params).encode(), service="sqs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    engine: FakeEngine
    gateway: Gateway
    recorder: FileRecorder
    trace: Path
    vault: Vault
    aliases: Aliases

    def client(self) -> RawClient:
        return RawClient(self.gateway.url)

    def ask(self, data: bytes, *, bodiless: bool = False) -> Answered:
        with self.client() as client:
            client.send(data)
            return client.answer(bodiless=bodiless)

    def rows(self) -> list[JsonObject]:
        return [json.loads(line) for line in self.trace.read_text().splitlines()]


Open = Callable[..., Road]


@contextmanager
def open_road(
    directory: Path,
    *,
    answering: Answering = lambda asked: Told(),
    operations: Everything | AllBut | None = None,
    prepare: Prepare = lambda service, operation, region, account, params: None,
    rules: Sequence[Rule] = (),
    trace: Path | None = None,
    most_bytes: int = 1 << 20,
    doors: Doors | None = None,
    patience: Patience | None = None,
    watcher: Watcher | None = None,
) -> Iterator[Road]:
    engine = FakeEngine(answering)
    path = trace or directory / "trace.jsonl"
    recorder = FileRecorder(path)
    vault = Vault(directory / "replay", b"k" * 32, most_bytes=most_bytes)
    aliases = Aliases()
    gateway = Gateway(
        upstream=engine.url,
        operations=operations or Everything(),
        recorder=recorder,
        account=ACCOUNT,
        region=REGION,
        vault=vault,
        aliases=aliases,
        prepare=prepare,
        rules=rules,
        doors=doors,
        patience=patience,
        watcher=watcher,
    )
    try:
        yield Road(
            engine=engine,
            gateway=gateway,
            recorder=recorder,
            trace=path,
            vault=vault,
            aliases=aliases,
        )
    finally:
        engine.close()
