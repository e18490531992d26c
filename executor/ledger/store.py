"""The directories of the runs, private to the user.

<home>/ledger.sqlite     the ledger
<home>/key               32 random bytes for the vault of exact parameters
<home>/runs/<id>/        report.json, trace.jsonl, output.log, replay/
<home>/leases/           what running dry runs hold, for `executor clean`
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from executor.atomic import write_atomically
from executor.errors import NotFound, RecorderFailed
from executor.model.json import Json, JsonObject

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
_KEY_BYTES = 32


def state_home(environ: Mapping[str, str]) -> Path:
    """Return the per-user state directory: `$EXECUTOR_HOME`, or the XDG state directory."""
    own = environ.get("EXECUTOR_HOME")
    if own:
        return Path(own).absolute()
    state = environ.get("XDG_STATE_HOME")
    # The XDG rules say that a relative path is to be ignored.
    if state and Path(state).is_absolute():
        return Path(state) / "executor"
    home = environ.get("HOME")
    return (Path(home) if home else Path.home()) / ".local" / "state" / "executor"


class RunStore:
    """Where runs are kept. Directories are made when first needed, for the user alone."""

    def __init__(self, home: Path) -> None:
        """Args:
        home: the per-user state directory, see `state_home`.
        """
        self.home = home

    @property
    def ledger_path(self) -> Path:
        """Where the ledger lies; its directory exists after `prepare`."""
        return self.home / "ledger.sqlite"

    @property
    def leases(self) -> Path:
        """Directory of the leases."""
        return self.home / "leases"

    def prepare(self) -> None:
        """Make the directories.

        Raises:
            RecorderFailed: they cannot be made.
        """
        try:
            for directory in (self.home, self.home / "runs", self.leases):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.home.stat().st_mode & 0o077:
                self.home.chmod(0o700)
        except OSError as error:
            raise RecorderFailed(
                f"the state directory {self.home} cannot be made: {error.strerror}",
                hint="set EXECUTOR_HOME to a directory that can be written to",
            ) from error

    def create(self, now: datetime | None = None) -> str:
        """Make the directory of a new run and return the run's id, e.g. `20261123-141502-7f3a`.

        Raises:
            RecorderFailed: it cannot be made.
        """
        self.prepare()
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        # The last part counts 65536ths of the second, so that ids sort as the runs began.
        first = moment.microsecond * 0x10000 // 1_000_000
        for part in range(first, first + 256):
            run = f"{moment:%Y%m%d-%H%M%S}-{min(part, 0xFFFF):04x}"
            try:
                self.directory(run).mkdir(mode=0o700)
            except FileExistsError:
                continue
            except OSError as error:
                raise RecorderFailed(f"the run cannot be recorded: {error.strerror}") from error
            return run
        raise RecorderFailed("no free run id was found", hint="try again")

    def directory(self, run: str) -> Path:
        """Return the directory of a run."""
        return self.home / "runs" / run

    def discard_empty(self, run: str) -> None:
        """Remove the directory of a run if nothing was written for it."""
        with contextlib.suppress(OSError):
            self.directory(run).rmdir()

    def trace_path(self, run: str) -> Path:
        """Return where the trace goes."""
        return self.directory(run) / "trace.jsonl"

    def output_path(self, run: str) -> Path:
        """Return where the change's output goes."""
        return self.directory(run) / "output.log"

    def replay_path(self, run: str) -> Path:
        """Return the directory for what a promotion needs."""
        return self.directory(run) / "replay"

    def write_report(self, run: str, report: JsonObject) -> Path:
        """Write the report of a run.

        Raises:
            RecorderFailed: it cannot be written.
        """
        return self.write(run, "report.json", report)

    def write(self, run: str, name: str, value: JsonObject) -> Path:
        """Write a JSON file into the directory of a run, whole or not at all.

        Raises:
            RecorderFailed: it cannot be written.
        """
        path = self.directory(run) / name
        try:
            write_atomically(path, json.dumps(value, indent=1).encode() + b"\n")
        except OSError as error:
            raise RecorderFailed(f"{name} of run {run} cannot be written: {error}") from error
        return path

    def read_report(self, run: str) -> dict[str, Json]:
        """Return the stored report of a run, unchecked.

        Raises:
            NotFound: the run came to no report.
            RecorderFailed: the file cannot be read.
        """
        return self.read(run, "report.json")

    def read(self, run: str, name: str) -> dict[str, Json]:
        """Return a JSON file of a run.

        Raises:
            NotFound: there is none.
            RecorderFailed: it cannot be read.
        """
        try:
            value = json.loads((self.directory(run) / name).read_bytes())
        except FileNotFoundError:
            raise NotFound(
                f"run {run} has no {name}: it was broken off", hint="`executor runs` lists all"
            ) from None
        except (OSError, ValueError) as error:
            raise RecorderFailed(f"{name} of run {run} cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise RecorderFailed(f"{name} of run {run} is not a JSON object")
        return value

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, newest first."""
        try:
            names = [p.name for p in (self.home / "runs").iterdir()]
        except FileNotFoundError:
            return ()
        return tuple(sorted((n for n in names if _ID.fullmatch(n)), reverse=True))

    def find(self, text: str) -> str:
        """Return the run that `text` names: an id, a unique prefix or end of one, or `last`.

        `last` is the newest run that came to a report.

        Raises:
            NotFound: no run or more than one is named so.
        """
        known = self.runs()
        if text == "last":
            reported = (r for r in known if (self.directory(r) / "report.json").exists())
            found = list(reported)[:1]
        elif text in known:
            found = [text]
        else:
            found = [r for r in known if text and (r.startswith(text) or r.endswith(text))]
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} runs are named" if found else "there is no run"
        raise NotFound(f"{what} {text!r}", hint="`executor runs` lists them")

    def key(self, run: str) -> bytes:
        """Return the 32-byte key of a run's vault, derived from the user's own.

        What was sealed for one run can so not be put in the place of another's.

        Raises:
            RecorderFailed: it cannot be made, or it is not 32 bytes.
        """
        self.prepare()
        path = self.home / "key"
        try:
            if not path.exists():
                _make_once(path, os.urandom(_KEY_BYTES))
            key = path.read_bytes()
        except OSError as error:
            raise RecorderFailed(f"the key file cannot be used: {error}") from error
        if len(key) != _KEY_BYTES:
            raise RecorderFailed(
                "the key file is damaged",
                hint=f"remove {path}; promotions of earlier runs then need a new dry run",
            )
        return hmac.digest(key, run.encode(), "sha256")


def _make_once(path: Path, data: bytes) -> None:
    # Two processes may come here at once: a link is made by one of them only, and whole.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    write_atomically(draft, data)
    try:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
