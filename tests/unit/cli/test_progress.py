"""Progress, with a terminal and without."""

from __future__ import annotations

import time

import pytest

from executor.cli.progress import Watch
from executor.reports import Style

Capture = pytest.CaptureFixture[str]


def test_without_a_terminal_only_long_stages_are_named(capsys: Capture) -> None:
    with Watch("dry-run", Style(), terminal=False, quiet=False, long_s=0.3) as watch:
        watch.stage("short")
        watch.stage("reading", "prod")
        time.sleep(1)
        watch.stage("judging")
    time.sleep(0.5)
    assert capsys.readouterr().err == "dry-run: reading prod…\n"


def test_a_terminal_has_one_line_that_goes_away(capsys: Capture) -> None:
    with Watch("dry-run", Style(width=40, colour=True), terminal=True, quiet=False) as watch:
        watch.stage("reading\x1b[2J" + "x" * 80)
        watch.pause()
        watch.output.write(b"from the change\n")
        watch.output.flush()
    err = capsys.readouterr().err
    assert err.startswith("\r\x1b[2K")
    assert "\x1b[2J" not in err
    assert err.endswith("\r\x1b[2Kfrom the change\n")


def test_quiet_is_quiet(capsys: Capture) -> None:
    with Watch("dry-run", Style(colour=True), terminal=True, quiet=True, long_s=0.01) as watch:
        watch.stage("reading")
        watch.tick("sqs", 1, 2)
        watch.note("something")
        time.sleep(0.05)
    assert capsys.readouterr().err == ""
