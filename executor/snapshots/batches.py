"""Which reads of one resource do not wait for one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from executor.catalog.declarations import Detail
from executor.catalog.expressions import fields_of


def batches(details: Iterable[Detail]) -> Iterator[list[Detail]]:
    """Yield the details in their order, those together that ask for nothing of each other."""
    batch: list[Detail] = []
    given: set[str] = set()
    for detail in details:
        asked = set[str]().union(*(fields_of(e) for e in detail.params.values()))
        if batch and (not batch[-1].into or "@" in asked or asked & given):
            yield batch
            batch, given = [], set()
        batch.append(detail)
        given.add(detail.into)
    if batch:
        yield batch
