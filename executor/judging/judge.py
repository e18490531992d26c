"""From evidence to a verdict. Pure: the same evidence always gives the same verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from executor.judging import effect_rules, run_rules
from executor.judging.coverage import covered, follows_from_members
from executor.judging.evidence import Evidence, Verdict
from executor.model.decision import worst
from executor.model.effect import Effect
from executor.model.finding import Finding

RULES: tuple[Callable[[Evidence], Iterable[Finding]], ...] = (
    effect_rules.unexpected_delete,
    effect_rules.unexpected_replace,
    effect_rules.unexpected_data_loss,
    effect_rules.protected,
    run_rules.intent_unmet,
    run_rules.change_failed,
    effect_rules.unexplained,
    run_rules.not_rehearsed,
    run_rules.not_covered,
    effect_rules.unexpected_protection_loss,
    effect_rules.unexpected_disruption,
    effect_rules.unexpected_exposure,
    effect_rules.unexpected_create,
    effect_rules.unexpected_update,
    effect_rules.over_limit,
    run_rules.weak_confinement,
)


class Judge:
    """Applies every rule; the worst finding decides."""

    def judge(self, evidence: Evidence) -> Verdict:
        """Return the verdict on a dry run."""
        found = dict.fromkeys(finding for rule in RULES for finding in rule(evidence))
        findings = sorted(
            found, key=lambda f: (-f.decision.severity, f.calls or (1 << 30,), f.address)
        )
        effects = tuple(
            replace(effect, expected=_expected(evidence, effect))
            for effect in evidence.effects.effects
        )
        return Verdict(
            decision=worst(f.decision for f in findings),
            findings=tuple(findings),
            effects=effects,
        )


def _expected(evidence: Evidence, effect: Effect) -> bool:
    if covered(evidence.intent, effect):
        return True
    declared = evidence.intent.declares_effects
    return declared and follows_from_members(effect, evidence.effects.effects, evidence.intent)
