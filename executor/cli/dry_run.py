"""`dry-run`: rehearse a command, or what a change file proposes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from executor import __version__
from executor.cli.application import Application
from executor.cli.console import check_writable, say, style_of, write_file, write_out
from executor.cli.options import (
    CONTEXT,
    asked_for,
    choice,
    format_options,
    look_options,
    snapshot_option,
    target_options,
)
from executor.cli.progress import Watch
from executor.errors import InvalidChange
from executor.model.application import DryRunRequest
from executor.model.change import AnyChange, CommandChange
from executor.model.decision import Decision
from executor.model.intent import Intent
from executor.model.report import Report

STATUS = {Decision.ALLOW: 0, Decision.HOLD: 3, Decision.DENY: 4, Decision.UNDECIDED: 5}
_BEHIND = "executor.behind_dashes"

HELP = """Rehearse a change to AWS in a replica, and judge what it did.

The command runs unmodified, but its AWS calls reach an emulated copy of the target. What it
created, changed and deleted there is compared with what you declare. The target itself is
only read.

\b
  dry-run -- terraform apply -auto-approve
  dry-run -- bash deploy.sh --env prod
  dry-run --allow 'delete AWS::SQS::Queue orders-*' -- python cleanup.py
  dry-run --target none --format json --output report.json -- aws s3 mb s3://logs
  dry-run --intent intent.yaml change.yaml
  dry-run --from-snapshot prod.snap -- terraform apply -auto-approve

An EFFECT is ACTION[+HAZARD...] TYPE NAME with globs; actions are create, update, delete and
replace; hazards data-loss, protection-loss, disruption and exposure. Without any, everything
may be created and updated that loses nothing.

