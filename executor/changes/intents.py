"""Intents: from files, from a change file's `intent:`, and from options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from executor.changes.documents import Document, Place, read_document
from executor.errors import InvalidIntent
from executor.model.intent import EffectPattern, Intent, Limits, ResourcePattern
from executor.model.json import Json

_FIELDS = ("summary", "expect", "allow", "protect", "checks", "limits")
_LIMITS = tuple(f.name for f in fields(Limits))


def load_intent(path: Path) -> Intent:
    """Read an intent file.

    Raises:
        InvalidIntent: it cannot be read, or a field is wrong; the message names file, line
            and field.
    """
    document = read_document(path, InvalidIntent, "an intent file")
    return intent_of(document, document.fields, ())


def merged_intent(
    first: Intent | None,
    second: Intent | None = None,
    *,
    expect: Sequence[str] = (),
    allow: Sequence[str] = (),
    protect: Sequence[str] = (),
) -> Intent:
    """Join two intents and the options `--expect`, `--allow` and `--protect`.

    Lists are joined; of each limit the smaller holds; `second` has the last word on `summary`.

    Raises:
        InvalidIntent: an option is not a pattern.
    """
    a, b = first or Intent(), second or Intent()
    for name, texts in (("--expect", expect), ("--allow", allow)):
        for text in texts:
            EffectPattern.parse(text, where=name)
    for text in protect:
        ResourcePattern.parse(text, where="--protect")
    return Intent(
        summary=b.summary or a.summary,
        expect=[*map(str, a.expect + b.expect), *expect],
        allow=[*map(str, a.allow + b.allow), *allow],
        protect=[*map(str, a.protect + b.protect), *protect],
        checks=[*a.checks, *b.checks],
        limits=_tighter(a.limits, b.limits),
    )


def intent_of(document: Document, values: Mapping[str, Json], place: Place) -> Intent:
    """Make an intent of the mapping that stands at `place` of a document.

    Raises:
        InvalidIntent: a field is wrong.
    """
    for name in values:
        if name not in _FIELDS:
            raise InvalidIntent(
                f"{document.where(*place, name)}: unknown field",
                hint=f"known: {', '.join(_FIELDS)}",
            )
    texts = {n: _texts(document, values, place, n) for n in _FIELDS[1:5]}
    for name in ("expect", "allow"):
        for i, text in enumerate(texts[name]):
            EffectPattern.parse(text, where=document.where(*place, name, i))
    for i, text in enumerate(texts["protect"]):
        ResourcePattern.parse(text, where=document.where(*place, "protect", i))
    return Intent(
        summary=_summary(document, values, place),
        expect=texts["expect"],
        allow=texts["allow"],
        protect=texts["protect"],
        checks=texts["checks"],
        limits=_limits(document, values.get("limits"), (*place, "limits")),
        where=document.where(*place),
    )


def _summary(document: Document, values: Mapping[str, Json], place: Place) -> str:
    summary = values.get("summary") or ""
    if not isinstance(summary, str):
        raise InvalidIntent(
            f"{document.where(*place, 'summary')}: a text is wanted", hint="put it in quotes"
        )
    return summary


def _texts(
    document: Document, values: Mapping[str, Json], place: Place, name: str
) -> Sequence[str]:
    found = values.get(name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise InvalidIntent(
            f"{document.where(*place, name)}: a list of texts is wanted",
            hint=f"{name}:\n  - …",
        )
    for i, text in enumerate(found):
        if not isinstance(text, str):
            raise InvalidIntent(
                f"{document.where(*place, name, i)}: a text is wanted, not {text!r}",
                hint="put it in quotes",
            )
    return found


def _limits(document: Document, values: Json, place: Place) -> Limits:
    if values is None:
        return Limits()
    if not isinstance(values, Mapping):
        raise InvalidIntent(
            f"{document.where(*place)}: a mapping is wanted", hint="limits: {delete: 0, total: 20}"
        )
    found: dict[str, int] = {}
    for name, value in values.items():
        if name not in _LIMITS:
            raise InvalidIntent(
                f"{document.where(*place, name)}: unknown limit",
                hint=f"known: {', '.join(_LIMITS)}",
            )
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InvalidIntent(
                f"{document.where(*place, name)}: a number from 0 is wanted, not {value!r}",
                hint=f"{name}: 0",
            )
        found[name] = value
    return Limits(**found)


def _tighter(a: Limits, b: Limits) -> Limits:
    def smaller(x: int | None, y: int | None) -> int | None:
        return y if x is None else x if y is None else min(x, y)

    return Limits(
        create=smaller(a.create, b.create),
        update=smaller(a.update, b.update),
        delete=smaller(a.delete, b.delete),
        replace=smaller(a.replace, b.replace),
        total=smaller(a.total, b.total),
    )
