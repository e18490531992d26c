"""What every engine has to hold, ours or a stranger's; needs no test framework.

    @pytest.mark.parametrize("check", CHECKS, ids=name_of)
    def test_engine(check):
        case = EngineCase(label="mine", engine=MyEngine(), gaps={"dry_run_changes_nothing": "…"})
        run_check(check, case)

A check is a function that raises `AssertionError`. What an engine is known not to do is listed
as a gap, with the reason, and the list is strict: a gap that has been closed fails as well, so
the list is always what an engine really lacks. `gaps.KNOWN_GAPS` has ours.
"""

from __future__ import annotations

from sandboxes.conformance.behaviours import BEHAVIOUR_CHECKS
from sandboxes.conformance.case import Check, EngineCase, name_of, run_check
from sandboxes.conformance.gaps import KNOWN_GAPS
from sandboxes.conformance.life import LIFE_CHECKS
from sandboxes.conformance.operations import OPERATION_CHECKS

CHECKS: tuple[Check, ...] = (*LIFE_CHECKS, *OPERATION_CHECKS, *BEHAVIOUR_CHECKS)

__all__ = [
    "CHECKS",
    "KNOWN_GAPS",
    "Check",
    "EngineCase",
    "name_of",
    "run_check",
]
