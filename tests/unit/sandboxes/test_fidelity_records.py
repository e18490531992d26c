"""What was found out of types is kept, and read back by version; a broken file is no silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandboxes.fidelity import records
from sandboxes.fidelity.records import (
    Birth,
    Level,
    TypeFidelity,
    UnreadableFidelity,
    known_types,
    load_types,
    write_types,
)

QUEUE = TypeFidelity(type="AWS::SQS::Queue", level=Level.FULL, birth=Birth.MOVES)
TABLE = TypeFidelity(
    type="AWS::DynamoDB::Table",
    level=Level.PARTIAL,
    birth=Birth.UNTRIED,
    missing=("properties.Größe", "tags"),
    reason="no CreateTable",
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_HERE", tmp_path)


def test_what_is_written_is_read_back() -> None:
    write_types("one", "1.2", "sqs", [TABLE, QUEUE])
    assert load_types("one", "1.2", "sqs") == {QUEUE.type: QUEUE, TABLE.type: TABLE}
    assert known_types("one") == {QUEUE.type: QUEUE, TABLE.type: TABLE}
    assert records.emulators() == ("one",)


def test_nothing_is_known_of_another_version_service_or_emulator() -> None:
    write_types("one", "1.2", "sqs", [QUEUE])
    assert load_types("one", "1.3", "sqs") == {}
    assert load_types("one", "1.2", "sns") == {}
    assert load_types("two", "1.2", "sqs") == {}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"version": "1"}',
        '{"version": "1", "types": {"T": {"level": "great", "birth": "moves"}}}',
        '{"version": "1", "types": {"T": {"level": "full"}}}',
        '{"version": "1", "types": {"T": {"level": "full", "birth": "moves", "missing": "x"}}}',
    ],
)
def test_broken_file_is_an_error_and_not_an_absence(content: str, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "sqs.json").write_text(content)
    with pytest.raises(UnreadableFidelity, match=r"sqs.json of one"):
        load_types("one", "1", "sqs")
