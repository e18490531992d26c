"""Call an emulator in this very process, and see which of its functions ran.

Only `generate` uses this, in a process that it forks for the purpose and guards like a child.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request as botocore would send it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, and who made it.

    Attributes:
        status: HTTP status; 500 where the emulator raised.
        headers: of the response.
        body: of the response.
        ran: `module:qualified name` of every function of the emulator's services that ran.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    ran: frozenset[str]


class Transport(Protocol):
    """Carries a request to an emulator."""

    def __call__(self, request: Outgoing) -> Answer:
        """Answer `request`."""
        ...


# Of no service of moto's: its dispatcher, say, has a `get_application` of its own.
_OF_NO_SERVICE = ("moto.backends", "moto.core.", "moto.moto_api.", "moto.moto_server.")

# A worker thread outlives the request that it was started for, and goes on reporting here.
_ran: set[str] = set()


def _of_a_service(module: str, package: str) -> bool:
    return module.startswith(package) and not module.startswith(_OF_NO_SERVICE)


@contextmanager
def _watching(package: str) -> Iterator[set[str]]:
    def profile(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__", "")
            if isinstance(module, str) and _of_a_service(module, package):
                _ran.add(f"{module}:{frame.f_code.co_qualname}")

    import threading

    _ran.clear()
    # Some handlers run in a worker thread.
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield _ran
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def learn_service_names() -> None:
    """Let MiniStack read AWS's services now, which every fork would do for seconds."""
    router = importlib.import_module("ministack.core.router")
    router._is_aws_service_name("probe")


class MiniStackTransport:
    """Calls MiniStack's ASGI application."""

    def __init__(self) -> None:
        ministack = importlib.import_module("ministack.app")
        self._application = ministack.app
        self._loop = asyncio.new_event_loop()
        vars(ministack)["_MAIN_LOOP"] = self._loop

    def __call__(self, request: Outgoing) -> Answer:
        """Answer `request`."""
        with _watching("ministack.services.") as ran:
            try:
                call = self._call(request)
                status, headers, body = self._loop.run_until_complete(call)
            except Exception as error:
                # It ran, which is what counts; what it raised on is our odd parameters.
                status, headers, body = 500, {}, repr(error).encode()
        return Answer(status=status, headers=headers, body=body, ran=frozenset(ran))

    async def _call(self, request: Outgoing) -> tuple[int, Mapping[str, str], bytes]:
        parts = urlsplit(request.url)
        unread = [{"type": "http.request", "body": request.body, "more_body": False}]
        status = 500
        headers: dict[str, str] = {}
        body = b""

        async def receive() -> MutableMapping[str, object]:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def send(message: Mapping[str, object]) -> None:
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = int(str(message["status"]))
                pairs = message["headers"]
                if isinstance(pairs, list):
                    headers.update({k.decode().lower(): v.decode("latin-1") for k, v in pairs})
            else:
                chunk = message.get("body", b"")
                body += chunk if isinstance(chunk, bytes) else b""

        from urllib.parse import unquote

        from sandboxes.embedded.emulators.ministack import mended

        scope: MutableMapping[str, object] = {
            "type": "http",
            "method": request.method,
            "path": unquote(parts.path) or "/",
            "raw_path": (parts.path or "/").encode(),
            "query_string": parts.query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in request.headers.items()],
            "client": ("127.0.0.1", 1),
            "scheme": "http",
        }
        await asyncio.wait_for(self._application(mended(scope), receive, send), 20)
        return status, headers, body


class MotoTransport:
    """Calls moto's WSGI application."""

    def __init__(self, application: Callable[..., object]) -> None:
        """Args:
        application: moto's dispatcher.
        """
        self._client = importlib.import_module("werkzeug.test").Client(application)

    def __call__(self, request: Outgoing) -> Answer:
        """Answer `request`."""
        parts = urlsplit(request.url)
        with _watching("moto.") as ran:
            try:
                response = self._client.open(
                    path=parts.path or "/",
                    query_string=parts.query,
                    method=request.method,
                    headers=dict(request.headers),
                    data=request.body,
                    base_url=f"{parts.scheme}://{parts.netloc}",
                    environ_overrides={"CONTENT_LENGTH": str(len(request.body))},
                )
                status, body = int(response.status_code), response.get_data()
                headers = {name.lower(): value for name, value in response.headers.items()}
            except Exception as error:
                status, headers, body = 500, {}, repr(error).encode()
        return Answer(status=status, headers=headers, body=body, ran=frozenset(ran))
