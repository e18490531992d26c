"""Which real environment is meant, and how it is reached; never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TargetKind(StrEnum):
    """What a target is."""

    AWS = "aws"
    """An AWS account, reached by the usual credentials."""

    ENDPOINT = "endpoint"
    """Something that speaks AWS's protocols at a URL."""

    NONE = "none"
    """No target: the replica starts empty, and nothing can be promoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """How a further account of a target is reached.

    Attributes:
        profile: AWS profile; empty for the target's own.
        role: role to assume for a promotion; empty for none.
        role_read: read-only role for snapshots; empty for the profile itself.
    """

    profile: str = ""
    role: str = ""
    role_read: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """How a target is reached.

    Attributes:
        name: the name in `executor.toml`, a URL, `ambient` or `none`.
        kind: what it is.
        region: default region.
        regions: all regions that belong to it; empty for the default one.
        accounts: further accounts that belong to it, whose roles a change may take.
        endpoint_url: where an `endpoint` listens; empty for AWS.
        profile: AWS profile; empty for the ambient credentials.
        role: role to assume for a promotion; empty for none.
        role_read: read-only role for snapshots; empty for the profile itself.
        account: 12-digit account it must be; empty when any will do.
        origin: where the choice comes from, in words, for a person.
    """

    name: str
    kind: TargetKind
    region: str
    regions: tuple[str, ...] = ()
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict)
    endpoint_url: str = ""
    profile: str = ""
    role: str = ""
    role_read: str = ""
    account: str = ""
    origin: str = ""
