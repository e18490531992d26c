from __future__ import annotations

from pathlib import Path

from sandboxes.fidelity.page import render

PAGE = Path(__file__).parents[3] / "docs" / "fidelity.md"


def test_page_says_what_the_data_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "make fidelity-page"
