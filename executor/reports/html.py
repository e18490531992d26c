"""One self-contained HTML page: no script, nothing loaded from elsewhere, all text escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape

from executor.model.call import Call
from executor.model.effect import Effect
from executor.model.finding import Finding
from executor.model.report import Report
from executor.reports.advice import advice, by_severity, effect_of, headline, next_steps
from executor.reports.origin import whose
from executor.reports.style import Style

_STYLE = """
:root{color-scheme:light dark;--bad:#b3261e;--warn:#8a5a00;--good:#1b6e3c;--doubt:#6a3fa0}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}.deny{color:var(--bad)}.hold{color:var(--warn)}.allow{color:var(--good)}
.undecided{color:var(--doubt)}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #8884}
td{overflow-wrap:anywhere}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem}
.faint{opacity:.7}summary{cursor:pointer}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_CLEAN = Style()


def html_report(report: Report) -> str:
    """Return the report as an HTML page."""
    word = report.decision.value
    facts = f"run {report.id} · {whose(report)}"
    facts += f" · started {report.started} · {report.digest}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(f'{word}: dry run {report.id}')}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f'<h1 class="{word}">{word.upper()}</h1>',
        f"<p>{_text(headline(report))}</p>",
        f'<p class="faint">{_text(facts)}</p>',
        _findings(report),
        _effects(report.effects),
        _lists(report),
        _next(report),
        _calls(report.calls),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _findings(report: Report) -> str:
    def row(finding: Finding) -> Sequence[str]:
        effect = effect_of(report, finding)
        word = finding.decision.value
        return (
            f'<span class="{word}">{word}</span>',
            _text(finding.rule.value),
            _text(f"{effect.type} {effect.name}" if effect else finding.address),
            f"{_text(finding.message)}<br><code>{_text(advice(report, finding))}</code>",
            _text(_numbers(finding.calls)),
        )

    heads = ("decision", "rule", "resource", "why, and what to do", "calls")
    return _table("Why", heads, [row(f) for f in by_severity(report.findings)])


def _effects(effects: Sequence[Effect]) -> str:
    def row(effect: Effect) -> Sequence[str]:
        hazards = ", ".join(sorted(h.value for h in effect.hazards))
        doubts = ", ".join(d.value for d in effect.doubts)
        action = effect.action.value + (" (later)" if effect.deferred else "")
        return (
            _text(action),
            f"{_text(effect.type)}<br><b>{_text(effect.name)}</b>"
            f'<br><span class="faint">{_text(effect.address)}</span>',
            f'<span class="deny">{_text(hazards)}</span> '
            f'<span class="undecided">{_text(doubts)}</span>',
            "yes" if effect.expected else "no",
            _changed(effect),
            _text(_numbers(effect.calls)),
        )

    heads = ("action", "resource", "hazards", "expected", "what changed", "calls")
    return _table(f"Effects ({len(effects)})", heads, [row(e) for e in effects])


def _changed(effect: Effect) -> str:
    lines = [f"{c.path}: {json.dumps(c.before)} → {json.dumps(c.after)}" for c in effect.changed]
    lines += effect.parts
    if not lines:
        return ""
    body = "<br>".join(_text(line) for line in lines)
    if len(lines) <= 4:
        return body
    return f"<details><summary>{len(lines)} changes</summary>{body}</details>"


def _lists(report: Report) -> str:
    refused = [
        f"call {c.n} {c.service or '?'}:{c.operation or '?'}: {c.refused.value} {c.detail}"
        for c in report.calls
        if c.refused is not None
    ]
    gaps = [f"{g.address or g.type} ({g.service}): {g.reason}" for g in report.not_covered]
    transient = [f"{t.type} {t.name}" for t in report.transient]
    surroundings = [
        f"isolation: {json.dumps(report.isolation, ensure_ascii=False)}",
        f"engine: {json.dumps(report.engine, ensure_ascii=False)}",
        f"change: {json.dumps(report.to_json()['change'], ensure_ascii=False)}",
    ]
    return "\n".join(
        [
            _list("Calls refused", refused),
            _list("Not covered", gaps),
            _list("Made and removed again", transient),
            _list("Surroundings", surroundings),
        ]
    )


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    body = "".join(f"<li>{_text(item)}</li>" for item in items)
    return f"<h2>{title}</h2><ul>{body}</ul>"


def _next(report: Report) -> str:
    steps = (
        f"<p>{_text(what)}:</p><pre>{_text(command)}</pre>" for what, command in next_steps(report)
    )
    return f"<h2>How to go on</h2>{''.join(steps)}"


def _calls(calls: Sequence[Call]) -> str:
    rows = [
        (
            str(c.n),
            _text(f"{c.service}:{c.operation}"),
            _text(c.region),
            "yes" if c.mutating else "no",
            _text(" ".join(str(p) for p in (c.status, c.error, c.refused) if p)),
        )
        for c in calls
    ]
    table = _table("", ("call", "operation", "region", "mutating", "outcome"), rows)
    return f"<details><summary>All {len(calls)} calls</summary>{table}</details>" if rows else ""


def _table(title: str, heads: Iterable[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{h}</th>" for h in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
    above = f"<h2>{title}</h2>" if title else ""
    return f"{above}<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(n) for n in numbers)


def _text(text: str) -> str:
    # Control and direction characters could make a page read other than it is.
    return escape(_CLEAN.shown(text))
