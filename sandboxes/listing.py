"""Find out which operations engines implement, and say what has changed: `make operations`.

    python -m sandboxes.listing ENGINE... [--service SERVICE]... [--check]

Without engines: `ministack`, `moto` and `localstack`. The lists that the gateway enforces are
written anew; `--check` leaves them as they are and ends with 1 where they are not what was found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from sandboxes.embedded.installed import EMULATORS, emulator_version
from sandboxes.embedded.operations.evidence import Listing

LOCALSTACK: Final = "localstack"
ENGINES: Final = (*EMULATORS, LOCALSTACK)
_PACKAGE = Path(__file__).parent


def list_of(engine: str) -> Path:
    """Return where an engine's list is."""
    if engine == LOCALSTACK:
        return _PACKAGE / "localstack" / "operations.json"
    return _PACKAGE / "embedded" / "operations" / f"{engine}.json"


def version_here(engine: str) -> str:
    """Return the version that an examination examines.

    Raises:
        SystemExit: the emulator is not installed.
    """
    if engine == LOCALSTACK:
        from sandboxes.localstack.images import VERSION

        return VERSION
    version = emulator_version(engine)
    if version is None:
        raise SystemExit(f"{engine} is not installed")
    return version


def examine(engine: str, services: Collection[str] = ()) -> Listing:
    """Return what an engine implements.

    Args:
        engine: one of `ENGINES`.
        services: those to examine; all when there are none.
    """
    if engine == LOCALSTACK:
        from sandboxes.localstack.examine import examine as examine_localstack

        return examine_localstack(services)
    from sandboxes.embedded.operations.generate import examine as examine_embedded

    return examine_embedded(engine, services)


def read_listing(path: Path) -> tuple[str, Listing]:
    """Return the version that a list is of, and what it lists."""
    content = json.loads(path.read_bytes())
    return content["version"], content["operations"]


def write_listing(path: Path, engine: str, version: str, listing: Listing) -> None:
    """Write a list in the form that `read_operations` reads."""
    operations = {
        service: dict(sorted(listing[service].items())) for service in sorted(listing.keys())
    }
    content = {"emulator": engine, "version": version, "operations": operations}
    path.write_text(json.dumps(content, indent=1) + "\n")


def changes(old: Listing, new: Listing) -> Iterator[str]:
    """Yield a line for each operation gained or lost, or whose evidence differs."""
    for service in sorted(old.keys() | new.keys()):
        before, after = old.get(service, {}), new.get(service, {})
        for operation in sorted(before.keys() | after.keys()):
            was, is_ = before.get(operation), after.get(operation)
            if was is None:
                yield f"gained {service} {operation}: {is_}"
            elif is_ is None:
                yield f"lost {service} {operation}: {was}"
            elif was != is_:
                yield f"evidence {service} {operation}: {was} -> {is_}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine engines; returns the exit status."""
    parser = argparse.ArgumentParser(prog="sandboxes.listing")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join(ENGINES))
    parser.add_argument("--service", action="append", default=[], dest="services")
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.engines) - set(ENGINES))
    if unknown:
        parser.error(f"no engine is called {unknown[0]}: there are {', '.join(ENGINES)}")
    unknown = sorted(set(asked.services) - _known_services())
    if unknown:
        parser.error(f"botocore knows no service {unknown[0]}")
    changed = [
        _renew(engine, asked.services, write=not asked.check) for engine in asked.engines or ENGINES
    ]
    return 1 if asked.check and any(changed) else 0


def _known_services() -> frozenset[str]:
    from botocore.session import Session

    return frozenset(Session().get_available_services())


def _renew(engine: str, services: Collection[str], *, write: bool) -> bool:
    path, version = list_of(engine), version_here(engine)
    before, old = read_listing(path)
    if services and before != version:
        raise SystemExit(f"{path.name} is of {before}, not {version}: examine all services")
    new = dict(examine(engine, services))
    if services:
        new = {name: listed for name, listed in old.items() if name not in services} | new
    lines = list(changes(old, new))
    if before != version:
        lines.insert(0, f"version {before} -> {version}")
    if write:
        write_listing(path, engine, version, new)
    count = sum(map(len, new.values()))
    said = "as it was" if not lines else f"{len(lines)} changes"
    sys.stdout.write(f"{engine}: {count} operations of {len(new)} services, {said}\n")
    sys.stdout.writelines(f"  {line}\n" for line in lines)
    sys.stdout.flush()
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
