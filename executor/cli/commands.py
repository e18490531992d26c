"""`executor`: what comes after a dry run, and what is around it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from executor import __version__
from executor.cli.application import Application
from executor.cli.console import check_writable, is_interactive, say, style_of, write_out
from executor.cli.dry_run import DashedCommand, behind_dashes, deliver
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
from executor.cli.snapshots import diff, snapshot
from executor.errors import InvalidConfig
from executor.model.application import RunSummary, SandboxRequest
from executor.model.json import Json
from executor.model.report import Report

_RUN = click.argument("run", metavar="RUN")
_TEXT_OR_JSON = click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is written.",
)
_EXECUTOR = """Promote, look at and look after dry runs.

RUN is the id of a dry run, a unique beginning or end of one, or `last`.

\b
  dry-run -- terraform apply -auto-approve
  executor show last
  executor promote last
  executor sandbox -- pytest tests/aws
  eval "$(executor completion bash)"
"""
_SANDBOX = """Work in a fresh replica: a shell, a command, or the variables for your own.

\b
  executor sandbox                      a shell whose AWS clients reach the replica
  executor sandbox -- pytest tests/aws  one command
  executor sandbox --export             lines to paste elsewhere
The replica is gone when it ends. Nothing is recorded or judged.
"""
_COMPLETION = """Print the completion script of a shell.

\b
  eval "$(executor completion bash)"            in ~/.bashrc
  eval "$(executor completion zsh)"             in ~/.zshrc
  executor completion fish | source             in ~/.config/fish/config.fish
