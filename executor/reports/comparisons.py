"""How two snapshots differ, for a person."""

from __future__ import annotations

import json

from executor.model.comparison import Comparison, Difference, Side
from executor.model.effect import Action
from executor.model.json import Json
from executor.reports.style import Style, Tone

_SIGNS = {
    Action.CREATE: ("+", Tone.GOOD),
    Action.UPDATE: ("~", Tone.WARN),
    Action.DELETE: ("-", Tone.BAD),
    Action.REPLACE: ("±", Tone.BAD),
}
_MOST_FIELDS = 20
_MOST_VALUE = 60


def comparison_text(comparison: Comparison, style: Style) -> str:
    """Return the comparison as text, ending in a newline."""
    lines = [
        f"before: {_side(comparison.before)}",
        f"after:  {_side(comparison.after)}",
        "",
    ]
    for difference in comparison.differences:
        lines.extend(_difference(difference, style))
    if comparison.unknown:
        lines.append(style.paint("not to be told:", Tone.DOUBT))
        lines.extend(f"  {style.shown(text)}" for text in comparison.unknown)
    lines.append(_summary(comparison))
    return "\n".join(style.cut(line, style.width) if line else line for line in lines) + "\n"


def _side(side: Side) -> str:
    noun = "resource" if side.resources == 1 else "resources"
    digest = side.digest.removeprefix("sha256:")[:12]
    return f"{digest} of {side.taken}, account {side.account}, {side.resources} {noun}"


def _difference(difference: Difference, style: Style) -> list[str]:
    sign, tone = _SIGNS[difference.action]
    where = "" if difference.region == "global" else f" ({difference.region})"
    head = style.shown(f"{difference.type} {difference.name}{where}")
    lines = [style.paint(f"{style.sign(sign)} {difference.action.value} {head}", tone)]
    if difference.replaced_by:
        lines.append(style.shown(f"    {difference.address} is now {difference.replaced_by}"))
    for change in difference.changed[:_MOST_FIELDS]:
        arrow = style.sign("→")
        text = f"{change.path}: {_value(change.before)} {arrow} {_value(change.after)}"
        lines.append(f"    {style.shown(text)}")
    if len(difference.changed) > _MOST_FIELDS:
        lines.append(f"    and {len(difference.changed) - _MOST_FIELDS} more settings")
    return [*lines, *(f"    {style.shown(text)}" for text in difference.data)]


def _value(value: Json) -> str:
    if value is None:
        return "absent"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _MOST_VALUE else text[: _MOST_VALUE - 3] + "..."


def _summary(comparison: Comparison) -> str:
    if comparison.equal:
        return "nothing differs"
    counts = {action: sum(d.action is action for d in comparison.differences) for action in Action}
    told = [f"{count} {action.value}" for action, count in counts.items() if count]
    if comparison.unknown:
        told.append(f"{len(comparison.unknown)} not to be told")
    return ", ".join(told)
