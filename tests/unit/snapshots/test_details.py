"""What a description is completed by, and what comes of a question that is not answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from executor.aws import CallFailed
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Detail, Listing, ResourceType, Service
from executor.model.json import JsonObject
from executor.model.resource import Scope, Snapshot
from executor.snapshots.reader import SnapshotReader

SHELF = ResourceType(
    type="AWS::Library::Shelf",
    listing=Listing(operation="ListShelves", items="Shelves[]"),
    details=(
        Detail(
            operation="GetLock",
            params={"Id": "Id"},
            into="Lock",
            absent=frozenset({"NoLock"}),
        ),
    ),
    id="Id",
)
CATALOG = Catalog({"library": Service(name="library", types=(SHELF,))})


class InMemoryLibrary:
    """One shelf, whose lock cannot be told."""

    def __init__(self, code: str, status: int, message: str) -> None:
        self._code = code
        self._status = status
        self._message = message

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        return next(self.pages(service, operation, params))

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        if operation == "ListShelves":
            yield {"Shelves": [{"Id": "a"}]}
            return
        raise CallFailed(
            service=service,
            operation=operation,
            code=self._code,
            message=self._message,
            status=self._status,
        )


def _read(code: str, status: int, message: str = "no") -> Snapshot:
    library = InMemoryLibrary(code, status, message)
    reader = SnapshotReader(CATALOG, library, account="123456789012", region="us-east-1")
    return reader.read([Scope("library", "us-east-1")])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("NoLock", 404),
        ("UnknownOperationException", 400),
        ("InvalidAction", 400),
        ("InternalFailure", 501),
    ],
)
def test_what_a_service_does_not_know_is_not_set(code: str, status: int) -> None:
    found = _read(code, status)
    assert found.gaps == ()
    (shelf,) = found.resources.values()
    assert shelf.properties["Lock"] is None


def test_a_page_for_people_in_place_of_an_answer_says_that_there_is_no_such_question() -> None:
    assert _read("404", 404, "<!doctype html>\n<title>404 Not Found</title>").gaps == ()
    assert len(_read("404", 404, "Not Found").gaps) == 1


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDenied", 403), ("InternalError", 500), ("Throttling", 400)]
)
def test_what_may_not_be_asked_is_a_gap(code: str, status: int) -> None:
    found = _read(code, status)
    assert [g.reason for g in found.gaps] == [f"GetLock: {code}: no"]
