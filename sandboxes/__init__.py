"""Ephemeral places to rehearse in: engines that emulate AWS, confinements that run commands.

    from sandboxes import SandboxSpec, choose

    with choose("auto").start(SandboxSpec(run="r1", account="123456789012")) as sandbox:
        ...  # an empty AWS at sandbox.url

`sandboxes.contract` has the two Protocols, `sandboxes.registry` finds engines,
`sandboxes.conformance` is the suite that any engine has to pass, `sandboxes.errors` draws the
tree of what can go wrong. This package knows nothing of the executor and can be used alone.
"""

from __future__ import annotations

from sandboxes.contract import Confinement, Draft, Engine, KeepsReplicas, Sandbox
from sandboxes.errors import (
    ConfinementUnavailable,
    EngineStartFailed,
    EngineUnavailable,
    NotKept,
    ReplicaGone,
    SandboxError,
    SandboxLost,
)
from sandboxes.model import (
    Availability,
    CommandOutcome,
    Door,
    EngineInfo,
    Isolation,
    KeptReplica,
    Operations,
    SandboxSpec,
)
from sandboxes.registry import choose, engines

__all__ = [
    "Availability",
    "CommandOutcome",
    "Confinement",
    "ConfinementUnavailable",
    "Door",
    "Draft",
    "Engine",
    "EngineInfo",
    "EngineStartFailed",
    "EngineUnavailable",
    "Isolation",
    "KeepsReplicas",
    "KeptReplica",
    "NotKept",
    "Operations",
    "ReplicaGone",
    "Sandbox",
    "SandboxError",
    "SandboxLost",
    "SandboxSpec",
    "choose",
    "engines",
]
