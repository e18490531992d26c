"""Find out and write down what each engine keeps of each type: `make fidelity`.

    python -m tests.conformance.fidelity --engine moto --service sqs

Without options: every engine at hand, every service that has cases.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sandboxes.embedded import stop_daemons
from sandboxes.embedded.installed import emulator_version
from sandboxes.fidelity.records import TypeFidelity, write_types
from tests.conformance.cases import all_cases
from tests.conformance.catalog_harness import EMULATORS, Case, lab
from tests.conformance.examination import examine


def cases_of(service: str) -> tuple[Case, ...]:
    """Return the cases of a service."""
    return tuple(case for case in all_cases() if case.service == service)


def services_with_cases() -> tuple[str, ...]:
    """Return the services that have cases."""
    return tuple(sorted({case.service for case in all_cases()}))


def found_on(emulator: str, service: str, runtime: Path) -> tuple[TypeFidelity, ...]:
    """Return what an embedded emulator keeps of a service's types."""
    return examine(cases_of(service), partial(lab, emulator, runtime))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the data."""
    parser = argparse.ArgumentParser(prog="tests.conformance.fidelity", description=__doc__)
    parser.add_argument("--engine", action="append", choices=EMULATORS)
    parser.add_argument("--service", action="append", choices=services_with_cases())
    asked = parser.parse_args(arguments)
    with _runtime() as runtime:
        for emulator in asked.engine or EMULATORS:
            version = emulator_version(emulator) or ""
            for service in asked.service or services_with_cases():
                found = found_on(emulator, service, runtime)
                write_types(emulator, version, service, found)
                for one in found:
                    said = one.reason or ", ".join(one.missing)
                    sys.stdout.write(
                        f"{emulator} {one.type}: {one.level}, birth {one.birth}. {said}\n"
                    )


@contextmanager
def _runtime() -> Iterator[Path]:
    # Short: the paths of unix sockets are.
    with tempfile.TemporaryDirectory(prefix="xf-") as place:
        yield Path(place)
        stop_daemons(Path(place))


if __name__ == "__main__":
    main()
