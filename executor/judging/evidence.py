"""Everything a verdict rests on, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from executor.model.call import Trace
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Effect, Effects
from executor.model.finding import Finding, Rule
from executor.model.intent import Intent
from executor.model.json import JsonObject
from executor.model.policy import Policy
from executor.model.resource import Snapshot
from sandboxes.fidelity.behaviours import Behaviour
from sandboxes.fidelity.records import TypeFidelity


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness:
    """What is known of the engine.

    Attributes:
        types: what it keeps of the types that the run touched, as far as that was found out.
        hazardous: type -> the settings that its hazards depend on.
        safeguards: type -> those of them that are dangerous only to lose.
        unhonoured: ways of AWS's that it has not -> what was seen instead.
    """

    types: Mapping[str, TypeFidelity] = field(default_factory=dict)
    hazardous: Mapping[str, frozenset[str]] = field(default_factory=dict)
    safeguards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unhonoured: Mapping[Behaviour, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a dry run brought to light, and what was declared.

    Attributes:
        effects: what the change did.
        trace: its calls.
        intent: what its proposer declared.
        policy: what the team allows.
        outcome: how the change itself ended.
        baseline: what the target held, as far as it was read.
        prior: the replica before, with its gaps.
        observed: the replica after, with its gaps.
        isolation: what confinement was achieved, in the report's form.
        replicates: there is a target that the replica is the likeness of.
        unfaithful: `service:Operation` -> how the engine is known to differ from AWS;
            `service:Operation EXPRESSION` for calls of which the JMESPath expression over the
            parameters is true.
        faithfulness: what the engine keeps and honours.
    """

    effects: Effects
    trace: Trace
    intent: Intent
    policy: Policy
    outcome: ChangeOutcome
    baseline: Snapshot
    prior: Snapshot
    observed: Snapshot
    isolation: JsonObject
    replicates: bool = True
    unfaithful: Mapping[str, str] = field(default_factory=dict)
    faithfulness: Faithfulness = field(default_factory=Faithfulness)

    def finding(
        self, rule: Rule, message: str, *, address: str = "", calls: tuple[int, ...] = ()
    ) -> Finding:
        """Return a finding with the decision that the policy gives the rule."""
        return Finding(
            rule=rule,
            decision=self.policy.decision(rule),
            message=message,
            address=address,
            calls=calls,
        )

    def by_calls(self, effect: Effect) -> str:
        """Return which calls did it, in words."""
        named = []
        for n in effect.calls[:3]:
            call = self.trace.call(n)
            named.append(f"{call.operation}, call {n}")
        more = len(effect.calls) - len(named)
        text = "; ".join(named) + (f"; and {more} more" if more > 0 else "")
        return f" ({text})" if text else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision and its reasons; the worst finding decides."""

    decision: Decision
    findings: tuple[Finding, ...]
    effects: tuple[Effect, ...]
