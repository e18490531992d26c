"""The doors: bound before there is a gateway, plain and with TLS."""

from __future__ import annotations

import datetime
import http.client
import random
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cryptography import x509

from executor.gateway import Doors
from executor.gateway.domains import AWS_DOMAINS, is_aws_name
from executor.model.call import Refusal
from tests.unit.gateway.roads import Open, RawClient, Road, request, scope

SQS = "sqs.us-east-1.amazonaws.com"


class TlsHouse:
    """A gateway with all three doors, and clients that trust its authority."""

    def __init__(self, road: Road, doors: Doors, stack: ExitStack) -> None:
        self.road = road
        self.doors = doors
        self._stack = stack

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.doors.door.authority))

    def plain(self) -> socket.socket:
        return self._connected(self.doors.door.tls)

    def http(self) -> RawClient:
        return self._stack.enter_context(RawClient(self._connected(self.doors.door.http)))

    def tls(self, name: str | None, context: ssl.SSLContext | None = None) -> RawClient:
        context = context or self.context()
        wrapped = context.wrap_socket(self.plain(), server_hostname=name)
        return self._stack.enter_context(RawClient(self._stack.enter_context(wrapped)))

    def first_refusal(self) -> str:
        """Wait for it: a client knows that a handshake failed before the gateway does."""
        ends = time.monotonic() + 10
        while not self.road.recorder.calls() and time.monotonic() < ends:
            time.sleep(0.005)
        (told,) = self.refusals()
        return told

    def refusals(self) -> list[str]:
        return [c.detail for c in self.road.gateway.close() if c.refused is Refusal.UNIDENTIFIED]

    def _connected(self, path: Path | None) -> socket.socket:
        client = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        client.settimeout(10)
        client.connect(str(path))
        return client


@pytest.fixture
def house(opened: Open, tmp_path: Path) -> Iterator[TlsHouse]:
    doors = Doors.open(tmp_path, tls=True)
    road = opened(doors=doors)
    with ExitStack() as stack:
        yield TlsHouse(road, doors, stack)


def trusting_nobody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(host: str) -> bytes:
    body = b'{"QueueName":"orders"}'
    headers = {"Host": host, "X-Amz-Target": "AmazonSQS.GetQueueUrl"}
    return request("POST", "/", headers, body, service="sqs")


# Opening


