"""What is put to the test of every engine: one module per topic, each with `CASES`.

A new module is found by itself. What an engine does not keep is not written here: it is found
out and kept in `sandboxes/fidelity` (`make fidelity`).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conformance.catalog_harness import Case


@cache
def all_cases() -> tuple[Case, ...]:
    """Return the cases of every module here, in the modules' order."""
    found: list[Case] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        found.extend(importlib.import_module(f"{__name__}.{module}").CASES)
    return tuple(found)
