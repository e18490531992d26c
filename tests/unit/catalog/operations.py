"""How a service's declarations compare with botocore's operations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from executor.catalog.declarations import Service
from executor.model.verbs import is_mutating
from tests.unit.catalog.calls import CATALOG


@lru_cache
def operations(service: str) -> frozenset[str]:
    """Every operation that botocore knows of a service."""
    from botocore.session import Session

    return frozenset(Session().get_service_model(service).operation_names)


def declaration(service: str) -> Service:
    """What the catalog declares of a service."""
    found = CATALOG.service(service)
    assert found is not None
    return found


def declared(service: str) -> set[str]:
    """The operations that mean something to the catalog, or are known to be harmless."""
    found = declaration(service)
    return {operation.name for _, operation in found.meanings} | set(found.harmless)


def reading(service: str) -> set[str]:
    """The operations by which a service is read."""
    used: set[str] = set()
    for kind in declaration(service).types:
        used |= set(kind.listing.operations)
        used |= {detail.operation for detail in kind.details} | set(kind.probes)
    return used


def unknown_names(service: str) -> set[str]:
    """Names in the declarations that are no operations."""
    seeds = {s.operation for kind in declaration(service).types for s in kind.seeds}
    return (reading(service) | seeds | declared(service)) - operations(service)


def undeclared(service: str, left_out: Iterable[str]) -> set[str]:
    """Changing operations that are neither declared nor left out, by patterns, on purpose."""
    changing = {name for name in operations(service) if is_mutating(service, name)}
    missing = changing - declared(service)
    patterns = "|".join(left_out)
    return {name for name in missing if not (patterns and re.search(patterns, name))}


def mistaken_reads(service: str) -> set[str]:
    """Operations that read, and are taken for changes."""
    return {name for name in reading(service) if is_mutating(service, name)}
