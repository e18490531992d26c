"""What a team allows, whatever a proposer declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from executor.errors import InvalidConfig
from executor.model.decision import Decision
from executor.model.finding import Rule
from executor.model.intent import Limits, ResourcePattern

ISOLATION_RANKS = ("off", "container", "bubblewrap")

NOT_NEEDED = "not-needed"
"""Isolation of a change that runs no process: its calls are made by the executor itself."""

_DEFAULTS: Mapping[Rule, Decision] = {
    Rule.UNEXPECTED_DELETE: Decision.DENY,
    Rule.UNEXPECTED_REPLACE: Decision.DENY,
    Rule.UNEXPECTED_DATA_LOSS: Decision.DENY,
    Rule.PROTECTED: Decision.DENY,
    Rule.INTENT_UNMET: Decision.DENY,
    Rule.CHANGE_FAILED: Decision.DENY,
    Rule.UNEXPECTED_PROTECTION_LOSS: Decision.HOLD,
    Rule.UNEXPECTED_DISRUPTION: Decision.HOLD,
    Rule.UNEXPECTED_EXPOSURE: Decision.HOLD,
    Rule.UNEXPECTED_CREATE: Decision.HOLD,
    Rule.UNEXPECTED_UPDATE: Decision.HOLD,
    Rule.OVER_LIMIT: Decision.HOLD,
    Rule.UNEXPLAINED: Decision.UNDECIDED,
    Rule.NOT_REHEARSED: Decision.UNDECIDED,
    Rule.NOT_COVERED: Decision.UNDECIDED,
    Rule.WEAK_CONFINEMENT: Decision.HOLD,
}

# What these rules find means that nothing is known; no policy can make that an approval.
_NEVER_WEAKER = frozenset(
    {Rule.CHANGE_FAILED, Rule.UNEXPLAINED, Rule.NOT_REHEARSED, Rule.NOT_COVERED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of a target.

    Attributes:
        protect: must not be touched, whatever an intent allows.
        limits: how many effects are allowed.
        minimum_isolation: weakest confinement that will do: `off`, `container`, `bubblewrap`.
        decisions: decisions of rules that differ from the defaults.
        blocked_connections: decision when the confinement blocked connections; None decides
            nothing.
    """

    protect: tuple[ResourcePattern, ...] = ()
    limits: Limits = field(default_factory=Limits)
    minimum_isolation: str = "off"
    decisions: Mapping[Rule, Decision] = field(default_factory=dict)
    blocked_connections: Decision | None = None

    def __post_init__(self) -> None:
        if self.minimum_isolation not in ISOLATION_RANKS:
            raise InvalidConfig(
                f"policy.isolation: unknown confinement {self.minimum_isolation!r}",
                hint=f"known: {', '.join(ISOLATION_RANKS)}",
            )
        for rule, decision in self.decisions.items():
            if rule in _NEVER_WEAKER and decision.severity < _DEFAULTS[rule].severity:
                raise InvalidConfig(
                    f"policy.decisions.{rule.value}: {decision.value!r} is weaker than"
                    f" {_DEFAULTS[rule].value!r}, and what was not rehearsed cannot be allowed",
                    hint="leave the rule out of the policy",
                )

    def decision(self, rule: Rule) -> Decision:
        """Return what a finding of the rule asks for."""
        return self.decisions.get(rule, _DEFAULTS[rule])
