"""Where background servers live: a directory that only this user can enter, a home for each.

    <runtime>/                  0700, ours, or we refuse
      <key>.lock                held (flock) by the server for as long as it lives; its number
      <key>/socket              where it listens, 0600
      <key>/log                 its own messages
      <key>/<sandbox>/          an emulator's log, home and temporary files

The kernel drops the lock when a server dies, however it dies. So a home whose lock can be
taken is left over and may be removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandboxes.background.runtime import RUNTIME_VARIABLE, is_private, runtime_path
from sandboxes.errors import EngineUnavailable

PRIVATE = "private-"
"""What keys of servers begin with that have one client, and end with it."""

_LOCK = ".lock"


def runtime_directory() -> Path:
    """Return the user's directory; see `runtime_path`."""
    return Path(runtime_path())


def ensure_private(directory: Path) -> None:
    """Make `directory` if it is not there; accept it only if nobody else can enter it.

    Raises:
        EngineUnavailable: it is a link, another user's, open to others, or cannot be made.
    """
    try:
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        private = is_private(directory.lstat())
    except OSError as error:
        raise EngineUnavailable(
            f"the runtime directory {directory} cannot be made: {error.strerror}",
            hint=f"set {RUNTIME_VARIABLE} to a directory that can be written to",
        ) from error
    if not private:
        raise EngineUnavailable(
            f"the runtime directory {directory} is not a directory of this user's alone",
            hint=f"remove it, or set {RUNTIME_VARIABLE} to another one",
        )


@dataclass(frozen=True, slots=True)
class Home:
    """The directory and the lock of one server."""

    runtime: Path
    key: str

    @property
    def directory(self) -> Path:
        """Holds all that the server and its children write."""
        return self.runtime / self.key

    @property
    def lock(self) -> Path:
        """The file whose lock says that the server lives."""
        return self.runtime / f"{self.key}{_LOCK}"

    @property
    def socket(self) -> Path:
        """The background server's address."""
        return self.directory / "socket"

    @property
    def log(self) -> Path:
        """What the server itself has to say."""
        return self.directory / "log"

    def claim(self) -> int | None:
        """Take the lock; returns the file descriptor that holds it, None if it is taken."""
        while True:
            held = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever reaped the home removed the file before we had its lock.
                if os.fstat(held).st_ino == self.lock.stat().st_ino:
                    os.ftruncate(held, 0)
                    os.pwrite(held, str(os.getpid()).encode(), 0)
                    return held
            except BlockingIOError:
                os.close(held)
                return None
            except FileNotFoundError:
                pass
            os.close(held)

    def holder(self) -> int:
        """Return the process id of who holds the lock; 0 where nobody does."""
        held = self.claim()
        if held is not None:
            self.release(held)
            return 0
        try:
            return int(self.lock.read_text() or "0")
        except (OSError, ValueError):
            return 0

    def clear(self) -> Sequence[str]:
        """Remove everything in the home; only for who holds the lock.

        Returns:
            The paths that were removed, of sandboxes and sockets.
        """
        if not self.directory.is_dir():
            return ()
        gone = [str(p) for p in sorted(self.directory.iterdir()) if p.is_dir() or p.is_socket()]
        shutil.rmtree(self.directory, ignore_errors=True)
        return gone

    def release(self, held: int) -> None:
        """Give the lock up and remove its file."""
        # Removed while it is still ours: `claim` sees to it that nobody keeps the old one.
        self.lock.unlink(missing_ok=True)
        os.close(held)


def homes(runtime: Path) -> Sequence[Home]:
    """Return every home in the runtime directory, lived in or not."""
    try:
        names = sorted(os.listdir(runtime))  # noqa: PTH208 - a missing directory is normal
    except OSError:
        return ()
    keys = {n.removesuffix(_LOCK) for n in names if n.endswith(_LOCK)}
    keys |= {n for n in names if (runtime / n).is_dir()}
    return tuple(Home(runtime, key) for key in sorted(keys))


def reap_homes(runtime: Path) -> Sequence[str]:
    """Remove every home whose server is gone; return one line per thing removed."""
    removed: list[str] = []
    for home in homes(runtime):
        held = home.claim()
        if held is None:
            continue
        removed.extend(f"{path} of a server that died" for path in home.clear())
        home.release(held)
    return removed


def last_lines(log: Path, lines: int) -> str:
    """Return the end of a log file; empty when it cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 65_536))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:]) if lines > 0 else ""
