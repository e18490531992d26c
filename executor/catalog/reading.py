"""How a type is read, as one text that changes when the declaration reads it otherwise.

A saved snapshot keeps it: what an older declaration did not ask for is unknown, not absent.
"""

from __future__ import annotations

from executor.catalog.declarations import Listing, Pick, ResourceType
from executor.model.json import Json, digest


def reading_of(kind: ResourceType) -> str:
    """Return a short digest of what is asked to read the type, and of what is kept of it.

    Known limit: of functions in a declaration only the names count.
    """
    asked: list[Json] = [
        _listing(kind.listing),
        [
            [d.operation, dict(d.params), _spelled(d.pick), d.into, sorted(d.absent)]
            for d in kind.details
        ],
        [sorted(kind.probes), "" if kind.data is None else _name(kind.data)],
    ]
    return digest(asked).removeprefix("sha256:")[:16]


def _listing(listing: Listing) -> Json:
    within = None if listing.within is None else _listing(listing.within)
    own: list[Json] = [listing.operation, listing.items, dict(listing.params)]
    return [*own, dict(listing.given), listing.into, within]


def _spelled(pick: Pick) -> str:
    return pick if isinstance(pick, str) else _name(pick)


def _name(function: object) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
