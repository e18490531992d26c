"""Markdown, for a comment on a pull request: the text report's order, in tables that fold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from executor.model.effect import Effect
from executor.model.report import Report
from executor.reports.advice import advice, by_severity, effect_of, headline, next_steps
from executor.reports.origin import whose

_MOST_ROWS = 50
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@])")


def markdown_report(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    lines = [
        f"## dry-run: {report.decision.value}",
        "",
        _escaped(headline(report)),
        "",
        f"Run `{report.id}`, {_escaped(whose(report))}.",
        *_findings(report),
        *_effects(report),
        *_rest(report),
        "",
        "### How to go on",
        "",
    ]
    for what, command in next_steps(report):
        lines += [f"{_escaped(what)}:", "", *_fenced(command), ""]
    return "\n".join(lines).rstrip() + "\n"


def _findings(report: Report) -> list[str]:
    rows = []
    for finding in by_severity(report.findings):
        effect = effect_of(report, finding)
        about = f"{effect.type} {effect.name}" if effect else finding.address
        words = (finding.decision.value, finding.rule.value, about, finding.message)
        rows.append((*words, advice(report, finding)))
    heads = ("decision", "rule", "resource", "why", "what to do")
    return ["", "### Findings", "", *_table(heads, rows)] if rows else []


def _effects(report: Report) -> list[str]:
    rows = [
        (
            effect.action.value,
            effect.type,
            effect.name,
            ", ".join(sorted(effect.hazards)),
            "yes" if effect.expected else "no",
            _changed(effect),
        )
        for effect in report.effects
    ]
    heads = ("action", "type", "name", "hazards", "expected", "changed")
    return ["", f"### Effects ({len(rows)})", "", *_table(heads, rows)] if rows else []


def _changed(effect: Effect) -> str:
    names = [c.path for c in effect.changed] + list(effect.parts)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _rest(report: Report) -> list[str]:
    refused = [
        f"call {c.n} {c.service or '?'}:{c.operation or '?'}: {c.refused.value} {c.detail}"
        for c in report.calls
        if c.refused is not None
    ]
    gaps = [f"{g.address or g.type} ({g.service}): {g.reason}" for g in report.not_covered]
    transient = [f"{t.type} {t.name}" for t in report.transient]
    isolation = [str(report.isolation.get("kind", "unknown"))]
    return [
        *_folded("Calls refused", refused),
        *_folded("Not covered", gaps),
        *_folded("Made and removed again", transient),
        *_folded("Isolation", isolation),
    ]


def _folded(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    listed = [f"- {_escaped(item)}" for item in items[:_MOST_ROWS]]
    if len(items) > _MOST_ROWS:
        listed.append(f"- and {len(items) - _MOST_ROWS} more")
    return [
        "",
        f"<details><summary>{title} ({len(items)})</summary>",
        "",
        *listed,
        "",
        "</details>",
    ]


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [_row(heads), _row("---" for _ in heads)]
    lines += [_row(_escaped(cell) for cell in row) for row in rows[:_MOST_ROWS]]
    if len(rows) > _MOST_ROWS:
        lines += ["", f"… and {len(rows) - _MOST_ROWS} more."]
    return lines


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    # A resource's name is foreign text: it must not become a link, a mention or HTML.
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("\\@", "@\u200b")


def _fenced(text: str) -> list[str]:
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    return [f"{fence}sh", text, fence]
