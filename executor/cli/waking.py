"""See that a signal interrupts whatever the main thread waits for.

The kernel may hand a signal to any thread that happens to look for one, as a thread does that is
being started. Python notes it then, but acts on it in the main thread alone, which nobody wakes.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_NUDGE = signal.SIGURG
"""Means nothing to anybody here, and interrupts what the main thread waits for all the same."""
_TIMES = 3
_STEP_S = 0.1


@contextmanager
def woken_by_signals() -> Iterator[None]:
    """Within this context the main thread hears of every signal soon; for that thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    before = signal.signal(_NUDGE, lambda number, frame: None)
    outer = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    main = threading.get_ident()
    threading.Thread(target=_nudge, args=(woken, main), name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(outer)
        signal.signal(_NUDGE, before)
        os.close(wake)


def _nudge(woken: int, main: int) -> None:
    while heard := os.read(woken, 64):
        if set(heard) == {_NUDGE}:
            continue
        # Once may be in the moment before it begins to wait.
        for _ in range(_TIMES):
            signal.pthread_kill(main, _NUDGE)
            time.sleep(_STEP_S)
    os.close(woken)
