"""A door in front of production that can be told to misbehave, request by request."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.integration.upstreams import Answered, Received, Upstream

Fault = Callable[["Asked"], Answered | None]
"""Makes the answer to a request in production's place; raises `HangUp` for none at all."""

_HOP = {"connection", "content-length", "transfer-encoding", "host"}


class HangUp(Exception):
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as it can be told from outside.

    Attributes:
        service: as it was signed for.
        region: as it was signed for.
        operation: of the JSON and query protocols; empty for others.
        request: all of it.
    """

    service: str
    region: str
    operation: str
    request: Received


def asked(request: Received) -> Asked:
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", _header(request, "authorization"))
    region, service = scope.groups() if scope else ("", "")
    target = _header(request, "x-amz-target").rpartition(".")[2]
    action = re.search(rb"(?:^|&)Action=(\w+)", request.body)
    operation = target or (action[1].decode() if action else "")
    return Asked(service=service, region=region, operation=operation, request=request)


class Proxy:
    """Counts every request, and forwards those that no fault answers."""

    def __init__(self, url: str, fault: Fault) -> None:
        self._where = urlsplit(url).netloc
        self._fault = fault
        self._lock = threading.Lock()
        self.asked: list[Asked] = []

    def __call__(self, request: Received) -> Answered | None:
        found = asked(request)
        with self._lock:
            self.asked.append(found)
        try:
            answer = self._fault(found)
        except HangUp:
            return None
        return answer if answer is not None else self._forwarded(request)

    def count(self, service: str, operation: str = "") -> int:
        """Return how often a service, or an operation of it, was asked."""
        return sum(
            1
            for a in self.asked
            if a.service == service and (not operation or a.operation == operation)
        )

    def _forwarded(self, request: Received) -> Answered:
        connection = http.client.HTTPConnection(self._where, timeout=30)
        try:
            headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
            connection.request(request.method, request.target, request.body, headers)
            answer = connection.getresponse()
            body = answer.read()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
            return Answered(status=answer.status, body=body, headers=kept)
        finally:
            connection.close()


def refused(code: str, status: int = 400) -> Answered:
    """Return an error as the JSON protocols spell it."""
    body = f'{{"__type": "{code}", "message": "by the test"}}'.encode()
    return Answered(
        status=status, body=body, headers={"Content-Type": "application/x-amz-json-1.0"}
    )


def _header(request: Received, name: str) -> str:
    return next((v for k, v in request.headers.items() if k.lower() == name), "")


__all__ = ["Asked", "HangUp", "Proxy", "Upstream", "refused"]
