from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.warm import talking

if TYPE_CHECKING:
    from executor.warm.talking import Errand

BYTES = st.binary(max_size=20)
TEXTS = st.text(max_size=20)
# What is no text to the file system is passed on as Python keeps it.
WORDS = TEXTS | BYTES.map(lambda data: data.decode("utf-8", "surrogateescape"))
ERRANDS = st.fixed_dictionaries(
    {
        "interpreter": TEXTS,
        "program": TEXTS,
        "arguments": st.lists(WORDS, max_size=4),
        "environment": st.dictionaries(BYTES, BYTES, max_size=4),
        "umask": st.integers(0, 0o777),
        "ignored": st.lists(st.integers(1, 64), max_size=4),
        "streams": st.just([("utf-8", "strict")] * 3),
        "descriptors": st.lists(st.integers(0, 1000), max_size=4),
    }
)


@given(ERRANDS)
def test_an_errand_arrives_as_it_was_sent(errand: Errand) -> None:
    assert talking.unpacked(talking.packed(errand)) == errand


@given(ERRANDS, st.data())
def test_a_part_of_an_errand_is_none(errand: Errand, data: st.DataObject) -> None:
    whole = talking.packed(errand)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert talking.unpacked(part) is None


@pytest.mark.parametrize("nonsense", [b"", b"\xff\xff\xff", b"("])
def test_nonsense_is_no_errand(nonsense: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - marshal's words are its own
        talking.unpacked(len(nonsense).to_bytes(8, "big") + nonsense)


def test_another_python_or_another_standing_has_another_server() -> None:
    here = talking.interpreter(sys.path)
    keys = {
        talking.key(here, "free"),
        talking.key(here, "in a box"),
        talking.key(talking.interpreter([*sys.path, "elsewhere"]), "free"),
    }
    assert len(keys) == 3
    assert talking.key(here, "free") in keys


def test_what_python_goes_by_is_part_of_it_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = talking.interpreter(sys.path)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("EXECUTOR_HOME", "elsewhere")
    assert talking.interpreter(sys.path) == before
    assert "secret" not in str(talking.inherited())
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert talking.interpreter(sys.path) != before
