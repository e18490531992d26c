"""Writes the Python that runs it to its standard output, so that it can run elsewhere.

Started by itself in an image that has Python, for a container of one that has none: it imports
nothing of ours. What is written is, for each file, a line with its size, its mode in octal and
its name, and its content; laid out as `bin`, `libs` (what the loader needs, the loader itself
among it) and the library where that Python looks for it.
"""

from __future__ import annotations

import _ctypes
import _signal
import _socket
import codecs
import errno
import os
import resource
import select
import sys
import time

NEEDED = (_ctypes, _signal, _socket, errno, resource, select, time)
"""What the program inside imports: loaded here, so that it is found to be needed."""

_ENCODINGS = ("ascii", "latin-1", "unicode_escape", "utf-8")
_LOADERS = ("ld-", "ld.so", "ld64")


def main() -> None:
    """Write it all."""
    for name in _ENCODINGS:
        codecs.lookup(name)
    for name, path in _files():
        with open(path, "rb") as file:
            data = file.read()
        head = f"{len(data)} {os.stat(path).st_mode & 0o777:o} {name}\n"
        sys.stdout.buffer.write(head.encode() + data)


def _files() -> list[tuple[str, str]]:
    """Return where each file goes, and where it is."""
    library = os.path.dirname(os.__file__)
    program = os.path.realpath("/proc/self/exe")
    found = {"bin/python3": program}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and path.startswith(library):
            found[os.path.relpath(path, sys.base_prefix)] = path
    for path in _mapped():
        if path != program and not path.startswith(library):
            for name in _names(path):
                found["libs/" + name] = path
    loaders = sorted(n for n in found if n.startswith("libs/") and n[5:].startswith(_LOADERS))
    if not loaders:
        raise SystemExit("this Python has no loader, and cannot be taken elsewhere")
    # Under one name, whatever the system's is.
    found["libs/loader"] = found[loaders[0]]
    return list(found.items())


def _mapped() -> set[str]:
    with open("/proc/self/maps", encoding="utf-8") as file:
        paths = {line.rstrip("\n").partition("/")[2] for line in file}
    return {"/" + path for path in paths if ".so" in os.path.basename(path)}


def _names(path: str) -> set[str]:
    """Return the names a library is asked for by: its own, and those of links to it beside it."""
    place = os.path.dirname(path)
    links = (n for n in os.listdir(place) if os.path.realpath(os.path.join(place, n)) == path)
    return {os.path.basename(path), *links}


if __name__ == "__main__":
    main()
