"""Reading that is not put off by a fault that passes.

Emulators fall over themselves when several calls come at once, and a proxy in front of AWS
answers a page of its own now and then. Asked again, both answer; a read may be asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from executor.aws import Caller, CallFailed
from executor.model.json import JsonObject

T = TypeVar("T")

_TRIES = 3
_STEP_S = 0.1
# 501 says that there is no such operation, 503 mostly that it was throttled (`aws_patience`).
_FAULTS = frozenset({500, 502, 504})
# botocore's words for an answer that is none, such as a web server's page about its failure.
_NO_ANSWER = "Unable to parse response"


class SteadyReads:
    """Makes another's read calls, again where the answer was a server's own failure."""

    def __init__(self, inner: Caller, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Args:
        inner: what makes the calls.
        sleep: waits that many seconds.
        """
        self._inner = inner
        self._sleep = sleep

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        """Make one read call; see `Caller.call`."""
        return self._tried(lambda: self._inner.call(service, operation, params, region=region))

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        """Make a read call for each page, the first again where it failed; see `Caller.pages`."""

        def begin() -> tuple[JsonObject | None, Iterator[JsonObject]]:
            pages = self._inner.pages(service, operation, params, region=region)
            return next(pages, None), pages

        first, others = self._tried(begin)
        if first is not None:
            yield first
            yield from others

    def _tried(self, once: Callable[[], T]) -> T:
        for _ in range(_TRIES - 1):
            try:
                return once()
            except CallFailed as failure:
                if not _passes(failure):
                    raise
            self._sleep(_STEP_S)
        return once()


def _passes(failure: CallFailed) -> bool:
    return failure.status in _FAULTS or _NO_ANSWER in failure.message