\b
Exit status: 0 allow, 3 hold, 4 deny, 5 undecided, 2 usage or invalid input, 1 our own failure.
Then: `executor promote last` does to the target what was rehearsed.
"""


class DashedCommand(click.Command):
    """A command that keeps apart what stands before and behind `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what stands before, and keep what stands behind as it is."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[_BEHIND] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def behind_dashes(ctx: click.Context) -> tuple[str, ...] | None:
    """Return what stood behind `--`; None where there was none."""
    found: tuple[str, ...] | None = ctx.meta.get(_BEHIND)
    return found


@click.command(
    "dry-run",
    cls=DashedCommand,
    help=HELP,
    context_settings=CONTEXT,
    options_metavar="[OPTIONS]",
    no_args_is_help=False,
)
@click.argument("words", nargs=-1, metavar="CHANGE | -- COMMAND [ARG...]")
@target_options
@snapshot_option
@click.option(
    "--intent",
    "intent_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the change is meant to do (YAML or JSON).",
)
@click.option("--allow", multiple=True, metavar="EFFECT", help="May happen. Repeatable.")
@click.option("--expect", multiple=True, metavar="EFFECT", help="Must happen. Repeatable.")
@click.option("--protect", multiple=True, metavar="'TYPE NAME'", help="Must not. Repeatable.")
@click.option(
    "--confine",
    type=click.Choice(["auto", "bubblewrap", "container", "off"]),
    default="auto",
    show_default=True,
    help="How the command is kept from everything else.",
)
@click.option(
    "--image",
    metavar="IMAGE",
    default="",
    help="What the container of --confine container is made of. Default: the image in "
    "executor.toml.",
)
@click.option("--in-place", is_flag=True, help="Run in the real work directory, not in a copy.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End the command after that long.",
)
@click.option(
    "--hydrate",
    default="",
    metavar="all|touched|none|TYPE,...",
    help="What the replica gets of the target.  [default: touched]",
)
@click.option(
    "--copy-data",
    multiple=True,
    metavar="'TYPE NAME'",
    help="Copy the data of these resources, which is else only represented. Repeatable.",
)
@format_options
@look_options
@click.version_option(__version__, prog_name="dry-run")
@click.pass_context
def dry_run(
    ctx: click.Context,
    words: tuple[str, ...],
    target: str | None,
    account: str,
    region: str,
    engine: str,
    no_daemon: bool,
    from_snapshot: Path | None,
    intent_file: Path | None,
    allow: tuple[str, ...],
    expect: tuple[str, ...],
    protect: tuple[str, ...],
    confine: str,
    image: str,
    in_place: bool,
    timeout: float | None,
    hydrate: str,
    copy_data: tuple[str, ...],
    format_name: str,
    output: Path | None,
    quiet: bool,
    no_color: bool,
) -> int:
    """Rehearse a change."""
    open_application: Callable[[], Application] = ctx.obj
    _check_report(format_name, output)
    change, own = _change(words, behind_dashes(ctx))
    watch = Watch(
        "dry-run",
        style_of(sys.stderr, no_color=no_color),
        terminal=sys.stderr.isatty(),
        quiet=quiet,
    )
    request = DryRunRequest(
        change=change,
        intent=_intent(own, intent_file, allow, expect, protect),
        target=choice(target, account, region),
        engine=engine,
        confine=confine,
        image=image,
        daemon=not no_daemon,
        in_place=in_place,
        timeout_s=timeout,
        hydrate=hydrate,
        copy_data=copy_data,
        from_snapshot=from_snapshot,
        output=watch.output,
    )
    with asked_for(engine, confine), watch:
        report = open_application().dry_run(request, watch)
    deliver(report, format_name, output, no_color=no_color)
    return STATUS[report.decision]


def deliver(
    report: Report,
    format_name: str,
    output: Path | None,
    *,
    no_color: bool,
    program: str = "dry-run",
) -> None:
    """Write a report to standard output, or to a file.

    Raises:
        InvalidConfig: the file cannot be written.
    """
    from executor.reports import Style, render

    if output is None:
        write_out(render(report, format_name, style_of(sys.stdout, no_color=no_color)))
        return
    write_file(output, render(report, format_name, Style(width=100)))
    say(f"{program}: {report.decision.value}; the report is in {output}")


def _check_report(format_name: str, output: Path | None) -> None:
    from executor.reports.formats import check_format

    check_format(format_name)
    if output is not None:
        check_writable(output)


def _change(
    words: tuple[str, ...], command: tuple[str, ...] | None
) -> tuple[AnyChange, Intent | None]:
    if command is None:
        if not words:
            raise InvalidChange(
                "there is neither a change nor a command",
                hint="dry-run -- COMMAND [ARG...], or dry-run CHANGE; see dry-run --help",
            )
        if len(words) > 1:
            raise InvalidChange(
                f"one CHANGE is wanted, not {len(words)}",
                hint=f"a command goes behind two dashes: dry-run -- {' '.join(words)}",
            )
        return _loaded(Path(words[0]))
    if words:
        raise InvalidChange(
            f"{words[0]!r} stands before the two dashes, and a command behind them",
            hint="either dry-run CHANGE, or dry-run -- COMMAND [ARG...]",
        )
    _check_program(command)
    return CommandChange(command=command, workdir=Path.cwd()), None


def _loaded(path: Path) -> tuple[AnyChange, Intent | None]:
    from executor.changes.checking import check_change
    from executor.changes.loading import load_change

    change, intent = load_change(path)
    check_change(change, where=f"{path}: {change.kind}")
    return change, intent


def _check_program(command: tuple[str, ...]) -> None:
    """Find out before an engine is started that there is nothing to run."""
    if not command:
        raise InvalidChange("there is no command behind --", hint="dry-run -- COMMAND [ARG...]")
    if shutil.which(command[0]) is None:
        exists = os.sep in command[0] and Path(command[0]).is_file()
        raise InvalidChange(
            f"{command[0]}: {'cannot be run' if exists else 'no such command'}",
            hint=f"chmod +x {command[0]}" if exists else "check its name and the PATH",
        )


def _intent(
    own: Intent | None,
    file: Path | None,
    allow: tuple[str, ...],
    expect: tuple[str, ...],
    protect: tuple[str, ...],
) -> Intent:
    if own is None and file is None and not (allow or expect or protect):
        return Intent()
    from executor.changes.intents import load_intent, merged_intent

    given = load_intent(file) if file is not None else None
    return merged_intent(own, given, allow=allow, expect=expect, protect=protect)
