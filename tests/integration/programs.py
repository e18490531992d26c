"""Runs the installed programs as their users do, with a state directory of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from executor.model.json import Json, JsonObject
from sandboxes.confine import choose_confinement
from sandboxes.errors import ConfinementUnavailable

# Of a service that the catalog does not read.
_TAGGED = (
    '{"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "k", "Values": ["v"]}]}'
)
NEW_RESOURCE_GROUP = (
    "c('resource-groups').create_group(Name='g', "
    f"ResourceQuery={{'Type': 'TAG_FILTERS_1_0', 'Query': {_TAGGED!r}}})"
)
PRELUDE = "import boto3, json, os, sys, time\nc = boto3.client\n"
ACCOUNT = "123456789012"
REGION = "us-east-1"
# The caller's own settings must not decide what a test finds.
_OURS = ("AWS_", "EXECUTOR_", "XDG_", "DOCKER_", "TF_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended."""

    status: int
    out: str
    err: str

    def report(self) -> JsonObject:
        """Return the JSON on standard output."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs of this environment.

    Attributes:
        workdir: where they are started.
        home: their state directory.
        runtime: where the background server lives.
        temporary: where they put temporary files.
        target: URL of the target; `none` for none.
    """

    workdir: Path
    home: Path
    runtime: Path
    temporary: Path
    target: str

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables they are started with."""
        outer = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        return outer | {
            "EXECUTOR_HOME": str(self.home),
            "EXECUTOR_RUNTIME_DIR": str(self.runtime),
            "TMPDIR": str(self.temporary),
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "production",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **(more or {}),
        }

    def start(
        self, program: str, *words: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a program; where nothing can confine commands, they run unconfined."""
        if program == "dry-run" and "--confine" not in words and confinement() == "off":
            words = ("--confine", "off", *words)
        return subprocess.Popen(
            [str(Path(sys.executable).with_name(program)), *words],
            cwd=self.workdir,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        program: str,
        *words: str,
        env: Mapping[str, str] | None = None,
        within_s: float = 120.0,
    ) -> Ended:
        """Run a program to its end."""
        with self.start(program, *words, env=env) as process:
            try:
                out, err = process.communicate(timeout=within_s)
            finally:
                process.kill()
        return Ended(status=process.returncode, out=out, err=err)

    def dry_run(self, *words: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run `dry-run` for the target."""
        return self.run("dry-run", "--target", self.target, *words, env=env)

    def script(self, text: str, *options: str) -> Ended:
        """Rehearse a boto3 script, and write the report as JSON."""
        return self.dry_run("--format", "json", *options, *python(text))

    def executor(self, *words: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run `executor`."""
        return self.run("executor", *words, env=env)

    def runs(self) -> Sequence[Path]:
        """Return the directories of the runs, oldest first."""
        return sorted((self.home / "runs").glob("*")) if self.home.exists() else []

    def left(self) -> list[str]:
        """Return what lies in the directory for temporary files."""
        return sorted(p.name for p in self.temporary.iterdir())


@cache
def confinement() -> str:
    """Return `auto`, or `off` where nothing can confine a command; CI has what it takes."""
    try:
        choose_confinement("auto")
    except ConfinementUnavailable:
        return "off"
    return "auto"


def python(text: str) -> tuple[str, ...]:
    """Return the words behind the options that run a boto3 script."""
    return ("--", sys.executable, "-c", PRELUDE + text)


def objects(value: Json) -> list[JsonObject]:
    """Return a JSON value that is a list of objects."""
    assert isinstance(value, list)
    found = [item for item in value if isinstance(item, dict)]
    assert len(found) == len(value)
    return list(found)


def rules_of(report: JsonObject) -> set[str]:
    """Return the rules of a JSON report's findings."""
    return {str(finding["rule"]) for finding in objects(report["findings"])}


def effects_of(report: JsonObject) -> set[tuple[str, str, str]]:
    """Return action, type and name of a JSON report's effects."""
    return {(str(e["action"]), str(e["type"]), str(e["name"])) for e in objects(report["effects"])}
