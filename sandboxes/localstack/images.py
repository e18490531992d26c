"""Which image is used.

`localstack/localstack:4.14.0` is the last image that needs no auth token. Where no image
registry can be reached, `make localstack-image` builds an equivalent from packages under a
name of our own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandboxes.errors import EngineUnavailable

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

VERSION = "4.14.0"
PINNED = f"localstack/localstack:{VERSION}"
BUILT = f"executor/localstack:{VERSION}"
IMAGE_VARIABLE = "EXECUTOR_LOCALSTACK_IMAGE"
_PROGRAMS = "executor.programs"
# What LocalStack's own image has; the rest it would download, and it reaches nobody.
_IN_THE_PINNED = frozenset({"dynamodb"})


def image_to_use(client: DockerClient) -> str:
    """Return the image to start: the asked-for one, else the pinned one, else the built one.

    Raises:
        EngineUnavailable: none of them is on this machine.
    """
    from docker.errors import ImageNotFound

    asked = os.environ.get(IMAGE_VARIABLE, "")
    for image in [asked] if asked else [PINNED, BUILT]:
        try:
            client.images.get(image)
        except ImageNotFound:
            continue
        return image
    raise EngineUnavailable(
        f"the image {asked or PINNED} is not on this machine",
        hint="`make localstack-image` pulls or builds it; or use --engine embedded",
    )


def image_labels(container: Container) -> Mapping[str, str]:
    """Return the labels of the image that a container was made from."""
    image = container.image
    return image.labels if image is not None else {}


def programs_in(labels: Mapping[str, str]) -> frozenset[str]:
    """Return which of the programs that LocalStack starts an image has.

    Args:
        labels: the image's; ours names the programs, LocalStack's own does not.
    """
    named = labels.get(_PROGRAMS)
    return _IN_THE_PINNED if named is None else frozenset(named.split())
