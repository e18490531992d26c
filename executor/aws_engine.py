"""Calls to emulators of ours, by clients that all of them share.

What botocore finds out when a client is made, and when each of its operations is called first, is
most of what a few calls cost, and is the same for every emulator. So there is one client of each
service and region, which is of nobody and leads nowhere: each call brings the address and the
credentials that it is for, and the connections that it goes by.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from executor.aws import CONNECTIONS, Api, Credentials, Where, settings
from executor.aws_models import shared_loader
from executor.model.json import JsonObject

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from botocore.session import Session

_NOWHERE = "http://emulator.invalid"
_NOBODY = Credentials(access_key="", secret_key="")
_UNSET = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_AT_ONCE: list[Any] = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_LOCK = threading.Lock()
_CLIENTS: dict[tuple[str, str], BaseClient] = {}


class EngineApi(Api):
    """Calls one emulator by botocore's names; thread-safe."""

    def __init__(self, where: Where, *, timeout_s: int = 20) -> None:
        """Args:
        where: which emulator, with an endpoint and as whom.
        timeout_s: connect and read timeout of one try.
        """
        from botocore.httpsession import URLLib3Session

        super().__init__(where, timeout_s=timeout_s)
        self._base = where.endpoint_url.rstrip("/")
        self.credentials = where.credentials or _NOBODY
        # Of the caller's settings for the outside, such as a proxy, nothing is for an emulator.
        self._http = URLLib3Session(
            timeout=timeout_s,
            max_pool_connections=CONNECTIONS,
            # As botocore's own: a body that follows its head is not to wait for an answer to it.
            socket_options=_AT_ONCE,
        )

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        """Make one call; see `Api.raw_call`."""
        with self._calling():
            return super().raw_call(service, operation, params, region=region)

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        """Make a call for each page; see `Caller.pages`."""
        pages = super().pages(service, operation, params, region=region)
        while True:
            # Between two pages this thread may call another one.
            with self._calling():
                page = next(pages, None)
            if page is None:
                return
            yield page

    def close(self) -> None:
        """Close every connection, at once; another call would open one again."""
        self._http.close()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send what a shared client has made of a call; raises what botocore's sessions raise."""
        request.url = self._base + request.url.removeprefix(_NOWHERE)
        return self._http.send(request)

    def _client(self, service: str, region: str) -> BaseClient:
        with _LOCK:
            client = _CLIENTS.get((service, region))
            if client is None:
                client = _CLIENTS[(service, region)] = self._make_client(service, region)
            return client

    def _make_client(self, service: str, region: str) -> BaseClient:
        from botocore.config import Config

        client = shared_session().create_client(
            service,
            region_name=region,
            endpoint_url=_NOWHERE,
            # To say what machine this is takes a tenth of a call.
            config=settings(emulated=True).merge(Config(user_agent="dry-run-executor")),
        )
        # Whoever answers this event has sent the request, and gives what came.
        answering: Callable[..., object] = _send
        client.meta.events.register("before-send", cast("Callable[..., None]", answering))
        return client

    @contextmanager
    def _calling(self) -> Iterator[None]:
        token = _CALLING.set(self)
        try:
            yield
        finally:
            _CALLING.reset(token)


_CALLING: ContextVar[EngineApi] = ContextVar("_CALLING")


def _send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    return _CALLING.get().send(request)


@cache
def shared_session() -> Session:
    """Return the session of the shared clients: whoever calls by one signs with his own keys."""
    from botocore.credentials import Credentials as Keys
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session

    class Callers(Keys):
        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            found = _CALLING.get().credentials
            return ReadOnlyCredentials(found.access_key, found.secret_key, found.token or None)

    class Finder:
        def load_credentials(self) -> Keys:
            return Callers("", "")

    # Nor is what the caller has set for AWS, in files or variables, for an emulator.
    session = Session(session_vars=_UNSET)
    session.register_component("data_loader", shared_loader())
    session.register_component("credential_provider", Finder())
    return session
