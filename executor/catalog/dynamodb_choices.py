"""DynamoDB: by which attributes a call chooses items, or whether it does anything at all.

Names are taken from expressions, PartiQL conditions and the older filters alike. A secondary
index counts as an attribute of its own: items without its key are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from executor.catalog.declarations import Operation
from executor.catalog.dynamodb_items import statements, tables_of
from executor.catalog.raw import objects, table, text
from executor.model.call import Verb
from executor.model.json import Json, JsonObject

_EXPRESSIONS = ("FilterExpression", "ConditionExpression")
_FILTERS = ("ScanFilter", "QueryFilter", "Expected")
_ACTIONS = ("Put", "Update", "Delete", "ConditionCheck")
_WORDS = frozenset("AND OR NOT BETWEEN IN IS MISSING NULL VALUE TRUE FALSE LIKE".split())
_NAME = re.compile(r":\w+|(?P<name>#?[A-Za-z_][\w-]*)(?P<call>\s*\()?")
# What is no name: literals, quotes around names, and the rest of a path.
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_REST = re.compile(r"[.\[][^\s=<>,()]*|\"")
_WHERE = re.compile(r"\bWHERE\b(.*)", re.IGNORECASE | re.DOTALL)


def chosen_by(params: JsonObject) -> Iterator[str]:
    """Yield the names of attributes that decide what a call is about."""
    if text(params, "IndexName"):
        yield f"index {text(params, 'IndexName')}"
    yield from _in_one(params)
    for item in objects(params, "TransactItems"):
        for action in _ACTIONS:
            yield from _in_one(table(item, action))
    for statement in statements(params):
        where = _WHERE.search(statement)
        if where is not None:
            yield from _names(where[1], {})


def _in_one(params: JsonObject) -> Iterator[str]:
    for key in _EXPRESSIONS:
        yield from _names(text(params, key), table(params, "ExpressionAttributeNames"))
    for key in _FILTERS:
        yield from table(params, key)


def _names(expression: str, spelled: JsonObject) -> Iterator[str]:
    for found in _NAME.finditer(_REST.sub("", _LITERAL.sub("", expression))):
        name = found["name"]
        if name is not None and not found["call"] and name.upper() not in _WORDS:
            yield str(spelled.get(name, name))


def _subjects(params: JsonObject, response: JsonObject) -> Iterable[tuple[str, str]]:
    if not any(True for _ in chosen_by(params)):
        return []
    named: list[Json] = [params.get("TableName")]
    for item in objects(params, "TransactItems"):
        named.extend(table(item, action).get("TableName") for action in _ACTIONS)
    named.extend(tables_of(params))
    return [(name, "") for name in dict.fromkeys(named) if isinstance(name, str)]


def choosing(*operations: str) -> tuple[Operation, ...]:
    """Return one `Operation` per name, for what decides which items it is about."""
    return tuple(
        Operation(
            name=name, verb=Verb.READ, handles="", pairs=_subjects, many=True, chosen_by=chosen_by
        )
        for name in operations
    )
