"""What a client and the warm executor say to each other.

    client: b"R"                     it wants a run
    server: b"-"                     it does not serve this one; the client goes on alone
    worker: b"?"                     it is there, and listens
    client: length (8 bytes), a marshalled `Errand`, and descriptors beside it
    worker: b"+"                     it runs
    client: one byte                 a signal that it was sent, for the worker
    server: b"=" and one byte        the run ended with that status
            b"!" and one byte        the worker was ended by that signal

A client gives nothing away, its descriptors above all, before there is who takes it: what is on its
way to a server that stands still would be kept open by that.

Whoever begins with b"{" speaks the language of all background servers
(`sandboxes.background.wire`). Both ends belong to one user and run the same Python; imports next
to nothing.
"""

from __future__ import annotations

import marshal
import os
import sys

from sandboxes.background.runtime import EXECUTORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypedDict

    class Errand(TypedDict):
        """A run that a client asks for.

        Attributes:
            interpreter: `interpreter()` of the client.
            program: what it was called as.
            arguments: of the command line.
            environment: its variables.
            umask: its mask for new files.
            ignored: signals that it was started to ignore.
            streams: encoding and error handler of its three standard streams.
            descriptors: numbers that the descriptors beside have at the client; its current
                directory comes after them.
        """

        interpreter: str
        program: str
        arguments: list[str]
        environment: dict[bytes, bytes]
        umask: int
        ignored: list[int]
        streams: list[tuple[str, str]]
        descriptors: list[int]


RUN = b"R"
GO = b"."
"""What the server says to a worker once it may begin."""
REFUSED, LISTENING, ACCEPTED, ENDED, KILLED = b"-", b"?", b"+", b"=", b"!"
HEAD = 8
MOST_DESCRIPTORS = 200
"""The kernel passes 253 at a time (SCM_MAX_FD in linux/net/scm.h)."""

FORWARDED = (1, 2, 15)
"""SIGHUP, SIGINT, SIGTERM: what a run that is asked to end is told."""

_INHERITED = ("PYTHON", "LD_", "LC_", "LANG", "LOCPATH", "MALLOC_", "GLIBC_", "OPENSSL_")
_NAMED = ("HOME", "TZ", "TZDIR")
_CRC = (1 << 61) - 1


def inherited() -> dict[str, str]:
    """Return the variables that Python and its libraries go by when they are loaded.

    They are all that a server gets of its starter's, and are part of what tells servers apart.
    """
    return {name: value for name, value in sorted(os.environ.items()) if is_inherited(name)}


def is_inherited(name: str) -> bool:
    """Whether a variable is one of those."""
    return name.startswith(_INHERITED) or name in _NAMED


def interpreter(path: Sequence[str]) -> str:
    """Return which Python this is, where it looks for modules, and how it was started.

    Args:
        path: where it looks; what the server was told rather than what it was started with.
    """
    # Where the program's own directory comes first is told by the path itself.
    flags = repr(sys.flags).replace("safe_path=True", "safe_path=False")
    return repr((sys.executable, sys.version, [*path], flags, inherited()))


def key(interpreter: str, standing: str) -> str:
    """Return the name of the server for such clients; the server itself compares all of it."""
    # Any number that is likely to differ; hashlib takes longer to load than all this.
    number = int.from_bytes(f"{interpreter}\0{standing}".encode("utf-8", "surrogatepass"), "big")
    return f"{EXECUTORS}{number % _CRC:015x}"


def packed(errand: Errand) -> bytes:
    """Return an errand as it is said."""
    data = marshal.dumps(errand)  # type: ignore[arg-type]
    return len(data).to_bytes(HEAD, "big") + data


def missing(data: bytes) -> int:
    """Return how many bytes are still to come, as far as that can be told."""
    if len(data) < HEAD:
        return HEAD - len(data)
    return HEAD + int.from_bytes(data[:HEAD], "big") - len(data)


def unpacked(data: bytes) -> Errand | None:
    """Return the errand that was said; None while it is not whole.

    Raises:
        ValueError: it is none.
    """
    if missing(data) > 0:
        return None
    try:
        errand: Errand = marshal.loads(data[HEAD:])
    except (EOFError, TypeError) as error:
        raise ValueError(str(error)) from error
    return errand
