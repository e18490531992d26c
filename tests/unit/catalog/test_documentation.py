"""What `docs/catalog.md` quotes is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_QUOTED = re.compile(r"<!-- (?P<path>\S+\.py) -->\n```python\n(?P<code>.*?)```", re.DOTALL)
_TEXT = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
QUOTES = [(found["path"], found["code"]) for found in _QUOTED.finditer(_TEXT)]


@pytest.mark.parametrize(("path", "code"), QUOTES)
def test_quoted_code_stands_where_it_is_said_to(path: str, code: str) -> None:
    assert code in (ROOT / path).read_text(encoding="utf-8")


def test_all_code_is_quoted_from_somewhere() -> None:
    assert len(QUOTES) == _TEXT.count("```python") == 3


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:executor|tests)/[\w/.]+\.py)`", _TEXT)))
)
def test_named_files_are_there(path: str) -> None:
    # Capitals stand for whatever name it has.
    assert re.search(r"[A-Z]", Path(path).stem) or (ROOT / path).exists()
