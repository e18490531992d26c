"""`executor.toml`, or `[tool.executor]` in `pyproject.toml`: targets, policy, defaults.

The file is searched from the current directory upward. It names profiles and roles; a secret
in it is refused. Reading is in `executor.config_file`, imported only when there is a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from executor.errors import InvalidConfig, NotFound
from executor.model.decision import Decision
from executor.model.finding import Rule
from executor.model.hydration import Hydration
from executor.model.intent import Limits, ResourcePattern
from executor.model.target import TargetKind, TargetSettings

FILE = "executor.toml"
DEFAULT_REGION = "us-east-1"
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
_SIGNS_OF_CREDENTIALS = (
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_PROFILE_SIGNS = (
    "aws_access_key_id",
    "credential_process",
    "login_session",
    "role_arn",
    "sso_session",
    "sso_start_url",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """What the file demands of every change.

    Attributes:
        protect: what must never be touched.
        limits: how many effects are allowed.
        isolation: the least confinement: `off`, `container` or `bubblewrap`; empty for any.
        decisions: rule -> decision, in place of the rule's own.
        reachable: hosts that a confined command may reach for real (`network.allow`).
        blocked: decision when it tried to reach others (`network.blocked`); None for none.
    """

    protect: tuple[ResourcePattern, ...] = ()
    limits: Limits = field(default_factory=Limits)
    isolation: str = ""
    decisions: Mapping[Rule, Decision] = field(default_factory=dict)
    reachable: tuple[str, ...] = ()
    blocked: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the file says.

    Attributes:
        path: the file; None when there is none.
        target: name of the default target; empty for none.
        targets: by name.
        policy: for every target.
        policies: by target, the general policy worked in.
        engine: name or URL of the engine; `auto` to choose.
        emulator: what the embedded engine runs: `ministack` or `moto`.
        timeout_s: a change is ended after that many seconds; None for never.
        hydration: how much of the target a replica gets.
        image: what a container that confines a command is made of; empty for none.
        helper: an image with Python, where that one has none; empty for none.
    """

    path: Path | None = None
    target: str = ""
    targets: Mapping[str, TargetSettings] = field(default_factory=dict)
    policy: PolicySettings = field(default_factory=PolicySettings)
    policies: Mapping[str, PolicySettings] = field(default_factory=dict)
    engine: str = "auto"
    emulator: str = "ministack"
    timeout_s: float | None = None
    hydration: Hydration = field(default_factory=Hydration)
    image: str = ""
    helper: str = ""

    def policy_for(self, target: str) -> PolicySettings:
        """Return the policy for a target; the general one where it has none of its own."""
        return self.policies.get(target, self.policy)


def load_config(start: Path) -> Config:
    """Read the nearest configuration at or above a directory.

    Raises:
        InvalidConfig: the file cannot be read, or says something unknown; the message names
            file and field.
    """
    for directory in (start.absolute(), *start.absolute().parents):
        path = directory / FILE
        if path.is_file():
            from executor.config_file import read_config

            return read_config(path)
        project = directory / "pyproject.toml"
        if project.is_file() and b"tool.executor" in _content(project):
            from executor.config_file import read_project_config

            found = read_project_config(project)
            if found is not None:
                return found
    return Config()


def resolve_target(
    name: str | None,
    config: Config,
    environ: Mapping[str, str],
    *,
    account: str = "",
    region: str = "",
) -> TargetSettings:
    """Find out which target is meant.

    Args:
        name: a name in the configuration, a URL or `none`; None takes the default: the
            configured one, else the ambient AWS credentials, else none.
        config: the configuration.
        environ: the environment.
        account: account to expect where the target says none.
        region: region that goes before any other.

    Raises:
        NotFound: there is no target of that name.
        InvalidConfig: account, URL or region cannot be used.
    """
    if account and not _ACCOUNT.fullmatch(account):
        raise InvalidConfig(f"the account {account!r} is not 12 digits", hint="--account 0123…")
    found = _resolved(name, config, environ, account, region)
    # An emulator has every region there is, and nothing in one that is misspelled.
    if not _REGION.fullmatch(found.region):
        raise InvalidConfig(
            f"the region {found.region!r} is not spelled like one", hint="such as eu-west-1"
        )
    return found


