"""EventBridge: event patterns, compared by what they match."""

from __future__ import annotations

import json
from collections.abc import Mapping

from executor.model.json import Json


def pattern(value: Json) -> Json:
    """Return an event pattern as an object; what is no JSON stays as it is, none is None."""
    if not isinstance(value, str):
        return value
    try:
        found: Json = json.loads(value)
    except ValueError:
        return value or None
    return found


def matches_less(before: Json, after: Json) -> bool:
    """Events that the pattern before matched may not match the one after.

    A pattern asks every key for one of its values: another key or a lost value narrows it.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if any(before.get(key) != after.get(key) for key in ("$or",)):
            return True
        return any(key not in before or matches_less(before[key], after[key]) for key in after)
    if isinstance(before, list) and isinstance(after, list):
        return any(item not in after for item in before)
    # A rule without a pattern goes by the clock and matches no event.
    return before is not None and before != after
