"""Clients that are made ahead lead each run to its own emulator, as whom it is, and only once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import psutil
import pytest

from executor.aws import CallFailed, Credentials, Where
from executor.aws_engine import EngineApi, given_back, make_ready

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


@pytest.fixture(params=["ready", "made when needed"])
def apis(request: pytest.FixtureRequest, two: tuple[Emulator, Emulator]) -> list[EngineApi]:
    """Return APIs of the first and of the second, in two accounts, and of the first in another."""
    if request.param == "ready":
        make_ready(["sqs"], REGION)
    first, second = two
    found = [first.api("1" * 12), second.api("2" * 12), first.api("3" * 12)]
    for api in found:
        api.prepare("sqs")
    return found


def listed(api: EngineApi) -> list[object]:
    return list(api.pages("sqs", "ListQueues", {}))


def test_call_goes_to_its_own_emulator_as_its_own_account(
    apis: list[EngineApi], two: tuple[Emulator, Emulator]
) -> None:
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(listed, apis * 40))
    names = ["first", "second", "first"] * 40
    assert found == [[{"QueueUrls": [f"http://{name}/q"]}] for name in names]
    for emulator, accounts in zip(two, ({"1" * 12, "3" * 12}, {"2" * 12}), strict=True):
        host = emulator.url.removeprefix("http://")
        assert set(emulator.asked) == {(account, host) for account in accounts}


def test_connections_are_kept_until_their_api_is_closed(
    apis: list[EngineApi], two: tuple[Emulator, Emulator]
) -> None:
    for _ in range(3):
        for api in apis:
            listed(api)
    assert [emulator.connections for emulator in two] == [2, 1]
    apis[0].close()
    for api in apis:
        listed(api)
    assert [emulator.connections for emulator in two] == [3, 1]


def test_client_that_is_ready_is_taken_once(two: tuple[Emulator, Emulator]) -> None:
    make_ready(["sqs"], REGION)
    first, second = (emulator.api() for emulator in two)
    assert first._client("sqs", REGION) is not second._client("sqs", REGION)
    assert listed(first) != listed(second)


def test_client_of_a_practice_run_is_ready_again_and_holds_no_connection(
    two: tuple[Emulator, Emulator],
) -> None:
    make_ready(["sqs"], REGION)
    with given_back():
        practice = two[0].api("1" * 12)
        listed(practice)
        used = practice._client("sqs", REGION)
        port = urlsplit(two[0].url).port
        assert connections(port) == 1
    assert connections(port) == 0
    earnest = two[1].api("2" * 12)
    assert listed(earnest) == [{"QueueUrls": ["http://second/q"]}]
    assert earnest._client("sqs", REGION) is used
    assert {account for account, _ in two[1].asked} == {"2" * 12}


def test_client_that_is_ready_goes_nowhere_before_it_is_taken() -> None:
    make_ready(["sqs"], REGION)
    gone = EngineApi(
        Where(
            region=REGION,
            endpoint_url="http://127.0.0.1:9",
            credentials=Credentials(access_key="1" * 12, secret_key="any"),
        )
    )
    with pytest.raises(CallFailed, match="Unreachable"):
        gone.call("sqs", "ListQueues", {})


def test_what_a_ready_client_may_not_call_is_told(two: tuple[Emulator, Emulator]) -> None:
    make_ready(["s3control"], REGION)
    api = two[0].api("1" * 12)
    outpost = "arn:aws:s3-outposts:eu-west-1:111111111111:outpost/op-1/accesspoint/a"
    with pytest.raises(CallFailed):
        api.call("s3control", "GetAccessPoint", {"AccountId": "1" * 12, "Name": outpost})
    assert two[0].asked == []


def connections(port: int | None) -> int:
    """Return how many connections this process has made to a port."""
    found = psutil.Process().net_connections("tcp")
    return sum(c.raddr[1:] == (port,) and c.status == psutil.CONN_ESTABLISHED for c in found)
