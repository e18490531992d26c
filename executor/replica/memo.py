"""What is kept beside a seeded replica: the ids that were learnt, and what it held when read back.

A first line says what there is, and a line for each scope follows, so that a run that needs one
of forty services does not take in the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from executor.catalog.catalog import Catalog
from executor.model.codec import scope_from_json, scope_to_json
from executor.model.resource import Gap, Resource, Scope, Snapshot
from executor.model.saved import SavedScope

# Stands for the replica's address, which differs from run to run: in what was read, for the one at
# which the change sees it; in ids that the engine gave out, for the engine's own.
ADDRESS = "replica.invalid:1"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was rebuilt of one scope.

    Attributes:
        resources: as they were read back, ids and addresses as the change sees them.
        missing: what could not be rebuilt.
    """

    resources: tuple[Resource, ...] = ()
    missing: tuple[Gap, ...] = ()


class Memo:
    """What is known of a replica; of the scopes that are asked for, it is read when they are."""

    def __init__(self, data: bytes) -> None:
        """Args:
        data: what `written` returned.

        Raises:
            ValueError: it is no memo.
        """
        head, *lines = data.split(b"\n")
        try:
            said = json.loads(head)
            self.pairs: Pairs = tuple((str(ours), str(theirs)) for ours, theirs in said["pairs"])
            self.seeded_at = tuple(str(one) for one in said["seeded_at"])
            scopes = [Scope(str(service), str(region)) for service, region in said["scopes"]]
            self.lines = dict(zip(scopes, lines, strict=True))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no memo: {error}") from error

    @property
    def scopes(self) -> frozenset[Scope]:
        """What the replica was seeded with."""
        return frozenset(self.lines)

    def contents(self, scope: Scope, address: str) -> Contents:
        """Return what was rebuilt of a scope.

        Args:
            scope: which.
            address: `host:port` at which the change sees the replica now.

        Raises:
            KeyError: nothing was.
        """
        line = self.lines[scope].replace(ADDRESS.encode(), address.encode())
        saved = scope_from_json(json.loads(line))
        return Contents(resources=saved.resources, missing=saved.gaps)


def at_addresses(pairs: Pairs, addresses: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of ids as an engine spells them that may give out these addresses as its own."""
    for ours, theirs in pairs:
        if ADDRESS not in theirs:
            yield ours, theirs
            continue
        for address in addresses:
            yield ours, theirs.replace(ADDRESS, address)


def written(
    contents: Mapping[Scope, Contents],
    *,
    account: str,
    pairs: Iterable[tuple[str, str]],
    seeded_at: Iterable[str],
    on: Memo | None = None,
) -> bytes:
    """Return a memo as bytes.

    Args:
        contents: what was rebuilt, scope by scope.
        account: 12-digit account.
        pairs: the target's ids and the engine's, in the order in which they were learnt.
        seeded_at: addresses at which it was seeded.
        on: the memo of the replica that this one was a fork of.
    """
    lines = dict(on.lines) if on is not None else {}
    own = tuple(seeded_at)
    learnt = [[ours, _anywhere(theirs, own)] for ours, theirs in pairs]
    for scope, held in contents.items():
        saved = SavedScope(
            account=account,
            region=scope.region,
            service=scope.service,
            resources=held.resources,
            gaps=held.missing,
        )
        # JSON has no line breaks of its own.
        lines[scope] = json.dumps(scope_to_json(saved)).encode()
    head = {
        "pairs": [*([list(pair) for pair in on.pairs] if on else ()), *learnt],
        "seeded_at": [*(on.seeded_at if on else ()), *own],
        "scopes": [[scope.service, scope.region] for scope in lines],
    }
    return b"\n".join([json.dumps(head).encode(), *lines.values()])


def _anywhere(engine_id: str, addresses: Iterable[str]) -> str:
    for address in addresses:
        engine_id = engine_id.replace(address, ADDRESS)
    return engine_id


def apart(
    catalog: Catalog, scopes: Iterable[Scope], prior: Snapshot, missing: Iterable[Gap]
) -> Mapping[Scope, Contents]:
    """Return what was read back and what is missing, scope by scope."""
    gaps = tuple(dict.fromkeys((*prior.gaps, *missing)))
    found: dict[Scope, Contents] = {}
    by_home: dict[Scope, list[Resource]] = {}
    for resource in prior.resources.values():
        home = Scope(catalog.service_of(resource.type), resource.region)
        by_home.setdefault(home, []).append(resource)
    for scope in scopes:
        found[scope] = Contents(
            resources=tuple(by_home.get(scope, ())),
            missing=tuple(gap for gap in gaps if gap.service == scope.service),
        )
    return found
