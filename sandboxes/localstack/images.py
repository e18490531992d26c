"""Which image is used.

`localstack/localstack:4.14.0` is the last image that needs no auth token. Where no image
registry can be reached, `make localstack-image` builds an equivalent from packages under a
name of our own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sandboxes.errors import EngineUnavailable

if TYPE_CHECKING:
    from docker import DockerClient

VERSION = "4.14.0"
PINNED = f"localstack/localstack:{VERSION}"
BUILT = f"executor/localstack:{VERSION}"
IMAGE_VARIABLE = "EXECUTOR_LOCALSTACK_IMAGE"


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
