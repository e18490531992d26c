"""Whose a container is."""

from __future__ import annotations

import subprocess
import sys

from sandboxes.containers.owners import PID, PLACE, RUN, START, is_orphan, labels_of_owner

HOUR, WEEK = 3600.0, 604_800.0


def test_a_living_owner_keeps_what_it_has() -> None:
    labels = labels_of_owner("run")
    assert labels[RUN] == "run"
    assert not is_orphan(labels, HOUR)
    assert not is_orphan(labels, WEEK)


def test_an_owner_that_is_gone_leaves_an_orphan() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_orphan(labels_of_owner("run") | {PID: str(ended.pid)}, HOUR)


def test_a_stranger_with_the_owners_number_is_not_the_owner() -> None:
    assert is_orphan(labels_of_owner("run") | {START: "1.0"}, HOUR)


def test_labels_that_name_nobody_are_an_orphans() -> None:
    assert is_orphan({PID: "nobody"}, HOUR)
    assert is_orphan({}, HOUR)


def test_an_owner_elsewhere_cannot_be_seen_and_is_given_a_day() -> None:
    elsewhere = labels_of_owner("run") | {PLACE: "other pid:[1]", PID: "999999999"}
    assert not is_orphan(elsewhere, HOUR)
    assert is_orphan(elsewhere, WEEK)
