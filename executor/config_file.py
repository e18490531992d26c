"""Reading `executor.toml`: its form in pydantic, unknown names refused, secrets refused.

Imported only when there is a file, because pydantic takes longer to import than a warm dry
run may take.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from executor.config import Config, PolicySettings, check_url
from executor.errors import InvalidConfig, InvalidIntent
from executor.model.decision import Decision
from executor.model.finding import Rule
from executor.model.hydration import Hydration
from executor.model.intent import ResourcePattern
from executor.model.target import AccountSettings, TargetKind, TargetSettings

_SECRET = re.compile(r"secret|token|password|passwd|credential|access_?key|private_?key", re.I)
_KEY_ID = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b")
# A full name of somebody's, ending in letters: no address, no pattern.
_HOST = r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*$"
# What Docker takes: a name with its place and tag or digest, or an identity.
_IMAGE = r"^[A-Za-z0-9][A-Za-z0-9._/:@-]*$"
_RESERVED = {"none", "ambient", "snapshot", "last"}

_Count = Annotated[int, Field(ge=0, strict=True)]
_Text = Annotated[str, Field(min_length=1, strict=True)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _LimitsForm(_Form):
    create: _Count | None = None
    update: _Count | None = None
    delete: _Count | None = None
    replace: _Count | None = None
    total: _Count | None = None


class _NetworkForm(_Form):
    allow: list[Annotated[str, Field(pattern=_HOST, strict=True)]] | None = None
    blocked: Decision | None = None


class _PolicyForm(_Form):
    protect: list[_Text] = []
    limits: _LimitsForm = _LimitsForm()
    isolation: Literal["off", "container", "bubblewrap"] | None = None
    decisions: dict[Rule, Decision] = {}
    network: _NetworkForm = _NetworkForm()


class _AccountForm(_Form):
    profile: _Text | None = None
    role: _Text | None = None
    role_read: _Text | None = None


_Account = Annotated[str, Field(pattern=r"^\d{12}$", strict=True)]


class _TargetForm(_Form):
    profile: _Text | None = None
    role: _Text | None = None
    role_read: _Text | None = None
    region: _Text | None = None
    regions: list[_Text] = []
    endpoint_url: _Text | None = None
    account: _Account | None = None
    accounts: dict[_Account, _AccountForm] = {}
    policy: _PolicyForm | None = None


class _EngineForm(_Form):
    name: _Text = "auto"
    emulator: Literal["ministack", "moto"] = "ministack"


class _ReplicaForm(_Form):
    hydrate: _Text | list[_Text] = "touched"
    entries: Annotated[int, Field(ge=1, strict=True)] = 10_000
    objects: Annotated[int, Field(ge=1, strict=True)] = 1_000
    copy_data: list[_Text] = []
    calls_per_second: Annotated[float, Field(gt=0)] | None = None
    timeout_s: Annotated[float, Field(gt=0)] = 20.0


class _RunForm(_Form):
    timeout_s: Annotated[float, Field(gt=0)] | None = None


class _ConfinementForm(_Form):
    image: Annotated[str, Field(pattern=_IMAGE, strict=True)] | None = None
    helper: Annotated[str, Field(pattern=_IMAGE, strict=True)] | None = None


class _FileForm(_Form):
    target: _Text | None = None
    targets: dict[str, _TargetForm] = {}
    policy: _PolicyForm = _PolicyForm()
    engine: _EngineForm = _EngineForm()
    replica: _ReplicaForm = _ReplicaForm()
    limits: _RunForm = _RunForm()
    confinement: _ConfinementForm = _ConfinementForm()


def read_config(path: Path) -> Config:
    """Read an `executor.toml`.

    Raises:
        InvalidConfig: it cannot be read, or says something that is not understood.
    """
    return _config(path, _parsed(path), "")


def read_project_config(path: Path) -> Config | None:
    """Read `[tool.executor]` of a `pyproject.toml`; None where there is none.

    Raises:
        InvalidConfig: as `read_config`.
    """
    tool = _parsed(path).get("tool")
    section = tool.get("executor") if isinstance(tool, dict) else None
    if section is None:
        return None
    if not isinstance(section, dict):
        raise InvalidConfig(f"{path}: tool.executor: a table is wanted", hint="[tool.executor]")
    return _config(path, section, "tool.executor.")


def _parsed(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfig(
            f"{path}: cannot be read: {error.strerror}", hint="check its rights"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfig(f"{path}: is not TOML: {error}", hint="mend that line") from None


def _config(path: Path, values: Mapping[str, object], prefix: str) -> Config:
    _refuse_secrets(path, values, prefix)
    try:
        form = _FileForm.model_validate(values)
    except ValidationError as error:
        raise _translated(path, error, prefix) from None
    policy = _policy(form.policy, PolicySettings(), f"{path}: {prefix}policy")
    targets: dict[str, TargetSettings] = {}
    policies: dict[str, PolicySettings] = {}
    for name, target in form.targets.items():
        where = f"{path}: {prefix}targets.{name}"
        targets[name] = _target(name, target, where)
        if target.policy is not None:
            policies[name] = _policy(target.policy, policy, f"{where}.policy")
    _check_default(path, form.target, targets, prefix)
    if "://" in form.engine.name:
        check_url(form.engine.name, f"{path}: {prefix}engine.name")
    return Config(
        path=path,
        target=form.target or "",
        targets=targets,
        policy=policy,
        policies=policies,
        engine=form.engine.name,
        emulator=form.engine.emulator,
        timeout_s=form.limits.timeout_s,
        hydration=_hydration(form.replica, f"{path}: {prefix}replica"),
        image=form.confinement.image or "",
        helper=form.confinement.helper or "",
    )


def _hydration(form: _ReplicaForm, where: str) -> Hydration:
    asked = form.hydrate if isinstance(form.hydrate, str) else ",".join(form.hydrate)
    try:
        copy = tuple(
            ResourcePattern.parse(text, where=f"{where}.copy_data[{i}]")
            for i, text in enumerate(form.copy_data)
        )
    except InvalidIntent as error:
        raise InvalidConfig(error.message, hint=error.hint) from None
    return replace(
        Hydration.parse(asked, where=f"{where}.hydrate"),
        entries=form.entries,
        objects=form.objects,
        copy=copy,
        per_second=form.calls_per_second,
        timeout_s=form.timeout_s,
    )


def _target(name: str, form: _TargetForm, where: str) -> TargetSettings:
    if name in _RESERVED or "://" in name:
        raise InvalidConfig(f"{where}: that name has a meaning of its own", hint="rename it")
    if form.endpoint_url:
        check_url(form.endpoint_url, f"{where}.endpoint_url")
    return TargetSettings(
        name=name,
        kind=TargetKind.ENDPOINT if form.endpoint_url else TargetKind.AWS,
        region=form.region or (form.regions[0] if form.regions else ""),
        regions=tuple(form.regions),
        accounts={
            account: AccountSettings(
                profile=how.profile or "", role=how.role or "", role_read=how.role_read or ""
            )
            for account, how in form.accounts.items()
        },
        endpoint_url=form.endpoint_url or "",
        profile=form.profile or "",
        role=form.role or "",
        role_read=form.role_read or "",
        account=form.account or "",
        origin=where,
    )


def _policy(form: _PolicyForm, general: PolicySettings, where: str) -> PolicySettings:
    """Return the policy on top of the general one; protection adds up."""
    try:
        own = tuple(
            ResourcePattern.parse(text, where=f"{where}.protect[{i}]")
            for i, text in enumerate(form.protect)
        )
    except InvalidIntent as error:
        raise InvalidConfig(error.message, hint=error.hint) from None
    given = {k: v for k, v in form.limits.model_dump().items() if v is not None}
    return PolicySettings(
        protect=general.protect + own,
        limits=replace(general.limits, **given),
        isolation=form.isolation or general.isolation,
        decisions={**general.decisions, **form.decisions},
        reachable=general.reachable if form.network.allow is None else tuple(form.network.allow),
        blocked=general.blocked if form.network.blocked is None else form.network.blocked,
    )


def _check_default(
    path: Path, name: str | None, targets: Mapping[str, TargetSettings], prefix: str
) -> None:
    if name and name != "none" and "://" not in name and name not in targets:
        known = ", ".join(sorted(targets)) or "none"
        raise InvalidConfig(
            f"{path}: {prefix}target: there is no target {name!r}",
            hint=f"known: {known}; add [{prefix}targets.{name}]",
        )


def _refuse_secrets(path: Path, values: Mapping[str, object], place: str) -> None:
    for name, value in values.items():
        text = value if isinstance(value, str) else ""
        if _SECRET.search(name) or _KEY_ID.search(text):
            raise InvalidConfig(
                f"{path}: {place}{name} looks like a credential, which does not belong here",
                hint="name a `profile` or a `role`, and keep secrets where AWS keeps them",
            )
        if isinstance(value, Mapping):
            _refuse_secrets(path, value, f"{place}{name}.")


def _translated(path: Path, error: ValidationError, prefix: str) -> InvalidConfig:
    first = error.errors(include_url=False)[0]
    parts = [str(part) for part in first["loc"] if part != "[key]"]
    place = prefix + ".".join(parts)
    if first["type"] == "extra_forbidden":
        known = ", ".join(_known(parts[:-1]))
        return InvalidConfig(f"{path}: {place}: unknown name", hint=f"known: {known}")
    words = first["msg"]
    return InvalidConfig(f"{path}: {place}: {words[:1].lower()}{words[1:]}", hint="mend that value")


_FORMS: dict[tuple[str, ...], type[_Form]] = {
    (): _FileForm,
    ("targets", "*"): _TargetForm,
    ("targets", "*", "accounts", "*"): _AccountForm,
    ("policy",): _PolicyForm,
    ("policy", "limits"): _LimitsForm,
    ("policy", "network"): _NetworkForm,
    ("targets", "*", "policy"): _PolicyForm,
    ("targets", "*", "policy", "limits"): _LimitsForm,
    ("targets", "*", "policy", "network"): _NetworkForm,
    ("engine",): _EngineForm,
    ("replica",): _ReplicaForm,
    ("limits",): _RunForm,
    ("confinement",): _ConfinementForm,
}


def _known(parts: list[str]) -> list[str]:
    named = (1, 3) if "accounts" in parts[2:3] else (1,)
    key = tuple("*" if i in named and parts[0] == "targets" else p for i, p in enumerate(parts))
    return sorted(_FORMS[key].model_fields) if key in _FORMS else []