def _resolved(
    name: str | None, config: Config, environ: Mapping[str, str], account: str, region: str
) -> TargetSettings:
    chosen = name or config.target or None
    if chosen is None:
        return _ambient(environ, account, region)
    if chosen == "none":
        return _none("no target was asked for", environ, account, region)
    if "://" in chosen:
        return _endpoint(chosen, environ, account, region)
    found = config.targets.get(chosen)
    if found is None:
        raise _unknown(chosen, config)
    return replace(
        found,
        region=region or found.region or _region(found.profile, found.kind, environ),
        account=found.account or account,
        origin=found.origin if name else f"the default target of {config.path}",
    )


def _ambient(environ: Mapping[str, str], account: str, region: str) -> TargetSettings:
    profile = environ.get("AWS_PROFILE", "")
    sections = _profile(profile or "default", environ)
    url = environ.get("AWS_ENDPOINT_URL") or sections.get("endpoint_url", "")
    if url:
        return _endpoint(url, environ, account, region, origin="the ambient AWS endpoint URL")
    signs = any(environ.get(name) for name in _SIGNS_OF_CREDENTIALS)
    if not signs and not any(name in sections for name in _PROFILE_SIGNS):
        why = "no target is configured, and there are no ambient AWS credentials"
        return _none(why, environ, account, region)
    return TargetSettings(
        name="ambient",
        kind=TargetKind.AWS,
        region=region or _region(profile, TargetKind.AWS, environ),
        profile=profile,
        account=account,
        origin=f"the ambient AWS profile {profile}" if profile else "the ambient AWS credentials",
    )


def _none(why: str, environ: Mapping[str, str], account: str, region: str) -> TargetSettings:
    return TargetSettings(
        name="none",
        kind=TargetKind.NONE,
        region=region or _ambient_region(environ) or DEFAULT_REGION,
        account=account,
        origin=f"{why}: the replica starts empty",
    )


def _endpoint(
    url: str, environ: Mapping[str, str], account: str, region: str, *, origin: str = ""
) -> TargetSettings:
    check_url(url, "the target")
    return TargetSettings(
        name=url,
        kind=TargetKind.ENDPOINT,
        region=region or _ambient_region(environ) or DEFAULT_REGION,
        endpoint_url=url,
        account=account,
        origin=origin or "the URL that was given",
    )


def check_url(url: str, what: str) -> None:
    """Check the form of an endpoint URL.

    Raises:
        InvalidConfig: it is no HTTP URL, or holds a user name or password.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        named = parts.username is not None or parts.password is not None
        _ = parts.port
    except ValueError:
        usable = named = False
    if not usable:
        raise InvalidConfig(f"{what}: {url!r} is not an HTTP URL", hint="http://127.0.0.1:4566")
    if named:
        raise InvalidConfig(f"{what}: a URL may not hold a user or password", hint="use a profile")


def _unknown(name: str, config: Config) -> NotFound:
    known = ", ".join(sorted(config.targets))
    where = f"known in {config.path}: {known}" if known else "no target is configured"
    return NotFound(
        f"there is no target {name!r}",
        hint=f"{where}; a URL or `none` can be given as well",
    )


def _region(profile: str, kind: TargetKind, environ: Mapping[str, str]) -> str:
    own = _profile(profile or environ.get("AWS_PROFILE", "") or "default", environ).get("region")
    # A profile that is named goes before the ambient region, as it does not in every SDK.
    found = (own if profile else None) or _ambient_region(environ) or own
    if found:
        return found
    if kind is TargetKind.ENDPOINT:
        return DEFAULT_REGION
    raise InvalidConfig(
        "the target says no region, and neither does the environment",
        hint="--region us-east-1, AWS_REGION, or `region` of the target in executor.toml",
    )


def _ambient_region(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""


def _profile(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("AWS_CONFIG_FILE") or home / ".aws" / "config")
    credentials = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials")
    section = "default" if name == "default" else f"profile {name}"
    return {**_section(config, section), **_section(credentials, name)}


def _section(path: Path, name: str) -> dict[str, str]:
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.expanduser().read_text())
    except (OSError, ValueError, configparser.Error):
        # botocore will say what is wrong with it, if it is needed at all.
        return {}
    return dict(parser.items(name)) if parser.has_section(name) else {}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
