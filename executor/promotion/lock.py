"""One promotion per target at a time, on this machine.

A `flock` is released by the kernel when its holder dies, so a killed promotion never leaves
a target locked. It does not reach other machines.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from executor.errors import PromotionRefused
from executor.model.report import TargetRef


@contextmanager
def target_lock(directory: Path, target: TargetRef, run: str) -> Iterator[None]:
    """Hold the lock of a target.

    Args:
        directory: where lock files live; made when it is not there.
        target: the target; account and endpoint tell targets apart, names do not.
        run: who holds it, for the message others get.

    Raises:
        PromotionRefused: another promotion holds it (`locked`).
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = hashlib.sha256(f"{target.account}|{target.endpoint_url}".encode()).hexdigest()[:24]
    path = directory / f"{key}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode("utf-8", "replace").strip()
            raise PromotionRefused(
                f"the target is being changed by the promotion of {holder or 'another run'}",
                reason="locked",
                hint="wait until it has ended, then rehearse again",
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, run.encode())
        yield
    finally:
        os.close(descriptor)
