"""JUnit XML: one test case per finding, and one that stands for the decision."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from executor.model.decision import Decision
from executor.model.finding import Finding
from executor.model.report import Report
from executor.reports.advice import advice, by_severity, headline

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(report: Report) -> str:
    """Return the report as JUnit XML.

    A `deny` or `hold` is a failure, `undecided` an error.
    """
    cases = [_decision(report), *(_finding(report, f) for f in by_severity(report.findings))]
    suite = ET.Element(
        "testsuite",
        name="dry-run",
        tests=str(len(cases)),
        failures=str(sum(c.find("failure") is not None for c in cases)),
        errors=str(sum(c.find("error") is not None for c in cases)),
        time=_seconds(report),
        timestamp=_clean(report.started),
    )
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _decision(report: Report) -> ET.Element:
    case = ET.Element(
        "testcase", classname="dry-run", name=f"decision of {report.id}", time=_seconds(report)
    )
    if report.decision is not Decision.ALLOW:
        _mark(case, report.decision, headline(report), "")
    return case


def _finding(report: Report, finding: Finding) -> ET.Element:
    name = _clean(f"{finding.rule.value} {finding.address}".rstrip())
    case = ET.Element("testcase", classname="dry-run.findings", name=name, time="0")
    if finding.decision is not Decision.ALLOW:
        _mark(case, finding.decision, finding.message, advice(report, finding))
    return case


def _mark(case: ET.Element, decision: Decision, message: str, text: str) -> None:
    tag = "error" if decision is Decision.UNDECIDED else "failure"
    mark = ET.SubElement(case, tag, type=decision.value, message=_clean(message))
    mark.text = _clean(text) or None


def _seconds(report: Report) -> str:
    return f"{report.timing_ms.get('total', 0.0) / 1000:.3f}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
