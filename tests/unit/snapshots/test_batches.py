"""Details are read at once where none asks for another, and come to the same as one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.aws import CallFailed
from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Detail, Listing, ResourceType, Service
from executor.catalog.expressions import fields_of
from executor.model.json import JsonObject
from executor.model.resource import Scope, Snapshot
from executor.snapshots.batches import batches
from executor.snapshots.reader import SnapshotReader

KEYS = ("A", "B", "C", "")
DETAILS = st.lists(
    st.builds(
        lambda key, asks: Detail(operation=f"Get{key}", params={"Id": asks}, into=key),
        st.sampled_from(KEYS),
        st.sampled_from(["Id", "A", "B.Name", "[C, Id]", "@", "`[1]`", "Items[0:2].A | [0]"]),
    ),
    max_size=8,
)


def operations(details: list[Detail]) -> list[list[str]]:
    return [[d.operation for d in batch] for batch in batches(details)]


@pytest.mark.parametrize(
    ("expression", "fields"),
    [
        ("Id", {"Id"}),
        ("a.b[?c=='x'].d | [0]", {"a", "b", "c", "d"}),
        ("[1:3]", set()),
        ('`{"a": 1}`', set()),
        ("@", {"@"}),
        ("join('-', [a, @.b])", {"a", "b", "@"}),
        ('"$account"', {"$account"}),
    ],
)
def test_fields_of_an_expression(expression: str, fields: set[str]) -> None:
    assert fields_of(expression) == fields


def test_what_asks_for_nothing_of_the_others_goes_together() -> None:
    details = [Detail(operation=f"Get{n}", params={"Id": "Id"}, into=f"K{n}") for n in range(3)]
    assert operations(details) == [["Get0", "Get1", "Get2"]]


@pytest.mark.parametrize("asks", ["First", "First.Name", "@"])
def test_what_asks_for_another_waits_for_it(asks: str) -> None:
    first = Detail(operation="Get1", params={"Id": "Id"}, into="First")
    second = Detail(operation="Get2", params={"Id": asks}, into="Second")
    assert operations([first, second]) == [["Get1"], ["Get2"]]


def test_what_may_fill_in_anything_is_waited_for() -> None:
    first = Detail(operation="Get1", params={"Id": "Id"})
    second = Detail(operation="Get2", params={"Id": "Id"}, into="Second")
    assert operations([first, second]) == [["Get1"], ["Get2"]]


@given(DETAILS)
def test_the_order_is_kept_and_nobody_meets_what_he_asks_for(details: list[Detail]) -> None:
    found = list(batches(details))
    assert [d for batch in found for d in batch] == details
    for batch in found:
        given_before: set[str] = set()
        for detail in batch:
            assert "" not in given_before
            asked = fields_of(detail.params["Id"])
            assert not given_before or "@" not in asked
            assert not asked & given_before
            given_before.add(detail.into)


class Shelves:
    """Few or many shelves, each with details that take the one before."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self.threads: set[str] = set()

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        return next(self.pages(service, operation, params))

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        if operation == "ListShelves":
            yield {"Shelves": [{"Id": f"s{n}"} for n in range(self._count)]}
            return
        with self._lock:
            self.threads.add(threading.current_thread().name.rstrip("0123456789_"))
        if operation == "GetSecret":
            raise CallFailed(
                service=service, operation=operation, code="NoSecret", message="no", status=400
            )
        yield {"Value": f"{operation}({params['Id']})"}


SHELF = ResourceType(
    type="AWS::Library::Shelf",
    listing=Listing(operation="ListShelves", items="Shelves[]"),
    details=(
        Detail(operation="GetLock", params={"Id": "Id"}, into="Lock"),
        Detail(operation="GetColour", params={"Id": "Id"}, into="Colour"),
        Detail(
            operation="GetSecret",
            params={"Id": "Id"},
            into="Secret",
            absent=frozenset({"NoSecret"}),
        ),
        Detail(operation="GetKey", params={"Id": "Lock.Value"}, into="Key"),
    ),
    id="Id",
)


def read(count: int) -> tuple[Snapshot, Shelves]:
    api = Shelves(count)
    catalog = Catalog({"library": Service(name="library", types=(SHELF,))})
    reader = SnapshotReader(catalog, api, account="123456789012", region="us-east-1")
    return reader.read([Scope("library", "us-east-1")]), api


@pytest.mark.parametrize(("count", "threads"), [(1, {"details"}), (9, {"snapshot"})])
def test_of_few_the_details_are_read_at_once_and_of_many_the_resources(
    count: int, threads: set[str]
) -> None:
    found, api = read(count)
    assert api.threads == threads
    assert len(found.resources) == count
    first = next(r for r in found.resources.values() if r.name == "s0")
    assert first.properties["Key"] == {"Value": "GetKey(GetLock(s0))"}
    assert list(first.properties) == ["Id", "Lock", "Colour", "Secret", "Key"]
    assert found.gaps == ()
