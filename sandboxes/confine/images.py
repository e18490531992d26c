"""Images that commands are confined in, and the Python that runs the program inside there."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.confine.view import OWN
from sandboxes.containers.attached import Attached
from sandboxes.containers.owners import create_container, remove_container
from sandboxes.errors import ConfinementUnavailable

if TYPE_CHECKING:
    from docker import DockerClient

IMAGE_VARIABLE = "EXECUTOR_CONTAINER_IMAGE"
HELPER_VARIABLE = "EXECUTOR_CONTAINER_HELPER"

ANOTHER_PYTHON = (
    "name an image with Python 3.9 or newer, for example python:3.13-slim, in executor.toml"
    f' ([confinement] helper = "...") or in {HELPER_VARIABLE}'
)

_PACK = Path(__file__).with_name("pack.py")
_PYTHON = OWN / "python"
_PACKED_MEMORY = "512m"
_PACK_TASKS = 16
_NAME_IT = (
    "name an image with the tools of your changes in executor.toml ([confinement] image ="
    f' "...") or in {IMAGE_VARIABLE}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is known of an image.

    Attributes:
        id: its digest on this machine.
        name: what it was asked for by.
        variables: the environment it sets.
        volumes: directories that it declares to be written to.
    """

    id: str
    name: str
    variables: Mapping[str, str]
    volumes: tuple[str, ...]


def find_image(client: DockerClient, name: str) -> Image:
    """Return the image of that name.

    Raises:
        ConfinementUnavailable: none was named, or it is not on this machine.
        docker.errors.DockerException: the engine does not answer.
    """
    from docker.errors import ImageNotFound

    if not name:
        raise ConfinementUnavailable("no image is configured for containers", hint=_NAME_IT)
    try:
        attributes = client.images.get(name).attrs
    except ImageNotFound as error:
        raise ConfinementUnavailable(
            f"the image {name} is not on this machine", hint=f"`docker pull {name}`, or build it"
        ) from error
    settings = attributes.get("Config") or {}
    pairs = (entry.partition("=") for entry in settings.get("Env") or ())
    return Image(
        id=str(attributes["Id"]),
        name=name,
        variables={key: value for key, _, value in pairs},
        volumes=tuple(sorted(settings.get("Volumes") or ())),
    )


def take_python(client: DockerClient, helper: Image, private: Path, run: str) -> list[str]:
    """Take the Python of an image, and return how it is started where `private` is shown.

    Args:
        client: the Docker connection.
        helper: an image with Python.
        private: an empty directory to put it into, to be shown at `/run/executor/python`.
        run: id of the run.

    Raises:
        ConfinementUnavailable: it has none, or none that can be taken elsewhere.
        docker.errors.DockerException: the engine cannot start it.
    """
    packed, said = _packed(client, helper, run)
    _unpack(packed, private, helper.name, said)
    libraries = _PYTHON / "libs"
    loader = [str(libraries / "loader"), "--library-path", str(libraries)]
    return [*loader, str(_PYTHON / "bin" / "python3")]


def _packed(client: DockerClient, helper: Image, run: str) -> tuple[bytes, str]:
    """Return the files of an image's Python, packed, and what it complained of."""
    from docker.types import LogConfig

    written, said = bytearray(), bytearray()
    name = f"executor-{run}-python-{uuid.uuid4().hex[:8]}"
    try:
        container = create_container(
            client,
            name,
            run,
            image=helper.id,
            command=["-I", "-S", "-c", _PACK.read_text(encoding="utf-8")],
            entrypoint=["python3"],
            network_mode="none",
            read_only=True,
            user="65534:65534",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit=_PACKED_MEMORY,
            pids_limit=_PACK_TASKS,
            stdin_open=True,
            healthcheck={"test": ["NONE"]},
            log_config=LogConfig(type="none"),
        )
        attached = Attached.to_container(
            client, str(container.id), output=written.extend, complaint=said.extend
        )
        with contextlib.closing(attached):
            container.start()
            while attached.receive():
                pass
    finally:
        remove_container(client, name)
    return bytes(written), said.decode("utf-8", "replace")


def _unpack(packed: bytes, private: Path, name: str, said: str) -> None:
    at = 0
    try:
        while at < len(packed):
            end = packed.index(b"\n", at) + 1
            size, mode, place = packed[at : end - 1].decode().split(" ", 2)
            at = end + int(size)
            path = private / place
            if ".." in path.parts or at > len(packed):
                raise ValueError(f"{place} is not what was asked for")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed[end:at])
            path.chmod(int(mode, 8) & 0o755 | 0o400)
        if not at:
            raise ValueError("it wrote nothing")
    except (ValueError, OSError) as error:
        last = said.strip().splitlines()[-1:] or [str(error)]
        raise ConfinementUnavailable(
            f"the Python of the image {name} cannot be used: {last[0]}", hint=ANOTHER_PYTHON
        ) from error
