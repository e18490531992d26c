"""Requests that are read in two ways: an engine deletes a bucket that nobody was seen to delete.

Each is sent to an emulator as it comes, where the bucket is gone afterwards, and through a
gateway before the same emulator, where it stays and the request is recorded as refused.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from executor.gateway import FileRecorder, Gateway
from sandboxes.embedded.installed import emulator_version
from sandboxes.embedded.operations import load_operations
from tests.integration.unguarded import unguarded

ACCOUNT = "123456789012"
VICTIM = "victim"
_SCOPE = f"{ACCOUNT}/20261123/us-east-1/s3/aws4_request"
_SIGNED = f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=0"
_HEAD = f"Host: 127.0.0.1\r\nAuthorization: {_SIGNED}\r\n"
_LAST = f"{_HEAD}Connection: close\r\n\r\n"
_DELETE = f"DELETE /{VICTIM} HTTP/1.1\r\n{_LAST}"


def behind(first: str) -> str:
    """A request, and a deletion that some take for its body."""
    return first.replace("{length}", str(len(_DELETE))) + _DELETE


def asks(target: str) -> str:
    """A deletion of something."""
    return f"DELETE {target} HTTP/1.1\r\n{_LAST}"


TRICKS = {
    ("ministack", "a length beside chunks"): behind(
        f"PUT /other/k HTTP/1.1\r\n{_HEAD}Content-Length: {{length}}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    ("ministack", "a line end without its half"): behind(
        f"GET /other HTTP/1.1\r\n{_HEAD}Content-Length: 0\n\n"
    ),
    ("ministack", "an empty segment"): asks(f"//{VICTIM}"),
    ("ministack", "a fragment behind arguments"): asks(f"/{VICTIM}?x#/k"),
    ("ministack", "an upload that is none"): asks(f"/{VICTIM}?uploadId="),
    ("ministack", "a sub-resource of AWS's"): asks(f"/{VICTIM}?metrics&id=1"),
    ("ministack", "a sub-resource that cannot be deleted"): asks(f"/{VICTIM}?acl"),
    ("moto", "an empty segment"): asks(f"//{VICTIM}"),
    ("moto", "a fragment"): asks(f"/{VICTIM}#of/k"),
    ("moto", "a fragment behind arguments"): asks(f"/{VICTIM}?x#/k"),
    ("moto", "a parameter of the path"): asks(f"/{VICTIM};of=1"),
    ("moto", "another host in the target"): asks(f"http://{VICTIM}.s3.amazonaws.com/"),
    ("moto", "a sub-resource of AWS's"): asks(f"/{VICTIM}?metrics&id=1"),
    ("moto", "a sub-resource that cannot be deleted"): asks(f"/{VICTIM}?acl"),
}


@dataclass(frozen=True, slots=True)
class Store:
    """An emulator as it comes."""

    emulator: str
    url: str

    def ask(self, method: str, target: str) -> tuple[int, bytes]:
        """Ask it for something, past everything."""
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.url).port, timeout=20)
        try:
            connection.request(method, target, b"", {"Authorization": _SIGNED})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def fill(self) -> None:
        """Make the bucket, and another one."""
        for name in (VICTIM, "other"):
            self.ask("PUT", f"/{name}")
        assert self.filled

    @property
    def filled(self) -> bool:
        """Whether the bucket is there."""
        return self.ask("GET", f"/{VICTIM}")[0] == 200


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    with ExitStack() as stack:
        yield {
            emulator: Store(
                emulator,
                stack.enter_context(unguarded(emulator, tmp_path_factory.mktemp(emulator))),
            )
            for emulator in ("ministack", "moto")
        }


def say(url: str, text: str) -> None:
    """Send bytes on a connection of their own, and wait for all that is said to them."""
    port = urlsplit(url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text.encode("latin-1"))
        with suppress(ConnectionError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


@pytest.mark.parametrize(("emulator", "name"), TRICKS, ids=lambda value: str(value))
def test_only_without_a_gateway(
    emulator: str, name: str, stores: dict[str, Store], tmp_path: Path
) -> None:
    store = stores[emulator]
    store.fill()
    say(store.url, TRICKS[emulator, name])
    assert store.ask("GET", f"/{VICTIM}")[0] == 404, "this is no trick"
    store.fill()
    with Gateway(
        upstream=store.url,
        operations=load_operations(emulator, emulator_version(emulator) or ""),
        recorder=FileRecorder(tmp_path / "trace.jsonl"),
        account=ACCOUNT,
        region="us-east-1",
    ) as gateway:
        say(gateway.url, TRICKS[emulator, name])
        calls = gateway.close()
    assert store.filled
    assert calls
    assert all(call.refused is not None for call in calls)


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_what_is_read_in_one_way_passes(
    emulator: str, stores: dict[str, Store], tmp_path: Path
) -> None:
    store = stores[emulator]
    store.fill()
    with Gateway(
        upstream=store.url,
        operations=load_operations(emulator, emulator_version(emulator) or ""),
        recorder=FileRecorder(tmp_path / "trace.jsonl"),
        account=ACCOUNT,
        region="us-east-1",
    ) as gateway:
        say(gateway.url, _DELETE)
        (call,) = gateway.close()
    assert store.ask("GET", f"/{VICTIM}")[0] == 404
    assert (call.operation, call.params) == ("DeleteBucket", {"Bucket": VICTIM})
