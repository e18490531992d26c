"""Ways to confine a change's process, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from sandboxes.confine.off import Off
from sandboxes.contract import Confinement
from sandboxes.errors import ConfinementUnavailable

__all__ = ["choose_confinement", "confinements"]


def confinements() -> Sequence[Confinement]:
    """Return what there is, the strongest first."""
    return (Off(),)


def choose_confinement(name: str) -> Confinement:
    """Return the confinement of that name, or for `auto` the strongest that works here.

    Raises:
        ConfinementUnavailable: it does not work here, or there is none of that name.
    """
    known = confinements()
    if name == "auto":
        return next(c for c in known if c.availability().usable)
    for confinement in known:
        if confinement.name == name:
            availability = confinement.availability()
            if availability.usable:
                return confinement
            raise ConfinementUnavailable(availability.reason, hint=availability.hint)
    names = ", ".join(c.name for c in known if c.availability().usable)
    raise ConfinementUnavailable(
        f"the confinement {name!r} is not available here", hint=f"available: auto, {names}"
    )