"""


class InOrder(click.Group):
    """Lists its commands in the order in which they are used, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands as they were added."""
        return list(self.commands)


@click.group(cls=InOrder, help=_EXECUTOR, context_settings=CONTEXT, no_args_is_help=False)
@click.version_option(__version__, prog_name="executor")
def executor() -> None:
    """The group of commands."""


@executor.command()
@_RUN
@click.option("--yes", is_flag=True, help="Do not ask.")
@_TEXT_OR_JSON
@look_options
@click.pass_obj
def promote(
    open_application: Callable[[], Application],
    run: str,
    yes: bool,
    format_name: str,
    quiet: bool,
    no_color: bool,
) -> int:
    """Do to the target what RUN rehearsed, and nothing else.

    Refused, with status 4, unless RUN was allowed (or held and then approved) and the target
    is still as it was. Status 1 when the target is not as rehearsed afterwards.
    """
    from executor.reports import receipt_text

    application = open_application()
    report = application.show(run)
    if not yes:
        _confirm(report)
    with _watch(quiet, no_color) as watch:
        receipt = application.promote(report.id, progress=watch)
    if format_name == "json":
        write_out(_json(receipt.to_json()))
    else:
        write_out(receipt_text(receipt, style_of(sys.stdout, no_color=no_color)))
    return 0 if receipt.complete and receipt.confirmed else 1


@executor.command(short_help="Approve a RUN that was held.")
@_RUN
@click.option("--by", metavar="NAME", help="Who approves. Default: the user who is logged in.")
@click.option("--reason", metavar="TEXT", help="Why; asked for on a terminal.")
@click.pass_obj
def approve(
    open_application: Callable[[], Application], run: str, by: str | None, reason: str | None
) -> int:
    """Approve the report of a RUN that was held, so that it can be promoted."""
    import getpass

    if not reason and is_interactive():
        reason = click.prompt("reason", err=True)
    if not reason:
        raise InvalidConfig("an approval needs a reason", hint="--reason 'as agreed in OPS-7'")
    approval = open_application().approve(run, by=by or getpass.getuser(), reason=reason)
    style = style_of(sys.stdout)
    write_out(style.shown(f"{approval.run} approved by {approval.by}: {approval.reason}") + "\n")
    write_out(f"executor promote {approval.run}\n")
    return 0


@executor.command()
@_RUN
@format_options
@look_options
@click.pass_obj
def show(
    open_application: Callable[[], Application],
    run: str,
    format_name: str,
    output: Path | None,
    quiet: bool,
    no_color: bool,
) -> int:
    """Write the report of RUN again."""
    from executor.reports import check_format

    check_format(format_name)
    if output is not None:
        check_writable(output)
    report = open_application().show(run)
    deliver(report, format_name, output, no_color=no_color, program="executor show")
    return 0


@executor.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@_TEXT_OR_JSON
@click.pass_obj
def runs(open_application: Callable[[], Application], limit: int, format_name: str) -> int:
    """List the newest dry runs."""
    found = open_application().runs(limit)
    if format_name == "json":
        write_out(_json([_run_view(r) for r in found]))
    elif not found:
        say("executor: there is no run yet")
    else:
        style = style_of(sys.stdout)
        for r in found:
            done = "promoted" if r.promoted else "approved" if r.approved else ""
            line = f"{r.id}  {r.decision or 'broken off':<10}  {done:<8}  {r.target}  {r.change}"
            write_out(style.cut(style.shown(line), style.width).rstrip() + "\n")
    return 0


@executor.command()
@click.pass_obj
def verify(open_application: Callable[[], Application]) -> int:
    """Check that nobody changed the ledger. Status 1 when somebody did."""
    check = open_application().verify()
    if check.ok:
        write_out(f"the ledger holds: {check.entries} entries\n")
        return 0
    where = f"entry {check.first_bad}: " if check.first_bad is not None else ""
    say(f"executor: the ledger does not hold: {where}{check.reason}")
    say("  hint: trust no run recorded since; keep the files for whoever looks into it")
    return 1


@executor.command()
@_TEXT_OR_JSON
@click.pass_obj
def doctor(open_application: Callable[[], Application], format_name: str) -> int:
    """Say what works on this machine, and what would mend the rest. Status 1 if any is needed."""
    lines = open_application().doctor()
    if format_name == "json":
        views: list[Json] = [
            {"name": d.name, "ok": d.ok, "text": d.text, "hint": d.hint} for d in lines
        ]
        write_out(_json(views))
    else:
        style = style_of(sys.stdout)
        width = max((len(line.name) for line in lines), default=0)
        for line in lines:
            sign = style.sign("✓" if line.ok else "✗")
            write_out(f"{sign} {line.name:<{width}}  {style.shown(line.text)}\n")
            if line.hint:
                write_out(f"  {'':<{width}}  {style.sign('→')} {style.shown(line.hint)}\n")
    return 0 if all(line.ok for line in lines) else 1


@executor.command(short_help="Remove what runs that died have left.")
@click.pass_obj
def clean(open_application: Callable[[], Application]) -> int:
    """Remove what runs that died have left, and stop the background server."""
    removed = open_application().clean()
    for line in removed:
        write_out(f"removed {line}\n")
    if not removed:
        write_out("there was nothing to remove\n")
    return 0


executor.add_command(snapshot)
executor.add_command(diff)


@executor.command(
    cls=DashedCommand,
    help=_SANDBOX,
    short_help="Work in a fresh replica.",
    options_metavar="[OPTIONS] [-- COMMAND [ARG...]]",
)
@target_options
@snapshot_option
@click.option("--export", is_flag=True, help="Print export lines, and stay until Ctrl-C.")
@look_options
@click.pass_context
def sandbox(
    ctx: click.Context,
    target: str | None,
    account: str,
    region: str,
    engine: str,
    no_daemon: bool,
    from_snapshot: Path | None,
    export: bool,
    quiet: bool,
    no_color: bool,
) -> int:
    """Work in a fresh replica."""
    from executor.cli import shell

    command = behind_dashes(ctx)
    if export and command is not None:
        raise InvalidConfig("--export and a command exclude each other", hint="choose one")
    request = SandboxRequest(
        target=choice(target, account, region),
        engine=engine,
        daemon=not no_daemon,
        from_snapshot=from_snapshot,
    )
    open_application: Callable[[], Application] = ctx.obj
    with asked_for(engine), _watch(quiet, no_color) as watch:
        with open_application().sandbox(request, watch) as session:
            watch.pause()
            if export:
                return shell.print_exports(session)
            return shell.run_in(session, command)


@executor.command(help=_COMPLETION)
@click.argument("shell_name", metavar="bash|zsh|fish", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell_name: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from executor.cli.dry_run import dry_run

    kind = get_completion_class(shell_name)
    assert kind is not None
    for command, name in ((executor, "executor"), (dry_run, "dry-run")):
        variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
        write_out(kind(command, {}, name, variable).source() + "\n")
    return 0


def _watch(quiet: bool, no_color: bool) -> Watch:
    style = style_of(sys.stderr, no_color=no_color)
    return Watch("executor", style, terminal=sys.stderr.isatty(), quiet=quiet)


def _confirm(report: Report) -> None:
    from executor.reports.advice import headline

    style = style_of(sys.stderr)
    target = report.target
    where = f"{target.name} ({target.account}, {target.region})"
    if not is_interactive():
        raise InvalidConfig(
            "a promotion changes the target, and nobody can be asked", hint="executor promote --yes"
        )
    say(style.shown(f"{report.id} {report.decision.value}: {headline(report)}"))
    for effect in report.effects[:20]:
        say(style.shown(f"  {effect.action.value} {effect.type} {effect.name}"))
    if len(report.effects) > 20:
        say(f"  and {len(report.effects) - 20} more")
    click.confirm(style.shown(f"do this to {where}?"), abort=True, err=True)


def _run_view(run: RunSummary) -> Json:
    return {
        "id": run.id,
        "started": run.started,
        "decision": run.decision,
        "target": run.target,
        "change": run.change,
        "approved": run.approved,
        "promoted": run.promoted,
    }


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
