"""Listings that ask for what the account itself owns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Listing, ResourceType, Service
from executor.model.json import JsonObject
from executor.model.resource import Scope
from executor.snapshots.reader import SnapshotReader

ACCOUNT = "123456789012"
OURS: JsonObject = {
    "Owner": "$account",
    "Filters": [{"Name": "owner-id", "Values": ["$account"]}],
    "Max": 5,
}


class RecordingApi:
    """Holds nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, object]] = []

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        raise NotImplementedError(operation)

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        self.asked.append(params)
        return iter(({"Books": []},))


def test_the_account_is_put_in_where_a_listing_asks_for_it() -> None:
    book = ResourceType(
        type="AWS::Library::Book",
        listing=Listing(operation="ListBooks", items="Books[]", params=OURS),
        id="Id",
    )
    catalog = Catalog({"library": Service(name="library", types=(book,))})
    api = RecordingApi()
    reader = SnapshotReader(catalog, api, account=ACCOUNT, region="us-east-1")
    assert reader.read([Scope("library", "us-east-1")]).gaps == ()
    filters = [{"Name": "owner-id", "Values": [ACCOUNT]}]
    assert api.asked == [{"Owner": ACCOUNT, "Filters": filters, "Max": 5}]
