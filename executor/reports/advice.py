"""What a report means for the one who reads it: one sentence of why, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from executor.model.decision import Decision
from executor.model.effect import Action, Effect, Hazard
from executor.model.finding import Finding, Rule
from executor.model.report import Report

_NEEDS_HAZARD = {
    Rule.UNEXPECTED_DATA_LOSS: Hazard.DATA_LOSS,
    Rule.UNEXPECTED_PROTECTION_LOSS: Hazard.PROTECTION_LOSS,
    Rule.UNEXPECTED_DISRUPTION: Hazard.DISRUPTION,
    Rule.UNEXPECTED_EXPOSURE: Hazard.EXPOSURE,
}
_DECLARABLE = {
    Rule.UNEXPECTED_DELETE,
    Rule.UNEXPECTED_REPLACE,
    Rule.UNEXPECTED_CREATE,
    Rule.UNEXPECTED_UPDATE,
    *_NEEDS_HAZARD,
}
_ADVICE = {
    Rule.PROTECTED: "leave it out of the change; who protects it must lift that first",
    Rule.INTENT_UNMET: "mend the change, or take the expectation back",
    Rule.CHANGE_FAILED: "read its output above, mend it and rehearse again",
    Rule.OVER_LIMIT: "split the change, or raise `limits` in the intent or executor.toml",
    Rule.UNEXPLAINED: "look at the calls in the JSON report; do not promote what nobody explains",
    Rule.NOT_REHEARSED: "try another engine (--engine localstack), or leave the call out",
    Rule.NOT_COVERED: "leave the call out, or have a person look at it by hand",
    Rule.WEAK_CONFINEMENT: "use a stronger --confine, or have a person approve",
}


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, the worst first and else in order."""
    return sorted(findings, key=lambda f: -f.decision.severity)


def effect_of(report: Report, finding: Finding) -> Effect | None:
    """Return the effect a finding is about, where it is about one."""
    if not finding.address:
        return None
    return next((e for e in report.effects if e.address == finding.address), None)


def declaration(effect: Effect, finding: Finding | None = None) -> str:
    """Return the effect pattern that declares an effect."""
    hazards: set[Hazard] = set(effect.hazards)
    if finding is not None and finding.rule in _NEEDS_HAZARD:
        hazards.add(_NEEDS_HAZARD[finding.rule])
    # The pattern of a deletion covers the resource's own data.
    named = () if effect.action is Action.DELETE else sorted(h.value for h in hazards)
    return f"{'+'.join([effect.action.value, *named])} {effect.type} {_name_pattern(effect)}"


def advice(report: Report, finding: Finding) -> str:
    """Return what to do about a finding, in a few words."""
    effect = effect_of(report, finding)
    if finding.rule in _DECLARABLE:
        if effect is None:
            return "declare it in the intent, or leave it out of the change"
        option = shlex.quote(declaration(effect, finding))
        return f"leave it out of the change, or declare it: --allow {option}"
    return _ADVICE.get(finding.rule, "see the JSON report")


def headline(report: Report) -> str:
    """Return one sentence on why the decision is what it is."""
    worst = by_severity(report.findings)
    more = len(worst) - 1
    if not worst:
        count = len(report.effects)
        if not count:
            return "The change did nothing that lasts."
        return f"{_counted(count, 'effect')}, none of them unexpected."
    also = f" ({_counted(more, 'more finding')} below)" if more else ""
    return f"{worst[0].message.rstrip()}{also}"


def next_steps(report: Report) -> list[tuple[str, str]]:
    """Return how to go on: (what it does, command)."""
    steps: list[tuple[str, str]] = []
    match report.decision:
        case Decision.ALLOW if report.target.name != "none":
            steps.append(("do it to the target", f"executor promote {report.id}"))
        case Decision.HOLD:
            steps.append(("approve it, with a reason", f"executor approve {report.id}"))
        case _:
            pass
    steps.extend(_declare(report))
    steps.append(("every call and setting", f"executor show {report.id} --format json"))
    return steps


def _declare(report: Report) -> list[tuple[str, str]]:
    patterns: dict[str, None] = {}
    for finding in by_severity(report.findings):
        effect = effect_of(report, finding)
        if finding.rule in _DECLARABLE and effect is not None:
            patterns[declaration(effect, finding)] = None
    if not patterns:
        return []
    first = " ".join(f"--allow {shlex.quote(p)}" for p in list(patterns)[:3])
    more = len(patterns) - 3
    words = "if it is meant, declare it" + (f" (and {more} more)" if more > 0 else "")
    return [(words, f"dry-run {first} {_again(report)}")]


def _again(report: Report) -> str:
    command = report.change.get("command")
    if isinstance(command, list | tuple):
        return "-- " + shlex.join(str(word) for word in command)
    return "CHANGE"


def _name_pattern(effect: Effect) -> str:
    # A name may itself hold what patterns give a meaning to.
    return "".join(f"[{c}]" if c in "*?[" else c for c in effect.name or effect.id)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
