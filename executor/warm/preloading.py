"""What the server loads before anybody asks: modules, the catalog, AWS's models.

Nothing that stays may go by the environment, which is the client's affair: what modules read of
it has to be in `talking.inherited`, and a test sees to that. Clients and a practice run, which read
more, are thrown away.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from sandboxes.background.detached import settle

_MODULES = (
    "executor.cli.main",
    "executor.cli.dry_run",
    "executor.assembly",
    "executor.assembly.faithful",
    "executor.assembly.rehearsing",
    "executor.assembly.road",
    "executor.assembly.saved",
    "executor.assembly.targets",
    "executor.assembly.warming",
    "executor.assembly.wings",
    "executor.changes.intents",
    "executor.changes.loading",
    "executor.effects",
    "executor.gateway.authority",
    "executor.judging",
    "executor.ledger.ledger",
    "executor.model.codec",
    "executor.promotion.preconditions",
    "executor.reports",
    "executor.reports.formats",
    "executor.reports.text",
    "executor.warm.worker",
    "sandboxes.confine.bubblewrap",
    # It runs inside, where nothing is written; so that its bytecode is there.
    "sandboxes.confine.inside.main",
    "sandboxes.confine.off",
    "sandboxes.embedded",
    "cryptography.x509",
    "cryptography.hazmat.primitives.serialization",
    "concurrent.futures.thread",
    "encodings.idna",
    "ssl",
    "subprocess",
)
_SERVICES = ("s3", "sqs", "sns", "dynamodb", "iam", "sts", "lambda", "cloudformation", "ec2")
"""What changes are most likely to ask for."""

_OWN_MODELS = Path("~/.aws/models").expanduser()
"""Where botocore looks for models besides its own (botocore.loaders)."""

_NOTHING = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Loaded:
    """The files that what is in memory came from."""

    def __init__(self, paths: Iterable[str], since_ns: int) -> None:
        """Args:
        paths: the files; one that is not there must not come either.
        since_ns: when loading began, in nanoseconds since the epoch.
        """
        self._marks = {path: _mark(path) for path in paths}
        # What was changed while it was loaded may have been loaded before.
        self._doubtful = any(mark[2] >= since_ns for mark in self._marks.values())

    def is_stale(self) -> bool:
        """Whether any of them is another one by now."""
        return self._doubtful or any(_mark(path) != mark for path, mark in self._marks.items())


def preload(place: Path) -> Loaded:
    """Load everything so that what follows may fork.

    Args:
        place: a directory to practise in.

    Raises:
        RuntimeError: something left a thread running, whose locks a fork would copy.
    """
    began = time.time_ns()
    os.environ.update(_NOTHING)
    load_modules()
    from executor.assembly.warming import load_models, practise

    # Models of the user's own go before those that botocore ships; those are read anew.
    if not _OWN_MODELS.exists():
        load_models(_SERVICES)
        practise(place)
        shutil.rmtree(place, ignore_errors=True)
    loaded = Loaded(_files(), began)
    settle("loading")
    return loaded


def load_modules() -> None:
    """Load what runs take. Modules read of the environment what is in `inherited` alone."""
    for name in _MODULES:
        importlib.import_module(name)


def _files() -> set[str]:
    found = {
        path for module in [*sys.modules.values()] if (path := getattr(module, "__file__", None))
    }
    for package in ("executor", "sandboxes"):
        root = Path(next(iter(sys.modules[package].__path__)))
        found.update(str(path) for path in root.rglob("*.json"))
    return {*found, os.path.realpath(sys.executable), str(_OWN_MODELS)}


def _mark(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - hundreds of Path objects cost a millisecond
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
