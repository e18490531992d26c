"""Which places outside the system a command's tools live in.

Version managers and virtual environments lie under the home directory or `/tmp`, beside what
must not be seen. Shown is what the PATH and a few variables name, and what links, interpreters
and first lines of scripts there lead to: each as the prefix that the program was installed to,
never a home directory as a whole.

In here paths are texts as `text_of` makes them: a run waits for hundreds. What cannot be looked at,
a directory of another user's on the PATH say, is no tool.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sandboxes.confine.paths import above, is_within, parts_of, text_of
from sandboxes.confine.secrets import is_secret

SYSTEM = (
    "/bin",
    "/etc",
    "/gnu",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/opt",
    "/sbin",
    "/snap",
    "/usr",
)
"""What is shown of the system, read-only."""

_PROGRAMS = frozenset({"bin", "sbin", "shims", "libexec"})
_DIRECTORIES = (
    "ASDF_DATA_DIR",
    "ASDF_DIR",
    "CONDA_PREFIX",
    "GOROOT",
    "JAVA_HOME",
    "NODE_PATH",
    "NVM_BIN",
    "PYENV_ROOT",
    "PYTHONPATH",
    "RBENV_ROOT",
    "RUSTUP_HOME",
    "TF_PLUGIN_CACHE_DIR",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
)
_FILES = ("TF_CLI_CONFIG_FILE",)
_IN_HOME = (
    ".asdfrc",
    ".config/mise/config.toml",
    ".local/lib",
    ".python-version",
    ".rustup",
    ".terraform.d/plugin-cache",
    ".terraform.d/plugins",
    ".terraformrc",
    ".tool-versions",
)
# What whole directories of tools do not stand for.
_SHARED = frozenset({".local", ".cargo", ".config", "go", "share"})
_DEVICES = "/dev"
_PATHS = re.compile(r"(?<![\w.~$}-])/[^\s'\"`;|&<>()$]+")
_TELLING = (b"credentials", b"token")
_SETTLED = frozenset({"/bin", "/sbin", "/usr/bin", "/usr/sbin"})
_MOST_PROGRAMS = 1000
_FIRST_LINE = 256
_LONGEST = 4096
_PROVIDERS = "*/*/*/*/*"


class Tools:
    """Collects what has to be shown."""

    def __init__(self, home: Path) -> None:
        """Args:
        home: the user's home directory.
        """
        self._home = text_of(home)
        self._never = {"/", "/home", "/tmp", "/var/tmp", "/var", "/run"}
        for place in (self._home, os.path.realpath(home)):
            self._never.update((place, *above(place)))
        self._places: dict[str, None] = {}

    @property
    def places(self) -> Sequence[Path]:
        """What has to be shown, each once, in the order in which it was found."""
        return [Path(place) for place in self._places]

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Add what the PATH and other variables name."""
        for name in _DIRECTORIES:
            for value in environment.get(name, "").split(os.pathsep):
                if value.startswith("/"):
                    self._add(text_of(value))
        entries = environment.get("PATH", "").split(os.pathsep)
        # Of a directory that is named twice nothing is found the second time.
        for directory in dict.fromkeys(text_of(e) for e in entries if e.startswith("/")):
            self._add_programs(directory)
        for name in _FILES:
            self._add_settings(text_of(environment.get(name, "")))
        for name in _IN_HOME:
            path = os.path.join(self._home, name)
            if os.path.isfile(path):
                self._add_settings(path)
            else:
                self._add(path)

    def add(self, place: Path) -> None:
        """Add a directory or file as it is named, and where it really is."""
        self._add(text_of(place))

    def add_program(self, path: Path) -> None:
        """Add where a program lies, and what it leads to."""
        self._add_program(text_of(path))

    def add_arguments(self, words: Iterable[str], directory: Path) -> None:
        """Add the scripts that a command names, with what lies beside them.

        What is named by a path through a hidden directory is left out: keys lie in such places.

        Args:
            words: the command's arguments; of `--file=PATH` what stands behind the sign counts.
            directory: where it runs.
        """
        for word in words:
            named = word.partition("=")[2] or word
            if len(named) > _LONGEST or "\0" in named or named in ("", "."):
                continue
            path = text_of(os.path.normpath(os.path.join(directory, named)))
            real = os.path.realpath(path)
            if any(part.startswith(".") for part in (*parts_of(path), *parts_of(real))):
                continue
            # Not by pathlib, which raises for a name that is too long to be one.
            if os.path.isfile(path):
                around = os.path.dirname(path)
                alone = {around, os.path.dirname(real)} & self._never
                self._add(path if alone else around)

    def add_words(self, words: Iterable[str]) -> None:
        """Add the programs that a command line names by their paths, in scripts as well."""
        for word in words:
            for path in _PATHS.findall(word):
                if len(path) < _LONGEST and os.access(path, os.X_OK) and not os.path.isdir(path):
                    # On some file systems everything is executable, keys as well.
                    if not is_secret(Path(path)) and not is_secret(Path(os.path.realpath(path))):
                        self.add_program(Path(path))

    def add_project(self, directory: Path) -> None:
        """Add what a work directory's environments and provider links lead to."""
        for name in (".venv", "venv"):
            self._add_base(os.path.join(directory, name))
        for name in ("node_modules/.bin",):
            self._add_links(os.path.join(directory, name))
        for place in linked_providers(directory):
            self.add(place)

    def _add(self, place: str) -> None:
        # As it is named, links stay links.
        for path in dict.fromkeys((os.path.abspath(place), os.path.realpath(place))):
            if self._shown(path) or path in self._never or is_within(path, _DEVICES):
                continue
            if not os.path.exists(path):
                continue
            self._places[path] = None
            self._add_base(path)

    def _add_program(self, path: str) -> None:
        for found in _chain(path):
            self._add(_prefix(found, self._home))
        script = _interpreter(path)
        if script is not None and script != path:
            self._add_program(script)

    def _shown(self, path: str) -> bool:
        if _is_system(path) and not is_within(path, self._home):
            return True
        return path in self._places or not self._places.keys().isdisjoint(above(path))

    def _add_base(self, prefix: str) -> None:
        """Add the interpreter that a virtual environment was made of."""
        try:
            with open(os.path.join(prefix, "pyvenv.cfg"), errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            return
        for line in lines:
            key, _, value = line.partition("=")
            # Anybody may have written it; a zero byte is in no path.
            if key.strip() == "home" and value.strip().startswith("/") and "\0" not in value:
                python = os.path.join(text_of(value.strip()), "python")
                self._add(_prefix(python, self._home))
                self._add_program(os.path.join(prefix, "bin", "python"))

    def _add_programs(self, directory: str) -> None:
        if directory in _SETTLED or not os.path.isdir(directory):
            return
        self._add(_prefix(os.path.join(directory, "program"), self._home))
        self._add(directory)
        self._add_links(directory)

    def _add_links(self, directory: str) -> None:
        # What version managers write there leads to their own directory, which is shown.
        scripts = os.path.basename(directory) != "shims" and not _is_system(directory)
        for _, entry in zip(range(_MOST_PROGRAMS), _entries(directory), strict=False):
            if entry.is_symlink():
                if not self._shown(os.path.realpath(entry.path)):
                    self._add_program(entry.path)
            elif scripts and entry.is_file():
                script = _interpreter(entry.path)
                if script is not None and not self._shown(script):
                    self._add_program(script)

    def _add_settings(self, path: str) -> None:
        """Add a file of settings, unless it holds somebody's key."""
        if not os.path.isfile(path):
            return
        try:
            content = Path(path).read_bytes().lower()
        except OSError:
            return
        if not any(word in content for word in _TELLING):
            self._add(path)


def linked_providers(directory: Path) -> list[Path]:
    """Return where the links of a Terraform directory to its providers lead."""
    links = directory.glob(f".terraform/providers/{_PROVIDERS}")
    return [Path(os.path.realpath(link)) for link in links if link.is_symlink()]


def _is_system(path: str) -> bool:
    return f"/{path.lstrip('/').partition('/')[0]}" in SYSTEM


def _prefix(program: str, home: str) -> str:
    """Return the directory a program was installed to, as far as its place tells."""
    directory, name = os.path.split(program)
    prefix, last = os.path.split(directory)
    if last not in _PROGRAMS:
        # A program that lies anywhere stands for itself.
        return directory if name == "program" else program
    if os.path.basename(prefix) in _SHARED or is_within(home, prefix):
        return directory
    return prefix


def _chain(path: str) -> Iterator[str]:
    """Return a path and every link on its way to what it leads to."""
    for _ in range(16):
        yield path
        try:
            target = os.readlink(path)
        except OSError:
            break
        path = text_of(os.path.normpath(os.path.join(os.path.dirname(path), target)))
    yield os.path.realpath(path)


def _interpreter(path: str) -> str | None:
    """Return the program that a script's first line names."""
    try:
        with open(path, "rb") as file:
            line = file.read(_FIRST_LINE).split(b"\n")[0]
    except OSError:
        return None
    words = line[2:].split() if line.startswith(b"#!") else []
    if not words or not words[0].startswith(b"/") or b"\0" in words[0]:
        return None
    return text_of(os.fsdecode(words[0]))


def _entries(directory: str) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except OSError:
        return
