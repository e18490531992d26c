"""Which places outside the system a command's tools live in.

Version managers and virtual environments lie under the home directory or `/tmp`, beside what
must not be seen. Shown is what the PATH and a few variables name, and what links, interpreters
and first lines of scripts there lead to: each as the prefix that the program was installed to,
never a home directory as a whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

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
_DEVICES = Path("/dev")
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
        self._home = home
        self._never = {Path(p) for p in ("/", "/home", "/tmp", "/var/tmp", "/var", "/run")}
        self._never |= {home, *home.parents, home.resolve(), *home.resolve().parents}
        self.places: dict[Path, None] = {}

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Add what the PATH and other variables name."""
        for name in _DIRECTORIES:
            for value in environment.get(name, "").split(os.pathsep):
                if value.startswith("/"):
                    self.add(Path(value))
        for entry in environment.get("PATH", "").split(os.pathsep):
            if entry.startswith("/"):
                self._add_programs(Path(entry))
        for name in _FILES:
            self._add_settings(Path(environment.get(name, "")))
        for name in _IN_HOME:
            path = self._home / name
            if path.is_file():
                self._add_settings(path)
            else:
                self.add(path)

    def add_program(self, path: Path) -> None:
        """Add where a program lies, and what it leads to."""
        for found in _chain(path):
            self.add(_prefix(found, self._home))
        script = _interpreter(path)
        if script is not None and script != path:
            self.add_program(script)

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
            path = Path(os.path.normpath(directory / named))
            real = Path(os.path.realpath(path))
            if any(part.startswith(".") for part in (*path.parts, *real.parts)):
                continue
            # Not by pathlib, which raises for a name that is too long to be one.
            if os.path.isfile(path):  # noqa: PTH113
                beside = real.parent
                self.add(path if {path.parent, beside} & self._never else path.parent)

    def add_words(self, words: Iterable[str]) -> None:
        """Add the programs that a command line names by their paths, in scripts as well."""
        for word in words:
            for path in _PATHS.findall(word):
                if len(path) < _LONGEST and os.access(path, os.X_OK) and not _is_dir(path):
                    # On some file systems everything is executable, keys as well.
                    if not is_secret(Path(path)) and not is_secret(Path(os.path.realpath(path))):
                        self.add_program(Path(path))

    def add_project(self, directory: Path) -> None:
        """Add what a work directory's environments and provider links lead to."""
        for name in (".venv", "venv"):
            self._add_base(directory / name)
        for name in ("node_modules/.bin",):
            self._add_links(directory / name)
        for place in linked_providers(directory):
            self.add(place)

    def add(self, place: Path) -> None:
        """Add a directory or file as it is named, and where it really is."""
        real = Path(os.path.realpath(place))
        for path in (Path(os.path.abspath(place)), real):  # noqa: PTH100 - links stay links
            if self._shown(path) or path in self._never or path.is_relative_to(_DEVICES):
                continue
            if not path.exists():
                continue
            self.places[path] = None
            self._add_base(path)

    def _shown(self, path: Path) -> bool:
        if self._is_system(path) and not path.is_relative_to(self._home):
            return True
        return path in self.places or any(parent in self.places for parent in path.parents)

    def _add_base(self, prefix: Path) -> None:
        """Add the interpreter that a virtual environment was made of."""
        try:
            lines = (prefix / "pyvenv.cfg").read_text(errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            key, _, value = line.partition("=")
            if key.strip() == "home" and value.strip().startswith("/"):
                home = Path(value.strip())
                self.add(_prefix(home / "python", self._home))
                self.add_program(prefix / "bin" / "python")

    def _add_programs(self, directory: Path) -> None:
        if str(directory) in _SETTLED or not directory.is_dir():
            return
        self.add(_prefix(directory / "program", self._home))
        self.add(directory)
        self._add_links(directory)

    def _add_links(self, directory: Path) -> None:
        # What version managers write there leads to their own directory, which is shown.
        scripts = directory.name != "shims" and not self._is_system(directory)
        for _, entry in zip(range(_MOST_PROGRAMS), _entries(directory), strict=False):
            if entry.is_symlink():
                target = Path(os.path.realpath(entry.path))
                if not self._shown(target):
                    self.add_program(Path(entry.path))
            elif scripts and entry.is_file():
                script = _interpreter(Path(entry.path))
                if script is not None and not self._shown(script):
                    self.add_program(script)

    def _is_system(self, path: Path) -> bool:
        return len(path.parts) > 1 and f"/{path.parts[1]}" in SYSTEM

    def _add_settings(self, path: Path) -> None:
        """Add a file of settings, unless it holds somebody's key."""
        if not path.is_file():
            return
        try:
            content = path.read_bytes().lower()
        except OSError:
            return
        if not any(word in content for word in _TELLING):
            self.add(path)


def linked_providers(directory: Path) -> list[Path]:
    """Return where the links of a Terraform directory to its providers lead."""
    links = directory.glob(f".terraform/providers/{_PROVIDERS}")
    return [link.resolve() for link in links if link.is_symlink()]


def _prefix(program: Path, home: Path) -> Path:
    """Return the directory a program was installed to, as far as its place tells."""
    directory = program.parent
    if directory.name not in _PROGRAMS:
        # A program that lies anywhere stands for itself.
        return directory if program.name == "program" else program
    prefix = directory.parent
    if prefix.name in _SHARED or prefix == home or home.is_relative_to(prefix):
        return directory
    return prefix


def _chain(path: Path) -> Iterator[Path]:
    """Return a path and every link on its way to what it leads to."""
    for _ in range(16):
        yield path
        try:
            target = path.readlink()
        except OSError:
            break
        path = Path(os.path.normpath(path.parent / target))
    yield Path(os.path.realpath(path))


def _interpreter(path: Path) -> Path | None:
    """Return the program that a script's first line names."""
    try:
        with path.open("rb") as file:
            line = file.read(_FIRST_LINE).split(b"\n")[0]
    except OSError:
        return None
    words = line[2:].split() if line.startswith(b"#!") else []
    return Path(os.fsdecode(words[0])) if words and words[0].startswith(b"/") else None


def _is_dir(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - a word of a command line is not yet a path


def _entries(directory: Path) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except OSError:
        return
