"""Evaluating the catalog's expressions; compiled once."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

import jmespath
from jmespath.exceptions import JMESPathError

from executor.catalog.declarations import Names, Pick
from executor.model.json import Json, JsonObject

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


def evaluate(expression: str, value: Json) -> Json:
    """Return what `expression` yields; None when it does not apply to the value."""
    try:
        return cast(Json, _compiled(expression).search(value))
    except JMESPathError:
        return None


@cache
def fields_of(expression: str) -> frozenset[str]:
    """Return every name of a field in an expression, and `@` where it takes the whole value."""
    found: set[str] = set()
    waiting = [_compiled(expression).parsed]
    while waiting:
        node = waiting.pop()
        if node["type"] == "field":
            found.add(node["value"])
        elif node["type"] == "current":
            found.add("@")
        waiting.extend(child for child in node["children"] if hasattr(child, "keys"))
    return frozenset(found)


def picked(pick: Pick, raw: JsonObject) -> Json:
    """Return what an expression or a function yields; None for an empty expression."""
    if callable(pick):
        return pick(raw)
    return evaluate(pick, raw) if pick else None


def picked_text(pick: Pick, raw: JsonObject) -> str:
    """Return the picked value as a text; empty when there is none."""
    value = picked(pick, raw)
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def named(names: Names, params: JsonObject, response: JsonObject) -> tuple[str, ...]:
    """Return the texts that `names` yields for a call."""
    if callable(names):
        return tuple(names(params, response))
    value = evaluate(names, {"params": params, "response": response}) if names else None
    return tuple(_texts(value))


def _texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
