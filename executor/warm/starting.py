"""Start a warm executor, once a run has shown that there is need of one."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from executor.warm.talking import inherited
from sandboxes.background.places import Home, ensure_private
from sandboxes.errors import EngineUnavailable

IDLE_S = 600.0


def start(key: str, runtime: str, idle_s: float = IDLE_S) -> subprocess.Popen[bytes] | None:
    """Start a server and go on; there is none where it cannot be, or where one is or comes.

    Args:
        key: its name.
        runtime: the directory for background servers.
        idle_s: it ends after so many seconds without a run.

    Returns:
        What detaches the server and ends; nobody has to wait for it who ends soon.
    """
    home = Home(Path(runtime), key)
    with suppress(OSError, EngineUnavailable):
        ensure_private(home.runtime)
        held = home.claim()
        if held is None:
            return None
        home.release(held)
        path = [argument for entry in sys.path for argument in ("--path", entry)]
        return subprocess.Popen(
            [
                # Where there is no locale Python makes one up, and would not do so again.
                *(sys.executable, "-X", f"utf8={sys.flags.utf8_mode}"),
                *("-P", "-m", "executor.warm.serving"),
                *("--runtime", runtime, "--key", key, "--idle", str(idle_s)),
                *path,
            ],
            # Nothing of the user's: what its forks do they do in their clients' environments.
            env={**inherited(), "PATH": os.defpath},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return None
