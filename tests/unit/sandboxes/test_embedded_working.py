"""What goes on in an emulator, or waits for its time, is counted whoever has started it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import hypercorn
import pytest

from sandboxes.embedded import pulse
from sandboxes.embedded.emulators.working import Pool, Work

SOON_S = 10.0


Serving = Callable[[], Coroutine[object, object, None]]


def placed(path: str) -> Callable[[Serving], Coroutine[object, object, None]]:
    """Return a coroutine function that awaits another, as if its code lay at a path."""
    space: dict[str, Callable[[Serving], Coroutine[object, object, None]]] = {}
    exec(compile("async def run(serving): await serving()", path, "exec"), space)
    return space["run"]


class Emulator:
    """Serves one request after another, as it is told, and keeps what it says of itself."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.go_on = threading.Event()
        self.pool = Pool(2)
        # Those of other tests, and of what runs them, are none of the emulator's.
        others = set(threading.enumerate())
        self._work = Work(
            self.pool,
            self.told.append,
            lambda: [thread for thread in threading.enumerate() if thread not in others],
        )

    def serve(self, *requests: Callable[[], None]) -> int:
        """Return how much it said was under way after the last one."""

        async def serving() -> None:
            asyncio.get_running_loop().set_default_executor(self.pool)
            for request in requests:
                with self._work.request():
                    request()

        # As a server's task: all others count.
        run = placed(str(Path(hypercorn.__file__).with_name("server.py")))
        with asyncio.Runner() as runner:
            runner.run(run(serving))
            self.go_on.set()
        return self.told[-1]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    found = Emulator()
    yield found
    found.go_on.set()


def nothing() -> None:
    """What a request does that only looks."""


def test_nothing_is_under_way_after_a_request(emulator: Emulator) -> None:
    assert emulator.serve(nothing, nothing) == 0
    assert emulator.told == [1, 0, 1, 0]


def test_thread_that_waits_is_under_way(emulator: Emulator) -> None:
    def starts_a_thread() -> None:
        threading.Thread(target=emulator.go_on.wait, args=(SOON_S,), daemon=True).start()

    assert emulator.serve(starts_a_thread, nothing) == 1


def test_task_that_waits_is_under_way(emulator: Emulator) -> None:
    async def later() -> None:
        await asyncio.sleep(SOON_S)

    tasks: list[asyncio.Task[None]] = []
    assert emulator.serve(lambda: tasks.append(asyncio.ensure_future(later())), nothing) == 1


def test_task_is_not_the_servers_because_a_directory_has_its_name(emulator: Emulator) -> None:
    async def later() -> None:
        await asyncio.sleep(SOON_S)

    waiting = placed("/home/somebody/hypercorn/.venv/ministack/services/transcribe.py")
    tasks: list[asyncio.Task[None]] = []
    assert emulator.serve(lambda: tasks.append(asyncio.ensure_future(waiting(later)))) == 1


def test_work_of_the_pool_is_under_way_when_nobody_waits_for_it(emulator: Emulator) -> None:
    begun = threading.Event()

    def work() -> None:
        begun.set()
        emulator.go_on.wait(SOON_S)

    def hands_over() -> None:
        job = asyncio.get_running_loop().run_in_executor(None, work)
        assert begun.wait(SOON_S)
        job.cancel()

    assert emulator.serve(hands_over, nothing) == 1


def test_failed_request_is_over(emulator: Emulator) -> None:
    def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        emulator.serve(fails)
    assert emulator.told == [1, 0]


def test_what_was_never_said_is_not_known(tmp_path: Path) -> None:
    assert pulse.under_way(tmp_path) is None
    descriptor = pulse.create(tmp_path)
    assert pulse.under_way(tmp_path) is None
    pulse.Pulse(os.open(tmp_path / "empty", os.O_RDWR | os.O_CREAT)).beat(0)
    assert pulse.under_way(tmp_path) is None
    said = pulse.Pulse(descriptor)
    for number in (0, 7, 0):
        said.beat(number)
        assert pulse.under_way(tmp_path) == number
