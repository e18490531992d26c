"""A snapshot file in the place of a target: whose it is, and whether it fits what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from executor.assembly.targets import OpenTarget
from executor.config import Config, resolve_target
from executor.errors import InvalidConfig, InvalidSnapshot
from executor.model.application import TargetChoice
from executor.model.report import TargetRef
from executor.model.saved import SavedSnapshot
from executor.model.target import TargetKind, TargetSettings
from executor.snapshots.files import read_snapshot


def open_saved(
    path: Path, choice: TargetChoice, config: Config, environ: Mapping[str, str]
) -> OpenTarget:
    """Return the target that a snapshot file stands for; nothing is reached.

    Args:
        path: the file.
        choice: the target whose policy holds and that a promotion is for, by name; by default
            the one it was taken of. Its account and region choose among the file's.
        config: the configuration.
        environ: the environment.

    Raises:
        InvalidSnapshot: the file cannot be used, or holds no such account or region.
        InvalidConfig: the choice makes no sense with a file.
        NotFound: there is no target of that name.
    """
    if choice.name == "none":
        raise InvalidConfig(
            "--target none and --from-snapshot exclude each other",
            hint="the snapshot takes the target's place",
        )
    saved = read_snapshot(path)
    name = choice.name or name_of(saved, config)
    if choice.name is not None or name in config.targets:
        # It is only named, and not reached: its own region counts less than the file's.
        settings = resolve_target(name, config, environ, region=choice.region or saved.region)
    else:
        settings = _as_saved(saved, name)
    account = choice.account or settings.account or saved.account
    region = choice.region or saved.region
    _check(path, saved, account, region)
    ref = TargetRef(
        name=name,
        account=account,
        region=region,
        endpoint_url=settings.endpoint_url,
        profile=settings.profile,
        snapshot=saved.digest,
        taken=saved.taken,
    )
    return OpenTarget(ref=ref, settings=settings, read=None, saved=saved)


def name_of(saved: SavedSnapshot, config: Config) -> str:
    """Return which target a snapshot stands for: the one of its name, or of its account.

    So a snapshot that was taken with somebody's ambient credentials is still judged by the
    policy of the configured target.
    """
    default = config.targets.get(config.target)
    if saved.source not in config.targets and default is not None:
        if default.account == saved.account and default.endpoint_url == saved.endpoint_url:
            return default.name
    return saved.source


def _as_saved(saved: SavedSnapshot, name: str) -> TargetSettings:
    return TargetSettings(
        name=name,
        kind=TargetKind.ENDPOINT if saved.endpoint_url else TargetKind.AWS,
        region=saved.region,
        endpoint_url=saved.endpoint_url,
        account=saved.account,
        origin="the snapshot",
    )


def _check(path: Path, saved: SavedSnapshot, account: str, region: str) -> None:
    if account not in saved.accounts:
        raise InvalidSnapshot(
            f"the snapshot {path} is of account {', '.join(saved.accounts) or 'nobody'},"
            f" not {account}",
            hint="check --account, or the account of the target in executor.toml",
        )
    regions = saved.regions(account)
    if regions and region not in regions:
        raise InvalidSnapshot(
            f"the snapshot {path} covers {', '.join(regions)} of account {account}, not {region}",
            hint="check --region, or take a snapshot of that region",
        )
