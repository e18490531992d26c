"""A stand-in for a production account: an emulator on loopback that is not the rehearsal's.

The examples change "production", and must not need an AWS account for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from botocore.config import Config

from sandboxes.confine import choose_confinement
from sandboxes.errors import ConfinementUnavailable
from sandboxes.model import SandboxSpec
from sandboxes.registry import choose

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass(frozen=True)
class Production:
    """Where it listens."""

    url: str

    def client(self, service: str):
        """Return a boto3 client of it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="production",
            config=Config(s3={"addressing_style": "path"}),
        )


def confinement() -> str:
    """Return `auto`, or `off` where nothing can confine a command, which is said then."""
    try:
        choose_confinement("auto")
    except ConfinementUnavailable as error:
        print(f"note: {error.message}; the example's commands run unconfined\n  {error.hint}\n")
        return "off"
    return "auto"


@contextmanager
def production() -> Iterator[Production]:
    """Start a production account, gone when the context ends."""
    spec = SandboxSpec(run="production", account=ACCOUNT, region=REGION, daemon=False)
    with choose("embedded").start(spec) as account:
        yield Production(account.url)
