"""A network of the test's own, in which the addresses of the world outside have stand-ins.

Run as a program inside a network namespace, with a confinement's name: it gives the loopback
interface the addresses, lets each answer, makes every attempt in the confinement and without,
and prints as JSON how they went. Nothing leaves the machine, and nothing on it is changed.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tests.integration.confining import BUBBLEWRAP, CONTAINER
from tests.integration.doors import open_gateway
from tests.integration.escape.attempts import Ground
from tests.integration.escape.network_attempts import ATTEMPTS

AWS = "52.94.5.5"
MACHINE = "10.1.2.3"
NAME_SERVER = "8.8.8.8"
SIX = "2600:1f18::5"
METADATA_SIX = "fd00:ec2::254"
ADDRESSES = (AWS, MACHINE, NAME_SERVER, "169.254.169.254", "169.254.170.2")
SANDBOX = 4566
PORTS = (22, 53, 80, 443, SANDBOX, 8443)


def make_network() -> None:
    """Give the loopback interface every address."""
    commands = ["link set lo up"]
    commands += [f"addr add {address}/32 dev lo" for address in ADDRESSES]
    commands += [f"addr add {address}/128 dev lo nodad" for address in (SIX, METADATA_SIX)]
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


class Outside:
    """Everything outside: whoever connects or sends is told that it got there."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._sockets: list[socket.socket] = []
        for family, kind in (
            (socket.AF_INET, socket.SOCK_STREAM),
            (socket.AF_INET, socket.SOCK_DGRAM),
            (socket.AF_INET6, socket.SOCK_STREAM),
            (socket.AF_INET6, socket.SOCK_DGRAM),
        ):
            for port in PORTS:
                sock = socket.socket(family, kind)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
                if kind == socket.SOCK_STREAM:
                    sock.listen(32)
                self._sockets.append(sock)
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\0outside")
        abstract.listen()
        self._sockets.append(abstract)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            for sock in select.select(self._sockets, [], [])[0]:
                with contextlib.suppress(OSError):
                    if sock.type == socket.SOCK_STREAM:
                        connection, _ = sock.accept()
                        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nESCAPED\n")
                        connection.close()
                    else:
                        data, sender = sock.recvfrom(4096)
                        port = sock.getsockname()[1]
                        answer = self._resolve(data) if port == 53 else b"ESCAPED"
                        sock.sendto(answer, sender)

    def _resolve(self, query: bytes) -> bytes:
        """Answer any question with AWS's address, and remember what was asked."""
        self.asked.append(query[12:].decode("latin-1"))
        head = query[:2] + b"\x85\x80\0\1\0\1\0\0\0\0"
        end = query.index(b"\0", 12) + 5
        if query[end - 4 : end - 2] != b"\0\1":
            return query[:2] + b"\x85\x80\0\1\0\0\0\0\0\0" + query[12:end]
        record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(AWS)
        return head + query[12:end] + record


def main() -> None:
    """Make every attempt."""
    kind = next(k for k in (BUBBLEWRAP, CONTAINER) if k.name == sys.argv[1])
    make_network()
    outside = Outside()
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(prefix="world-") as place:
        root = Path(place)
        for name in ("home", "work", "private/work", "authority"):
            (root / name).mkdir(parents=True)
        with open_gateway(root / "authority") as gateway:
            variables = {"HTTPS_PROXY": f"http://{MACHINE}:8443", "HTTP_PROXY": f"{MACHINE}:8443"}
            ground = Ground(kind, root, gateway.door, variables)
            for name, program in ATTEMPTS.items():
                outside.asked.clear()
                confined = ground.confined(program)
                asked = list(outside.asked)
                unconfined = ground.unconfined(program)
                results[name] = {
                    "confined": confined.text,
                    "unconfined": unconfined.text,
                    "blocked": confined.outcome.isolation.blocked,
                    "told_outside": asked,
                    "requests": gateway.hosts(),
                }
                gateway.requests.clear()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
