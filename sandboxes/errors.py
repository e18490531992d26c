"""Everything that can go wrong with a sandbox, as one tree.

    SandboxError
    ├── EngineUnavailable     the engine cannot run on this machine (no Docker, no image)
    ├── EngineStartFailed     it was started and died or never became ready
    ├── SandboxLost           a running sandbox stopped answering
    ├── NotKept               a seeded sandbox cannot be forked; what it holds is lost
    ├── ReplicaGone           there is nothing kept to fork from any more
    └── ConfinementUnavailable  the asked-for isolation cannot be had here

A command that fails inside a sandbox is a value, never one of these: these say that the
sandbox itself could not do its work, and so that nothing may be concluded from it.
"""

from __future__ import annotations


class SandboxError(Exception):
    """A sandbox could not do its work.

    Attributes:
        message: one sentence, without a traceback, for a person.
        hint: what to do about it; empty when nothing is known to help.
        detail: further lines, such as the last log lines of a dead engine.
    """

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail


class EngineUnavailable(SandboxError):
    """The engine cannot run here: a program, a daemon or an image is missing."""


class EngineStartFailed(SandboxError):
    """The engine was started but died or did not become ready in time."""


class SandboxLost(SandboxError):
    """A sandbox that was running does not answer any more."""


class NotKept(SandboxError):
    """What was seeded cannot be kept to be forked: something in it would not survive that."""


class ReplicaGone(SandboxError):
    """What was kept is not there any more, or a fork of it would be less than a sandbox is."""


class ConfinementUnavailable(SandboxError):
    """The asked-for confinement does not work on this machine."""
