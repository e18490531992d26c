"""Reading a target with manners: paced, patient with throttling, and soon done with silence.

AWS shares its request rates among everybody who uses an account, so reading one must not take
them all. Botocore's adaptive mode slows down after it was throttled; this goes before it, with
a pace per service, and after it, with waits that botocore would not have patience for. Where a
service of a region never answers, it is asked no more, else every type and resource would wait
for its own time-out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from executor.aws import CallFailed, RawCaller
from executor.model.json import JsonObject

T = TypeVar("T")

# What botocore's own retries take for throttling, and what S3 and EC2 call it.
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SILENT = "Unreachable"


class PatientApi:
    """Makes another's calls at a pace, again when they were throttled; thread-safe."""

    def __init__(
        self,
        inner: RawCaller,
        *,
        per_second: float | None = None,
        patience_s: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        inner: what makes the calls.
        per_second: calls per second and service at most; None sets no pace.
        patience_s: how long to try a throttled call again.
        sleep: waits that many seconds.
        clock: seconds that only grow.
        """
        self._inner = inner
        self._pace = _Pace(per_second, sleep, clock) if per_second else None
        self._patience_s = patience_s
        self._sleep = sleep
        self._answered: set[tuple[str, str]] = set()
        self._silent: dict[tuple[str, str], CallFailed] = {}

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        """Make one call; see `Caller.call`."""
        return self._tried(
            service,
            operation,
            region,
            lambda: self._inner.call(service, operation, params, region=region),
        )

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        """Make one call; see `RawCaller.raw_call`."""
        return self._tried(
            service,
            operation,
            region,
            lambda: self._inner.raw_call(service, operation, params, region=region),
        )

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        """Make a call for each page; see `Caller.pages`.

        A page that was throttled is asked for again by going through those before it, which
        is slow and rare: botocore has tried it several times by then.
        """
        told = 0
        under_way: Iterator[JsonObject] | None = None

        def further() -> JsonObject | None:
            nonlocal under_way
            pages, under_way = under_way, None
            if pages is None:
                pages = self._inner.pages(service, operation, params, region=region)
                for _ in range(told):
                    next(pages, None)
            page = next(pages, None)
            # Only now: a generator that raised is over, and would pass for the last page.
            under_way = pages
            return page

        while (page := self._tried(service, operation, region, further)) is not None:
            told += 1
            yield page

    def _tried(self, service: str, operation: str, region: str, once: Callable[[], T]) -> T:
        place = (service, region)
        silent = self._silent.get(place)
        if silent is not None:
            # Whichever call found it out: two readings of one target are to say the same.
            raise CallFailed(
                service=service,
                operation=operation,
                code=silent.code,
                message=silent.message,
                status=silent.status,
            )
        retrying = Retrying(
            retry=retry_if_exception(_throttled),
            wait=wait_random_exponential(multiplier=0.5, max=10),
            stop=stop_after_delay(self._patience_s),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            answer: T = retrying(self._paced, service, once)
        except CallFailed as failure:
            if failure.code == _SILENT and place not in self._answered:
                self._silent[place] = failure
            raise
        self._answered.add(place)
        return answer

    def _paced(self, service: str, once: Callable[[], T]) -> T:
        if self._pace is not None:
            self._pace.wait(service)
        return once()


class _Pace:
    """Gives every call of a service its moment."""

    def __init__(
        self, per_second: float, sleep: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        self._gap_s = 1.0 / per_second
        # A short burst is what AWS's token buckets are for.
        self._burst_s = 1.0
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, service: str) -> None:
        with self._lock:
            now = self._clock()
            mine = max(self._next.get(service, now - self._burst_s), now - self._burst_s)
            self._next[service] = mine + self._gap_s
        if mine > now:
            self._sleep(mine - now)


def _throttled(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.code in _THROTTLED
