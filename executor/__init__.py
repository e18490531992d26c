"""Rehearse an agent's change to AWS in a replica; promote only what was rehearsed.

    from executor import Change, Executor, Intent

    executor = Executor(target="prod")
    report = executor.dry_run(
        Change.command(["terraform", "apply", "-auto-approve"], workdir="infra"),
        Intent(expect=["update AWS::Lambda::Function checkout"]),
    )
    if report.decision == "allow":
        receipt = executor.promote(report)

Names are loaded when they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from executor.errors import ExecutorError, PromotionRefused
    from executor.library import Executor
    from executor.model.change import Change
    from executor.model.decision import Decision
    from executor.model.intent import Intent, Limits
    from executor.model.receipt import Receipt
    from executor.model.report import Report

__version__ = "0.1.0"

__all__ = [
    "Change",
    "Decision",
    "Executor",
    "ExecutorError",
    "Intent",
    "Limits",
    "PromotionRefused",
    "Receipt",
    "Report",
    "__version__",
]

_HOMES = {
    "Change": "executor.model.change",
    "Decision": "executor.model.decision",
    "Executor": "executor.library",
    "ExecutorError": "executor.errors",
    "Intent": "executor.model.intent",
    "Limits": "executor.model.intent",
    "PromotionRefused": "executor.errors",
    "Receipt": "executor.model.receipt",
    "Report": "executor.model.report",
}


def __getattr__(name: str) -> object:
    # The command line imports this package on its hot path; the library is loaded when used.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
