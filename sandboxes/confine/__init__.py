"""Ways to confine a change's process, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from sandboxes.confine.bubblewrap import Bubblewrap
from sandboxes.confine.container import Container
from sandboxes.confine.off import NAME as OFF
from sandboxes.confine.off import Off
from sandboxes.contract import Confinement
from sandboxes.errors import ConfinementUnavailable

__all__ = ["choose_confinement", "confinements"]


def confinements(image: str = "", helper: str = "") -> Sequence[Confinement]:
    """Return what there is, the strongest first.

    Args:
        image: for containers; as `Container` has it.
        helper: for containers; as `Container` has it.
    """
    return (Bubblewrap(), Container(image, helper), Off())


def choose_confinement(name: str, known: Sequence[Confinement] | None = None) -> Confinement:
    """Return the confinement of that name, or for `auto` the strongest that works here.

    `auto` never means none: `off` has to be asked for by its name.

    Args:
        name: `auto`, or the name of one.
        known: those to choose among, the strongest first; all there are where None.

    Raises:
        ConfinementUnavailable: it does not work here, or there is none of that name.
    """
    known = confinements() if known is None else known
    if name == "auto":
        return _strongest(known)
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


def _strongest(known: Sequence[Confinement]) -> Confinement:
    reasons: list[str] = []
    hints: list[str] = []
    for confinement in known:
        if confinement.name == OFF:
            continue
        availability = confinement.availability()
        if availability.usable:
            return confinement
        reasons.append(f"{confinement.name}: {availability.reason}")
        hints.append(availability.hint)
    raise ConfinementUnavailable(
        f"no confinement works here ({'; '.join(reasons)})",
        hint="; ".join([*filter(None, hints), "or run unconfined with `--confine off`"]),
    )
