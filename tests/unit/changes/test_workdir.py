"""The copy of the work directory."""

import os
from pathlib import Path

import pytest

from executor.changes.workdir import copy_workdir
from executor.errors import InvalidChange


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "project" / "infra"
    work.mkdir(parents=True)
    (work / "main.tf").write_text("a")
    (work / "sub").mkdir()
    (work / "sub" / "deploy.sh").write_text("b")
    (work / "sub" / "deploy.sh").chmod(0o755)
    (tmp_path / "project" / "modules").mkdir()
    (tmp_path / "project" / "modules" / "m.tf").write_text("m")
    return work


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "copy"
    root.mkdir()
    return root


def test_the_copy_has_the_files_and_their_rights(work: Path, root: Path) -> None:
    copy = copy_workdir(work, root)
    assert (copy.path / "main.tf").read_text() == "a"
    assert (copy.path / "sub" / "deploy.sh").stat().st_mode & 0o777 == 0o755
    assert copy.changes() == ()


def test_what_the_change_writes_is_listed_and_the_original_untouched(
    work: Path, root: Path
) -> None:
    copy = copy_workdir(work, root)
    (copy.path / "terraform.tfstate").write_text("state")
    (copy.path / "main.tf").write_text("changed")
    (copy.path / "sub" / "deploy.sh").unlink()
    (copy.path / "new").mkdir()
    (copy.path / "new" / "file").write_text("")
    assert copy.changes() == ("main.tf", "new/file", "sub/deploy.sh", "terraform.tfstate")
    assert sorted(p.name for p in work.iterdir()) == ["main.tf", "sub"]
    assert (work / "main.tf").read_text() == "a"


def test_neighbours_are_where_they_were(work: Path, root: Path) -> None:
    copy = copy_workdir(work, root)
    assert (copy.path / ".." / "modules" / "m.tf").read_text() == "m"


def test_neighbours_are_not_linked_where_the_copy_is_shown_in_their_midst(
    work: Path, root: Path
) -> None:
    copy = copy_workdir(work, root, neighbours=False)
    assert (copy.path / "main.tf").read_text() == "a"
    assert [p.name for p in copy.path.parent.iterdir()] == [work.name]


def test_large_directories_of_tools_are_linked(work: Path, root: Path) -> None:
    for name in (".git", "node_modules", ".terraform/providers"):
        (work / name).mkdir(parents=True)
        (work / name / "file").write_text("x")
    (work / ".terraform" / "modules.json").write_text("{}")
    copy = copy_workdir(work, root)
    assert (copy.path / ".git").is_symlink()
    assert (copy.path / ".terraform" / "providers").is_symlink()
    assert not (copy.path / ".terraform").is_symlink()
    assert (copy.path / "node_modules" / "file").read_text() == "x"
    assert copy.changes() == ()


def test_links_are_kept_and_none_leads_back_into_the_original(work: Path, root: Path) -> None:
    (work / "relative").symlink_to("sub/deploy.sh")
    (work / "absolute").symlink_to(work / "main.tf")
    (work / "outside").symlink_to("../modules/m.tf")
    (work / "dangling").symlink_to("nowhere")
    copy = copy_workdir(work, root)
    (copy.path / "absolute").write_text("changed")
    (copy.path / "relative").write_text("changed")
    assert (work / "main.tf").read_text() == "a"
    assert (work / "sub" / "deploy.sh").read_text() == "b"
    assert (copy.path / "outside").read_text() == "m"
    assert (copy.path / "dangling").readlink() == Path("nowhere")
    assert copy.changes() == ("main.tf", "sub/deploy.sh")


def test_a_directory_that_is_too_large_is_refused_with_a_way_out(work: Path, root: Path) -> None:
    with pytest.raises(InvalidChange, match="too large") as caught:
        copy_workdir(work, root, most_files=2)
    assert "--in-place" in caught.value.hint


def test_a_directory_with_too_many_bytes_is_refused(work: Path, root: Path) -> None:
    with pytest.raises(InvalidChange, match="too large"):
        copy_workdir(work, root, most_bytes=1)


def test_pipes_are_left_out(work: Path, root: Path) -> None:
    os.mkfifo(work / "pipe")
    copy = copy_workdir(work, root)
    assert not (copy.path / "pipe").exists()


def test_a_copy_below_the_work_directorys_own_parent_does_not_lead_into_itself(
    work: Path, tmp_path: Path
) -> None:
    root = work.parent / "temporary"
    root.mkdir()
    copy = copy_workdir(work, root)
    assert (copy.path / "main.tf").exists()
    assert not (copy.path.parent / "temporary").exists()
