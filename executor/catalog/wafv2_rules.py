"""AWS WAF: which changes of rules let through what was stopped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from executor.catalog.raw import objects, table, text
from executor.model.json import Json, JsonObject

_STOPS = frozenset({"Block", "Captcha", "Challenge"})
_WIDE = ("/0", "/1")


def by_name(raw: JsonObject) -> dict[str, Json]:
    """Return rules by name."""
    return {
        text(rule, "Name"): {key: value for key, value in rule.items() if key != "Name"}
        for rule in objects(raw, "Rules")
    }


def action(value: JsonObject, key: str) -> str:
    """Return the one word of an action, which is told as the key of an object."""
    return next(iter(table(value, key)), "")


def let_through(before: Json, after: Json) -> bool:
    """A rule is gone, does not stop any more, stops something else, or one lets all pass."""
    old, new = _rules(before), _rules(after)
    weaker = any(name not in new or _weaker(rule, new[name]) for name, rule in old.items())
    return weaker or any(_passes(rule) and not _passes(old.get(n, {})) for n, rule in new.items())


def _rules(value: Json) -> Mapping[str, JsonObject]:
    found = value if isinstance(value, Mapping) else {}
    return {name: rule for name, rule in found.items() if isinstance(rule, Mapping)}


def _weaker(before: JsonObject, after: JsonObject) -> bool:
    if not _stops(before):
        return False
    return not _stops(after) or before.get("Statement") != after.get("Statement")


def _stops(rule: JsonObject) -> bool:
    # What a group of rules says holds unless it is overridden.
    return action(rule, "Action") in _STOPS or action(rule, "OverrideAction") == "None"


def _passes(rule: JsonObject) -> bool:
    return action(rule, "Action") == "Allow"


def not_stopped(before: Json, after: Json) -> bool:
    """What no rule is about was stopped and is let through."""
    return before == "Block" and after != "Block"


def stopped(before: Json, after: Json) -> bool:
    """What no rule is about was let through and is stopped."""
    return before != "Block" and after == "Block"


def nearly_all(before: Json, after: Json) -> bool:
    """A list of addresses has new ranges that are half of all addresses, or all."""
    return any(a.endswith(_WIDE) and a not in _texts(before) for a in _texts(after))


def _texts(value: Json) -> Iterable[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
