"""What is said of a path's text is what `pathlib` says of the path."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sandboxes.confine.paths import above, is_within, parts_of, text_of
from sandboxes.confine.view import View, depth

# Few letters, so that one is often within the other, or begins with its name alone.
_NAMES = st.sampled_from(["a", "b", "ab", "a b", "..", ".a", "a.", "ü", "\udcff", "A"])
_PATHS = st.builds(
    lambda root, names: Path(root + "/".join(names)),
    st.sampled_from(["/", "//", "///"]),
    st.lists(_NAMES, max_size=4),
)


@given(path=_PATHS, end=st.sampled_from(["", "/", "//", "/.", "/./"]))
def test_a_text_is_the_path_s_with_one_slash_at_the_beginning(path: Path, end: str) -> None:
    text = text_of(f"{path}{end}")
    assert text == "/" + "/".join(path.parts[1:])
    assert text_of(path) == text_of(text) == text


@given(names=st.lists(_NAMES, min_size=1, max_size=4), start=st.sampled_from(["", "./", ".//"]))
def test_what_does_not_begin_with_a_slash_is_as_pathlib_has_it(
    names: list[str], start: str
) -> None:
    text = start + "//".join(names)
    assert text_of(text) == str(Path(text))


@given(path=_PATHS)
def test_the_parts_of_a_text_are_those_of_the_path(path: Path) -> None:
    assert parts_of(str(path)) == path.parts


@given(path=_PATHS)
def test_what_lies_above_a_text_lies_above_the_path(path: Path) -> None:
    assert list(above(str(path))) == [str(parent) for parent in path.parents]


@given(path=_PATHS, place=_PATHS)
def test_a_text_is_within_another_where_the_path_is(path: Path, place: Path) -> None:
    assert is_within(str(path), str(place)) == path.is_relative_to(place)


@given(paths=st.lists(_PATHS, max_size=8))
def test_what_is_deeper_is_mounted_later(paths: list[Path]) -> None:
    view = View(home=Path("/home"))
    for path in paths:
        view.show(path)
    mounted = list(view.mounts)
    assert set(mounted) == {str(path) for path in paths}
    for number, earlier in enumerate(mounted):
        assert not any(is_within(earlier, later) for later in mounted[number + 1 :])
    assert mounted == sorted(mounted, key=depth)


@given(paths=st.lists(_PATHS, max_size=8), asked=_PATHS, empty=_PATHS)
def test_nothing_is_left_in_what_is_masked(paths: list[Path], asked: Path, empty: Path) -> None:
    view = View(home=Path("/home"))
    for path in paths:
        view.show(path)
    view.mask(str(asked), empty)
    assert view.source_of(str(asked)) is None
    left = {str(path) for path in paths if not path.is_relative_to(asked)}
    if asked.parent != asked:
        assert set(view.mounts) == left | {str(asked)}
