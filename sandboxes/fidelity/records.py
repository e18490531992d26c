"""What an engine keeps of each resource type, found out by trying and kept as data.

One JSON file per emulator and service beside this one, `EMULATOR/SERVICE.json`, written by
`make fidelity`. The data hold for one version of the emulator; of another nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


class Level(StrEnum):
    """How much of a resource type an engine keeps."""

    FULL = "full"
    """What is read from a target, seeded and read again is the same."""

    PARTIAL = "partial"
    """Some of it is lost on the way."""

    NONE = "none"
    """It cannot be made, read or rebuilt there at all."""


class Birth(StrEnum):
    """What birth marks do when a resource is deleted and made again under its name."""

    MOVES = "moves"
    """They differ: the snapshots tell the two apart."""

    STAYS = "stays"
    """They are the same, or there are none: only the trace tells the two apart."""

    UNTRIED = "untried"
    """The engine cannot make it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFidelity:
    """What became of one resource type on one engine.

    Attributes:
        type: resource type.
        level: how much is kept.
        birth: what birth marks do.
        missing: what is lost, in words: `properties.KEY`, `tags`, `data`, `id`, `address`,
            `missing` (some resources are not rebuilt), `surplus` (there are more than there
            were), `seed OPERATION[: CODE]` (a call that rebuilds fails), `make OPERATION`
            (some of it cannot be made at all).
        reason: of level `none`: why, in the engine's words; else why birth marks were not tried.
    """

    type: str
    level: Level
    birth: Birth = Birth.UNTRIED
    missing: tuple[str, ...] = ()
    reason: str = ""


class UnreadableFidelity(Exception):
    """A file of ours is not what was written; the message names it."""


def data_path(emulator: str, service: str) -> Path:
    """Return where the data of an emulator and a service lie, or would lie."""
    return _HERE / emulator / f"{service}.json"


def write_types(emulator: str, version: str, service: str, types: Iterable[TypeFidelity]) -> None:
    """Write what was found out of a service's types."""
    content = {
        "emulator": emulator,
        "version": version,
        "types": {
            t.type: {
                "level": t.level.value,
                "birth": t.birth.value,
                **({"missing": list(t.missing)} if t.missing else {}),
                **({"reason": t.reason} if t.reason else {}),
            }
            for t in sorted(types, key=lambda t: t.type)
        },
    }
    path = data_path(emulator, service)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def emulators() -> tuple[str, ...]:
    """Return the emulators that data are kept of."""
    return tuple(sorted(p.name for p in _HERE.iterdir() if any(p.glob("*.json"))))


def services(emulator: str) -> tuple[str, ...]:
    """Return the services that data are kept of."""
    return tuple(sorted(path.stem for path in (_HERE / emulator).glob("*.json")))


@cache
def load_types(emulator: str, version: str, service: str) -> Mapping[str, TypeFidelity]:
    """Return what is known of a service's types on this version of an emulator, by type.

    Returns:
        Nothing where nothing was found out: another version, or an emulator of somebody's.

    Raises:
        UnreadableFidelity: the file is there, and is not what was written.
    """
    found = _load(emulator, service)
    return found.types if found.version == version else {}


def known_types(emulator: str) -> Mapping[str, TypeFidelity]:
    """Return what is known of all types on whichever version was tried, by type.

    Raises:
        UnreadableFidelity: a file is not what was written.
    """
    found = (_load(emulator, service) for service in services(emulator))
    return {kind: one for data in found for kind, one in data.types.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    version: str
    types: Mapping[str, TypeFidelity]


def _load(emulator: str, service: str) -> _Data:
    path = data_path(emulator, service)
    try:
        content = json.loads(path.read_bytes())
        types = {name: _read(name, entry) for name, entry in content["types"].items()}
        return _Data(version=str(content["version"]), types=types)
    except FileNotFoundError:
        return _Data(version="", types={})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFidelity(f"{path.name} of {emulator}: {error!r}") from error


def _read(name: str, entry: Mapping[str, object]) -> TypeFidelity:
    missing = entry.get("missing", [])
    if not isinstance(missing, list):
        raise ValueError(f"{name}: missing is not a list")
    return TypeFidelity(
        type=name,
        level=Level(str(entry["level"])),
        birth=Birth(str(entry["birth"])),
        missing=tuple(map(str, missing)),
        reason=str(entry.get("reason", "")),
    )
