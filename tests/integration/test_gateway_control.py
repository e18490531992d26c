"""What engines keep for themselves: it works when asked of them, and by no door of the gateway."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from executor.gateway import Doors, FileRecorder, Gateway
from executor.model.call import Refusal
from sandboxes.embedded import EmbeddedEngine
from sandboxes.embedded.installed import emulator_version
from sandboxes.embedded.operations import load_operations
from sandboxes.model import Operations, SandboxSpec
from tests.integration.gateway_tls import Got, TlsRoad
from tests.integration.unguarded import unguarded

ACCOUNT = "123456789012"
REGION = "us-east-1"
SCOPE = f"AKIAEXAMPLE/20261123/{REGION}/%s/aws4_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request for something of the engine's own, and the sign that it was granted."""

    method: str
    target: str
    granted: bytes
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


MINISTACK = (
    Asking(method="GET", target="/_ministack/health", granted=b"services"),
    Asking(method="GET", target="/_localstack/health", granted=b"services"),
    Asking(method="GET", target="/health", granted=b"services"),
    Asking(method="POST", target="/health", granted=b"services"),
    Asking(method="GET", target="/_ministack/sqs/messages", granted=b"{"),
    Asking(method="POST", target="/_ministack/config", granted=b"applied", body=b"{}"),
    Asking(method="GET", target="/v2/_catalog", granted=b"repositories"),
    Asking(method="POST", target="/oauth2/token", granted=b"unsupported_grant_type"),
    Asking(method="POST", target="/_ministack/reset", granted=b'{"reset"'),
)
MOTO = (
    Asking(method="GET", target="/moto-api/data.json", granted=b"{"),
    Asking(method="GET", target="/moto-api/", granted=b"<html"),
    Asking(method="POST", target="/moto-api/reset", granted=b"ok"),
)
Knock = Callable[[Asking, dict[str, str]], Got]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An emulator as it comes: one in a sandbox takes no orders from anybody."""

    emulator: str
    url: str

    @property
    def operations(self) -> Operations:
        """What it implements."""
        return load_operations(self.emulator, emulator_version(self.emulator) or "")


@pytest.fixture(params=["ministack", "moto"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Plain]:
    with unguarded(request.param, tmp_path) as url:
        yield Plain(emulator=request.param, url=url)


def own(engine: Plain) -> tuple[Asking, ...]:
    return MOTO if engine.emulator == "moto" else MINISTACK


def plain(where: str | Path) -> Knock:
    def knock(asking: Asking, headers: dict[str, str]) -> Got:
        connection = http.client.HTTPConnection("127.0.0.1", timeout=20)
        if isinstance(where, Path):
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.connect(str(where))
        else:
            port = urlsplit(where).port
            assert port is not None
            connection.sock = socket.create_connection(("127.0.0.1", port))
        try:
            connection.request(
                asking.method, asking.target, asking.body, {**asking.headers, **headers}
            )
            answer = connection.getresponse()
            return Got(status=answer.status, headers=dict(answer.headers), body=answer.read())
        finally:
            connection.close()

    return knock


def tls(road: TlsRoad) -> Knock:
    def knock(asking: Asking, headers: dict[str, str]) -> Got:
        return road.get(
            f"https://s3.{REGION}.amazonaws.com{asking.target}",
            method=asking.method,
            headers={**asking.headers, **headers},
            body=asking.body,
        )

    return knock


def signatures() -> Iterator[dict[str, str]]:
    yield {}
    for service in ("s3", "sqs", "apigateway", "lambda"):
        scope = SCOPE % service
        rest = "SignedHeaders=host, Signature=0"
        yield {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, {rest}"}


def test_what_is_the_engines_own_is_granted_by_it_and_refused_at_every_door(
    engine: Plain, tmp_path: Path
) -> None:
    doors = Doors.open(tmp_path, tls=True)
    assert doors.door.http is not None
    with Gateway(
        upstream=engine.url,
        operations=engine.operations,
        recorder=FileRecorder(tmp_path / "trace.jsonl"),
        account=ACCOUNT,
        region=REGION,
        doors=doors,
    ) as gateway:
        ways = [plain(gateway.url), plain(doors.door.http), tls(TlsRoad(doors.door))]
        asked = 0
        for asking in own(engine):
            straight = plain(engine.url)(asking, {})
            assert asking.granted in straight.body, asking
            for knock in ways:
                for headers in signatures():
                    got = knock(asking, headers)
                    assert got.status == 400, (asking, headers)
                    assert asking.granted not in got.body
                    asked += 1
        calls = gateway.close()
    assert len(calls) == asked
    assert {call.refused for call in calls} == {Refusal.UNIDENTIFIED}


def test_no_api_is_run_in_place_of_the_call_that_is_recorded(tmp_path: Path) -> None:
    """MiniStack runs the API that a host name or a path names, whatever the call is signed for."""
    spec = SandboxSpec(run="control-test", account=ACCOUNT, region=REGION)
    with (
        EmbeddedEngine("ministack").start(spec) as engine,
        Gateway(
            upstream=engine.url,
            operations=engine.operations,
            recorder=FileRecorder(tmp_path / "trace.jsonl"),
            account=ACCOUNT,
            region=REGION,
        ) as gateway,
    ):
        signed = list(signatures())[1]
        host = {"Host": "0a1b2c3d.execute-api.localhost", **signed}
        for asking, headers in (
            (Asking(method="GET", target="/prod/orders", granted=b"Not Found"), host),
            (
                Asking(
                    method="GET",
                    target="/restapis/0a1b2c3d/prod/_user_request_/orders",
                    granted=b"Not Found",
                ),
                signed,
            ),
        ):
            straight = plain(engine.url)(asking, headers)
            assert json.loads(straight.body) == {"message": "Not Found"}
            led = plain(gateway.url)(asking, headers)
            assert asking.granted not in led.body
        assert {call.refused for call in gateway.close()} == {Refusal.UNIDENTIFIED}
