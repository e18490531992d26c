"""Images for the tests of containers, made of this machine's own programs: none is pulled.

So the same attempt is made with the same programs in a container and outside. They are kept on
the machine for the next session, under a tag that says what they were made of.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from docker import DockerClient
from docker.errors import DockerException

from sandboxes.containers.connection import connect

_PROGRAMS = (
    *("bash", "cat", "cmp", "curl", "env", "find", "getent", "grep", "head", "id", "ip", "ls"),
    *("mkdir", "rm", "sed", "setsid", "sh", "sleep", "touch", "true", "unshare"),
)
_BARE = ("cat", "curl", "getent", "id", "ls", "sh", "true")
# Of these nothing is run that the tests run.
_LEFT_OUT = {"__pycache__", "examples", "ensurepip", "idlelib", "site-packages", "test", "topics"}
_PACKAGES = (
    *("awscli", "boto3", "botocore", "s3transfer", "colorama", "dateutil", "docutils", "jmespath"),
    *("pyasn1", "rsa", "six.py", "urllib3", "yaml"),
)
_RECIPE = 2  # changes when the same files make another image
_SITE = "/opt/site"
_PYTHON = "/usr/local/bin/python3"
_AWS = f"#!{_PYTHON}\nimport sys\nfrom awscli.clidriver import main\nsys.exit(main())\n"


@cache
def image_of_tests() -> str:
    """Return an image with Python, boto3, the AWS CLI, Node and usual programs."""
    library = Path(sysconfig.get_path("stdlib"))
    site = Path(sysconfig.get_path("purelib"))
    python = Path(os.path.realpath(sys.executable))
    files = _tree(library, str(library))
    for name in _PACKAGES:
        files |= _tree(site / name, f"{_SITE}/{name}")
    files |= _programs(_PROGRAMS)
    files |= {str(python): python}
    node = shutil.which("node")
    if node is not None:
        files["/usr/local/bin/node"] = Path(os.path.realpath(node))
    links = {_PYTHON: str(python), "/usr/bin/python3": str(python), "/bin": "usr/bin"}
    return _image("tools", files, links, {"/usr/local/bin/aws": _AWS}, [f"ENV PYTHONPATH={_SITE}"])


@cache
def bare_image() -> str:
    """Return an image with a few programs and no Python, with a secret and a volume in it."""
    changes = ["ENV AWS_SECRET_ACCESS_KEY=baked-in JAVA_HOME=/opt/java", "VOLUME /data"]
    files = _programs(_BARE)
    texts = {"/root/.aws/credentials": "secret"}
    return _image("bare", files, {"/bin": "usr/bin"}, texts, changes)


@cache
def terraform_image() -> str:
    """Return an image with Terraform alone."""
    terraform = shutil.which("terraform")
    assert terraform is not None
    files = {"/usr/bin/terraform": Path(os.path.realpath(terraform))}
    return _image("terraform", files, {}, {}, [])


def _programs(names: Iterable[str]) -> dict[str, Path]:
    found = {name: shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin") for name in names}
    return {f"/usr/bin/{n}": Path(os.path.realpath(path)) for n, path in found.items() if path}


def _tree(source: Path, target: str) -> dict[str, Path]:
    if source.is_file():
        return {target: source}
    found: dict[str, Path] = {}
    for place, directories, names in os.walk(source):
        directories[:] = [name for name in directories if name not in _LEFT_OUT]
        inner = target + place[len(str(source)) :]
        found |= {f"{inner}/{name}": Path(place, name) for name in names}
    return found


def _libraries(files: Iterable[Path]) -> dict[str, Path]:
    """Return the libraries that programs and libraries need, at their own places."""
    found: set[str] = set()
    for path in files:
        if _is_program(path):
            told = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
            found |= {word for word in told.stdout.split() if word.startswith("/")}
    found = {word for word in found if not word.endswith(":")}
    # The C library asks for these by itself, when a name is looked up.
    for place in {Path(word).parent for word in found if "/libc.so" in word}:
        found |= {str(path) for path in place.glob("libnss_*.so.2")}
    return {name: Path(os.path.realpath(name)) for name in found}


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _image(
    name: str,
    files: Mapping[str, Path],
    links: Mapping[str, str],
    texts: Mapping[str, str],
    changes: Sequence[str],
) -> str:
    sizes = sorted((target, path.stat().st_size) for target, path in files.items())
    recipe = repr((_RECIPE, sizes, sorted(links.items()), sorted(texts.items()), changes))
    tag = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    whole = f"executor-test/{name}:{tag}"
    with contextlib.closing(connect()) as client:
        if not client.images.list(whole):
            archive = _archive({**files, **_libraries(files.values())}, links, texts)
            repository = f"executor-test/{name}"
            older = [t for image in client.images.list(repository) for t in image.tags]
            client.api.import_image_from_data(archive, repository, tag, changes=list(changes))
            _remove(client, older)
    return whole


def _remove(client: DockerClient, names: Iterable[str]) -> None:
    for name in names:
        # Another session may be using it.
        with contextlib.suppress(DockerException):
            client.images.remove(name)


def _archive(
    files: Mapping[str, Path], links: Mapping[str, str], texts: Mapping[str, str]
) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for target, link in links.items():
            info = tarfile.TarInfo(target)
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
        for target, path in sorted(files.items()):
            archive.add(path, target)
        for target, text in texts.items():
            info = tarfile.TarInfo(target)
            info.size, info.mode = len(text.encode()), 0o755
            archive.addfile(info, io.BytesIO(text.encode()))
    return written.getvalue()
