"""The formats a report can be written in; each is loaded when it is asked for."""

from __future__ import annotations

import json

from executor.errors import InvalidConfig
from executor.model.report import Report
from executor.reports.style import Style

FORMATS = ("text", "json", "markdown", "html", "sarif", "junit")
"""The words that `--format` takes."""


def check_format(name: str) -> None:
    """Check that there is such a format, before anything is run.

    Raises:
        InvalidConfig: there is none.
    """
    if name not in FORMATS:
        raise InvalidConfig(
            f"--format: there is no format {name!r}", hint=f"there are: {', '.join(FORMATS)}"
        )


def render(report: Report, name: str, style: Style | None = None) -> str:
    """Return the report in a format, ending in a newline.

    Args:
        report: the report.
        name: one of `FORMATS`.
        style: the terminal, for `text`.

    Raises:
        InvalidConfig: there is no such format.
    """
    check_format(name)
    match name:
        case "text":
            from executor.reports.text import text_report

            return text_report(report, style or Style())
        case "markdown":
            from executor.reports.markdown import markdown_report

            return markdown_report(report)
        case "html":
            from executor.reports.html import html_report

            return html_report(report)
        case "junit":
            from executor.reports.junit import junit_report

            return junit_report(report)
        case "sarif":
            from executor.reports.sarif import sarif_report

            return sarif_report(report)
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n"
