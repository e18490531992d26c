"""The report for a person: decision, why, effects, how to go on."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from executor.model.decision import Decision
from executor.model.effect import Action, Effect
from executor.model.finding import Finding, Rule
from executor.model.json import Json
from executor.model.policy import NOT_NEEDED
from executor.model.report import Report
from executor.reports.advice import (
    advice,
    by_severity,
    headline,
    next_steps,
)
from executor.reports.origin import snapshot_in_words, target_in_words
from executor.reports.style import Style, Tone

_TONES = {
    Decision.ALLOW: Tone.GOOD,
    Decision.HOLD: Tone.WARN,
    Decision.UNDECIDED: Tone.DOUBT,
    Decision.DENY: Tone.BAD,
}
_SIGNS = {
    Decision.ALLOW: "✓",
    Decision.HOLD: "‖",
    Decision.UNDECIDED: "?",
    Decision.DENY: "✗",
}
_ACTIONS = {
    Action.CREATE: ("+", Tone.GOOD),
    Action.UPDATE: ("~", Tone.WARN),
    Action.DELETE: ("-", Tone.BAD),
    Action.REPLACE: ("±", Tone.BAD),
}
_MOST_FINDINGS = 12
_MOST_EFFECTS = 8
_MOST_FIELDS = 4
_MOST_LINES = 6
# More than these are told in one line, unless the change touched one.
_MOST_GAPS = 3


def text_report(report: Report, style: Style) -> str:
    """Return the report as text, ending in a newline."""
    lines = [
        *_head(report, style),
        *_findings(report, style),
        *_effects(report, style),
        *_transient(report, style),
        *_refused(report, style),
        *_gaps(report, style),
        *_isolation(report, style),
        *_next(report, style),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(report: Report, style: Style) -> list[str]:
    tone = _TONES[report.decision]
    word = f"{style.sign(_SIGNS[report.decision])} {report.decision.value.upper()}"
    why = style.wrapped(style.shown(headline(report)), "  ")
    return [style.paint(word, tone, Tone.STRONG), *why, *_facts(report, style)]


def _facts(report: Report, style: Style) -> list[str]:
    seconds = report.timing_ms.get("total", 0.0) / 1000
    facts = [f"run {report.id}", style.shown(target_in_words(report))]
    if seconds:
        facts.append(f"{seconds:.1f} s")
    files = report.change.get("files")
    change = _change(report)
    if isinstance(files, list | tuple) and files:
        change += f" · {_some('file', files)} changed in its copy"
    lines = [style.sign(" · ").join(facts), style.sign(style.shown(change))]
    if report.target.snapshot:
        lines.insert(1, f"from the {style.shown(snapshot_in_words(report))}")
    return [style.paint(style.cut(f"  {line}", style.width), Tone.FAINT) for line in lines]


def _change(report: Report) -> str:
    outcome = report.outcome
    command = report.change.get("command")
    if isinstance(command, list | tuple):
        what = shlex.join(str(word) for word in command)
    else:
        calls = report.change.get("calls")
        what = _some("call", calls) if isinstance(calls, list | tuple) else "the change"
    ended = "took too long and was ended" if outcome.timed_out else f"exit {outcome.exit_code}"
    text = f"{what} ({ended})"
    if outcome.left_running:
        text += f" · left {outcome.left_running} running, which were ended"
    return f"{text}: {outcome.detail}" if outcome.detail else text


def _findings(report: Report, style: Style) -> list[str]:
    if not report.findings:
        return []
    lines = _heading("Why", style)
    findings = by_severity(report.findings)
    for finding in findings[:_MOST_FINDINGS]:
        lines.extend(_finding(report, finding, style))
    lines.extend(_cut(len(findings) - _MOST_FINDINGS, "findings", "  ", style))
    return lines


def _finding(report: Report, finding: Finding, style: Style) -> list[str]:
    sign = style.sign(_SIGNS[finding.decision])
    head = f"{sign} {finding.rule.value}"
    lines = [f"  {style.paint(head, _TONES[finding.decision])}"]
    lines.extend(style.wrapped(style.shown(finding.message), "      "))
    arrow = style.sign("→")
    # Not wrapped: what is to be typed must be in one piece.
    lines.append(f"      {arrow} {style.paint(style.shown(advice(report, finding)), Tone.CODE)}")
    return lines


def _effects(report: Report, style: Style) -> list[str]:
    if not report.effects:
        return []
    counts = Counter(e.action for e in report.effects)
    summary = ", ".join(f"{counts[a]} {a.value}" for a in Action if counts[a])
    lines = _heading(f"Effects: {summary}", style)
    ordered = sorted(report.effects, key=lambda e: e.type)
    for type_name, members in groupby(ordered, key=lambda e: e.type):
        # The unexpected and the dangerous first, for lists are cut at their end.
        group = sorted(members, key=lambda e: (e.expected, -len(e.hazards), e.name))
        lines.append(f"  {style.paint(style.shown(type_name), Tone.STRONG)}")
        shown = group[:_MOST_EFFECTS]
        for i, effect in enumerate(shown):
            last = i == len(shown) - 1 and len(group) <= _MOST_EFFECTS
            lines.extend(_effect(effect, style, last=last))
        lines.extend(
            _cut(len(group) - _MOST_EFFECTS, "effects", f"  {_branch(True, style)} ", style)
        )
    return lines


def _effect(effect: Effect, style: Style, *, last: bool) -> list[str]:
    sign, tone = _ACTIONS[effect.action]
    word = "delete later" if effect.deferred else effect.action.value
    head = style.paint(f"{style.sign(sign)} {word}", tone)
    notes = [style.paint(style.sign(f"⚠ {h.value}"), Tone.BAD) for h in sorted(effect.hazards)]
    notes += [style.paint(f"? {d.value}", Tone.DOUBT) for d in effect.doubts]
    if effect.expected:
        notes.append(style.paint("expected", Tone.FAINT))
    if effect.calls:
        notes.append(style.paint(_call_numbers(effect.calls), Tone.FAINT))
    name = style.shown(effect.name or effect.id)
    lines = [f"  {_branch(last, style)} {head} {name}  {'  '.join(notes)}"]
    stem = "      " if last else f"  {style.sign('│')}   "
    lines.extend(stem + line for line in _details(effect, style, style.width - len(stem)))
    return lines


def _details(effect: Effect, style: Style, room: int) -> list[str]:
    lines: list[str] = []
    if effect.replaced_by:
        lines.append(f"replaced by {effect.replaced_by}")
    arrow = style.sign("→")
    if effect.action in {Action.UPDATE, Action.REPLACE}:
        changed = effect.changed[:_MOST_FIELDS]
        lines += [f"{c.path}: {_value(c.before)} {arrow} {_value(c.after)}" for c in changed]
        lines += _more(len(effect.changed) - _MOST_FIELDS, "settings", style)
    lines += [part for part in effect.parts[:_MOST_FIELDS]]
    lines += _more(len(effect.parts) - _MOST_FIELDS, "parts", style)
    return [style.paint(style.cut(style.shown(line), room), Tone.FAINT) for line in lines]


def _transient(report: Report, style: Style) -> list[str]:
    if not report.transient:
        return []
    names = [f"{t.type} {t.name}" for t in report.transient]
    return _list("Made and removed again", names, style)


def _refused(report: Report, style: Style) -> list[str]:
    refused = [c for c in report.calls if c.refused is not None]
    names = [
        f"call {c.n} {c.service or '?'}:{c.operation or '?'} {c.refused.value}"
        + (f": {c.detail}" if c.detail else "")
        for c in refused
        if c.refused is not None
    ]
    return _list("Calls refused", names, style)


def _gaps(report: Report, style: Style) -> list[str]:
    gaps = report.not_covered
    untouched = [g for g in gaps if not g.reason.startswith("in part")]
    if len(untouched) <= _MOST_GAPS or any(f.rule is Rule.NOT_COVERED for f in report.findings):
        untouched = []
    names = [f"{g.address or g.type} ({g.service}): {g.reason}" for g in gaps if g not in untouched]
    lines = _list("Not covered", names, style)
    if untouched:
        services = ", ".join(sorted({g.service for g in untouched}))
        text = f"  could not be read, and was not touched: {len(untouched)} types of {services}"
        lines += ["", style.paint(style.cut(style.shown(text), style.width), Tone.FAINT)]
    return lines


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _isolation(report: Report, style: Style) -> list[str]:
    isolation = report.isolation
    kind = str(isolation.get("kind", "unknown"))
    closed = [n for n in ("network", "filesystem", "credentials") if isolation.get(n) is True]
    opened = [n for n in ("network", "filesystem", "credentials") if isolation.get(n) is False]
    words = [f"{_listed(closed)} cut off"] if closed else []
    words += [f"{', '.join(opened)} not cut off"] if opened else []
    blocked = isolation.get("blocked")
    if isinstance(blocked, list | tuple) and blocked:
        words.append(_some("connection", blocked) + " blocked")
    engine = str(report.engine.get("name", ""))
    emulator = f"{report.engine.get('emulator', '')} {report.engine.get('version', '')}".strip()
    line = f"isolation {kind}" + (f": {'; '.join(words)}" if words else "")
    if kind == NOT_NEEDED:
        line = "isolation not needed: no process was started"
    faint = [line, f"engine {engine}" + (f" ({emulator})" if emulator else "")]
    text = style.sign(" · ").join(style.shown(part) for part in faint)
    return ["", *(style.paint(t, Tone.FAINT) for t in style.wrapped(text, "  "))]


def _next(report: Report, style: Style) -> list[str]:
    lines = _heading("How to go on", style)
    for what, command in next_steps(report):
        lines.append(f"  {style.shown(what)}:")
        lines.append(f"      {style.paint(style.shown(command), Tone.CODE)}")
    return lines


def _heading(text: str, style: Style) -> list[str]:
    return ["", style.paint(text, Tone.STRONG)]


def _list(title: str, items: Sequence[str], style: Style) -> list[str]:
    if not items:
        return []
    lines = _heading(f"{title}: {len(items)}", style)
    lines += [style.cut(f"  {style.shown(item)}", style.width) for item in items[:_MOST_LINES]]
    return lines + _cut(len(items) - _MOST_LINES, "", "  ", style)


def _cut(more: int, noun: str, indent: str, style: Style) -> list[str]:
    return [indent + text for text in _more(more, noun, style)]


def _more(count: int, noun: str, style: Style) -> list[str]:
    dots = style.sign("…")
    return (
        [style.paint(f"{dots} and {count} more {noun}".rstrip(), Tone.FAINT)] if count > 0 else []
    )


def _branch(last: bool, style: Style) -> str:
    return style.sign("└─" if last else "├─")


def _call_numbers(numbers: Iterable[int]) -> str:
    texts = [str(n) for n in numbers]
    more = f" and {len(texts) - 4} more" if len(texts) > 4 else ""
    return f"{'call' if len(texts) == 1 else 'calls'} {', '.join(texts[:4])}{more}"


def _value(value: Json) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 32 else text[:29] + "..."


def _some(noun: str, items: Sequence[object]) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"
