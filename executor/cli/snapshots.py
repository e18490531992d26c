"""`executor snapshot` and `executor diff`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from executor.cli.application import Application
from executor.cli.console import check_writable, style_of, write_out
from executor.cli.options import choice, look_options
from executor.cli.progress import Watch
from executor.model.application import SnapshotRequest
from executor.model.json import Json
from executor.model.saved import SavedSnapshot

DIFFERENT = 3
_MOST_GAPS = 10
_SNAPSHOT = """Keep what a target holds in a file, to rehearse from it without credentials.

\b
  executor snapshot --target prod -o prod.snap
  dry-run --from-snapshot prod.snap -- terraform apply -auto-approve
  executor diff prod.snap later.snap

The target is only read. Secrets are left out or are there as digests; what could not be read is
written down, and is unknown to a dry run, not absent. It holds names and settings of your
account all the same: treat it like them.
"""
_DIFF = """Tell how the snapshot in file B differs from that in A.

Created, updated, deleted, or deleted and made again under its name. What only one of the two
covers cannot be told, and is listed. Status 0, or 3 for a difference with --exit-code.
"""
_FORMAT = click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is written.",
)


@click.command("snapshot", help=_SNAPSHOT, short_help="Keep what a target holds in a file.")
@click.option("--target", metavar="NAME|URL", help="What to read. Default: as for dry-run.")
@click.option("--region", metavar="REGION", default="", help="Region, before the target's own.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Where."
)
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only it. Repeatable.")
@click.option("--type", "types", multiple=True, metavar="GLOB", help="Only these. Repeatable.")
@_FORMAT
@look_options
@click.pass_obj
def snapshot(
    open_application: Callable[[], Application],
    target: str | None,
    region: str,
    output: Path,
    services: tuple[str, ...],
    types: tuple[str, ...],
    format_name: str,
    quiet: bool,
    no_color: bool,
) -> int:
    """Take a snapshot."""
    check_writable(output)
    request = SnapshotRequest(
        output=output, target=choice(target, "", region), services=services, types=types
    )
    style = style_of(sys.stderr, no_color=no_color)
    with Watch("executor", style, terminal=sys.stderr.isatty(), quiet=quiet) as watch:
        taken = open_application().snapshot(request, watch)
        gaps = taken.gaps
        for gap in gaps[:_MOST_GAPS]:
            watch.note(f"not covered: {gap.address or gap.type}: {gap.reason}")
        if len(gaps) > _MOST_GAPS:
            watch.note(f"not covered: {len(gaps) - _MOST_GAPS} more")
    if format_name == "json":
        write_out(json.dumps(_view(taken, output), indent=2, ensure_ascii=False) + "\n")
    else:
        write_out(style_of(sys.stdout).shown(_sentence(taken, output)) + "\n")
    return 0


@click.command("diff", help=_DIFF, short_help="Tell how two snapshots differ.")
@click.argument("before", type=click.Path(path_type=Path), metavar="A")
@click.argument("after", type=click.Path(path_type=Path), metavar="B")
@_FORMAT
@click.option("--exit-code", is_flag=True, help=f"Status {DIFFERENT} when they differ.")
@click.option("--no-color", is_flag=True, help="No colours (as NO_COLOR=1).")
@click.pass_obj
def diff(
    open_application: Callable[[], Application],
    before: Path,
    after: Path,
    format_name: str,
    exit_code: bool,
    no_color: bool,
) -> int:
    """Compare two snapshots."""
    from executor.reports.comparisons import comparison_text

    comparison = open_application().compare(before, after)
    if format_name == "json":
        write_out(json.dumps(comparison.to_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        write_out(comparison_text(comparison, style_of(sys.stdout, no_color=no_color)))
    return DIFFERENT if exit_code and not comparison.equal else 0


def _sentence(taken: SavedSnapshot, output: Path) -> str:
    where = "; ".join(
        f"account {account}, {', '.join(taken.regions(account)) or 'global services'}"
        for account in taken.accounts
    )
    services = len({scope.service for scope in taken.scopes})
    left_out = f"; {len(taken.gaps)} not covered" if taken.gaps else ""
    return (
        f"{output}: {taken.resources} resources of {services} services ({where}){left_out}\n"
        f"{taken.digest}"
    )


def _view(taken: SavedSnapshot, output: Path) -> dict[str, Json]:
    return {
        "file": str(output),
        "digest": taken.digest,
        "taken": taken.taken,
        "source": taken.source,
        "regions": {account: list(taken.regions(account)) for account in taken.accounts},
        "services": sorted({scope.service for scope in taken.scopes}),
        "resources": taken.resources,
        "not_covered": [gap.view() for gap in taken.gaps],
    }
