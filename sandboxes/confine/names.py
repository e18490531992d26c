"""Which host names are AWS's, and what a confined process finds at them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandboxes.errors import ConfinementUnavailable

AWS_SUFFIXES = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.amazonwebservices.com.cn",
    ".api.aws",
    ".on.aws",
    # Names that LocalStack gives out in answers.
    ".localhost.localstack.cloud",
)
"""Every name below (or equal to) one of these leads to the gateway."""

PORTS = (80, 443)
"""The ports that are open at a named host."""

_HOST = re.compile(
    r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
)
_MOST_HOSTS = 250


def is_aws(host: str) -> bool:
    """Whether a host name leads to the gateway."""
    return ("." + host.lower().rstrip(".")).endswith(AWS_SUFFIXES)


def reachable_addresses(hosts: Sequence[str]) -> dict[str, str]:
    """Return the loopback address that each named host gets inside.

    Raises:
        ConfinementUnavailable: one is no host name, or is AWS's, or there are too many.
    """
    names = list(dict.fromkeys(host.lower().rstrip(".") for host in hosts))
    for name in names:
        # A number or an address would need no name server, and a domain of AWS's no guard.
        if not _HOST.match(name) or name.rpartition(".")[2].isdigit() or is_aws(name):
            raise ConfinementUnavailable(
                f"{name!r} cannot be opened to a confined command",
                hint="network.allow takes full host names that are not AWS's",
            )
    if len(names) > _MOST_HOSTS:
        raise ConfinementUnavailable(
            f"{len(names)} hosts are too many to be opened", hint=f"at most {_MOST_HOSTS}"
        )
    return {name: f"127.0.1.{number}" for number, name in enumerate(names, start=1)}
