"""What the judge found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from executor.model.decision import Decision
from executor.model.json import Json


class Rule(StrEnum):
    """The judge's rules; each is one function in `executor.judging.rules`."""

    UNEXPECTED_DELETE = "unexpected-delete"
    """A deletion that no intent covers."""

    UNEXPECTED_REPLACE = "unexpected-replace"
    """A deletion and re-creation that no intent covers."""

    UNEXPECTED_DATA_LOSS = "unexpected-data-loss"
    """Data is gone that no intent gave up."""

    PROTECTED = "protected"
    """It touches what the intent or the policy protects."""

    INTENT_UNMET = "intent-unmet"
    """An expected effect did not happen, or a check is false."""

    CHANGE_FAILED = "change-failed"
    """The command failed, or a call of a calls file did."""

    UNEXPECTED_PROTECTION_LOSS = "unexpected-protection-loss"
    """A safeguard is weaker, and no intent says so."""

    UNEXPECTED_DISRUPTION = "unexpected-disruption"
    """Something stops working, and no intent says so."""

    UNEXPECTED_EXPOSURE = "unexpected-exposure"
    """Something is more open than before, and no intent says so."""

    UNEXPECTED_CREATE = "unexpected-create"
    """A creation that the declared intent does not cover."""

    UNEXPECTED_UPDATE = "unexpected-update"
    """An update that the declared intent does not cover."""

    OVER_LIMIT = "over-limit"
    """More effects than the limits allow."""

    UNEXPLAINED = "unexplained"
    """An effect without a cause, or sources that disagree."""

    NOT_REHEARSED = "not-rehearsed"
    """The engine could not do a call, or does it in a way known to be unfaithful."""

    NOT_COVERED = "not-covered"
    """A mutating call touched a type the catalog cannot read."""

    WEAK_CONFINEMENT = "weak-confinement"
    """Less isolation than the policy asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason for a decision.

    Attributes:
        rule: which rule speaks.
        decision: what it asks for.
        message: one sentence for a person.
        address: resource it is about; empty when about the run.
        calls: numbers of the calls it rests on.
    """

    rule: Rule
    decision: Decision
    message: str
    address: str = ""
    calls: tuple[int, ...] = ()

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        return {
            "rule": self.rule.value,
            "decision": self.decision.value,
            "address": self.address,
            "message": self.message,
            "calls": list(self.calls),
        }
