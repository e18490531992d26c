"""Seeds whose parameters only the engine can tell in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Asking, LackingError, Listing, ResourceType, Seed, Service
from executor.catalog.raw import rows
from executor.gateway.aliases import Aliases
from executor.model.json import JsonObject
from executor.model.resource import Gap, Resource, Snapshot
from executor.replica.seeder import Seeder

ACCOUNT = "123456789012"
BOOK = "AWS::Library::Book"


class InMemoryLibrary:
    """An engine that gives shelves numbers of its own."""

    def __init__(self, *shelves: str) -> None:
        self.shelves = shelves
        self.put: list[Mapping[str, object]] = []

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        if operation == "ListShelves":
            return {"Shelves": list(self.shelves)}
        self.put.append(params)
        return {"Place": f"{params['Shelf']}/1"}

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        raise NotImplementedError(operation)


def _on_every_shelf(ask: Asking, params: Mapping[str, object]) -> Iterable[Mapping[str, object]]:
    shelves = rows(ask("ListShelves", {}), "Shelves")
    if "closed" in shelves:
        raise LackingError("the library is closed")
    for shelf in shelves:
        yield {**params, "Shelf": shelf}


def _seeded(library: InMemoryLibrary) -> tuple[tuple[Gap, ...], Aliases]:
    book = ResourceType(
        type=BOOK,
        listing=Listing(operation="ListBooks", items="Books[]"),
        id="Id",
        seeds=(
            Seed(
                operation="PutBook",
                params=lambda raw, data: [{"Id": raw["Id"]}],
                complete=_on_every_shelf,
                learn={"Place": "Place"},
            ),
        ),
    )
    catalog = Catalog({"library": Service(name="library", types=(book,))})
    aliases = Aliases()
    seeder = Seeder(
        catalog,
        library,
        aliases,
        list_engine=lambda kind, region: (),
        implements=lambda service, operation: True,
    )
    held = Resource(
        type=BOOK,
        address="book",
        name="b",
        id="b",
        account=ACCOUNT,
        region="us-east-1",
        raw={"Id": "b", "Place": "here/7"},
    )
    snapshot = Snapshot(account=ACCOUNT, region="us-east-1", resources={"book": held})
    return seeder.seed(snapshot, ["library"], region="us-east-1"), aliases


def test_seed_is_made_as_often_as_the_engine_says_and_teaches_ids() -> None:
    library = InMemoryLibrary("a")
    gaps, aliases = _seeded(library)
    assert gaps == ()
    assert library.put == [{"Id": "b", "Shelf": "a"}]
    assert aliases.to_engine(b"here/7") == b"a/1"


def test_seed_that_has_nothing_to_do_is_not_made_and_lacks_nothing() -> None:
    library = InMemoryLibrary()
    assert _seeded(library)[0] == ()
    assert library.put == []


def test_seed_that_the_engine_cannot_take_is_a_gap_that_says_why() -> None:
    library = InMemoryLibrary("closed")
    (gap,), _ = _seeded(library)
    assert "PutBook: the library is closed" in gap.reason
    assert library.put == []
