"""What a running dry run holds on this machine, written down so that others can clean up.

One JSON file per run names its owner and its temporary directories. An owner that was killed
leaves the file; whoever comes next sees that the owner is gone, ends the run's processes by
their marker, removes its directories and then the file.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sandboxes.processes import end_processes, processes_of, start_time

_SUFFIX = ".lease"
_DAY_S = 86_400


def private_directory(run: str, purpose: str) -> Path:
    """Make a temporary directory that can be found again by the run's id.

    Args:
        run: id of the run.
        purpose: a word for its name.
    """
    return Path(tempfile.mkdtemp(prefix=f"executor-{run}-{purpose}-"))


class Lease:
    """The lease of one run; a context that closes it."""

    def __init__(self, path: Path, run: str) -> None:
        """Args:
        path: the lease file.
        run: id of the run.
        """
        self._path = path
        self._run = run
        self._directories: list[str] = []

    @classmethod
    def open(cls, directory: Path, run: str) -> Self:
        """Write a new lease; `directory` must exist.

        Raises:
            OSError: it cannot be written.
        """
        lease = cls(directory / f"{run}{_SUFFIX}", run)
        lease._write()
        return lease

    def add_directory(self, path: Path) -> None:
        """Have `path` removed if this process does not live to do it.

        Raises:
            OSError: the lease cannot be written.
        """
        self._directories.append(str(path.absolute()))
        self._write()

    def close(self) -> None:
        """Remove the run's directories and the lease; idempotent, never raises."""
        _remove_directories(self._run, self._directories)
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self) -> None:
        pid = os.getpid()
        content = {
            "run": self._run,
            "pid": pid,
            "where": _where(),
            "started": start_time(pid),
            "directories": self._directories,
        }
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(content))
        draft.chmod(0o600)
        draft.replace(self._path)


@dataclass(frozen=True, slots=True)
class _Stored:
    path: Path
    run: str
    owned: bool
    directories: tuple[str, ...]


def reap_leases(directory: Path) -> Sequence[str]:
    """Clean up after every run whose owner is gone; return one line per thing removed."""
    removed: list[str] = []
    for lease in _stored(directory):
        if not lease.owned:
            removed.extend(_reap(lease))
    return tuple(removed)


def reap_commands(directory: Path) -> int:
    """End the processes of every run whose owner is gone, and leave the rest; count them."""
    return sum(_end(lease.run) for lease in _stored(directory) if not lease.owned)


def _reap(lease: _Stored) -> Iterator[str]:
    ended = _end(lease.run)
    if ended:
        yield f"{ended} {'process' if ended == 1 else 'processes'} of run {lease.run}"
    for path in _remove_directories(lease.run, lease.directories):
        yield f"directory {path} of run {lease.run}"
    lease.path.unlink(missing_ok=True)
    yield f"lease of run {lease.run}"


def _end(run: str) -> int:
    return end_processes(lambda: processes_of(run))


def _remove_directories(run: str, named: Sequence[str]) -> list[str]:
    made = Path(tempfile.gettempdir()).glob(f"executor-{run}-*")
    own = [p for p in made if p.lstat().st_uid == os.getuid()]
    paths = {Path(name) for name in named} | set(own)
    gone = sorted(str(p) for p in paths if p.is_dir() and not p.is_symlink())
    for path in gone:
        shutil.rmtree(path, onerror=_make_writable)
    return gone


def _make_writable(remove: object, path: str, _error: object) -> None:
    # A read-only directory keeps its files; make it ours and try once more.
    target = Path(path)
    try:
        target.parent.chmod(0o700)
        if target.is_dir() and not target.is_symlink():
            target.chmod(0o700)
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)
    except OSError:
        return


def _stored(directory: Path) -> Iterator[_Stored]:
    try:
        paths = sorted(directory.glob(f"*{_SUFFIX}"))
    except OSError:
        return
    for path in paths:
        run = path.name.removesuffix(_SUFFIX)
        try:
            content = json.loads(path.read_bytes())
            pid, started = int(content["pid"]), content["started"]
            named = tuple(str(name) for name in content["directories"])
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            # Unreadable: it names nobody, and the run's id still finds what it left.
            yield _Stored(path, run, False, ())
            continue
        here = content.get("where") == _where()
        alive = start_time(pid) == started if here else _recent(path)
        yield _Stored(path, run, alive, named)


def _where() -> str:
    """Return what tells machines and containers apart that share a state directory."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:
        return socket.gethostname()


def _recent(path: Path) -> bool:
    # Its owner cannot be seen from here; no run takes a day.
    return time.time() - path.stat().st_mtime < _DAY_S
