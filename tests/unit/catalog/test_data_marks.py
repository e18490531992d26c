"""What resources hold: read up to the cap, and put back as placeholders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog import dynamodb_items, s3_objects
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark


class FakeReading:
    """Answers with the pages it was given, and counts those that were taken."""

    def __init__(self, pages: list[JsonObject], *, cap: int = 10_000) -> None:
        self._pages = pages
        self.cap = cap
        self.taken: list[str] = []

    def call(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        return next(self.pages(operation, params))

    def pages(self, operation: str, params: Mapping[str, object]) -> Iterator[JsonObject]:
        for page in self._pages:
            self.taken.append(operation)
            yield page


_TABLE: dict[str, Json] = {
    "TableName": "t",
    "ItemCount": 5,
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


def _item(key: Json, **more: Json) -> dict[str, Json]:
    return {"id": key, **more}


def test_item_is_known_by_its_key_and_digested_whole() -> None:
    one: JsonObject = {"Items": [_item({"S": "a"}, v={"S": "1"})]}
    other: JsonObject = {"Items": [_item({"S": "a"}, v={"S": "2"})]}
    first = dynamodb_items.items(FakeReading([one]), _TABLE)
    second = dynamodb_items.items(FakeReading([other]), _TABLE)
    assert list(first.entries) == list(second.entries) == ['{"id":{"S":"a"}}']
    assert first.entries != second.entries


def test_table_is_read_to_the_cap_and_no_further() -> None:
    pages: list[JsonObject] = [{"Items": [_item({"N": str(n)})]} for n in range(5)]
    reading = FakeReading(pages, cap=2)
    data = dynamodb_items.items(reading, _TABLE)
    assert (len(data.entries), data.count, data.complete) == (2, 5, False)
    assert len(reading.taken) == 3


def test_table_that_just_fits_is_complete() -> None:
    pages: list[JsonObject] = [{"Items": [_item({"N": str(n)})]} for n in range(2)]
    data = dynamodb_items.items(FakeReading(pages, cap=2), _TABLE)
    assert (data.count, data.complete) == (2, True)


def test_items_are_put_back_by_their_keys_in_batches() -> None:
    binary: JsonObject = _item({"B": {"$bytes": 2, "$hex": "00ff"}})
    texts = [_item({"S": str(n)}) for n in range(30)]
    data = dynamodb_items.items(FakeReading([{"Items": [binary, *texts]}]), _TABLE)
    batches = list(dynamodb_items.batches(_TABLE, data))
    puts = [put for batch in batches for put in _puts(batch)]
    assert [len(_puts(batch)) for batch in batches] == [25, 6]
    stand_in = {"executor-stand-in": {"BOOL": True}}
    assert puts[0] == {"PutRequest": {"Item": {"id": {"B": b"\x00\xff"}, **stand_in}}}


def _puts(batch: Mapping[str, object]) -> list[object]:
    requests = batch["RequestItems"]
    assert isinstance(requests, Mapping)
    found = requests["t"]
    assert isinstance(found, list)
    return found


def test_numbers_are_one_key_however_they_are_written() -> None:
    spelled = {dynamodb_items.key_of({"n": {"N": n}}, ["n"]) for n in ("1", "1.0", "1E0", "01")}
    assert spelled == {'{"n":{"N":"1"}}'}
    assert dynamodb_items.key_of({"n": {"N": "-0"}}, ["n"]) == '{"n":{"N":"0"}}'
    assert dynamodb_items.key_of({"n": {"N": "1E3"}}, ["n"]) == '{"n":{"N":"1000"}}'


_BUCKET: dict[str, Json] = {"Name": "b"}
_VERSIONED: dict[str, Json] = {"Name": "b", "Versioning": {"Status": "Enabled"}}


def _version(key: str, version: str, size: int, *, latest: bool) -> Json:
    return {"Key": key, "VersionId": version, "Size": size, "ETag": '"e"', "IsLatest": latest}


def test_objects_are_put_back_small_under_their_keys() -> None:
    page: JsonObject = {
        "Contents": [
            {"Key": "a?versionId=b", "Size": 3, "ETag": '"x"'},
            {"Key": "größe", "Size": 10**9, "ETag": '"y"'},
        ]
    }
    data = s3_objects.contents(FakeReading([page]), _BUCKET)
    puts = list(s3_objects.put_objects(_BUCKET, data))
    assert dict(data.entries) == {"a?versionId=b": "3:x", "größe": f"{10**9}:y"}
    assert [(p["Key"], p["Body"]) for p in puts] == [
        ("a?versionId=b", b"exe"),
        ("größe", (b"executor-stand-in\n" * 256)[:4096]),
    ]


def test_versions_are_put_back_oldest_first_and_learnt() -> None:
    page: JsonObject = {
        "Versions": [
            _version("a", "v2", 2, latest=True),
            _version("a", "v1", 1, latest=False),
            _version("hidden", "h1", 1, latest=False),
        ]
    }
    data = s3_objects.contents(FakeReading([page]), _VERSIONED)
    assert set(data.entries) == {
        "a",
        "a?versionId=v1",
        "a?versionId=v2",
        "hidden?versionId=h1",
    }
    puts = list(s3_objects.put_objects(_VERSIONED, data))
    assert [(p["Key"], len(_body(p))) for p in puts] == [("hidden", 1), ("a", 1), ("a", 2)]
    learnt = [s3_objects.learn_version(_VERSIONED, p, {"VersionId": "new"}) for p in puts]
    assert learnt == [{"h1": "new"}, {"v1": "new"}, {"v2": "new"}]
    assert list(s3_objects.hide_objects(_VERSIONED, data)) == [{"Bucket": "b", "Key": "hidden"}]


def _body(params: Mapping[str, object]) -> bytes:
    found = params["Body"]
    assert isinstance(found, bytes)
    return found


def test_version_without_an_id_is_never_taken_for_one() -> None:
    params = {"Metadata": {"seeded-version": "null"}}
    assert s3_objects.learn_version(_VERSIONED, params, {"VersionId": "new"}) == {}


def test_bucket_with_more_than_the_cap_is_not_complete() -> None:
    found: list[Json] = [{"Key": str(n), "Size": 0, "ETag": ""} for n in range(1001)]
    data = s3_objects.contents(FakeReading([{"Contents": found}]), _BUCKET)
    assert (data.count, data.complete) == (1001, True)
    capped = s3_objects.contents(FakeReading([{"Contents": found}], cap=10), _BUCKET)
    assert (capped.count, len(capped.entries), capped.complete) == (None, 10, False)


def test_empty_bucket_and_table_are_known_to_be_empty() -> None:
    assert s3_objects.contents(FakeReading([{}]), _BUCKET) == DataMark(unit="object", count=0)
    assert dynamodb_items.items(FakeReading([{}]), _TABLE) == DataMark(unit="item", count=0)
