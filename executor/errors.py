"""Everything the executor can fail with, as one tree.

    ExecutorError                 exit status 1 unless said otherwise
    ├── InvalidInput              exit status 2: the caller can mend it
    │   ├── InvalidConfig         executor.toml, or an option
    │   ├── InvalidIntent         intent file or effect pattern
    │   ├── InvalidChange         change file, or no such command
    │   ├── InvalidSnapshot       snapshot file
    │   └── NotFound              no such run, target, engine
    ├── TargetFailed              the target could not be read
    ├── EngineFailed              the sandbox could not do its work
    ├── RecorderFailed            the trace or the ledger could not be written
    ├── LedgerTampered            the hash chain does not hold
    └── PromotionRefused          a precondition of promotion does not hold

A denied call, a failing command and a `deny` are values; these are not. A run that ends
with one of these is never `allow`.
"""

from __future__ import annotations


class ExecutorError(Exception):
    """The executor could not do what was asked.

    Attributes:
        message: one sentence for a person.
        hint: what to do about it.
        detail: further lines, such as an engine's last log lines.
    """

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail


class InvalidInput(ExecutorError):
    """What the caller gave cannot be used; the message names file, field and mend."""

    exit_status = 2


class InvalidConfig(InvalidInput):
    """`executor.toml` or an option is wrong."""


class InvalidIntent(InvalidInput):
    """An intent file or an effect pattern cannot be read."""


class InvalidChange(InvalidInput):
    """A change cannot be read or run: bad file, no such command."""


class InvalidSnapshot(InvalidInput):
    """A snapshot file is truncated, tampered with or of another version."""


class NotFound(InvalidInput):
    """No run, target or engine of that name."""


class TargetFailed(ExecutorError):
    """The target could not be read, so nothing could be rehearsed."""


class EngineFailed(ExecutorError):
    """The sandbox could not be started or was lost during the run."""


class RecorderFailed(ExecutorError):
    """A call or a run could not be recorded; the run stops."""


class LedgerTampered(ExecutorError):
    """The ledger's hash chain is broken."""


class PromotionRefused(ExecutorError):
    """A precondition of promotion does not hold; nothing was changed.

    Attributes:
        reason: a stable word such as `not-allowed`, `drifted`, `locked`, `incomplete`.
    """

    exit_status = 4

    def __init__(self, message: str, *, reason: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.reason = reason
