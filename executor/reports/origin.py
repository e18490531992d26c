"""What a replica was made of, in words: the target, or a snapshot of it and how old that was."""

from __future__ import annotations

from datetime import UTC, datetime

from executor.model.report import Report

_SHOWN_OF_A_DIGEST = 12
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def whose(report: Report) -> str:
    """Return whose account was rehearsed for, and from which snapshot, if from one."""
    where = target_in_words(report)
    return f"{where} from the {snapshot_in_words(report)}" if report.target.snapshot else where


def target_in_words(report: Report) -> str:
    """Return whose account was rehearsed for: `target prod (123456789012, eu-west-1)`."""
    target = report.target
    if target.name == "none":
        return "no target: the replica began empty"
    where = f"target {target.name}"
    return f"{where} ({target.account}, {target.region})" if target.account else where


def snapshot_in_words(report: Report) -> str:
    """Return which snapshot took the target's place; empty where none did."""
    target = report.target
    if not target.snapshot:
        return ""
    digest = target.snapshot.removeprefix("sha256:")[:_SHOWN_OF_A_DIGEST]
    age = _age(target.taken, report.started)
    return f"snapshot {digest} of {target.taken}" + (f", {age} old" if age else "")


def _age(taken: str, started: str) -> str:
    then, now = _moment(taken), _moment(started)
    if then is None or now is None:
        return ""
    seconds = (now - then).total_seconds()
    for unit, length in _UNITS:
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return ""


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
