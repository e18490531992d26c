"""What can only be listed in its container, read through an API of our own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from executor.aws import CallFailed
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Listing, ResourceType, Service
from executor.model.json import JsonObject
from executor.model.resource import Scope, Snapshot
from executor.snapshots.reader import SnapshotReader

BOOKS = ResourceType(
    type="AWS::Library::Book",
    listing=Listing(
        operation="ListBooks",
        items="Books[]",
        params={"Kind": "all"},
        within=Listing(operation="ListShelves", items="Shelves[]"),
        given={"ShelfId": "Id"},
        into="Shelf",
    ),
    id="join('/', [Shelf.Id, Title])",
)
CATALOG = Catalog({"library": Service(name="library", types=(BOOKS,))})


class InMemoryLibrary:
    """Shelves with books; `doomed` is listed once and then gone, `closed` may not be read."""

    def __init__(
        self,
        shelves: Mapping[str, list[str]],
        doomed: str = "",
        closed: str = "",
        slow_s: float = 0.0,
    ) -> None:
        self.shelves = dict(shelves)
        self._doomed = doomed
        self._closed = closed
        self._slow_s = slow_s

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        return next(self.pages(service, operation, params))

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        if operation == "ListShelves":
            yield from ({"Shelves": [{"Id": shelf}]} for shelf in list(self.shelves))
            return
        time.sleep(self._slow_s)
        assert params["Kind"] == "all"
        shelf = str(params["ShelfId"])
        if shelf == self._closed:
            raise _failure("AccessDenied", 403)
        if shelf == self._doomed:
            self.shelves.pop(shelf, None)
            raise _failure("NoSuchShelf", 404)
        for title in self.shelves[shelf]:
            yield {"Books": [{"Title": title}]}


def _failure(code: str, status: int) -> CallFailed:
    return CallFailed(
        service="library", operation="ListBooks", code=code, message="no", status=status
    )


def _read(library: InMemoryLibrary) -> Snapshot:
    reader = SnapshotReader(CATALOG, library, account="123456789012", region="us-east-1")
    return reader.read([Scope("library", "us-east-1")])


def test_books_of_all_shelves_are_read_with_their_shelf() -> None:
    found = _read(InMemoryLibrary({"a": ["x", "y"], "b": ["x"], "empty": []}))
    assert found.gaps == ()
    assert {r.id for r in found.resources.values()} == {"a/x", "a/y", "b/x"}


def test_many_shelves_are_read_at_once_and_told_in_order() -> None:
    shelves = {f"{n:02}": ["x"] for n in range(40)}
    library = InMemoryLibrary(shelves, slow_s=0.02)
    began = time.monotonic()
    found = _read(library)
    assert time.monotonic() - began < 0.02 * len(shelves) / 2
    assert [r.id for r in found.resources.values()] == [f"{shelf}/x" for shelf in shelves]


def test_shelf_that_goes_while_it_is_read_takes_its_books_along() -> None:
    found = _read(InMemoryLibrary({"a": ["x"], "b": ["x"]}, doomed="a"))
    assert found.gaps == ()
    assert {r.id for r in found.resources.values()} == {"b/x"}


def test_shelf_that_may_not_be_read_is_a_gap() -> None:
    found = _read(InMemoryLibrary({"a": ["x"], "b": ["x"]}, closed="b"))
    assert [(g.type, g.address) for g in found.gaps] == [("AWS::Library::Book", "")]
    assert found.resources == {}


def test_containers_are_on_the_list_of_what_a_target_may_be_asked() -> None:
    assert CATALOG.reads("library", "ListShelves")
    assert CATALOG.reads("library", "ListBooks")


BOTH_KINDS = ResourceType(
    type="AWS::Library::Book",
    listing=Listing(
        operation="ListBooks",
        items="Books[]",
        params={"Kind": "all", "ShelfId": "a"},
        also=(
            Listing(
                operation="ListBooks",
                items="Books[]",
                params={"Kind": "all", "ShelfId": "b"},
                absent=frozenset({"AccessDenied"}),
            ),
        ),
    ),
    id="Title",
)


def _read_both(closed: str) -> Snapshot:
    catalog = Catalog({"library": Service(name="library", types=(BOTH_KINDS,))})
    library = InMemoryLibrary({"a": ["x"], "b": ["y"]}, closed=closed)
    reader = SnapshotReader(catalog, library, account="123456789012", region="us-east-1")
    return reader.read([Scope("library", "us-east-1")])


def test_items_of_several_listings_are_joined() -> None:
    assert {r.id for r in _read_both("").resources.values()} == {"x", "y"}


def test_only_a_listing_that_expects_a_refusal_takes_it_for_none() -> None:
    found = _read_both("b")
    assert found.gaps == ()
    assert {r.id for r in found.resources.values()} == {"x"}
    assert len(_read_both("a").gaps) == 1
