"""Ephemeral places to rehearse in: engines that emulate AWS, confinements that run commands.

    from sandboxes import SandboxSpec, choose

    with choose("auto").start(SandboxSpec(run="r1", account="123456789012")) as sandbox:
        ...  # an empty AWS at sandbox.url

`sandboxes.contract` has the two Protocols, `sandboxes.registry` finds engines,
`sandboxes.conformance` is the suite that any engine has to pass, `sandboxes.errors` draws the
tree of what can go wrong. This package knows nothing of the executor and can be used alone.
Names are loaded when they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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

_HOMES = {
    "Availability": "sandboxes.model",
    "CommandOutcome": "sandboxes.model",
    "Confinement": "sandboxes.contract",
    "ConfinementUnavailable": "sandboxes.errors",
    "Door": "sandboxes.model",
    "Draft": "sandboxes.contract",
    "Engine": "sandboxes.contract",
    "EngineInfo": "sandboxes.model",
    "EngineStartFailed": "sandboxes.errors",
    "EngineUnavailable": "sandboxes.errors",
    "Isolation": "sandboxes.model",
    "KeepsReplicas": "sandboxes.contract",
    "KeptReplica": "sandboxes.model",
    "NotKept": "sandboxes.errors",
    "Operations": "sandboxes.model",
    "ReplicaGone": "sandboxes.errors",
    "Sandbox": "sandboxes.contract",
    "SandboxError": "sandboxes.errors",
    "SandboxLost": "sandboxes.errors",
    "SandboxSpec": "sandboxes.model",
    "choose": "sandboxes.registry",
    "engines": "sandboxes.registry",
}


def __getattr__(name: str) -> object:
    # Whoever wants one module of this package waits for no other.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
