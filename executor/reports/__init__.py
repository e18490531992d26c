"""Reports: written for people and machines, and read back."""

from executor.reports.formats import FORMATS, check_format, render
from executor.reports.reading import read_report
from executor.reports.receipts import receipt_text
from executor.reports.style import Style

__all__ = ["FORMATS", "Style", "check_format", "read_report", "receipt_text", "render"]
