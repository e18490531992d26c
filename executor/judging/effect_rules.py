"""Rules about what the change did to resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from executor.judging.coverage import covered_action, covered_hazard, follows_from_members
from executor.judging.evidence import Evidence
from executor.model.effect import Action, Doubt, Effect, Hazard
from executor.model.finding import Finding, Rule


def unexpected_delete(evidence: Evidence) -> Iterator[Finding]:
    """A deletion that no intent covers."""
    for effect in _uncovered(evidence, Action.DELETE):
        what = "is scheduled for deletion" if effect.deferred else "was deleted"
        loss = ", with the data it held" if Hazard.DATA_LOSS in effect.hazards else ""
        yield _about(evidence, Rule.UNEXPECTED_DELETE, effect, f"{what}{loss}")


def unexpected_replace(evidence: Evidence) -> Iterator[Finding]:
    """A deletion and re-creation that no intent covers."""
    for effect in _uncovered(evidence, Action.REPLACE):
        loss = "; what it held is gone" if Hazard.DATA_LOSS in effect.hazards else ""
        yield _about(evidence, Rule.UNEXPECTED_REPLACE, effect, f"was deleted and re-created{loss}")


def unexpected_data_loss(evidence: Evidence) -> Iterator[Finding]:
    """Data is gone, or will go by itself, that no intent gave up."""
    for effect in _hazardous(evidence, Hazard.DATA_LOSS):
        if effect.action in (Action.DELETE, Action.REPLACE) and not covered_action(
            evidence.intent, effect
        ):
            continue  # the deletion itself is the finding
        parts = f": {_listed(effect.parts)}" if effect.parts else ""
        yield _about(evidence, Rule.UNEXPECTED_DATA_LOSS, effect, f"loses data{parts}")


def unexpected_protection_loss(evidence: Evidence) -> Iterator[Finding]:
    """A safeguard is weaker, and no intent says so."""
    for effect in _hazardous(evidence, Hazard.PROTECTION_LOSS):
        text = f"is less protected than before{_because(effect)}"
        yield _about(evidence, Rule.UNEXPECTED_PROTECTION_LOSS, effect, text)


def unexpected_disruption(evidence: Evidence) -> Iterator[Finding]:
    """Something stops working, and no intent says so."""
    for effect in _hazardous(evidence, Hazard.DISRUPTION):
        text = f"stops working, or part of it does{_because(effect)}"
        yield _about(evidence, Rule.UNEXPECTED_DISRUPTION, effect, text)


def unexpected_exposure(evidence: Evidence) -> Iterator[Finding]:
    """Something is more open than before, and no intent says so."""
    for effect in _hazardous(evidence, Hazard.EXPOSURE):
        text = f"is more open than before{_because(effect)}"
        yield _about(evidence, Rule.UNEXPECTED_EXPOSURE, effect, text)


def unexpected_create(evidence: Evidence) -> Iterator[Finding]:
    """A creation that the declared intent does not cover."""
    if evidence.intent.declares_effects:
        for effect in _uncovered(evidence, Action.CREATE):
            yield _about(
                evidence, Rule.UNEXPECTED_CREATE, effect, "was created, which the intent omits"
            )


def unexpected_update(evidence: Evidence) -> Iterator[Finding]:
    """An update that the declared intent does not cover."""
    if evidence.intent.declares_effects:
        for effect in _uncovered(evidence, Action.UPDATE):
            yield _about(
                evidence, Rule.UNEXPECTED_UPDATE, effect, "was updated, which the intent omits"
            )


def protected(evidence: Evidence) -> Iterator[Finding]:
    """An effect on what the intent or the policy protects."""
    for effect in evidence.effects.effects:
        for origin, patterns in (
            ("intent", evidence.intent.protect),
            ("policy", evidence.policy.protect),
        ):
            pattern = next((p for p in patterns if any(map(p.matches, _both(effect)))), None)
            if pattern is not None:
                text = f"is protected by the {origin} ({pattern}), and the change would"
                text += f" {effect.action.value} it"
                yield _about(evidence, Rule.PROTECTED, effect, text)
                break


def unexplained(evidence: Evidence) -> Iterator[Finding]:
    """An effect without a cause, or sources that disagree."""
    words = {
        Doubt.NO_CAUSE: "changed, and no recorded call accounts for it",
        Doubt.SOURCES_DISAGREE: "cannot be told apart from what could not be read",
        Doubt.UNSETTLED: "was still changing when it was read",
        Doubt.PARTLY_READ: "holds more than was read, so what was overwritten cannot be told",
    }
    for effect in evidence.effects.effects:
        for doubt in effect.doubts:
            yield _about(evidence, Rule.UNEXPLAINED, effect, words[doubt])
    for call, address, text in evidence.effects.disagreements:
        operation = evidence.trace.call(call).operation
        yield evidence.finding(
            Rule.UNEXPLAINED, f"{text} ({operation}, call {call})", address=address, calls=(call,)
        )


def over_limit(evidence: Evidence) -> Iterator[Finding]:
    """More effects than the intent's or the policy's limits allow."""
    effects = evidence.effects.effects
    for origin, limits in (
        ("intent", evidence.intent.limits),
        ("policy", evidence.policy.limits),
    ):
        counts = (
            ("create", limits.create),
            ("update", limits.update),
            ("delete", limits.delete),
            ("replace", limits.replace),
            ("total", limits.total),
        )
        for word, most in counts:
            count = sum(1 for e in effects if word in ("total", e.action.value))
            if most is not None and count > most:
                what = "effects" if word == "total" else f"effects of {word}"
                yield evidence.finding(
                    Rule.OVER_LIMIT, f"{count} {what}; the {origin} allows {most}"
                )


def _both(effect: Effect) -> Iterator[Effect]:
    """Yield the effect, and as what it is known by what took its place."""
    yield effect
    if effect.replaced_by and effect.after is not None:
        yield replace(
            effect,
            name=str(effect.after.get("name", effect.name)),
            id=str(effect.after.get("id", effect.id)),
            address=effect.replaced_by,
        )


def _uncovered(evidence: Evidence, action: Action) -> Iterator[Effect]:
    effects = evidence.effects.effects
    for effect in effects:
        if effect.action is not action or covered_action(evidence.intent, effect):
            continue
        if not follows_from_members(effect, effects, evidence.intent):
            yield effect


def _hazardous(evidence: Evidence, hazard: Hazard) -> Iterator[Effect]:
    for effect in evidence.effects.effects:
        if hazard in effect.hazards and not covered_hazard(evidence.intent, effect, hazard):
            yield effect


def _about(evidence: Evidence, rule: Rule, effect: Effect, text: str) -> Finding:
    return evidence.finding(
        rule,
        f"{effect.type} {effect.name} {text}{evidence.by_calls(effect)}",
        address=effect.address,
        calls=effect.calls,
    )


def _because(effect: Effect) -> str:
    return f": {_listed(effect.parts)}" if effect.parts else ""


def _listed(parts: tuple[str, ...]) -> str:
    shown = ", ".join(parts[:3])
    return f"{shown} and {len(parts) - 3} more" if len(parts) > 3 else shown
