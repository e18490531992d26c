"""Ways of AWS's that dry runs lean on, and which of them each emulator has.

Found out by `probing` and kept in `EMULATOR.behaviours.json` beside this file, with what was
seen. The data hold for one version of the emulator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from sandboxes.fidelity.records import UnreadableFidelity

_HERE = Path(__file__).parent


class Behaviour(StrEnum):
    """One way of AWS's."""

    DRY_RUN = "dry-run"
    """EC2's `DryRun` changes nothing."""

    TABLE_PROTECTION = "table-protection"
    """A DynamoDB table with deletion protection is not deleted."""

    DATABASE_PROTECTION = "database-protection"
    """An RDS instance with deletion protection is not deleted."""

    FINAL_SNAPSHOT = "final-snapshot"
    """An RDS instance is not deleted without a word on its final snapshot."""

    STACK_PROTECTION = "stack-protection"
    """A stack with termination protection is not deleted."""

    INSTANCE_PROTECTION = "instance-protection"
    """An EC2 instance with termination protection is not terminated."""

    VOLUMES_GO = "volumes-go"
    """A volume that is deleted on termination goes with its instance."""

    FULL_BUCKET = "full-bucket"
    """A bucket with an object in it is not deleted."""

    STACK_WITH_FULL_BUCKET = "stack-with-full-bucket"
    """A stack whose bucket has an object in it is not deleted, and the object stays."""

    REPLACEMENT = "replacement"
    """A stack's update of a create-only property makes another resource."""

    RETAINED = "retained"
    """`DeletionPolicy: Retain` keeps a resource when its stack goes."""

    UNCHANGED_STACK = "unchanged-stack"
    """A stack's update that changes nothing is refused."""

    NETWORK_IN_USE = "network-in-use"
    """A VPC with a subnet in it is not deleted."""

    ROLE_IN_USE = "role-in-use"
    """A role with a policy attached is not deleted."""

    DOOMED_KEY = "doomed-key"
    """A KMS key that is scheduled to go encrypts nothing."""


ABOUT: Mapping[Behaviour, str] = {
    Behaviour.DRY_RUN: "EC2's `DryRun` changes nothing",
    Behaviour.TABLE_PROTECTION: "a DynamoDB table with deletion protection is not deleted",
    Behaviour.DATABASE_PROTECTION: "an RDS instance with deletion protection is not deleted",
    Behaviour.FINAL_SNAPSHOT: "an RDS instance is not deleted without a word on its last snapshot",
    Behaviour.STACK_PROTECTION: "a stack with termination protection is not deleted",
    Behaviour.INSTANCE_PROTECTION: "an instance with termination protection is not terminated",
    Behaviour.VOLUMES_GO: "a volume that is deleted on termination goes with its instance",
    Behaviour.FULL_BUCKET: "a bucket with an object in it is not deleted",
    Behaviour.STACK_WITH_FULL_BUCKET: "a stack whose bucket has an object in it is not deleted",
    Behaviour.REPLACEMENT: "a stack's update of a create-only property makes another resource",
    Behaviour.RETAINED: "`DeletionPolicy: Retain` keeps a resource when its stack goes",
    Behaviour.UNCHANGED_STACK: "a stack's update that changes nothing is refused",
    Behaviour.NETWORK_IN_USE: "a VPC with a subnet in it is not deleted",
    Behaviour.ROLE_IN_USE: "a role with a policy attached is not deleted",
    Behaviour.DOOMED_KEY: "a KMS key that is scheduled to go encrypts nothing",
}
"""Each in words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a behaviour on one emulator.

    Attributes:
        honoured: it is as AWS's; None where the emulator lacks an operation that it takes.
        evidence: what was seen, in words.
    """

    honoured: bool | None
    evidence: str


def write_behaviours(emulator: str, version: str, found: Mapping[Behaviour, Seen]) -> None:
    """Write what was found out."""
    content = {
        "emulator": emulator,
        "version": version,
        "behaviours": {
            behaviour.value: {"honoured": seen.honoured, "evidence": seen.evidence}
            for behaviour, seen in sorted(found.items())
        },
    }
    _path(emulator).write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


@cache
def load_behaviours(emulator: str, version: str) -> Mapping[Behaviour, Seen]:
    """Return what is known of this version of an emulator; nothing of another.

    Raises:
        UnreadableFidelity: the file is there, and is not what was written.
    """
    known, found = _load(emulator)
    return found if known == version else {}


def known_behaviours(emulator: str) -> Mapping[Behaviour, Seen]:
    """Return what is known of whichever version was tried.

    Raises:
        UnreadableFidelity: the file is not what was written.
    """
    return _load(emulator)[1]


def _load(emulator: str) -> tuple[str, Mapping[Behaviour, Seen]]:
    path = _path(emulator)
    try:
        content = json.loads(path.read_bytes())
        entries = content["behaviours"].items()
        return str(content["version"]), {Behaviour(name): _read(e) for name, e in entries}
    except FileNotFoundError:
        return "", {}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFidelity(f"{path.name}: {error!r}") from error


def _read(entry: Mapping[str, object]) -> Seen:
    honoured = entry["honoured"]
    if honoured is not None and not isinstance(honoured, bool):
        raise ValueError(f"honoured is {honoured!r}")
    return Seen(honoured=honoured, evidence=str(entry["evidence"]))


def _path(emulator: str) -> Path:
    return _HERE / f"{emulator}.behaviours.json"
