"""Which emulator is installed, and what makes two zygotes interchangeable; all of it cheap.

`importlib.metadata` takes milliseconds that every dry run would pay, so the version is read
from the name of the distribution's directory, and from the metadata only where that fails.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

EMULATORS = ("ministack", "moto")
DEFAULT_EMULATOR = "ministack"
EMULATOR_VARIABLE = "EXECUTOR_EMULATOR"
_INFO = ".dist-info"


def emulator_version(emulator: str) -> str | None:
    """Return the version of an installed emulator; None when it is not installed."""
    spec = importlib.util.find_spec(emulator)
    if spec is None or spec.origin is None:
        return None
    prefix = f"{emulator}-"
    for name in os.listdir(Path(spec.origin).parent.parent):  # noqa: PTH208 - speed
        if name.startswith(prefix) and name.endswith(_INFO):
            return name[len(prefix) : -len(_INFO)]
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(emulator)
    except PackageNotFoundError:
        return None


def zygote_key(emulator: str, version: str) -> str:
    """Return a name that differs whenever a running zygote must not be used.

    It covers the emulator and its version, the interpreter and its version, and this package:
    its place, sizes and times stand for its version and see an edit as well.
    """
    parts = [emulator, version, sys.version, sys.executable, __file__]
    package = Path(__file__).parent
    for directory in (package, package / "emulators", package.parent / "background"):
        for entry in sorted(os.scandir(directory), key=lambda e: e.name):
            if entry.name.endswith(".py"):
                status = entry.stat()
                parts.append(f"{entry.name} {status.st_size} {status.st_mtime_ns}")
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{emulator}-{digest[:16]}"
