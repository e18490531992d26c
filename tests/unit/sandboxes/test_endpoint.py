from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest

from sandboxes.contract import Engine, Sandbox
from sandboxes.endpoint import OPERATIONS_VARIABLE, EndpointEngine
from sandboxes.errors import EngineUnavailable, SandboxError
from sandboxes.model import SandboxSpec

SPEC = SandboxSpec(run="r")
MINISTACK = {"version": version("ministack"), "services": {}, "edition": "light"}


@contextmanager
def serving(pages: Mapping[str, object]) -> Iterator[str]:
    """Something that answers these paths, and notes when it is asked to change anything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(404 if page is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "https://sqs.us-east-1.amazonaws.com",
        "https://amazonaws.com",
        "http://SQS.us-east-1.AmazonAWS.com.:443/",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn",
        "https://lambda.us-east-1.api.aws",
        "https://abc.lambda-url.us-east-1.on.aws",
    ],
)
def test_the_real_aws_is_refused(url: str) -> None:
    with pytest.raises(SandboxError, match="the real AWS") as refused:
        EndpointEngine(url)
    assert refused.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://",
        "127.0.0.1:4566",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://127.0.0.1/path",
        "http://127.0.0.1?x",
        "http://user:secret@127.0.0.1",
        "http://localhost@sqs.amazonaws.com",
    ],
)
def test_url_that_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(SandboxError) as refused:
        EndpointEngine(url)
    assert refused.value.hint


def test_host_that_only_looks_like_aws_is_accepted() -> None:
    assert EndpointEngine("http://amazonaws.com.example.test:4566/").url.endswith(":4566")


def test_nothing_there_is_unavailable() -> None:
    engine = EndpointEngine("http://127.0.0.1:9")
    assert not engine.availability().usable
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:9") as missing:
        engine.start(SPEC)
    assert missing.value.hint


def test_examined_emulator_gets_its_list() -> None:
    with serving({"/_ministack/health": MINISTACK, "/_localstack/health": MINISTACK}) as url:
        engine = EndpointEngine(url)
        assert isinstance(engine, Engine)
        with engine.start(SPEC) as sandbox:
            assert isinstance(sandbox, Sandbox)
            assert (sandbox.info.emulator, sandbox.info.name) == ("ministack", "endpoint")
            assert sandbox.operations.implements("sqs", "CreateQueue")
            assert sandbox.url == url
            assert sandbox.alive()
        assert not sandbox.alive()
        assert sandbox.logs() == ""


@pytest.mark.parametrize(
    ("pages", "emulator"),
    [
        ({"/_ministack/health": {**MINISTACK, "version": "0.0.1"}}, "ministack"),
        ({"/_localstack/health": {"services": {}, "version": "0.0.1"}}, "localstack"),
        ({"/moto-api/config": {"batch": {}, "lambda": {}}}, "moto"),
        ({"/_localstack/health": {"version": "4.14.0"}}, "unknown"),
        ({"/_localstack/health": ["not", "an", "object"]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_was_never_examined_has_no_operations(
    pages: Mapping[str, object], emulator: str
) -> None:
    with serving(pages) as url, EndpointEngine(url).start(SPEC) as sandbox:
        assert sandbox.info.emulator == emulator
        assert sandbox.operations.by_service == {}


def test_caller_may_name_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"emulator": "e", "version": "1", "operations": {"sqs": {"CreateQueue": "tried"}}}
    path = tmp_path / "operations.json"
    path.write_text(json.dumps(listed))
    with serving({}) as url:
        with EndpointEngine(url, operations=path).start(SPEC) as sandbox:
            assert sandbox.operations.implements("sqs", "CreateQueue")
        monkeypatch.setenv(OPERATIONS_VARIABLE, str(path))
        with EndpointEngine(url).start(SPEC) as sandbox:
            assert sandbox.operations.implements("sqs", "CreateQueue")


_WITHOUT_EVIDENCE = '{"emulator": "e", "version": "1", "operations": {"sqs": ["CreateQueue"]}}'


@pytest.mark.parametrize("content", [None, "", "{}", '{"operations": {}}', _WITHOUT_EVIDENCE])
def test_list_that_cannot_be_read_is_an_error(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    if content is not None:
        path.write_text(content)
    with serving({}) as url, pytest.raises(SandboxError, match="cannot be used"):
        EndpointEngine(url, operations=path).start(SPEC)


def test_nothing_is_reaped() -> None:
    assert EndpointEngine("http://127.0.0.1:9").reap() == ()
