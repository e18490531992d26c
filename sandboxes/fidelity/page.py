"""The data as a page for people: `make fidelity-page` writes `docs/fidelity.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandboxes.fidelity.behaviours import ABOUT, Seen, known_behaviours
from sandboxes.fidelity.records import Birth, Level, TypeFidelity, emulators, known_types

_PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
_ABOUT = """\
# What each engine keeps, and how it behaves

Made by `make fidelity-page` from `sandboxes/fidelity`; do not edit. What is in there was found
out by trying (`make fidelity`, `tests/conformance/cases`), and the tests compare strictly: an
engine that has become better fails them as one that has become worse. The judge reads the same
data, by the emulator's exact version.

"""
_TYPES = """\
## Resource types

Every type is made in one sandbox, read, rebuilt in a fresh one by the calls that a replica is
made with, and read there; then deleted and made again under its name.

* **full**: what is read is the same.
* **partial**: what the cell names is lost or cannot be made. A run that touches a resource which
  has it in the target, where the replica lacks it, is `undecided`; so is one that
  changes such a resource, where a hazard depends on it.
* **none**: it cannot be made, read or rebuilt. A run that touches one is `undecided`.
* *b*: the birth marks do not move when it is made again, or it has none: a re-creation is told by
  the calls alone. *b?*: that was not tried, or could not be.

"""


_BEHAVIOURS = """
## Behaviours

What AWS does, and whether the engine does it too, with what was seen. A run whose call met one
that the engine has not is `undecided`: the deletion of a protected stack where protection is
ignored, say, and not that of any stack.

"""


def render() -> str:
    """Return the page."""
    tables = (_TYPES, _table(), _BEHAVIOURS, _behaviours())
    parts = (part if isinstance(part, str) else "\n".join(part) + "\n" for part in tables)
    return _ABOUT + "".join(parts)


def _behaviours() -> Iterator[str]:
    columns = {name: known_behaviours(name) for name in emulators()}
    yield "| as AWS does it | " + " | ".join(columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for behaviour, about in ABOUT.items():
        cells = [_seen(known.get(behaviour)) for known in columns.values()]
        yield f"| {about} | " + " | ".join(cells) + " |"


def _seen(seen: Seen | None) -> str:
    if seen is None:
        return "not tried"
    word = {True: "yes", False: "**no**", None: "-"}[seen.honoured]
    return f"{word}: {_plain(seen.evidence)}"


def _table() -> Iterator[str]:
    columns = {name: known_types(name) for name in emulators()}
    kinds = sorted({kind for known in columns.values() for kind in known})
    counts = [_counts(known.values()) for known in columns.values()]
    yield "| type | " + " | ".join(columns) + " |"
    yield "|---|" + "---|" * len(columns)
    yield f"| {len(kinds)} types | " + " | ".join(counts) + " |"
    for kind in kinds:
        cells = [_cell(known.get(kind)) for known in columns.values()]
        yield f"| `{kind}` | " + " | ".join(cells) + " |"


def _counts(known: Iterable[TypeFidelity]) -> str:
    levels = [one.level for one in known]
    return ", ".join(f"{levels.count(level)} {level}" for level in Level)


def _cell(one: TypeFidelity | None) -> str:
    if one is None:
        return "not tried"
    mark = {Birth.MOVES: "", Birth.STAYS: " *b*", Birth.UNTRIED: " *b?*"}[one.birth]
    match one.level:
        case Level.FULL:
            return f"full{mark}"
        case Level.PARTIAL:
            return f"partial{mark}: {_plain('; '.join(one.missing))}"
        case Level.NONE:
            return f"none: {_plain(one.reason)}"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def main() -> None:
    """Write the page."""
    _PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{_PAGE.name}\n")


if __name__ == "__main__":
    main()
