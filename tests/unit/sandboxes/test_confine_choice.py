"""`auto` takes the strongest confinement that works, and never none."""

import pytest

from sandboxes.confine import choose_confinement
from sandboxes.confine.off import Off
from sandboxes.errors import ConfinementUnavailable
from sandboxes.model import Availability


class FakeConfinement(Off):
    """Runs nothing."""

    def __init__(self, name: str, *, usable: bool) -> None:
        self._name = name
        self._usable = usable

    @property
    def name(self) -> str:
        return self._name

    def availability(self) -> Availability:
        if self._usable:
            return Availability(usable=True, reason="there")
        return Availability(usable=False, reason="not there", hint=f"install {self._name}")


def test_the_first_that_works_is_taken() -> None:
    first, second = FakeConfinement("a", usable=True), FakeConfinement("b", usable=True)
    assert choose_confinement("auto", [first, second, Off()]) is first
    broken = FakeConfinement("a", usable=False)
    assert choose_confinement("auto", [broken, second, Off()]) is second


def test_where_none_works_auto_is_refused_with_hints() -> None:
    broken = [FakeConfinement("a", usable=False), FakeConfinement("b", usable=False)]
    with pytest.raises(ConfinementUnavailable) as caught:
        choose_confinement("auto", [*broken, Off()])
    assert "install a; install b" in caught.value.hint
    assert "--confine off" in caught.value.hint


def test_off_is_had_by_its_name() -> None:
    broken = FakeConfinement("a", usable=False)
    assert choose_confinement("off", [broken, Off()]).name == "off"


def test_what_does_not_work_is_refused_by_its_name_too() -> None:
    with pytest.raises(ConfinementUnavailable) as caught:
        choose_confinement("a", [FakeConfinement("a", usable=False), Off()])
    assert caught.value.hint == "install a"
    with pytest.raises(ConfinementUnavailable):
        choose_confinement("unknown", [Off()])
