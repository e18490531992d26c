"""Find out and write down what each engine keeps of each type: `make fidelity`.

    python -m tests.conformance.fidelity --engine moto --service sqs

Without options: every engine at hand, every service that has cases.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sandboxes.embedded import stop_daemons
from sandboxes.fidelity.behaviours import Behaviour, Seen, write_behaviours
from sandboxes.fidelity.probing import probe
from sandboxes.fidelity.records import TypeFidelity, load_types, write_types
from sandboxes.localstack import LocalStackEngine
from tests.conformance.cases import all_cases
from tests.conformance.catalog_harness import EMULATORS, Case
from tests.conformance.engines import ENGINES, LOCALSTACK, Labs, version_of
from tests.conformance.examination import examine

# Examinations wait for seconds to pass and for containers; more at once gain nothing.
_AT_ONCE = 4


def cases_of(service: str) -> tuple[Case, ...]:
    """Return the cases of a service."""
    return tuple(case for case in all_cases() if case.service == service)


def services_with_cases() -> tuple[str, ...]:
    """Return the services that have cases."""
    return tuple(sorted({case.service for case in all_cases()}))


class Examinations:
    """Finds out, several at once, what engines keep of services' types."""

    def __init__(self, labs: Labs) -> None:
        """Args:
        labs: opens places on the engines.
        """
        self._labs = labs
        self._services = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="service")
        self._groups = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="group")
        self._asked: dict[tuple[str, str], Future[tuple[TypeFidelity, ...]]] = {}

    def begin(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Begin with these engines and services."""
        for engine, service in wanted:
            if (engine, service) not in self._asked:
                self._asked[engine, service] = self._services.submit(
                    examine, cases_of(service), partial(self._labs.open, engine), self._groups
                )

    def found(self, engine: str, service: str) -> tuple[TypeFidelity, ...]:
        """Return what an engine keeps of a service's types, once that is known."""
        self.begin([(engine, service)])
        return self._asked[engine, service].result()

    def behaviour(self, engine: str, behaviour: Behaviour) -> Seen:
        """Return whether an engine has one of AWS's ways."""
        with self._labs.sandbox(engine) as (sandbox, account):
            return probe(behaviour, sandbox, account=account)

    def behaviours(self, engine: str) -> dict[Behaviour, Seen]:
        """Return which of AWS's ways an engine has."""
        found = self._groups.map(partial(self.behaviour, engine), Behaviour)
        return dict(zip(Behaviour, found, strict=True))

    def close(self) -> None:
        """End what nobody waits for any more."""
        self._services.shutdown(cancel_futures=True)
        self._groups.shutdown(cancel_futures=True)


@contextmanager
def examinations(runtime: Path) -> Iterator[Examinations]:
    """Yield examinations whose engines end with them; `runtime` is a short path."""
    with Labs(runtime) as labs:
        examined = Examinations(labs)
        try:
            yield examined
        finally:
            examined.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the data."""
    parser = argparse.ArgumentParser(prog="tests.conformance.fidelity", description=__doc__)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--service", action="append", choices=services_with_cases())
    parser.add_argument("--new", action="store_true", help="only services with unknown types")
    parser.add_argument("--behaviours", action="store_true", help="only how engines behave")
    asked = parser.parse_args(arguments)
    wanted = [
        (engine, service)
        for engine in asked.engine or _at_hand()
        for service in asked.service or services_with_cases()
        if not (asked.new and _is_known(engine, service))
    ]
    # Short: the paths of unix sockets are.
    with tempfile.TemporaryDirectory(prefix="xf-") as place:
        with examinations(Path(place)) as examined:
            for engine in () if asked.service or asked.new else asked.engine or _at_hand():
                write_behaviours(engine, version_of(engine), examined.behaviours(engine))
            if asked.behaviours:
                return
            examined.begin(wanted)
            for engine, service in wanted:
                _write(engine, service, examined.found(engine, service))
        stop_daemons(Path(place))


def _is_known(engine: str, service: str) -> bool:
    known = load_types(engine, version_of(engine), service)
    return set(known) == {case.type for case in cases_of(service)}


def _write(engine: str, service: str, found: Iterable[TypeFidelity]) -> None:
    write_types(engine, version_of(engine), service, found)
    for one in found:
        said = "; ".join([*one.missing, *([one.reason] if one.reason else [])])
        sys.stdout.write(f"{engine} {one.type}: {one.level}, birth {one.birth}. {said}\n")


def _at_hand() -> tuple[str, ...]:
    found = LocalStackEngine().availability()
    if found.usable:
        return ENGINES
    sys.stderr.write(f"{LOCALSTACK} is left as it is: {found.reason} ({found.hint})\n")
    return EMULATORS


if __name__ == "__main__":
    main()
