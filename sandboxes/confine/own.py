"""What a confined command sees that is ours: the program inside, names, trust, AWS settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandboxes.confine.environment import aws_config, profile_names
from sandboxes.confine.occupant import Occupant
from sandboxes.confine.trust import Trust
from sandboxes.confine.view import OWN, View, Work

_LIBRARY = OWN / "lib"
_PACKAGE = Path("sandboxes", "confine", "inside")
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    " from sandboxes.confine.inside.{module} import {name}; {name}()"
)
_RESOLV = "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n"
_NSSWITCH = (
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
    "protocols: files\nservices: files\nethers: files\nrpc: files\n"
)


def starting(name: str, module: str = "main") -> list[str]:
    """Return the arguments of Python that start the program inside, but for its own.

    Args:
        name: its function.
        module: where that is.
    """
    return ["-I", "-S", "-c", _START.format(name=name, module=module), str(_LIBRARY)]


def library() -> tuple[Path, Path]:
    """Return where the program inside has to be shown, and where it is."""
    # Only the modules: the packages around them are not for in there.
    return _LIBRARY / _PACKAGE, Path(__file__).with_name("inside")


def write_empty(private: Path) -> None:
    """Make something empty to cover what is secret: `directory` and `file`."""
    (private / "directory").mkdir(exist_ok=True)
    (private / "file").touch()


def make_mount_points(work: Work) -> None:
    """Put directories in place of links, which would lead to themselves inside."""
    for name in work.linked:
        point = work.path / name
        if point.is_symlink():
            point.unlink()
            point.mkdir()


def show_own(
    view: View,
    occupant: Occupant,
    private: Path,
    trust: Trust | None,
    *,
    host: str,
    present: Callable[[Path], Path | None],
) -> None:
    """Show all of it but the gateway's sockets.

    Args:
        view: what else is shown.
        occupant: what is confined.
        private: the run's directory, where the files are written.
        trust: what is put in place of the machine's trust; None for nothing.
        host: the machine's name inside.
        present: returns where a file of the system's is to be covered; None where it is not.
    """
    texts = {
        "/etc/hosts": f"127.0.0.1 localhost {host}\n::1 localhost ip6-localhost\n",
        "/etc/resolv.conf": _RESOLV,
        "/etc/nsswitch.conf": _NSSWITCH,
    }
    for name, text in texts.items():
        path = Path(name)
        written = private / path.name
        written.write_text(text)
        there = present(path)
        if there is not None:
            view.show(there, written)
    view.show(*library())
    if trust is not None:
        for written in filter(None, (trust.bundle, trust.java)):
            view.show(OWN / written.name, written)
        for path, source in trust.replaced.items():
            view.show(path, source)
    _show_account(view, occupant, private, trust)


def _show_account(view: View, occupant: Occupant, private: Path, trust: Trust | None) -> None:
    """Show AWS settings with the caller's profiles, and nobody's keys."""
    place = private / "aws"
    place.mkdir(exist_ok=True)
    bundle = str(OWN / trust.bundle.name) if trust is not None else ""
    (place / "config").write_text(
        aws_config(
            profile_names(occupant.environment),
            occupant.appearance,
            endpoint=False,
            ca_bundle=bundle,
        )
    )
    (place / "credentials").touch()
    if view.home != occupant.work.shown or (occupant.work.path / ".aws").is_dir():
        view.show(view.home / ".aws", place)
