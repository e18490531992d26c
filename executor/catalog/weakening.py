"""What makes a changed setting dangerous: predicates over its values before and after."""

from __future__ import annotations

from collections.abc import Mapping

from executor.model.json import Json

_OFF = (None, "", False, "false", "Disabled", "DISABLED", "OFF", "off", "Suspended", "disabled")


def turned_off(before: Json, after: Json) -> bool:
    """A safeguard that was on is not on any more."""
    return before not in _OFF and after in _OFF


def turned_on(before: Json, after: Json) -> bool:
    """Something dangerous that was off is on."""
    return turned_off(after, before)


def removed(before: Json, after: Json) -> bool:
    """Something that was set is not any more."""
    return bool(before) and not after


def added(before: Json, after: Json) -> bool:
    """Something that was not set is, or a list has new elements, or an object new keys."""
    if isinstance(after, Mapping):
        return lost(after, before)
    if isinstance(after, list):
        known = before if isinstance(before, list) else []
        return any(item not in known for item in after)
    return bool(after) and not before


def lost(before: Json, after: Json) -> bool:
    """A list lacks elements, or an object keys, that it had; or it is gone altogether."""
    if isinstance(before, list):
        left = after if isinstance(after, list) else []
        return any(item not in left for item in before)
    if isinstance(before, Mapping):
        return any(key not in (after if isinstance(after, Mapping) else {}) for key in before)
    return removed(before, after)


def shrunk(before: Json, after: Json) -> bool:
    """A number (or a text of one) is smaller, or is set where there was none."""
    small, large = _number(after), _number(before)
    return small is not None and (large is None or small < large)


def any_change(before: Json, after: Json) -> bool:
    """Every difference is dangerous."""
    return True


def _number(value: Json) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None
