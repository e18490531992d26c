"""Where a user's background servers are found. Imports next to nothing: commands wait for it."""

from __future__ import annotations

import os
import stat

RUNTIME_VARIABLE = "EXECUTOR_RUNTIME_DIR"
EXECUTORS = "executor-"
"""What keys of warm executors begin with."""

_SESSION_VARIABLE = "XDG_RUNTIME_DIR"
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_USUAL = ("/tmp", "/var/tmp", "/usr/tmp")


def runtime_path() -> str:
    """Return the user's directory: `$EXECUTOR_RUNTIME_DIR`, else under `$XDG_RUNTIME_DIR`,
    else one that carries the user's number in the directory for temporary files.
    """
    own = os.environ.get(RUNTIME_VARIABLE)
    if own:
        return os.path.abspath(own)
    session = os.environ.get(_SESSION_VARIABLE, "")
    if session.startswith("/") and _is_ours(session):
        return f"{session}/executor"
    return f"{_temporary_directory()}/executor-{os.getuid()}"


def is_private(found: os.stat_result) -> bool:
    """Whether what was looked at is a directory, no link, that this user alone can enter."""
    others = stat.S_IMODE(found.st_mode) & 0o077
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and others == 0


def _temporary_directory() -> str:
    named = [os.environ[name] for name in _TEMPORARY if os.environ.get(name)]
    for directory in (*named, *_USUAL):
        if os.access(directory, os.W_OK | os.X_OK):
            return os.path.abspath(directory)
    return os.getcwd()


def _is_ours(directory: str) -> bool:
    try:
        return os.stat(directory).st_uid == os.getuid()
    except OSError:
        return False
