"""What the gateway adds to a call: `python -m benchmarks.gateway_overhead [--upload-mib 1024]`.

Bare and through the gateway, side by side in one run: the gateway in a process of its own, as
in a dry run; clients in processes of their own that send prepared bytes and look at no more of an
answer than its length, so that what is measured is the road. Latency is the median of single
calls by turns; throughput is that of parallel clients, by turns of a second each, since machines
have moods; the upload is one S3 object of the given size that streams past, with the gateway's
peak memory.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import re
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from botocore.session import Session

from executor.gateway import FileRecorder, Gateway, Vault
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import Operations, SandboxSpec

ACCOUNT = "123456789012"
REGION = "us-east-1"
PIECE = b"x" * (1 << 20)


def scope(service: str) -> str:
    where = f"{ACCOUNT}/20260101/{REGION}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={where}, SignedHeaders=host, Signature=0"


CALLS = (
    (
        "POST",
        "/",
        b'{"QueueUrl":"http://127.0.0.1/123456789012/orders","AttributeNames":["All"]}',
        {
            "Authorization": scope("sqs"),
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.GetQueueAttributes",
        },
    ),
    ("GET", "/orders?list-type=2", b"", {"Authorization": scope("s3")}),
    (
        "POST",
        "/",
        b"Action=DescribeVpcs&Version=2016-11-15",
        {
            "Authorization": scope("ec2"),
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        },
    ),
)


class Client:
    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, n: int) -> float:
        method, target, body, headers = CALLS[n % len(CALLS)]
        began = time.perf_counter()
        self._connection.request(method, target, body, headers)
        answer = self._connection.getresponse()
        answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit(f"{method} {target} was answered with {answer.status}")
        return took

    def prepare(self) -> None:
        self._connection.request("PUT", "/orders", b"", {"Authorization": scope("s3")})
        self._connection.getresponse().read()
        headers = {
            "Authorization": scope("sqs"),
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.CreateQueue",
        }
        self._connection.request("POST", "/", b'{"QueueName":"orders"}', headers)
        self._connection.getresponse().read()

    def upload(self, mib: int) -> float:
        began = time.perf_counter()
        connection = self._connection
        connection.putrequest("PUT", "/orders/big")
        connection.putheader("Authorization", scope("s3"))
        connection.putheader("Content-Length", str(mib << 20))
        connection.endheaders()
        for _ in range(mib):
            connection.send(PIECE)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the upload was answered with {answer.status}")
        return time.perf_counter() - began


class Sink:
    """An upstream that swallows any upload; emulators keep objects in memory."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while stream.readline():
                length = 0
                while (line := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                while length > 0:
                    length -= len(stream.read(min(length, 1 << 18)))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def serve(pipe: Connection, upstream: str, operations: Operations, directory: str) -> None:
    recorder = FileRecorder(Path(directory, "trace.jsonl"))
    vault = Vault(Path(directory, "replay"), b"k" * 32)
    with Gateway(
        upstream=upstream,
        operations=operations,
        recorder=recorder,
        account=ACCOUNT,
        region=REGION,
        vault=vault,
    ) as gateway:
        pipe.send(gateway.url)
        while (asked := pipe.recv()) != "end":
            pipe.send(peak_mib() if asked == "memory" else time.process_time())


def ask(pipe: Connection, what: str) -> float:
    pipe.send(what)
    return float(pipe.recv())


def peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def gateway_process(upstream: str, operations: Operations) -> Iterator[tuple[str, Connection]]:
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as directory:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=serve, args=(theirs, upstream, operations, directory))
        process.start()
        try:
            yield ours.recv(), ours
        finally:
            ours.send("end")
            process.join()


def latency(bare: Client, through: Client, calls: int) -> tuple[float, float]:
    for n in range(2 * len(CALLS)):
        bare.call(n)
        through.call(n)
    straight, led = [], []
    for n in range(calls):
        straight.append(bare.call(n))
        led.append(through.call(n))
    return statistics.median(straight), statistics.median(led)


