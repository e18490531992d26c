"""Covers what a confined command must not see of what it is shown: secrets and sockets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sandboxes.confine.covering import Cover
from sandboxes.confine.leading import Leads
from sandboxes.confine.paths import text_of
from sandboxes.confine.secrets import IN_SYSTEM, kept_from_others, secrets_in, secrets_of_home
from sandboxes.confine.view import View, Work, depth

_KEEPS_SECRETS = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "BOTO_CONFIG",
    "CLOUDSDK_CONFIG",
    "DOCKER_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "NETRC",
    "SSH_AUTH_SOCK",
)
# Runs that were recorded, and the keys of their vaults.
_KEEPS_RUNS = ("EXECUTOR_HOME", "EXECUTOR_RUNTIME_DIR")


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
    cover = Cover(view, home=home, work=work, shown=shown, empty=empty)
    known = {*map(str, secrets), *_secret_places(home, shown, environment, work)}
    ours = set(_named(_KEEPS_RUNS, environment, home, work))
    leads = Leads(lambda path: view.source_of(path) or path, cover.needed)
    leads.follow(sorted(ours), into=False)
    leads.follow(sorted(known | set(map(str, secrets_of_home(home)))))
    further = set(_sockets())
    if system:
        leads.follow(filter(os.path.lexists, IN_SYSTEM))
        known.update(IN_SYSTEM)
        if Path("/opt") in home.parents:
            known.update(map(str, secrets_of_home(home)))
        further.update(_kept_from_others())
    view.hidden += sorted(known | ours | further, key=depth)
    for path in sorted(further - leads.found.keys(), key=depth):
        source = view.source_of(path)
        if source is not None and os.path.islink(source):
            leads.follow([path], into=False)
        elif source is not None:
            cover.hide(path, path)
    for path in sorted(leads.found, key=depth):
        cover.hide(path, leads.found[path])
    view.notes += cover.notes
    view.notes += [
        f"{place} is too large to follow all links in it: what others lead to may be in sight"
        for place in dict.fromkeys(leads.unfinished)
    ]


def _secret_places(
    home: Path, shown: Sequence[Path], environment: Mapping[str, str], work: Work
) -> Iterator[str]:
    for place in shown:
        if os.path.isdir(place):
            yield from map(str, secrets_in(place, home))
    yield from _named(_KEEPS_SECRETS, environment, home, work)


def _named(
    variables: Iterable[str], environment: Mapping[str, str], home: Path, work: Work
) -> Iterator[str]:
    """Return the places that variables name, as programs that run in the work directory would."""
    for name in variables:
        values = environment.get(name, "")
        for value in values.split(os.pathsep) if name == "KUBECONFIG" else [values]:
            if value.startswith("~/"):
                value = os.path.join(home, value[2:])
            if value and "\0" not in value:
                yield text_of(os.path.normpath(os.path.join(work.shown, value)))


def _kept_from_others() -> Iterator[str]:
    if os.getuid() == 0:
        yield from map(str, kept_from_others(Path("/etc")))


def _sockets() -> Iterable[str]:
    """Return where programs of this machine listen: a read-only mount keeps nobody from it."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
            names = {line.rstrip("\n").partition(" /")[2] for line in file}
    except OSError:
        return
    yield from (text_of(Path("/", name)) for name in names if name)
