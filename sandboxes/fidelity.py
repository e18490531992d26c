"""What emulators do, but not as AWS does it: a success there proves nothing.

Each entry was seen by trying it on the named emulator; a run that makes such a call is
`undecided`, never `allow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_UNFAITHFUL: Final[Mapping[str, Mapping[str, str]]] = {
    "ministack": {
        "ec2:TerminateInstances": "volumes that AWS deletes with the instance are kept, and"
        " termination protection is ignored",
    },
    "moto": {
        "cloudformation:UpdateStack": "a resource that AWS replaces is kept",
        "cloudformation:ExecuteChangeSet": "a resource that AWS replaces is kept",
        "cloudformation:DeleteStack": "a full bucket is kept, and the stack is said to be deleted;"
        " termination protection is ignored",
    },
    "localstack": {
        "cloudformation:UpdateTerminationProtection": "the protection is taken and ignored",
    },
}


def unfaithful(emulator: str) -> Mapping[str, str]:
    """Return `service:Operation` -> how the emulator differs from AWS; empty if it is not known."""
    return _UNFAITHFUL.get(emulator, {})
