"""How a text looks on the terminal it goes to: width, colours, and which signs it can show."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a piece of text means; the style turns it into a colour, or into nothing."""

    GOOD = "32"
    """All is well."""

    BAD = "31"
    """Something is denied or dangerous."""

    WARN = "33"
    """Something needs a person."""

    DOUBT = "35"
    """Something is not known."""

    FAINT = "2"
    """Detail."""

    STRONG = "1"
    """A heading."""

    CODE = "36"
    """Something to type."""


_ASCII = {
    "✓": "+",
    "✗": "x",
    "‖": "=",
    "├─": "|-",
    "└─": "`-",
    "│": "|",
    "→": "->",
    "…": "...",
    "·": "-",
    "⚠": "!",
    "±": "+/-",
    "•": "*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A terminal, or none.

    Attributes:
        width: columns.
        colour: ANSI colours may be used.
        unicode: the encoding has the signs we use.
    """

    width: int = 80
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, *tones: Tone) -> str:
        """Return the text in a colour, where there are any."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(t.value for t in tones)}m{text}\x1b[0m"

    def sign(self, text: str) -> str:
        """Return the text with signs that the terminal has."""
        if self.unicode:
            return text
        for sign, plain in _ASCII.items():
            text = text.replace(sign, plain)
        return text

    def shown(self, text: str) -> str:
        """Return foreign text without control characters, which could rewrite the screen."""
        clean = "".join(_visible(c) for c in text)
        return clean if self.unicode else clean.encode("ascii", "backslashreplace").decode()

    def cut(self, text: str, width: int) -> str:
        """Return the text in at most `width` columns."""
        dots = self.sign("…")
        return text if len(text) <= width else text[: max(width - len(dots), 1)] + dots

    def wrapped(self, text: str, indent: str) -> list[str]:
        """Return the text in lines of the width, each indented."""
        import textwrap

        room = max(self.width, len(indent) + 24)
        return textwrap.wrap(
            text,
            room,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        ) or [indent.rstrip()]


def encodable(encoding: str | None) -> bool:
    """Whether an encoding has the signs we use."""
    try:
        "".join(_ASCII).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _visible(character: str) -> str:
    if character in "\n\t":
        return " "
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return f"\\x{ord(character):02x}" if hidden else character
