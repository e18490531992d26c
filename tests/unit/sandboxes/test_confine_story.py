"""How long a confined command may take, by what the program inside tells."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from sandboxes.confine.environment import Appearance
from sandboxes.confine.limits import Limits
from sandboxes.confine.occupant import Occupant
from sandboxes.confine.story import Story
from sandboxes.confine.view import Work
from sandboxes.model import Door

TIMEOUT_S = 0.5


class Teller:
    """Tells lines, each some seconds after the one before; of a command that ends when asked."""

    def __init__(self, lines: Iterable[tuple[float, str]]) -> None:
        self._lines = list(lines)
        self.asked_to_end = False

    def listen(self, seconds: float | None) -> str | None:
        after, line = self._lines[0] if self._lines else (seconds or 0.0, "")
        if seconds is not None and after > seconds:
            self._lines[0] = (after - seconds, line)
            after, line = seconds, ""
        elif self._lines:
            self._lines.pop(0)
        time.sleep(after)
        return line

    def end(self) -> None:
        self.asked_to_end = True
        self._lines = [(0.0, "ended 143 0")]


def story_of(teller: Teller) -> Story:
    occupant = Occupant(
        command=("true",),
        run="story",
        door=Door(url="http://127.0.0.1:0"),
        work=Work(path=Path("/work"), shown=Path("/work")),
        appearance=Appearance(
            url="http://127.0.0.1:0", account="000000000000", region="us-east-1", run="story"
        ),
        environment={},
    )
    story = Story("a confinement", occupant, Limits())
    story.follow(teller, TIMEOUT_S)
    return story


def test_a_slow_start_is_not_the_commands_doing() -> None:
    story = story_of(teller := Teller([(3 * TIMEOUT_S, "started"), (0.0, "ended 0 0")]))
    assert (story.code, story.timed_out, teller.asked_to_end) == (0, False, False)


def test_a_command_that_takes_too_long_from_its_start_on_is_ended() -> None:
    story = story_of(teller := Teller([(0.0, "started"), (60.0, "ended 0 0")]))
    assert (story.code, story.timed_out, teller.asked_to_end) == (143, True, True)
