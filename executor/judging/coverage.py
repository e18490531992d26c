"""What an intent covers."""

from __future__ import annotations

from executor.model.effect import Action, Effect, Hazard
from executor.model.intent import Intent

STACK = "AWS::CloudFormation::Stack"


def covered_action(intent: Intent, effect: Effect) -> bool:
    """Whether the intent allows the effect itself, hazards aside.

    Separate patterns for a deletion and a creation do not cover a replacement: whoever means
    to replace says so.
    """
    return any(pattern.covers_action(effect) for pattern in intent.patterns)


def covered_hazard(intent: Intent, effect: Effect, hazard: Hazard) -> bool:
    """Whether the intent allows that hazard of the effect."""
    return any(pattern.covers_hazard(effect, hazard) for pattern in intent.patterns)


def covered(intent: Intent, effect: Effect) -> bool:
    """Whether the intent allows the effect with all its hazards."""
    return covered_action(intent, effect) and all(
        covered_hazard(intent, effect, hazard) for hazard in effect.hazards
    )


def follows_from_members(effect: Effect, others: tuple[Effect, ...], intent: Intent) -> bool:
    """Whether a stack was made or updated and every effect on its resources is covered."""
    if effect.type != STACK or effect.action not in (Action.CREATE, Action.UPDATE):
        return False
    if effect.hazards:
        return False
    shared = [o for o in others if o.type != STACK and not set(o.calls).isdisjoint(effect.calls)]
    return all(covered(intent, other) for other in shared)
