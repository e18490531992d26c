"""Emulators share botocore's clients: each call still goes where it was sent, as whom it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from executor.aws import CallFailed, Credentials, Where
from executor.aws_engine import EngineApi

REGION = "eu-west-1"


class Emulator:
    """Answers with its own name, and keeps what it was asked, and on how many connections."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.name = name
        self.asked: list[tuple[str, str]] = []
        self.connections = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(self._server.server_close)
        stack.callback(self._server.shutdown)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def api(self, account: str = "111111111111") -> EngineApi:
        keys = Credentials(access_key=account, secret_key="any")
        return EngineApi(Where(region=REGION, endpoint_url=self.url, credentials=keys))

    def _handler(emulator) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                emulator.connections += 1
                super().setup()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                account = self.headers["Authorization"].partition("Credential=")[2][:12]
                emulator.asked.append((account, self.headers["Host"]))
                body = json.dumps({"QueueUrls": [f"http://{emulator.name}/q"]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        return Handler


@pytest.fixture
def two() -> Iterator[tuple[Emulator, Emulator]]:
    with ExitStack() as stack:
        yield Emulator("first", stack), Emulator("second", stack)


def listed(api: EngineApi) -> list[object]:
    return list(api.pages("sqs", "ListQueues", {}))


def test_call_goes_to_its_own_emulator_as_its_own_account(two: tuple[Emulator, Emulator]) -> None:
    first, second = two
    apis = [first.api("111111111111"), second.api("222222222222"), first.api("333333333333")]
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(listed, apis * 40))
    names = ["first", "second", "first"] * 40
    assert found == [[{"QueueUrls": [f"http://{name}/q"]}] for name in names]
    for emulator, accounts in ((first, {"111111111111", "333333333333"}), (second, {"2" * 12})):
        host = emulator.url.removeprefix("http://")
        assert set(emulator.asked) == {(account, host) for account in accounts}


def test_pages_read_in_turn_are_each_of_their_own_emulator(
    two: tuple[Emulator, Emulator],
) -> None:
    readings = [emulator.api().pages("sqs", "ListQueues", {}) for emulator in two]
    assert [next(reading) for reading in readings] == [
        {"QueueUrls": ["http://first/q"]},
        {"QueueUrls": ["http://second/q"]},
    ]


def test_connections_are_kept_until_their_api_is_closed(two: tuple[Emulator, Emulator]) -> None:
    first, second = two
    one, other = first.api(), second.api()
    for _ in range(3):
        listed(one)
        listed(other)
    assert (first.connections, second.connections) == (1, 1)
    one.close()
    for api in (one, other):
        listed(api)
    assert (first.connections, second.connections) == (2, 1)


def test_what_the_caller_has_set_for_aws_is_not_for_emulators(
    two: tuple[Emulator, Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-it")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    api = two[0].api("111111111111")
    # Of a region that no other test has made a client for.
    assert list(api.pages("sqs", "ListQueues", {}, region="sa-east-1")) == [
        {"QueueUrls": ["http://first/q"]}
    ]
    assert two[0].asked[0][0] == "111111111111"


def test_emulator_that_is_gone_is_told_as_every_failure(two: tuple[Emulator, Emulator]) -> None:
    keys = Credentials(access_key="111111111111", secret_key="any")
    gone = EngineApi(Where(region=REGION, endpoint_url="http://127.0.0.1:9", credentials=keys))
    with pytest.raises(CallFailed, match="Unreachable"):
        gone.call("sqs", "ListQueues", {})
    assert listed(two[0].api()) == [{"QueueUrls": ["http://first/q"]}]