def test_doors_cost_no_heavy_import() -> None:
    code = (
        "import sys; from executor.gateway.doors import Doors; Doors.open().close();"
        "print([m for m in ('asyncio', 'ssl', 'botocore', 'cryptography') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


def test_whoever_knocks_early_is_answered_when_the_gateway_is_there(
    opened: Open, tmp_path: Path
) -> None:
    doors = Doors.open(tmp_path, tls=True)
    assert doors.authority is not None
    context = ssl.create_default_context(cadata=doors.authority.pem.decode())
    answers: list[int] = []

    def knock() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as early:
            early.connect(str(doors.door.tls))
            with context.wrap_socket(early, server_hostname=SQS) as wrapped:
                connection = http.client.HTTPConnection(SQS)
                connection.sock = wrapped
                connection.putrequest("POST", "/")
                connection.putheader("Authorization", scope("sqs"))
                connection.putheader("X-Amz-Target", "AmazonSQS.ListQueues")
                connection.putheader("Content-Length", "2")
                connection.endheaders(b"{}")
                answers.append(connection.getresponse().status)

    knocking = threading.Thread(target=knock)
    knocking.start()
    opened(doors=doors)
    knocking.join()
    assert answers == [200]


def test_without_a_directory_only_loopback_is_open() -> None:
    with Doors.open() as doors:
        assert doors.door.url.startswith("http://127.0.0.1:")
        assert (doors.door.http, doors.door.tls, doors.door.authority) == (None, None, None)


def test_without_tls_no_authority_is_made(tmp_path: Path) -> None:
    with Doors.open(tmp_path) as doors:
        assert doors.door.http == tmp_path / "http.sock"
        assert (doors.door.tls, doors.door.authority) == (None, None)


def test_sockets_are_private_and_no_key_is_on_disk(tmp_path: Path) -> None:
    with Doors.open(tmp_path, tls=True) as doors:
        assert doors.authority is not None
        doors.authority.context(SQS)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        assert modes["http.sock"] == modes["tls.sock"] == 0o600
        assert set(modes) == {"http.sock", "tls.sock", "authority.pem"}
        assert b"PRIVATE" not in (tmp_path / "authority.pem").read_bytes()


def test_a_directory_that_is_missing_leaves_no_door_open(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Doors.open(tmp_path / "missing", tls=True)


# The authority


def test_authority_is_short_lived_and_for_aws_alone(tmp_path: Path) -> None:
    with Doors.open(tmp_path, tls=True):
        made = x509.load_pem_x509_certificate((tmp_path / "authority.pem").read_bytes())
    life = made.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert life <= datetime.timedelta(days=2)
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value.ca
    assert basic.value.path_length == 0
    names = made.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    assert names.value.permitted_subtrees is not None
    permitted = {n.value for n in names.value.permitted_subtrees}
    assert permitted == {d.removeprefix(".") for d in AWS_DOMAINS}


def test_authority_is_not_believed_for_other_names(house: TlsHouse) -> None:
    """The door would refuse the name; here its authority is made to sign it all the same."""
    assert house.doors.authority is not None
    left, right = socket.socketpair()
    with left, right:
        server = house.doors.authority.context("example.com")

        def shake() -> None:
            try:
                server.wrap_socket(right, server_side=True).close()
            except ssl.SSLError:
                return

        serving = threading.Thread(target=shake)
        serving.start()
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
            house.context().wrap_socket(left, server_hostname="example.com")
        serving.join()


def test_strict_clients_accept_the_certificates(house: TlsHouse) -> None:
    context = house.context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client = house.tls(SQS, context)
    client.send(ask(SQS))
    assert client.answer().status == 200


# The TLS door


@pytest.mark.parametrize(
    "name",
    [
        SQS,
        "iam.amazonaws.com",
        "queue.amazonaws.com",
        "us-west-2.queue.amazonaws.com",
        "my.dotted.bucket.s3.eu-west-1.amazonaws.com",
        "sqs.cn-north-1.amazonaws.com.cn",
        "sqs-fips.us-gov-west-1.amazonaws.com",
        "lambda.us-east-1.api.aws",
        "dynamodb.eusc-de-east-1.amazonaws.eu",
        "a" * 63 + "." + "b" * 63 + ".s3.us-east-1.amazonaws.com",
    ],
)
def test_every_name_of_aws_gets_a_certificate(house: TlsHouse, name: str) -> None:
    client = house.tls(name)
    wrapped = client.socket
    assert isinstance(wrapped, ssl.SSLSocket)
    certificate = wrapped.getpeercert()
    assert certificate is not None
    assert certificate["subjectAltName"] == (("DNS", name),)
    assert wrapped.version() == "TLSv1.3"


def test_http_1_1_is_agreed_on_with_clients_that_could_do_more(house: TlsHouse) -> None:
    context = house.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    wrapped = house.tls(SQS, context).socket
    assert isinstance(wrapped, ssl.SSLSocket)
    assert wrapped.selected_alpn_protocol() == "http/1.1"


def test_tls_1_2_is_spoken_and_1_1_is_not(house: TlsHouse) -> None:
    older = house.context()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    client = house.tls(SQS, older)
    client.send(ask(SQS))
    assert client.answer().status == 200
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        house.tls(SQS, older)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (None, "names no host"),
        ("example.com", "example.com, which is no host of AWS's"),
        ("amazonaws.com.example.com", "which is no host of AWS's"),
        ("evilamazonaws.com", "which is no host of AWS's"),
        ("localhost", "which is no host of AWS's"),
    ],
)
def test_other_names_are_refused_and_recorded(house: TlsHouse, name: str | None, why: str) -> None:
    with pytest.raises(ssl.SSLError):
        house.tls(name, trusting_nobody())
    told = house.first_refusal()
    assert why in told
    assert house.road.engine.asked == []


def test_a_client_that_does_not_trust_the_authority_is_told_of(house: TlsHouse) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        house.tls(SQS, ssl.create_default_context())
    told = house.first_refusal()
    assert "TLSV1_ALERT_UNKNOWN_CA" in told


def test_what_is_no_tls_is_told_of(house: TlsHouse) -> None:
    client = RawClient(house.plain())
    with client:
        client.send(b"GET / HTTP/1.1\r\nHost: sqs.us-east-1.amazonaws.com\r\n\r\n")
        assert client.socket.recv(100)[:1] in (b"", b"\x15")
    told = house.first_refusal()
    assert "HTTP_REQUEST" in told


def test_knocking_and_going_is_no_call(house: TlsHouse) -> None:
    house.plain().close()
    client = house.tls(SQS)
    client.send(ask(SQS))
    assert client.answer().status == 200
    assert house.refusals() == []


def test_noise_at_the_tls_door_hinders_nobody(house: TlsHouse) -> None:
    chance = random.Random(20261123)
    hello = bytes.fromhex("16030100c8010000c40303")
    for n in range(300):
        with house.plain() as noisy, suppress(OSError):
            noisy.sendall((hello if n % 2 else b"") + chance.randbytes(chance.randrange(1, 300)))
            noisy.shutdown(socket.SHUT_WR)
            while noisy.recv(1 << 10):
                pass
    client = house.tls(SQS)
    client.send(ask(SQS))
    assert client.answer().status == 200
    calls = house.road.gateway.close()
    assert [c.operation for c in calls if c.refused is None] == ["GetQueueUrl"]
    assert len(house.road.engine.asked) == 1


