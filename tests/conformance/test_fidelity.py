"""What each engine keeps of each type is what `sandboxes/fidelity` says: no less and no more.

What does not agree is found out anew by `make fidelity`; look at what has changed before it is
committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.catalog.catalog import Catalog
from sandboxes.fidelity.behaviours import Behaviour, load_behaviours
from sandboxes.fidelity.records import load_types
from tests.conformance.cases import all_cases
from tests.conformance.engines import ENGINES, LOCALSTACK, version_of
from tests.conformance.fidelity import Examinations, examinations, services_with_cases

TYPES = sorted({(case.service, case.type) for case in all_cases()})
MARKED = [
    pytest.param(engine, marks=[pytest.mark.docker] if engine == LOCALSTACK else [])
    for engine in ENGINES
]


@pytest.fixture(scope="session")
def examined(request: pytest.FixtureRequest, runtime: Path) -> Iterator[Examinations]:
    """Yield examinations, begun with all that the tests of this run will ask for."""
    asked = [
        (str(item.callspec.params["engine"]), str(item.callspec.params["service"]))
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == test_engine_keeps_of_a_type_what_the_data_say.__name__
    ]
    with examinations(runtime) as begun:
        begun.begin(dict.fromkeys(asked))
        yield begun


@pytest.mark.parametrize(("service", "kind"), TYPES, ids=[kind for _, kind in TYPES])
@pytest.mark.parametrize("engine", MARKED)
def test_engine_keeps_of_a_type_what_the_data_say(
    engine: str, service: str, kind: str, examined: Examinations
) -> None:
    known = load_types(engine, version_of(engine), service).get(kind)
    assert known is not None, f"nothing is known of it: make fidelity SERVICE={service}"
    found = {one.type: one for one in examined.found(engine, service)}
    assert found[kind] == known, f"make fidelity ENGINE={engine} SERVICE={service}"


@pytest.mark.parametrize("behaviour", Behaviour)
@pytest.mark.parametrize("engine", MARKED)
def test_engine_behaves_as_the_data_say(
    engine: str, behaviour: Behaviour, examined: Examinations
) -> None:
    known = load_behaviours(engine, version_of(engine)).get(behaviour)
    assert examined.behaviour(engine, behaviour) == known, f"make fidelity ENGINE={engine}"


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_said_of_types_without_a_case(engine: str) -> None:
    said = {
        (service, kind)
        for service in services_with_cases()
        for kind in load_types(engine, version_of(engine), service)
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
    for engine in ENGINES:
        for service in services_with_cases():
            for one in load_types(engine, version_of(engine), service).values():
                levels.setdefault(one.type, set()).add(one.level)
    assert [kind for kind, known in levels.items() if known == {"none"}] == []
