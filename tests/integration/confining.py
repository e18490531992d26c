"""The confinements that the same tests are run in, and what differs between them."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandboxes.confine.bubblewrap import Bubblewrap
from sandboxes.confine.container import Container
from sandboxes.contract import Confinement
from sandboxes.model import CommandOutcome
from tests.integration.doors import Gateway
from tests.integration.images import image_of_tests


@dataclass(frozen=True, slots=True)
class Kind:
    """One of them.

    Attributes:
        name: its name.
        python: a Python with boto3 there.
    """

    name: str
    python: str

    def make(self, **settings: Any) -> Confinement:
        """Make one."""
        if self.name == "container":
            return Container(image_of_tests(), **settings)
        return Bubblewrap(**settings)

    def options(self) -> list[str]:
        """Return the options of `dry-run` that ask for it."""
        image = ["--image", image_of_tests()] if self.name == "container" else []
        return ["--confine", self.name, *image]


BUBBLEWRAP = Kind("bubblewrap", sys.executable)
CONTAINER = Kind("container", "python3")
KINDS = [
    pytest.param(BUBBLEWRAP, id="bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param(CONTAINER, id="container", marks=pytest.mark.docker),
]

RUN = f"cage-{os.getpid()}"


@dataclass(slots=True)
class Runner:
    """Runs commands in a work directory of the test's own."""

    kind: Kind
    work: Path
    gateway: Gateway
    confinement: Confinement
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})

    def __call__(
        self, *command: str, timeout_s: float | None = 60, **also: Any
    ) -> tuple[CommandOutcome, str]:
        output = io.BytesIO()
        outcome = self.confinement.run(
            command,
            run=RUN,
            door=self.gateway.door,
            workdir=also.pop("workdir", self.work),
            account="123456789012",
            region="eu-west-1",
            environment=self.environment,
            output=also.pop("output", output),
            timeout_s=timeout_s,
            **also,
        )
        return outcome, output.getvalue().decode()


@contextlib.contextmanager
def elsewhere() -> Iterator[int]:
    """A server of somebody else's; yields its port."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(1000)
                        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nsomebody else")

        thread = threading.Thread(target=serve)
        thread.start()
        stack.callback(thread.join)
        stack.callback(listener.shutdown, socket.SHUT_RDWR)
        yield listener.getsockname()[1]
