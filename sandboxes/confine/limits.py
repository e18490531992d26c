"""How much of the machine a confined command may take."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a command that takes too much.

    Sizes are in bytes. How long it may run is said per run.

    Attributes:
        tasks: processes and threads together.
        memory: of all processes together, what they share counted once.
        output: what it may write to stdout and stderr.
        disk: the work directory.
        home: its home directory, which lies in memory.
        temporary: `/tmp`, which lies in memory.
        shared_memory: `/dev/shm`.
        file_size: any single file.
        open_files: file descriptors of one process.
    """

    tasks: int = 4096
    memory: int = 8 * _GIB
    output: int = 256 * _MIB
    disk: int = 8 * _GIB
    home: int = 2 * _GIB
    temporary: int = 2 * _GIB
    shared_memory: int = 256 * _MIB
    file_size: int = 8 * _GIB
    open_files: int = 65_536


def words(kind: str, limits: Limits) -> str:
    """Return, for a person, which limit a command broke.

    Args:
        kind: `processes`, `memory`, `disk` or `output`.
        limits: what held.
    """
    match kind:
        case "processes":
            text = f"had more than {limits.tasks} processes and threads"
        case "memory":
            text = f"took more than {limits.memory // _MIB} MiB of memory"
        case "disk":
            text = f"wrote more than {limits.disk // _MIB} MiB into the work directory"
        case _:
            text = f"wrote more than {limits.output // _MIB} MiB of output"
    return f"the command was ended because it {text}"
