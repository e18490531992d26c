"""Opening a target: who it is, and APIs that may read it or change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from executor.aws import Api, Caller, CallFailed, Credentials, RawCaller, ReadApi, Where
from executor.aws_patience import PatientApi
from executor.errors import TargetFailed
from executor.model.report import TargetRef
from executor.model.saved import SavedSnapshot
from executor.model.target import AccountSettings, TargetKind, TargetSettings

# Seeding an empty replica needs some account; emulators know this one.
NO_ACCOUNT = "000000000000"
_READ_ATTEMPTS = 5
# Others use the account's rates as well. A guess; `replica.calls_per_second` sets another.
_MODEST_PACE = 25.0
_DUMMY = Credentials(access_key="test", secret_key="test")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTarget:
    """A target that was reached.

    Attributes:
        ref: what reports call it.
        settings: how it is reached.
        read: makes read calls; None when there is no target, or a snapshot of it.
        saved: the snapshot that takes its place; None where the target itself is meant.
        others: account -> gives what makes read calls there; a further account is only
            reached when it is needed. May raise `TargetFailed`.
    """

    ref: TargetRef
    settings: TargetSettings
    read: RawCaller | None
    saved: SavedSnapshot | None = None
    others: Mapping[str, Callable[[], RawCaller]] = field(default_factory=dict)


def open_target(
    settings: TargetSettings,
    reads: Callable[[str, str], bool],
    *,
    per_second: float | None = None,
    timeout_s: float = 20.0,
) -> OpenTarget:
    """Reach a target and find out its account.

    Args:
        settings: which target, and how it is reached.
        reads: the read operations that it may be asked, by service and operation.
        per_second: calls per second and service at most; None takes a modest pace for AWS.
        timeout_s: how long one answer is waited for.

    Raises:
        TargetFailed: it does not answer, or is another account than was asked for.
    """
    if settings.kind is TargetKind.NONE:
        return OpenTarget(ref=_ref(settings, settings.account), settings=settings, read=None)
    where, account = _reached(settings)
    if settings.role_read:
        where = replace(where, credentials=_assumed(where, settings.role_read))
    if per_second is None and settings.kind is TargetKind.AWS:
        per_second = _MODEST_PACE

    def reading(place: Where) -> RawCaller:
        api = Api(place, attempts=_READ_ATTEMPTS, timeout_s=timeout_s)
        return ReadApi(PatientApi(api, per_second=per_second), reads)

    def other(number: str, how: AccountSettings) -> Callable[[], RawCaller]:
        return cache(lambda: reading(_elsewhere(settings, number, how.profile, how.role_read)))

    return OpenTarget(
        ref=_ref(settings, account),
        settings=settings,
        read=reading(where),
        others={number: other(number, how) for number, how in settings.accounts.items()},
    )


def writing_api(target: OpenTarget, account: str = "") -> Caller:
    """Return what may change the target; only promotion asks for it.

    One try per call: whether a lost answer means a lost request must be read, not guessed.

    Args:
        target: the target.
        account: one of its accounts; empty for its own.

    Raises:
        TargetFailed: the role cannot be assumed, or the account is none of the target's.
    """
    if account not in ("", target.ref.account):
        how = target.settings.accounts.get(account)
        if how is None:
            raise TargetFailed(
                f"target {target.ref.name} does not say how account {account} is reached",
                hint=f"add [targets.{target.ref.name}.accounts.{account}]",
            )
        place = _elsewhere(target.settings, account, how.profile, how.role)
        return Api(place, attempts=1, timeout_s=60.0)
    where, _ = _reached(target.settings)
    if target.settings.role:
        where = replace(where, credentials=_assumed(where, target.settings.role))
    return Api(where, attempts=1, timeout_s=60.0)


def _reached(settings: TargetSettings) -> tuple[Where, str]:
    where = Where(
        region=settings.region, endpoint_url=settings.endpoint_url, profile=settings.profile
    )
    try:
        answer = Api(where, attempts=2).call("sts", "GetCallerIdentity", {})
    except CallFailed as failure:
        if failure.code != "NoCredentials" or settings.kind is not TargetKind.ENDPOINT:
            raise _unreachable(settings, failure) from failure
        # An emulator asks for no credentials of anybody's, but clients do not sign without.
        where = replace(where, credentials=_DUMMY)
        try:
            answer = Api(where, attempts=2).call("sts", "GetCallerIdentity", {})
        except CallFailed as again:
            raise _unreachable(settings, again) from again
    account = str(answer.get("Account", ""))
    if settings.account and account != settings.account:
        raise TargetFailed(
            f"target {settings.name} is account {account}, not {settings.account}",
            hint="check the profile, or the account in executor.toml",
        )
    return where, account


def _elsewhere(settings: TargetSettings, account: str, profile: str, role: str) -> Where:
    """Return how a further account is reached, and make sure that it is that account.

    Raises:
        TargetFailed: it cannot be reached, or is another one.
    """
    where = Where(
        region=settings.region,
        endpoint_url=settings.endpoint_url,
        profile=profile or settings.profile,
    )
    if role:
        where = replace(where, credentials=_assumed(where, role))
    elif settings.kind is TargetKind.ENDPOINT and not profile:
        # Emulators take an account's number in the place of an access key.
        where = replace(where, credentials=Credentials(access_key=account, secret_key="test"))
    try:
        found = Api(where, attempts=2).call("sts", "GetCallerIdentity", {}).get("Account")
    except CallFailed as failure:
        raise _unreachable(settings, failure) from failure
    if found != account:
        raise TargetFailed(
            f"what target {settings.name} says of account {account} leads to account {found}",
            hint="check its profile and roles in executor.toml",
        )
    return where


def _assumed(where: Where, role: str) -> Credentials:
    params = {"RoleArn": role, "RoleSessionName": "dry-run-executor"}
    try:
        answer = Api(where, attempts=2).call("sts", "AssumeRole", params)
    except CallFailed as failure:
        raise TargetFailed(
            f"the role {role} cannot be assumed: {failure.code}: {failure.message}",
            hint="check its trust policy",
        ) from failure
    keys = answer["Credentials"]
    assert isinstance(keys, dict)
    return Credentials(
        access_key=str(keys["AccessKeyId"]),
        secret_key=str(keys["SecretAccessKey"]),
        token=str(keys["SessionToken"]),
    )


def _ref(settings: TargetSettings, account: str) -> TargetRef:
    return TargetRef(
        name=settings.name,
        account=account or NO_ACCOUNT,
        region=settings.region,
        endpoint_url=settings.endpoint_url,
        profile=settings.profile,
    )


def _unreachable(settings: TargetSettings, failure: CallFailed) -> TargetFailed:
    return TargetFailed(
        f"target {settings.name} cannot be reached: {failure.code}: {failure.message}",
        hint="`executor doctor` says what was found; `--target none` rehearses on an empty replica",
    )
