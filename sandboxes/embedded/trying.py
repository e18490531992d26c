"""Tries whether this machine's kernel lets an emulator be shut in: `executor doctor` asks.

Nobody can be let out again, so that it is tried in a process of its own:
`python -m sandboxes.embedded.trying DIRECTORY`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from sandboxes.embedded import shutting

_LONGEST_S: Final = 20.0
_DONE: Final = "tried: "


def what_does_not_hold() -> str:
    """Return what emulators here are not kept from, in words; empty when all holds."""
    with tempfile.TemporaryDirectory(prefix="executor-trying-") as directory:
        command = [sys.executable, "-m", "sandboxes.embedded.trying", directory]
        try:
            done = subprocess.run(
                command,
                env={"PYTHONPATH": str(Path(__file__).resolve().parent.parent.parent)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_LONGEST_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"it could not be tried: {error}"
    if not done.stdout.startswith(_DONE):
        return f"it could not be tried: {(done.stderr.splitlines() or ['no reason given'])[-1]}"
    return done.stdout.removeprefix(_DONE).strip()


def main(directory: str) -> None:
    """Shut this process in, and write what does not hold."""
    found = shutting.shut_in(directory, shutting.places())
    sys.stdout.write(f"{_DONE}{found}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
