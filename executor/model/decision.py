"""What the judge decides, in order of severity."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Decision(StrEnum):
    """The outcome of a dry run."""

    ALLOW = "allow"
    """Nothing unexpected happened; the change may be promoted."""

    HOLD = "hold"
    """Nothing forbidden happened, but a person must approve."""

    UNDECIDED = "undecided"
    """The change could not be rehearsed faithfully; nothing is known about it."""

    DENY = "deny"
    """Something happened that must not."""

    @property
    def severity(self) -> int:
        """Rank: `deny` > `undecided` > `hold` > `allow`."""
        return _ORDER.index(self)


_ORDER = (Decision.ALLOW, Decision.HOLD, Decision.UNDECIDED, Decision.DENY)


def worst(decisions: Iterable[Decision]) -> Decision:
    """Return the most severe decision; `allow` when there is none."""
    return max(decisions, key=lambda d: d.severity, default=Decision.ALLOW)
