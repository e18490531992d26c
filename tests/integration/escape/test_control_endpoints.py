"""What emulators obey at their own port: here nobody is obeyed, and the state stays."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandboxes.embedded import EmbeddedEngine, stop_daemons
from sandboxes.model import SandboxSpec
from tests.integration.unguarded import unguarded

ACCOUNT = "111111111111"
SPEC = SandboxSpec(run="escape", account=ACCOUNT)
_KINDS = {"sqs": "application/x-www-form-urlencoded", "s3": "application/octet-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to an emulator."""

    emulator: str
    method: str
    target: str
    body: str = ""

    def __str__(self) -> str:
        return f"{self.emulator} {self.method} {self.target}"


ORDERS = (
    Order(emulator="ministack", method="POST", target="/_ministack/reset"),
    Order(emulator="ministack", method="POST", target="/_ministack/config", body="{}"),
    Order(emulator="ministack", method="GET", target="/_ministack/health"),
    Order(emulator="ministack", method="GET", target="/_ministack/ready"),
    Order(emulator="ministack", method="GET", target="/_localstack/health"),
    Order(emulator="ministack", method="GET", target="/health"),
    Order(emulator="ministack", method="GET", target="/_ministack/sqs/messages"),
    Order(emulator="ministack", method="GET", target="/_ministack/ses/messages"),
    Order(emulator="ministack", method="GET", target="/%5Fministack/health"),
    Order(emulator="moto", method="POST", target="/moto-api/reset"),
    Order(emulator="moto", method="POST", target="/moto-api/seed?a=1"),
    Order(emulator="moto", method="GET", target="/moto-api/data.json"),
    Order(emulator="moto", method="GET", target="/moto-api/config"),
    Order(emulator="moto", method="POST", target="/moto-api/recorder/start-recording"),
    Order(emulator="moto", method="GET", target="/latest/meta-data/iam/security-credentials/"),
    Order(emulator="moto", method="GET", target="/%6Doto-api/data.json"),
)
RESETS = tuple(order for order in ORDERS if order.target.endswith("/reset"))


def ask(
    url: str, method: str, target: str, body: str = "", service: str = "sqs"
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    scope = f"{ACCOUNT}/20261123/us-east-1/{service}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    headers = {"Authorization": signed, "Content-Type": _KINDS[service]}
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def make_queue(url: str) -> None:
    body = "Action=CreateQueue&QueueName=kept&Version=2012-11-05"
    assert ask(url, "POST", "/", body)[0] == 200


def has_queue(url: str) -> bool:
    return b"kept" in ask(url, "POST", "/", "Action=ListQueues&Version=2012-11-05")[1]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("runtime") / "executor"
    yield directory
    stop_daemons(directory)


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_no_order_is_obeyed_in_a_sandbox(emulator: str, runtime: Path) -> None:
    with EmbeddedEngine(emulator, runtime=runtime).start(SPEC) as sandbox:
        make_queue(sandbox.url)
        for order in ORDERS:
            if order.emulator == emulator:
                status, body = ask(sandbox.url, order.method, order.target, order.body)
                assert status == 403, order
                assert b"takes no orders" in body, order
        assert has_queue(sandbox.url)


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_every_order_is_obeyed_by_an_emulator_as_it_comes(emulator: str, tmp_path: Path) -> None:
    with unguarded(emulator, tmp_path) as url:
        for order in ORDERS:
            if order.emulator == emulator:
                assert ask(url, order.method, order.target, order.body)[0] // 100 == 2, order


@pytest.mark.parametrize("order", RESETS, ids=str)
def test_order_to_forget_is_worth_refusing(order: Order, tmp_path: Path) -> None:
    with unguarded(order.emulator, tmp_path) as url:
        make_queue(url)
        assert has_queue(url)
        ask(url, order.method, order.target)
        assert not has_queue(url)


@pytest.mark.parametrize("emulator", ["ministack", "moto"])
def test_objects_with_names_like_orders_are_kept(emulator: str, runtime: Path) -> None:
    with EmbeddedEngine(emulator, runtime=runtime).start(SPEC) as sandbox:
        assert ask(sandbox.url, "PUT", "/bucket", service="s3")[0] == 200
        for name in ("_ministack/reset", "moto-api/reset", "health"):
            target = f"/bucket/{name}"
            assert ask(sandbox.url, "PUT", target, "x", service="s3")[0] == 200
            assert ask(sandbox.url, "GET", target, service="s3") == (200, b"x")
