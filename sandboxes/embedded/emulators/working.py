"""How much is under way in an emulator that serves in one loop, besides waiting for requests."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_OURS = "pool"


class Pool(ThreadPoolExecutor):
    """Threads that know how much they have to do."""

    def __init__(self, workers: int) -> None:
        """Args:
        workers: how many threads at most.
        """
        super().__init__(max_workers=workers, thread_name_prefix=_OURS)
        self._under_way: set[Future[Any]] = set()

    @property
    def under_way(self) -> int:
        """How much is not done yet, whether anybody still waits for it or not."""
        return len(self._under_way)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread do something."""
        future = super().submit(fn, *args, **kwargs)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future


class Work:
    """Counts it, and says so after every request; used in the loop's thread."""

    def __init__(
        self,
        pool: Pool,
        beat: Callable[[int], None],
        threads: Callable[[], Iterable[threading.Thread]] = threading.enumerate,
    ) -> None:
        """Args:
        pool: the loop's own threads.
        beat: told how much is under way.
        threads: all that there are.
        """
        self._all_threads = threads
        self._pool = pool
        self._beat = beat
        self._requests = 0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Serve a request within this context."""
        self._requests += 1
        self._beat(self._requests)
        try:
            yield
        finally:
            self._requests -= 1
            self._beat(self._requests + self._pool.under_way + self._threads() + _tasks())

    def _threads(self) -> int:
        """Return how many somebody has started; whether they sleep or work is all the same."""
        main = threading.main_thread()
        return sum(t is not main and not t.name.startswith(_OURS) for t in self._all_threads())


def _tasks() -> int:
    """Return how many tasks there are that are not the server's."""
    return sum(not _is_the_servers(task) for task in asyncio.all_tasks())


def _is_the_servers(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(_server())


@cache
def _server() -> str:
    """Return the directory of the server's code, with the separator behind it."""
    import hypercorn

    return f"{Path(hypercorn.__file__).parent}{os.sep}"
