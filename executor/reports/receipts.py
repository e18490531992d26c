"""A receipt for a person: what was done to the target, and whether it is as rehearsed."""

from __future__ import annotations

from collections import Counter

from executor.model.receipt import Receipt, StepStatus
from executor.reports.style import Style, Tone


def receipt_text(receipt: Receipt, style: Style) -> str:
    """Return the receipt as text, ending in a newline."""
    counts = Counter(step.status for step in receipt.steps)
    summary = ", ".join(f"{counts[s]} {s.value}" for s in StepStatus if counts[s]) or "nothing"
    target = receipt.target
    lines = [
        _headline(receipt, style),
        f"  run {receipt.run} on {target.name} ({target.account}, {target.region}): {summary}",
    ]
    for step in receipt.steps:
        if step.status is not StepStatus.DONE:
            text = f"call {step.call} {step.service}:{step.operation} {step.status.value}"
            lines.append(f"  {style.shown(f'{text}: {step.error}' if step.error else text)}")
    lines += [f"  {style.paint(style.shown(d), Tone.BAD)}" for d in receipt.differences]
    lines += [
        style.shown(f"  {old} is {new} on the target") for old, new in receipt.new_ids.items()
    ]
    if not receipt.complete or not receipt.confirmed:
        lines.append("  look at the target before anything else is done to it")
    return "\n".join(lines) + "\n"


def _headline(receipt: Receipt, style: Style) -> str:
    if not receipt.complete:
        text, tone = "✗ PROMOTION STOPPED: not every call was done", Tone.BAD
    elif not receipt.confirmed:
        text, tone = "✗ PROMOTED, BUT THE TARGET IS NOT AS REHEARSED", Tone.BAD
    else:
        text, tone = "✓ PROMOTED: the target is as rehearsed", Tone.GOOD
    return style.paint(style.sign(text), tone, Tone.STRONG)
