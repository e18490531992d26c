"""The domains under which AWS has its endpoints. Imports nothing: it is needed early."""

from __future__ import annotations

import re

AWS_DOMAINS = (
    ".amazonaws.com.cn",
    ".api.amazonwebservices.com.cn",
    ".on.amazonwebservices.com.cn",
    ".amazonaws.com",
    ".api.aws",
    ".on.aws",
    ".amazonaws.eu",
    ".api.amazonwebservices.eu",
    ".on.amazonwebservices.eu",
)
"""Those of the partitions that anybody can sign up for; each begins with a dot."""

_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")


def is_aws_name(host: str) -> bool:
    """Whether a host name, in lower case, is one under a domain of AWS's."""
    return len(host) <= 253 and host.endswith(AWS_DOMAINS) and _NAME.fullmatch(host) is not None


def dns_suffix(region: str) -> str:
    """Return the domain under which a region has its oldest endpoints."""
    if region.startswith("cn-"):
        return "amazonaws.com.cn"
    return "amazonaws.eu" if region.startswith("eusc-") else "amazonaws.com"
