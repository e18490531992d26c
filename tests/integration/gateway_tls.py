"""Botocore as it is without any endpoint setting, brought to the TLS door of a gateway.

Botocore resolves its endpoints, serializes and signs as for AWS; only the last step, the
connection, is made here: to the unix socket, with TLS for the host that botocore chose.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

from sandboxes.model import Door


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, amount: int = 1 << 16, **_: object) -> Any:
        while piece := self.read(amount):
            yield piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes


class TlsRoad:
    """Makes requests to any of AWS's addresses at one door."""

    def __init__(self, door: Door) -> None:
        assert door.tls is not None
        self._path: Path = door.tls
        self._context = ssl.create_default_context(cafile=str(door.authority))

    def get(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Got:
        """Ask for a whole address, as `curl` would."""
        parts = urlsplit(url)
        assert parts.scheme == "https"
        host = cast(str, parts.hostname)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plain:
            plain.settimeout(20)
            plain.connect(str(self._path))
            with self._context.wrap_socket(plain, server_hostname=host) as wrapped:
                connection = http.client.HTTPConnection(host)
                connection.sock = wrapped
                target = url.split(parts.netloc, 1)[1] or "/"
                given = headers or {}
                chunked = given.get("Transfer-Encoding") == "chunked"
                connection.request(method, target, body, given, encode_chunked=chunked)
                answer = connection.getresponse()
                return Got(status=answer.status, headers=dict(answer.headers), body=answer.read())

    def client(self, service: str, region: str, **config: object) -> Any:
        """Return a client that knows no endpoint but AWS's."""
        client: BaseClient = Session().create_client(
            service,
            region_name=region,
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, **config),  # type: ignore[arg-type]
        )
        events: Any = client.meta.events  # typed as if no handler could answer
        events.register("before-send", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in cast("dict[str, str | bytes]", request.headers).items()
            if name.lower() != "expect"
        }
        body = cast("bytes | str | IO[bytes] | None", request.body)
        if isinstance(body, str):
            body = body.encode()
        elif body is not None and not isinstance(body, bytes):
            body = body.read()
        got = self.get(str(request.url), method=str(request.method), headers=headers, body=body)
        headers_found: Any = HeadersDict(got.headers)
        return AWSResponse(str(request.url), got.status, headers_found, _Raw(got.body))
