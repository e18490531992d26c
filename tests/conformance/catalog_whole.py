"""All types of a service down the road at once: made, read, rebuilt elsewhere, compared.

The road of `catalog_harness` is per type; services whose resources hang together (a VPC and
all that is in it, a stack and its members) are taken as a whole here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from executor.aws import Api
from executor.model.resource import Snapshot
from tests.conformance.catalog_harness import differences, lab, only

Gaps = Mapping[str, frozenset[str]]
"""Type -> what is known not to survive; strictly: a gap that closes fails the test."""


def check_whole(
    make: Callable[[Api], None],
    services: tuple[str, ...],
    types: Collection[str],
    gaps: Gaps,
    emulator: str,
    runtime: Path,
    unsteady: frozenset[str] = frozenset(),
) -> None:
    """Make, read twice, rebuild in a fresh sandbox and read there.

    What is `unsteady` depends on the time of day, and may differ or not.
    """
    with lab(emulator, runtime) as target:
        make(target.api)
        made = target.read(*services)
        again = target.read(*services)
    assert [g for g in made.gaps if g.type in (*types, "*")] == []
    for kind in types:
        assert only(made, kind), f"{kind} was made and is not read"
        assert differences(only(made, kind), only(again, kind)) == set()
    with lab(emulator, runtime) as replica:
        missing = replica.seed(made, *services)
        rebuilt = replica.read(*services)
    assert [g for g in rebuilt.gaps if g.type in (*types, "*")] == []
    assert [g.reason for g in missing] == []
    found = {kind: _found(made, rebuilt, kind) for kind in types}
    kept = {kind: words - unsteady for kind, words in found.items() if words - unsteady}
    assert kept == gaps, f"known: {gaps}, found: {kept}"


def _found(made: Snapshot, rebuilt: Snapshot, kind: str) -> frozenset[str]:
    return frozenset(differences(only(made, kind), only(rebuilt, kind)))
