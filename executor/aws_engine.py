"""Calls to emulators of ours, by clients that may have been made before there was an emulator.

What botocore finds out when a client is made, and when each of its operations is called first, is
most of what a few calls cost, and is the same for every emulator. So a process that will be forked
for runs makes clients ahead, which are of nobody and lead nowhere, and uses them once. A run takes
each for itself, with the address and the credentials that it is for; where none is ready it makes
its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from executor.aws import Api, Credentials, settings
from executor.aws_models import shared_loader

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

# An address, as that of every emulator: botocore goes by other rules for names.
_NOWHERE = "http://127.0.0.1:9"
_NOBODY = Credentials(access_key="", secret_key="")


class EngineApi(Api):
    """Calls one emulator by botocore's names; thread-safe."""

    def _make_client(self, service: str, region: str) -> BaseClient:
        keys = self._where.credentials
        ready = _STOCK.take(service, region) if keys is not None else None
        if keys is not None and ready is not None:
            ready.lead(self._where.endpoint_url, keys)
            return ready.client
        return super()._make_client(service, region)


def make_ready(services: Iterable[str], region: str) -> None:
    """Make a client of each service for the first run of this process, or of each of its forks."""
    for service in services:
        _STOCK.put(_Ready(service, region))


@contextmanager
def given_back() -> Iterator[None]:
    """Have ready again afterwards what is taken within this context, by one practice run."""
    _STOCK.remember()
    try:
        yield
    finally:
        _STOCK.give_back()


class _Ready:
    """A client that leads nowhere until it is told where.

    What it has learnt of buckets, such as their regions, it keeps: so it is for one emulator.
    """

    def __init__(self, service: str, region: str) -> None:
        from botocore.config import Config
        from botocore.credentials import Credentials as Keys
        from botocore.credentials import ReadOnlyCredentials
        from botocore.session import Session

        class Leading(Keys):
            def get_frozen_credentials(self) -> ReadOnlyCredentials:
                return keys()

        class Finder:
            def load_credentials(self) -> Keys:
                return Leading("", "")

        def keys() -> ReadOnlyCredentials:
            found = self._keys
            return ReadOnlyCredentials(found.access_key, found.secret_key, found.token or None)

        self.service, self.region = service, region
        self._url = _NOWHERE
        self._keys = _NOBODY
        session = Session()
        session.register_component("data_loader", shared_loader())
        session.register_component("credential_provider", Finder())
        self.client = session.create_client(
            service,
            region_name=region,
            endpoint_url=_NOWHERE,
            # To say what machine this is takes a tenth of a call.
            config=settings(emulated=True).merge(Config(user_agent="dry-run-executor")),
        )
        self.client.meta.events.register("before-send", self._send)

    def lead(self, url: str, keys: Credentials) -> None:
        """Lead to an emulator from now on, as somebody."""
        self._url = url.rstrip("/")
        self._keys = keys

    def lead_nowhere(self) -> None:
        """Be as at the beginning, and hold no connection: a fork may not have it."""
        self.lead(_NOWHERE, _NOBODY)
        self.client.close()

    def _send(self, request: AWSPreparedRequest, **_: object) -> None:
        path = request.url.removeprefix(_NOWHERE)
        if path == request.url or not path.startswith("/"):
            raise ValueError(f"a call to an emulator was to go to {request.url[:200]}")
        request.url = self._url + path


class _Stock:
    """The clients that are ready; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: dict[tuple[str, str], _Ready] = {}
        self._taken: list[_Ready] | None = None

    def put(self, ready: _Ready) -> None:
        with self._lock:
            self._ready[(ready.service, ready.region)] = ready

    def take(self, service: str, region: str) -> _Ready | None:
        with self._lock:
            found = self._ready.pop((service, region), None)
            if found is not None and self._taken is not None:
                self._taken.append(found)
            return found

    def remember(self) -> None:
        with self._lock:
            self._taken = []

    def give_back(self) -> None:
        with self._lock:
            taken, self._taken = self._taken or [], None
            for ready in taken:
                ready.lead_nowhere()
                self._ready[(ready.service, ready.region)] = ready


_STOCK = _Stock()
