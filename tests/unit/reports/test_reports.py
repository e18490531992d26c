"""Reports as written. `EXECUTOR_WRITE_GOLDEN=1` writes the golden files anew."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from executor.errors import InvalidConfig, LedgerTampered
from executor.model.decision import Decision
from executor.model.finding import Finding, Rule
from executor.model.intent import EffectPattern
from executor.model.receipt import Receipt, Step, StepStatus
from executor.model.report import Report
from executor.model.resource import Gap
from executor.reports import FORMATS, Style, check_format, read_report, receipt_text, render
from executor.reports.advice import declaration
from executor.reports.style import encodable
from tests.unit.reports.samples import SAMPLES, allowed, denied, held, hostile

GOLDEN = Path(__file__).parent / "golden"


def stored(report: Report) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(render(report, "json"))
    return loaded


def check_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("EXECUTOR_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_text_report_is_as_agreed(name: str) -> None:
    check_golden(f"{name}.txt", render(SAMPLES[name](), "text", Style(width=88)))


def test_much_that_was_not_touched_is_told_in_a_line() -> None:
    gaps = tuple(Gap(service="rds", type=f"AWS::RDS::T{n}", reason="no answer") for n in range(9))
    quiet = render(replace(allowed(), not_covered=gaps), "text")
    assert "9 types of rds" in quiet
    assert "AWS::RDS::T1" not in quiet
    capped = Gap(service="s3", type="AWS::S3::Bucket", address="arn:b", reason="in part: 2 of 9")
    assert "arn:b (s3): in part" in render(replace(allowed(), not_covered=(*gaps, capped)), "text")
    touched = Finding(rule=Rule.NOT_COVERED, decision=Decision.UNDECIDED, message="touched")
    told = replace(allowed(), not_covered=gaps, findings=(touched,))
    assert "AWS::RDS::T1" in render(told, "text")


def test_a_narrow_terminal_without_signs_is_served(tmp_path: Path) -> None:
    text = render(denied(), "text", Style(width=60, unicode=False))
    check_golden("denied-narrow.txt", text)
    assert text.isascii()


def test_the_markdown_report_is_as_agreed() -> None:
    check_golden("denied.md", render(denied(), "markdown"))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_decision_is_the_first_word(name: str) -> None:
    report = SAMPLES[name]()
    assert report.decision.value.upper() in render(report, "text").splitlines()[0]


def test_colours_are_only_where_they_are_wanted() -> None:
    assert "\x1b[" in render(denied(), "text", Style(colour=True))
    assert "\x1b" not in render(denied(), "text", Style())


def test_foreign_names_cannot_rewrite_the_screen() -> None:
    text = render(hostile(), "text", Style())
    assert not {"\x1b", "\x00", "\u202e"} & set(text)
    assert "<b>" not in render(hostile(), "markdown").replace("\\<b\\>", "").split("```")[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_stored_report_comes_back_whole(name: str) -> None:
    report = SAMPLES[name]()
    read = read_report(json.loads(render(report, "json")))
    assert read.to_json() == report.to_json()
    assert read.computed_digest() == read.digest == report.digest


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("decision", "allow"),
        ("findings", []),
        ("effects", []),
        ("id", "20261123-141502-7f3b"),
        ("digest", "sha256:0"),
        ("digest", None),
        ("extra", 1),
        ("schema", "executor/dry-run/v2"),
    ],
)
def test_a_changed_report_is_refused(key: str, value: object) -> None:
    data = json.loads(render(denied(), "json"))
    data[key] = value
    with pytest.raises(LedgerTampered):
        read_report(data)


def test_a_malformed_report_with_a_fitting_digest_is_refused() -> None:
    from executor.model.json import digest

    data = json.loads(render(denied(), "json"))
    data["effects"] = [{"action": "explode"}]
    content = {k: v for k, v in data.items() if k not in {"digest", "timing_ms"}}
    with pytest.raises(LedgerTampered, match="cannot be read"):
        read_report({**data, "digest": digest(content)})


@pytest.mark.parametrize("name", SAMPLES)
def test_junit_is_xml_and_counts(name: str) -> None:
    report = SAMPLES[name]()
    suite = ET.fromstring(render(report, "junit").encode()).find("testsuite")
    assert suite is not None
    marked = len(suite.findall(".//failure")) + len(suite.findall(".//error"))
    assert int(suite.attrib["tests"]) == len(report.findings) + 1
    assert int(suite.attrib["failures"]) + int(suite.attrib["errors"]) == marked
    assert (marked == 0) == (report.decision is Decision.ALLOW)


@pytest.mark.parametrize("name", SAMPLES)
def test_sarif_has_a_result_for_each_finding(name: str) -> None:
    report = SAMPLES[name]()
    run = json.loads(render(report, "sarif"))["runs"][0]
    assert len(run["results"]) == len(report.findings)
    known = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(known[r["ruleIndex"]] == r["ruleId"] for r in run["results"])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_declaration_that_is_offered_covers_the_effect(name: str) -> None:
    for effect in SAMPLES[name]().effects:
        pattern = EffectPattern.parse(declaration(effect))
        assert pattern.covers_action(effect)
        assert all(pattern.covers_hazard(effect, h) for h in effect.hazards)


class Page(HTMLParser):
    """Checks that every tag is closed, and keeps what was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not {name for name, _ in attrs} & {"href", "src", "onclick", "style"}
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_closed_in_itself_and_foreign_names_are_text(name: str) -> None:
    text = render(SAMPLES[name](), "html")
    page = Page(text)
    assert page.open == []
    assert not page.seen & {"script", "link", "img", "a", "iframe"}
    assert "<b>@all" not in text
    assert not {"\x1b", "\x00", "\u202e"} & set(text)


def test_a_held_report_says_how_to_approve() -> None:
    assert "executor approve 20261123-141502-7f3a" in render(held(), "text")


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(InvalidConfig, match="pdf") as caught:
        check_format("pdf")
    assert all(name in caught.value.hint for name in FORMATS)


def test_encodings_without_our_signs_are_recognised() -> None:
    assert encodable("utf-8")
    assert not encodable("ascii")
    assert not encodable("latin-1")
    assert not encodable(None)
    assert not encodable("no-such-encoding")


def receipt(*steps: StepStatus, confirmed: bool = True, differences: tuple[str, ...] = ()) -> str:
    made = Receipt(
        run="r",
        digest="sha256:0",
        target=denied().target,
        started="",
        finished="",
        steps=tuple(
            Step(call=i, service="sqs", operation="CreateQueue", status=s, error="E")
            for i, s in enumerate(steps)
        ),
        confirmed=confirmed,
        differences=differences,
        new_ids={"vpc-1": "vpc-2"},
    )
    return receipt_text(made, Style())


def test_a_receipt_says_whether_the_target_is_as_rehearsed() -> None:
    assert receipt(StepStatus.DONE).startswith("✓ PROMOTED")
    assert "look at the target" not in receipt(StepStatus.DONE)
    assert "NOT AS REHEARSED" in receipt(StepStatus.DONE, confirmed=False, differences=("x",))
    stopped = receipt(StepStatus.DONE, StepStatus.IN_DOUBT, StepStatus.SKIPPED)
    assert "PROMOTION STOPPED" in stopped
    assert "1 in-doubt, 1 skipped" in stopped
    assert "vpc-1 is vpc-2 on the target" in stopped
