"""EC2: user data, which may hold secrets: a digest stands for it, in a replica too."""

from __future__ import annotations

import base64
import hashlib
import re

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def user_data_digest(encoded: str) -> str:
    """Return what stands for base64-encoded user data: a digest, in the same encoding.

    A replica is given the digest; it stands for itself, so that both read the same.
    """
    try:
        plain = base64.b64decode(encoded, validate=True).decode("ascii")
    except ValueError:
        plain = ""
    if not _DIGEST.fullmatch(plain):
        plain = f"sha256:{hashlib.sha256(encoded.encode()).hexdigest()}"
    return base64.b64encode(plain.encode()).decode("ascii")


def readable_digest(encoded: str) -> str:
    """Return the digest that stands for user data, as it is read (`sha256:…`)."""
    return base64.b64decode(encoded).decode("ascii")
