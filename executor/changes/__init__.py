"""Changes: read from files, run as calls, given a copy of their work directory."""

from executor.changes.calls import CallsRunner
from executor.changes.intents import load_intent, merged_intent
from executor.changes.loading import load_change
from executor.changes.workdir import WorkCopy, copy_workdir

__all__ = [
    "CallsRunner",
    "WorkCopy",
    "copy_workdir",
    "load_change",
    "load_intent",
    "merged_intent",
]
