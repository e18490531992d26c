"""Which confinement a command gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from executor.config import Config
from executor.model.application import DryRunRequest
from executor.model.change import CommandChange
from sandboxes.confine import choose_confinement, confinements
from sandboxes.confine.images import HELPER_VARIABLE, IMAGE_VARIABLE
from sandboxes.contract import Confinement


def known_confinements(
    config: Config, environment: Mapping[str, str], image: str = ""
) -> Sequence[Confinement]:
    """Return what there is to confine commands with, the strongest first.

    Args:
        config: names images for containers.
        environment: names images as well, and goes before.
        image: goes before both.
    """
    return confinements(
        image or environment.get(IMAGE_VARIABLE) or config.image,
        environment.get(HELPER_VARIABLE) or config.helper,
    )


def confinement_of(
    request: DryRunRequest, config: Config, environment: Mapping[str, str]
) -> Confinement:
    """Return the confinement that was asked for, or the strongest that works.

    Raises:
        ConfinementUnavailable: it does not work here, or none does.
    """
    if request.confine == "auto" and not isinstance(request.change, CommandChange):
        # No process is started that could be confined.
        return choose_confinement("off")
    known = known_confinements(config, environment, request.image)
    return choose_confinement(request.confine, known)
