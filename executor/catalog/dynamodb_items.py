"""DynamoDB: items as key and digest, and which items a call is about.

An item is known by its key in canonical JSON, spelled alike for what was read and what was
asked. Binary keys cannot be told from a recorded call, which keeps no bytes: such a call is
about the table as a whole, as is PutItem, whose parameters do not say what the key is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from executor.catalog.declarations import Copying, Pairs, Reading
from executor.catalog.raw import objects, table, text
from executor.model.json import Json, JsonObject, canonical, digest
from executor.model.resource import DataMark
from executor.model.stand_in import STAND_IN

_BATCH = 25
_STAND_IN = {STAND_IN: {"BOOL": True}}
_STATEMENT = re.compile(
    r"""\s*(INSERT\s+INTO|UPDATE|DELETE\s+FROM|SELECT\s+.+?\s+FROM|EXISTS\s*\(\s*SELECT\s+.+?\s+FROM)"""
    r"""\s+("(?P<quoted>[^"]+)"|(?P<plain>[\w.-]+))""",
    re.IGNORECASE | re.DOTALL,
)
_WRITING, _ERASING, _LOOKING = ("INSERT", "UPDATE"), ("DELETE",), ("SELECT", "EXISTS")
Pair = tuple[str, str]


def items(reading: Reading, raw: JsonObject) -> DataMark:
    """Read a table's items as key -> digest, up to the cap."""
    names = [text(part, "AttributeName") for part in objects(raw, "KeySchema")]
    params = {"TableName": raw["TableName"], "Limit": min(1000, reading.cap + 1)}
    entries: dict[str, str] = {}
    seen = 0
    for page in reading.pages("Scan", params):
        for item in objects(page, "Items"):
            seen += 1
            if seen > reading.cap:
                # The table's own count is hours old, and no less than what was seen.
                count = raw.get("ItemCount")
                known = count if isinstance(count, int) else 0
                return DataMark(
                    unit="item", count=max(known, seen), entries=entries, complete=False
                )
            entries[key_of(item, names)] = digest(_spelled(item))
    return DataMark(unit="item", count=len(entries), entries=entries)


def key_of(item: JsonObject, names: Sequence[str]) -> str:
    """Return an item's key in canonical JSON."""
    return canonical({name: _spelled(item.get(name)) for name in names}).decode()


def batches(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    """Parameters that put items of their keys and a stand-in for the rest into a table.

    Without the stand-in, putting an item of nothing but its key over one that holds more
    would look like nothing.
    """
    keys = list(data.entries) if data else []
    for start in range(0, len(keys), _BATCH):
        puts = [
            {"PutRequest": {"Item": {**_sent(json.loads(key)), **_STAND_IN}}}
            for key in keys[start : start + _BATCH]
        ]
        yield {"RequestItems": {raw["TableName"]: puts}}


def copied(
    copying: Copying, raw: JsonObject, operation: str, params: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the parameters of a batch with the target's items in the place of stand-ins."""
    if operation != "BatchWriteItem":
        return params
    name = text(raw, "TableName")
    requests = params["RequestItems"]
    assert isinstance(requests, Mapping)
    keys = [
        {k: v for k, v in request["PutRequest"]["Item"].items() if k not in _STAND_IN}
        for request in requests[name]
    ]
    puts: list[object] = []
    wanted: object = {name: {"Keys": keys, "ConsistentRead": True}}
    while wanted:
        answer = copying.call("BatchGetItem", {"RequestItems": wanted})
        found = answer.get("Responses")
        items_found = found.get(name, []) if isinstance(found, Mapping) else []
        puts.extend({"PutRequest": {"Item": item}} for item in items_found)
        wanted = answer.get("UnprocessedKeys")
    return {"RequestItems": {name: puts}} if puts else params


def one_item(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the table and the item that a call on one item names."""
    if text(params, "TableName"):
        yield text(params, "TableName"), _part(params.get("Key"))


def batch_of(request: str, key: str) -> Pairs:
    """Return the pairs of a batch: `PutRequest` with its `Item`, or `DeleteRequest`, `Key`."""

    def pairs(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
        requests = table(params, "RequestItems")
        for name in requests:
            for item in objects(requests, name):
                if request in item:
                    yield name, _part(table(item, request).get(key)) if key == "Key" else ""

    return pairs


def transaction_of(*actions: str) -> Pairs:
    """Return the pairs of a transaction's `Put`, `Update` or `Delete`."""

    def pairs(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
        for item in objects(params, "TransactItems"):
            for action in actions:
                if action in item:
                    asked = table(item, action)
                    yield text(asked, "TableName"), _part(asked.get("Key"))

    return pairs


def written(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the tables that PartiQL statements write to."""
    return _tables(params, _WRITING)


def erased(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the tables that PartiQL statements delete from."""
    return _tables(params, _ERASING)


def looked_at(params: JsonObject, response: JsonObject) -> Iterable[Pair]:
    """Return the tables that PartiQL statements look at."""
    return _tables(params, _LOOKING)


def tables_of(params: JsonObject) -> tuple[str, ...]:
    """Return the tables of PartiQL statements; none when one is not understood."""
    words = (*_WRITING, *_ERASING, *_LOOKING)
    return tuple(name for name, _ in _tables(params, words))


def _tables(params: JsonObject, words: Sequence[str]) -> list[Pair]:
    found = [_STATEMENT.match(statement) for statement in statements(params)]
    if not all(found):
        # One statement that is not understood leaves the whole call unread.
        return []
    return [
        (match["quoted"] or match["plain"], "")
        for match in found
        if match is not None and match[1].upper().startswith(tuple(words))
    ]


def statements(params: JsonObject) -> list[str]:
    """Return the PartiQL statements of a call; none for a call of another kind."""
    if "Statement" in params:
        return [text(params, "Statement")]
    several = objects(params, "Statements") or objects(params, "TransactStatements")
    return [text(item, "Statement") for item in several]


def _part(key: Json) -> str:
    if not isinstance(key, Mapping) or not key or '"$bytes"' in (spelled := _text(key)):
        return ""
    return spelled


def _text(value: Json) -> str:
    return canonical(_spelled(value)).decode()


def _spelled(value: Json) -> Json:
    """Spell numbers as DynamoDB does: 1.0 and 1 are the same key."""
    match value:
        case {"N": str() as number, **rest} if not rest:
            return {"N": _number(number)}
        case Mapping():
            return {key: _spelled(item) for key, item in value.items()}
        case list():
            return [_spelled(item) for item in value]
    return value


def _number(number: str) -> str:
    try:
        found = Decimal(number)
    except InvalidOperation:
        return number
    return format(found.normalize() + 0, "f") if found else "0"


def _sent(key: JsonObject) -> dict[str, object]:
    """Return a key as botocore sends it: bytes as bytes."""
    return {
        name: {"B": bytes.fromhex(str(inner["$hex"]))}
        if isinstance(value, Mapping) and isinstance(inner := value.get("B"), Mapping)
        else value
        for name, value in key.items()
    }
