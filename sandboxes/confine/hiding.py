"""Covers what a confined command must not see of what it is shown: secrets and sockets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sandboxes.confine.paths import is_within, text_of
from sandboxes.confine.secrets import IN_SYSTEM, kept_from_others, secrets_in
from sandboxes.confine.view import View, Work, depth

_KEEPS_SECRETS = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "BOTO_CONFIG",
    "CLOUDSDK_CONFIG",
    "DOCKER_CONFIG",
    # Runs that were recorded, and the keys of their vaults.
    "EXECUTOR_HOME",
    "EXECUTOR_RUNTIME_DIR",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "NETRC",
    "SSH_AUTH_SOCK",
)


def hide_secrets(
    view: View,
    *,
    home: Path,
    work: Work,
    shown: Sequence[Path],
    secrets: Iterable[Path],
    environment: Mapping[str, str],
    empty: Path,
    system: bool,
) -> None:
    """Cover what programs keep credentials in, and where programs listen.

    Args:
        view: what is shown.
        home: the user's home directory.
        work: the work directory.
        shown: places that are shown besides.
        secrets: what is known to be secret in and around the work directory.
        environment: the caller's.
        empty: a directory with an empty directory `directory` and an empty file `file`.
        system: the machine's own directories are shown as well.
    """
    secret = {*map(str, secrets), *_secret_places(home, shown, environment), *_sockets()}
    if system:
        secret.update(_of_the_system(home))
    for path in sorted(secret, key=depth):
        _hide(view, path, work, empty)


def _secret_places(
    home: Path, shown: Sequence[Path], environment: Mapping[str, str]
) -> Iterable[str]:
    for place in shown:
        if place.is_dir():
            yield from map(str, secrets_in(place, home))
    for name in _KEEPS_SECRETS:
        value = environment.get(name, "")
        if value.startswith("/"):
            yield text_of(os.path.normpath(value))


def _of_the_system(home: Path) -> Iterable[str]:
    yield from IN_SYSTEM
    if os.getuid() == 0:
        yield from map(str, kept_from_others(Path("/etc")))
    if Path("/opt") in home.parents:
        yield from map(str, secrets_in(home, home))


def _sockets() -> Iterable[str]:
    """Return where programs of this machine listen: a read-only mount keeps nobody from it."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            names = {line.rstrip("\n").partition(" /")[2] for line in file}
    except OSError:
        return
    yield from (text_of(Path("/", name)) for name in names if name)


def _hide(view: View, path: str, work: Work, empty: Path) -> None:
    view.hidden.append(path)
    shown = str(work.shown)
    if not view.covered(path) or path in (shown, str(view.home)):
        return
    there = Path(path)
    if is_within(path, shown):
        there = work.path / there.relative_to(shown)
    if is_within(shown, path) or is_within(str(work.path), path):
        # Covering it would cover the work as well; that it is in sight is told by the probe.
        return
    if there.is_symlink():
        # Not by pathlib, which raises for a link that leads to itself.
        real = Path(os.path.realpath(there))
        if real.exists() and not real.is_symlink():
            _hide(view, str(real), work, empty)
    elif there.is_dir():
        view.mask(path, empty / "directory")
    elif there.exists():
        view.mask(path, empty / "file")
