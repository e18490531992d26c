"""A signal that another thread was handed interrupts what the main thread waits for."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from executor.cli.waking import woken_by_signals


class Told(BaseException):
    """The signal has reached the main thread."""


@contextmanager
def raising(number: signal.Signals) -> Iterator[None]:
    def tell(number: int, frame: FrameType | None) -> None:
        raise Told

    before = signal.signal(number, tell)
    try:
        yield
    finally:
        signal.signal(number, before)


def wait_for_nothing(longest_s: float) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(longest_s)
        with pytest.raises(TimeoutError):
            ours.recv(1)


def handed_to_a_thread(number: signal.Signals, after_s: float) -> threading.Thread:
    """Have a thread of its own take a signal after a while."""

    def take() -> None:
        time.sleep(after_s)
        signal.pthread_kill(threading.get_ident(), number)

    thread = threading.Thread(target=take)
    thread.start()
    return thread


def test_main_thread_hears_of_it_soon() -> None:
    began = time.monotonic()
    with raising(signal.SIGUSR1), woken_by_signals():
        thread = handed_to_a_thread(signal.SIGUSR1, 0.2)
        with pytest.raises(Told):
            wait_for_nothing(20)
    thread.join()
    assert time.monotonic() - began < 10


def test_without_it_the_main_thread_waits_on() -> None:
    began = time.monotonic()
    thread = handed_to_a_thread(signal.SIGUSR1, 0.1)
    with raising(signal.SIGUSR1), pytest.raises(Told):
        wait_for_nothing(1)
    assert time.monotonic() - began >= 1
    thread.join()


def test_it_leaves_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGURG)
    for _ in range(5):
        with woken_by_signals():
            assert "signals" in names()
    until = time.monotonic() + 10
    while "signals" in names() and time.monotonic() < until:
        time.sleep(0.01)
    assert "signals" not in names()
    assert signal.getsignal(signal.SIGURG) == before
    assert signal.set_wakeup_fd(-1) == -1


def names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_another_thread_than_the_main_one_is_left_alone() -> None:
    found: list[int] = []

    def run() -> None:
        with woken_by_signals():
            found.append(1)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [1]
