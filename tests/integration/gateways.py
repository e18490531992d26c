"""Gateways and clients for tests, which clean up after themselves."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from executor.aws_models import shared_loader
from executor.errors import ExecutorError
from executor.gateway import Aliases, FileRecorder, Gateway, Implements, Recorder, Rule, Vault
from executor.gateway.preparation import Prepare

if TYPE_CHECKING:
    from botocore.client import BaseClient

ACCOUNT = "123456789012"
REGION = "eu-west-1"
KEY = bytes(range(32))


class Everything:
    """An engine that implements all there is."""

    def implements(self, service: str, operation: str) -> bool:
        return True


class Only:
    """An engine that implements the named operations, `service:Operation`."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    def implements(self, service: str, operation: str) -> bool:
        return f"{service}:{operation}" in self._names


class Gateways:
    """Opens gateways and clients; closes what a test leaves open."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.trace = directory / "trace.jsonl"
        self.vault = Vault(directory / "replay", KEY)

    def open(
        self,
        upstream: str,
        *,
        operations: Implements | None = None,
        recorder: Recorder | None = None,
        aliases: Aliases | None = None,
        prepare: Prepare | None = None,
        rules: Sequence[Rule] = (),
    ) -> Gateway:
        gateway = Gateway(
            upstream=upstream,
            operations=operations or Everything(),
            recorder=recorder or FileRecorder(self.trace),
            account=ACCOUNT,
            region=REGION,
            vault=self.vault,
            aliases=aliases,
            prepare=prepare or (lambda service, operation, region, account, params: None),
            rules=rules,
        )
        self._stack.callback(_closed, gateway)
        return gateway

    def client(
        self, service: str, gateway: Gateway, *, region_name: str = REGION, **settings: object
    ) -> Any:
        """Return a botocore client that makes one attempt per call."""
        client = make_client(service, gateway.url, region_name=region_name, **settings)
        self._stack.callback(client.close)
        return client

    def raw(self, gateway: Gateway) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
        return self._stack.enter_context(found)


def make_client(
    service: str, url: str, *, region_name: str = REGION, **settings: object
) -> BaseClient:
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    session.register_component("data_loader", shared_loader())
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=10,
        read_timeout=30,
        **settings,  # type: ignore[arg-type]
    )
    return session.create_client(
        service,
        region_name=region_name,
        endpoint_url=url,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI",
        config=config,
    )


@contextmanager
def gateways_in(directory: Path) -> Iterator[Gateways]:
    with ExitStack() as stack:
        yield Gateways(directory, stack)


def _closed(gateway: Gateway) -> None:
    with suppress(ExecutorError):
        gateway.close()


def signed(service: str, *lines: str) -> str:
    """Return headers of a request that is signed for a service, each with its line end."""
    where = f"AKIAEXAMPLE/20260101/{REGION}/{service}/aws4_request"
    credential = f"AWS4-HMAC-SHA256 Credential={where}, SignedHeaders=host, Signature=0"
    headers = ("Host: 127.0.0.1", f"Authorization: {credential}", *lines)
    return "".join(f"{header}\r\n" for header in headers)


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read one answer from a connection: its status and body."""
    stream = connection.makefile("rb", buffering=0)
    with stream:
        status = int(_line(stream).split(b" ")[1])
        length = 0
        while (line := _line(stream)) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = b""
        while len(body) < length and (piece := stream.read(length - len(body))):
            body += piece
    return status, body


def _line(stream: Any) -> bytes:
    # Byte by byte: nothing of the next answer may be taken.
    found = b""
    while not found.endswith(b"\r\n"):
        byte = stream.read(1)
        if not byte:
            raise ConnectionError(f"the connection ended in {found!r}")
        found += byte
    return found[:-2]
