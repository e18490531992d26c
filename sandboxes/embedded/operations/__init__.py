"""What each emulator really implements, one JSON file per emulator, made by `make operations`.

`{"emulator": …, "version": …, "operations": {service: {operation: evidence}}}`; the evidence is
for people and tests (`evidence.py`). Where an operation has none, the file lists nothing at all.

A list holds for one version of one emulator. For any other version there is no list, and so
nothing may be forwarded.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from sandboxes.model import Operations


def read_operations(path: Path, emulator: str, version: str) -> Operations:
    """Read a list of operations.

    Args:
        path: the JSON file.
        emulator: the emulator that must have been examined.
        version: the version of it that must have been examined.

    Returns:
        The list; an empty one, so that all is refused, when the file is missing, cannot be
        read, has another form or is of another emulator or version.
    """
    try:
        content = json.loads(path.read_bytes())
        if (content["emulator"], content["version"]) != (emulator, version):
            return Operations()
        found = content["operations"].items()
        return Operations({service: _evident(listed) for service, listed in found})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Operations()


def _evident(listed: dict[str, object]) -> frozenset[str]:
    if not all(type(evidence) is str and evidence for evidence in listed.values()):
        raise ValueError("an operation has no evidence")
    return frozenset(listed)


@cache
def load_operations(emulator: str, version: str) -> Operations:
    """Return what this version of an embedded emulator implements; empty if never examined."""
    return read_operations(Path(__file__).with_name(f"{emulator}.json"), emulator, version)
