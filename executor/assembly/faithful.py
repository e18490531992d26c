"""What is known of the engine that a dry run ran on, as far as the judge needs it."""

from __future__ import annotations

import re

from executor.catalog.catalog import Catalog
from executor.judging import Faithfulness
from executor.model.effect import Hazard
from executor.pipeline import Rehearsal
from sandboxes.fidelity.behaviours import load_behaviours
from sandboxes.fidelity.records import load_types

# Protection is lost where it was; everything else may come with a new value too.
_LOSSES = frozenset({Hazard.PROTECTION_LOSS})
_GAINS = frozenset(Hazard) - _LOSSES
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def faithfulness_of(rehearsal: Rehearsal, catalog: Catalog) -> Faithfulness:
    """Return what the engine keeps of the types that the run touched, and what it honours.

    Raises:
        UnreadableFidelity: the data are not what was written.
    """
    emulator, version = str(rehearsal.engine["emulator"]), str(rehearsal.engine["version"])
    kinds = {touch.type for touch in rehearsal.trace.touches}
    kinds |= {effect.type for effect in rehearsal.effects.effects}
    known = {
        kind: one
        for service in sorted({catalog.service_of(kind) for kind in kinds} - {""})
        for kind, one in load_types(emulator, version, service).items()
        if kind in kinds
    }
    return Faithfulness(
        types=known,
        hazardous={kind: _settings(catalog, kind, frozenset(Hazard)) for kind in known},
        safeguards={
            kind: _settings(catalog, kind, _LOSSES) - _settings(catalog, kind, _GAINS)
            for kind in known
        },
        unhonoured={
            behaviour: seen.evidence
            for behaviour, seen in load_behaviours(emulator, version).items()
            if seen.honoured is False
        },
    )


def _settings(catalog: Catalog, kind: str, hazards: frozenset[Hazard]) -> frozenset[str]:
    declared = catalog.type(kind)
    rules = declared.hazards if declared is not None else ()
    return frozenset(
        word for rule in rules if rule.hazard in hazards for word in _WORD.findall(rule.field)
    )