class Botocore:
    """A client as users have it; most of a call's time is its own."""

    def __init__(self, url: str) -> None:
        self._clients = [
            Session().create_client(
                service,
                region_name=REGION,
                endpoint_url=url,
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key="benchmark",
            )
            for service in ("sqs", "s3", "ec2")
        ]

    def call(self, n: int) -> None:
        sqs, s3, ec2 = self._clients
        match n % 3:
            case 0:
                sqs.get_queue_url(QueueName="orders")  # type: ignore[attr-defined]
            case 1:
                s3.list_objects_v2(Bucket="orders")  # type: ignore[attr-defined]
            case _:
                ec2.describe_vpcs()  # type: ignore[attr-defined]


class Prepared:
    """A client that costs next to nothing."""

    def __init__(self, url: str) -> None:
        port = urlsplit(url).port
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = [prepared(*call, port=port) for call in CALLS]

    def call(self, n: int) -> None:
        self._socket.sendall(self._requests[n % len(CALLS)])
        received = self._socket.recv(1 << 16)
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._socket.recv(1 << 16)
        head = received[:end].lower()
        left = int(LENGTH.findall(head)[0]) - (len(received) - end - 4)
        while left > 0:
            left -= len(self._socket.recv(1 << 16))
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(f"a call was answered with {head[:100]!r}")


LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)")


def prepared(
    method: str, target: str, body: bytes, headers: Mapping[str, str], port: int | None
) -> bytes:
    rows = {"Host": f"127.0.0.1:{port}", **headers, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body


KINDS: dict[str, type[Prepared] | type[Botocore]] = {"prepared": Prepared, "botocore": Botocore}
ROUND_S = 1.0


def throughput(
    bare: str, through: str, kind: str, clients: int, seconds: float
) -> tuple[float, float]:
    """Return calls per second, bare and through the gateway."""
    context = multiprocessing.get_context("spawn")
    found = {bare: 0.0, through: 0.0}
    rounds = max(1, round(seconds / ROUND_S))
    with context.Pool(clients) as pool:
        for url in found:
            pool.map(burst, [(url, kind, 0.1)] * clients, chunksize=1)
        for _ in range(rounds):
            for url in found:
                jobs = [(url, kind, ROUND_S)] * clients
                found[url] += sum(pool.map(burst, jobs, chunksize=1)) / rounds
    return found[bare], found[through]


def burst(job: tuple[str, str, float]) -> float:
    url, kind, seconds = job
    client = KINDS[kind](url)
    client.call(0)
    began = time.perf_counter()
    n = 0
    while time.perf_counter() - began < seconds:
        client.call(n)
        n += 1
    return n / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--upload-mib", type=int, default=256)
    given = parser.parse_args()
    spec = SandboxSpec(run="benchmark", account=ACCOUNT, daemon=False)
    with (
        EmbeddedEngine().start(spec) as engine,
        gateway_process(engine.url, engine.operations) as (url, pipe),
    ):
        Client(engine.url).prepare()
        began = ask(pipe, "time")
        straight, led = latency(Client(engine.url), Client(url), given.calls)
        own = (ask(pipe, "time") - began) * 1000 / given.calls
        print(f"one call, median ms      bare {straight:.2f}   gateway {led:.2f}", end="")
        print(f"   added {led - straight:.2f}   gateway's own CPU time {own:.2f}")
        for kind in KINDS:
            cpu = ask(pipe, "time")
            bare, through = throughput(engine.url, url, kind, given.clients, given.seconds)
            cpu = ask(pipe, "time") - cpu
            share = cpu / (through * given.seconds) * 1000
            print(f"{given.clients} {kind} clients, calls per s", end="")
            print(
                f"   bare {bare:.0f}   gateway {through:.0f}   ratio {through / bare:.0%}", end=""
            )
            print(f"   gateway's CPU time a call, ms {share:.2f}")
    with gateway_process(Sink().url, engine.operations) as (url, pipe):
        Client(url).upload(1)
        before = ask(pipe, "memory")
        took = Client(url).upload(given.upload_mib)
        pipe.send("memory")
        print(
            f"upload of {given.upload_mib} MiB        {given.upload_mib / took:.0f} MiB/s", end=""
        )
        print(f"   peak memory {before:.0f} -> {ask(pipe, 'memory'):.0f} MiB")


if __name__ == "__main__":
    main()
