"""What each engine keeps of each type is what `sandboxes/fidelity` says: no less and no more.

What does not agree is found out anew by `make fidelity`; look at what has changed before it is
committed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from executor.catalog.catalog import Catalog
from sandboxes.embedded.installed import emulator_version
from sandboxes.fidelity.records import TypeFidelity, load_types
from tests.conformance.cases import all_cases
from tests.conformance.catalog_harness import EMULATORS
from tests.conformance.fidelity import found_on, services_with_cases

TYPES = sorted({(case.service, case.type) for case in all_cases()})


@cache
def _found(emulator: str, service: str, runtime: Path) -> dict[str, TypeFidelity]:
    return {one.type: one for one in found_on(emulator, service, runtime)}


@pytest.mark.parametrize(("service", "kind"), TYPES, ids=[kind for _, kind in TYPES])
@pytest.mark.parametrize("emulator", EMULATORS)
def test_engine_keeps_of_a_type_what_the_data_say(
    emulator: str, service: str, kind: str, runtime: Path
) -> None:
    version = emulator_version(emulator) or ""
    known = load_types(emulator, version, service).get(kind)
    assert known is not None, f"nothing is known of it: make fidelity SERVICE={service}"
    assert _found(emulator, service, runtime)[kind] == known, f"make fidelity SERVICE={service}"


@pytest.mark.parametrize("emulator", EMULATORS)
def test_nothing_is_said_of_types_without_a_case(emulator: str) -> None:
    version = emulator_version(emulator) or ""
    said = {
        (service, kind)
        for service in services_with_cases()
        for kind in load_types(emulator, version, service)
    }
    assert said == set(TYPES)


def test_every_type_of_the_catalog_has_a_case() -> None:
    catalog = Catalog()
    declared = {
        (name, kind.type)
        for name in catalog.services
        if (service := catalog.service(name))
        for kind in service.types
    }
    assert declared == set(TYPES)


def test_no_case_fails_everywhere() -> None:
    """A case that no engine can make proves nothing of the declaration, nor of an engine."""
    levels: dict[str, set[str]] = {}
    for emulator in EMULATORS:
        for service in services_with_cases():
            for one in load_types(emulator, emulator_version(emulator) or "", service).values():
                levels.setdefault(one.type, set()).add(one.level)
    assert [kind for kind, known in levels.items() if known == {"none"}] == []
