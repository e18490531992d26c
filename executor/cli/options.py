"""Options that several commands take, and what hangs on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from executor.errors import EngineFailed, InvalidInput
from executor.model.application import TargetChoice
from sandboxes.errors import ConfinementUnavailable, EngineUnavailable

F = TypeVar("F", bound=Callable[..., object])

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def target_options(function: F) -> F:
    """Add `--target`, `--account`, `--region`, `--engine` and `--no-daemon`."""
    for option in reversed(
        [
            click.option(
                "--target",
                metavar="NAME|URL|none",
                help="Real environment the replica is made of. Default: the target in "
                "executor.toml, else the ambient AWS credentials, else none.",
            ),
            click.option(
                "--account", metavar="ID", default="", help="Account, where no target says it."
            ),
            click.option(
                "--region", metavar="REGION", default="", help="Region, before the target's own."
            ),
            click.option(
                "--engine",
                metavar="auto|embedded|localstack|URL",
                default="auto",
                show_default=True,
                help="What emulates AWS.",
            ),
            click.option(
                "--no-daemon", is_flag=True, help="Neither use nor start background servers."
            ),
        ]
    ):
        function = option(function)
    return function


def snapshot_option(function: F) -> F:
    """Add `--from-snapshot`."""
    return click.option(
        "--from-snapshot",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Seed from a saved snapshot; no target is reached, no credentials are needed.",
    )(function)


def format_options(function: F) -> F:
    """Add `--format` and `--output`."""
    function = click.option(
        "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report there."
    )(function)
    return click.option(
        "--format",
        "format_name",
        metavar="text|json|markdown|html|sarif|junit",
        default="text",
        show_default=True,
        help="How the report is written.",
    )(function)


def look_options(function: F) -> F:
    """Add `--quiet` and `--no-color`."""
    function = click.option("--no-color", is_flag=True, help="No colours (as NO_COLOR=1).")(
        function
    )
    return click.option("-q", "--quiet", is_flag=True, help="No progress.")(function)


def choice(target: str | None, account: str, region: str) -> TargetChoice:
    """Return the target that the options mean."""
    return TargetChoice(name=target, account=account, region=region)


@contextmanager
def asked_for(engine: str, confine: str = "auto") -> Iterator[None]:
    """Turn "not available" into invalid input where it was asked for by name.

    Raises:
        InvalidInput: what was asked for by name cannot be had here.
    """
    try:
        yield
    except (EngineUnavailable, ConfinementUnavailable, EngineFailed) as error:
        reason = error.__cause__ if isinstance(error, EngineFailed) else error
        named = (isinstance(reason, EngineUnavailable) and engine != "auto") or (
            isinstance(reason, ConfinementUnavailable) and confine != "auto"
        )
        if named:
            raise InvalidInput(error.message, hint=error.hint, detail=error.detail) from error
        raise
