"""Which secrets are covered, wherever links have them lie."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sandboxes.confine.hiding import hide_secrets
from sandboxes.confine.leading import MOST_DIRECTORIES
from sandboxes.confine.view import Bind, View, Work


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def keep(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("key")
    return path


def hide(
    home: Path, *places: Path, work: Work | None = None, shown: Sequence[Path] = (), **named: str
) -> View:
    """Return what is seen of places and of places of tools."""
    view = View(home=home)
    view.memory(home, 1 << 20, "0700")
    for place in (*places, *shown):
        view.show(place)
    work = work or Work(path=home.parent / "work", shown=home.parent / "work")
    view.write(work.shown, work.path)
    view.write(work.path, work.path)
    hide_secrets(
        view,
        home=home,
        work=work,
        shown=shown,
        secrets=(),
        environment=named,
        empty=home.parent / "empty",
        system=False,
    )
    return view


def covered(view: View) -> set[Path]:
    return {Path(p) for p, m in view.mounts.items() if isinstance(m, Bind) and m.covers}


def test_a_link_to_itself_in_a_secret_s_place_hides_nothing_and_stops_nobody(
    home: Path, tmp_path: Path
) -> None:
    place = tmp_path / "shown"
    place.mkdir()
    (place / ".netrc").symlink_to(".netrc")
    (place / ".npmrc").touch()
    view = hide(home, shown=[place])
    assert {str(place / ".netrc"), str(place / ".npmrc")} <= set(view.hidden)
    assert covered(view) == {place / ".npmrc"}
    assert view.notes == []


def test_each_place_that_a_link_of_secrets_leads_to_is_covered(home: Path, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    key = keep(tmp_path / "place" / "keys" / "aws")
    other = keep(tmp_path / "place" / "other")
    for name in ("by.link", "by.parent"):
        (tmp_path / "place" / name).symlink_to("keys")
    (home / ".aws").symlink_to(tmp_path / "place" / "by.link")
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id").symlink_to("../../place/by.parent/../other")
    view = hide(home, tmp_path / "place")
    assert covered(view) == {key.parent, other}
    hidden = {tmp_path / "place" / "by.link", key.parent, other}
    assert hidden <= set(map(Path, view.hidden))


def test_what_is_secret_in_the_work_directory_is_covered_in_its_copy(
    home: Path, tmp_path: Path
) -> None:
    work = Work(path=tmp_path / "copy", shown=tmp_path / "project" / "infra")
    for place in (work.path, work.shown):
        keep(place / "keys" / "aws")
    (home / ".netrc").symlink_to(work.shown / "keys" / "aws")
    view = hide(home, tmp_path / "project", work=work)
    assert covered(view) == {place / "keys" / "aws" for place in (work.path, work.shown)}


def test_programs_beside_keys_stay_and_the_keys_do_not(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "azure"
    keep(place / "bin" / "bicep")
    for name in ("token", "deep/token"):
        keep(place / name)
    (home / ".azure").symlink_to(place)
    view = hide(home, shown=[place])
    assert covered(view) == {place / "token", place / "deep"}
    assert view.notes == [
        f"{home}/.azure leads to {place}, which is hidden but for the programs in {place}/bin"
    ]
    assert str(place) not in view.hidden


def test_a_directory_of_keys_in_a_place_of_arguments_is_covered(home: Path, tmp_path: Path) -> None:
    key = keep(tmp_path / "keys" / "sso" / "token")
    (home / ".aws").symlink_to(tmp_path / "keys")
    assert covered(hide(home, shown=[key.parent])) == {key.parent}


def test_each_file_of_a_list_is_covered_and_a_colon_in_another_is_no_list(
    home: Path, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    keys = {keep(place / name) for name in ("one", "two", "th:ree")}
    view = hide(
        home,
        place,
        KUBECONFIG=f"{place}/one::{place}/two",
        AWS_CONFIG_FILE=f"{place}/th:ree",
    )
    assert covered(view) == keys


def test_that_links_are_not_all_looked_for_is_told(home: Path, tmp_path: Path) -> None:
    key = keep(tmp_path / "place" / "key")
    for n in range(MOST_DIRECTORIES):
        (home / ".oci" / "many" / str(n)).mkdir(parents=True)
    (home / ".oci" / "key").symlink_to(key)
    view = hide(home, key.parent)
    assert covered(view) == {key}
    told = "is too large to follow all links in it: what others lead to may be in sight"
    assert view.notes == [f"{home}/.oci {told}"]


def test_of_very_many_links_not_all_are_followed_and_that_is_told(
    home: Path, tmp_path: Path
) -> None:
    key = keep(tmp_path / "place" / "key")
    (home / ".oci").mkdir()
    for n in range(3000):
        (home / ".oci" / str(n)).symlink_to(f"gone/{n}")
    (home / ".ssh").symlink_to(key)
    view = hide(home, key.parent)
    assert covered(view) == {key}
    assert [note.partition(" ")[0] for note in view.notes] == [f"{home}/.oci"]