@pytest.mark.parametrize(
    "second",
    [
        b"DELETE /b HTTP/1.1\r\nHost: s3.us-east-1.amazonaws.com\r\n\r\n",
        b"DELETE http://s3.us-east-1.amazonaws.com/b HTTP/1.1\r\nHost: sqs.us-east-1.amazonaws.com"
        b"\r\n\r\n",
    ],
)
def test_a_handshake_is_for_one_host_however_often_it_is_asked(
    house: TlsHouse, second: bytes
) -> None:
    client = house.tls(SQS)
    client.send(ask(SQS) + second)
    assert client.answer().status == 200
    assert client.answer().status == 400
    assert len(house.road.engine.asked) == 1
    assert "name different hosts" in house.first_refusal()


def test_handshakes_under_way_do_not_keep_the_gateway(house: TlsHouse) -> None:
    silent = house.plain()
    client = house.tls(SQS)
    client.send(ask(SQS))
    assert client.answer().status == 200
    assert len(house.road.gateway.close()) == 1
    assert silent.recv(1) == b""


@pytest.mark.parametrize("host", ["s3.amazonaws.com", "sqs.us-west-2.amazonaws.com", "127.0.0.1"])
def test_a_host_header_for_another_name_is_refused(house: TlsHouse, host: str) -> None:
    client = house.tls(SQS)
    client.send(ask(host))
    answer = client.answer()
    assert answer.status == 400
    assert b"UnidentifiedRequest" in answer.body
    assert "the TLS handshake and the Host header name different hosts" in house.refusals()
    assert house.road.engine.asked == []


@pytest.mark.parametrize("host", [SQS, f"{SQS}:443", SQS.upper()])
def test_the_handshakes_own_name_is_let_through(house: TlsHouse, host: str) -> None:
    client = house.tls(SQS)
    client.send(ask(host))
    assert client.answer().status == 200


def test_plain_http_is_served_on_the_unix_socket(house: TlsHouse) -> None:
    client = house.http()
    client.send(ask(SQS))
    assert client.answer().status == 200
    (call,) = house.road.gateway.close()
    assert (call.service, call.operation) == ("sqs", "GetQueueUrl")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("sqs.us-east-1.amazonaws.com", True),
        ("api.aws", False),
        ("lambda.us-east-1.api.aws", True),
        (".amazonaws.com", False),
        ("a..amazonaws.com", False),
        ("a/b.amazonaws.com", False),
        ("ä.amazonaws.com", False),
        ("x." * 130 + "amazonaws.com", False),
    ],
)
def test_names_of_aws_are_told_from_others(host: str, found: bool) -> None:
    assert is_aws_name(host) is found


# Sockets that were opened elsewhere


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def knock(listener_port: int, house: TlsHouse, *, tls: bool) -> int:
    """Ask at a port, and return the status of the answer."""
    with ExitStack() as stack:
        sock = stack.enter_context(socket.create_connection(("127.0.0.1", listener_port), 10))
        if tls:
            sock = stack.enter_context(house.context().wrap_socket(sock, server_hostname=SQS))
        client = stack.enter_context(RawClient(sock))
        client.send(ask(SQS))
        return client.answer().status


@pytest.mark.parametrize("tls", [False, True])
def test_a_socket_that_is_handed_in_is_served_like_a_door(house: TlsHouse, tls: bool) -> None:
    listener = listening()
    port = listener.getsockname()[1]
    take = house.doors.door.take
    assert take is not None
    take("tls" if tls else "http", listener)
    assert knock(port, house, tls=tls) == 200
    (call,) = house.road.gateway.close()
    assert (call.service, call.operation) == ("sqs", "GetQueueUrl")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 10)


def test_a_socket_that_is_handed_in_early_is_served_when_the_gateway_is_there(
    opened: Open, tmp_path: Path
) -> None:
    doors = Doors.open(tmp_path, tls=True)
    listener = listening()
    port = listener.getsockname()[1]
    doors.handed.take("http", listener)
    with socket.create_connection(("127.0.0.1", port), 10) as early, RawClient(early) as client:
        client.send(ask(SQS))
        opened(doors=doors)
        assert client.answer().status == 200


def test_a_socket_that_comes_too_late_is_closed(house: TlsHouse) -> None:
    house.road.gateway.close()
    listener = listening()
    house.doors.handed.take("http", listener)
    assert listener.fileno() == -1


def test_a_socket_that_nobody_came_to_serve_is_closed_with_the_doors(tmp_path: Path) -> None:
    listener = listening()
    with Doors.open(tmp_path) as doors:
        doors.handed.take("http", listener)
        assert listener.fileno() != -1
    assert listener.fileno() == -1
