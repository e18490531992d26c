"""One fresh LocalStack container per sandbox, reachable on loopback only.

The container gets no Docker socket, no capabilities, no network (`road` leads to it), files that
it can only read but for some in memory, and limits on memory, processes and what it writes.
Labels name the process that owns it (`owners`), so that what a killed owner left can be told
from what another run is using.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sandboxes.confine.own import library
from sandboxes.containers.connection import SOON_S, NoDocker, connect
from sandboxes.containers.owners import (
    create_container,
    last_lines,
    remove_container,
    remove_orphans,
)
from sandboxes.errors import EngineStartFailed, EngineUnavailable, SandboxError
from sandboxes.localstack.images import BUILT, image_labels, image_to_use, programs_in
from sandboxes.localstack.readiness import OVER, NotReady, wait_until_ready
from sandboxes.localstack.road import NoRoad, Road
from sandboxes.model import Availability, EngineInfo, Operations, SandboxSpec

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_PORT = 4566
_MEMORY = "3g"
_PROCESSES = 1024
_LOG_BYTES = "16m"
# In memory, and so within the limit on it.
_WRITABLE = ("/tmp", "/root", "/var/lib/localstack", "/etc/localstack")
_FILES_BYTES = "2g"
_LOG_LINES = 20
_HEARD_S = 1.0
_MOMENT_S = 0.05
# Names that LocalStack looks up to find out about itself.
_OWN_NAMES = (
    "localhost.localstack.cloud",
    "s3.localhost.localstack.cloud",
    "host.docker.internal",
    "host.containers.internal",
)


class LocalStackEngine:
    """Starts LocalStack containers through the Docker SDK."""

    def __init__(self, *, timeout_s: float = 60.0) -> None:
        """Args:
        timeout_s: how long a container may take to become ready.
        """
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """`localstack`."""
        return "localstack"

    def availability(self) -> Availability:
        """Whether a Docker engine answers and has an image."""
        try:
            client = _client(SOON_S)
            try:
                image = image_to_use(client)
            finally:
                client.close()
        except SandboxError as error:
            return Availability(usable=False, reason=error.message, hint=error.hint)
        return Availability(usable=True, reason=f"image {image}")

    def start(self, spec: SandboxSpec) -> LocalStackSandbox:
        """Start a container and wait until it answers.

        Raises:
            EngineUnavailable: there is no Docker engine or no image.
            EngineStartFailed: the container died or did not become ready.
        """
        client = _client()
        # Not before the whole package: a thread that imports it at the same time would be given
        # a part of it, and for good.
        from docker.errors import DockerException

        name = f"executor-{spec.run}-{uuid.uuid4().hex[:8]}"
        road = None
        try:
            image = image_to_use(client)
            remove_orphans(client)
            container = _create(client, image, name, spec.run)
            container.start()
            road = Road(client, str(container.id), _PORT)
            version = wait_until_ready(container, road.port, self._timeout_s)
        except (NotReady, NoRoad) as error:
            raise _never_ready(client, name, road, error) from error
        except DockerException as error:
            _discard(client, name, road)
            raise EngineStartFailed(
                f"Docker could not start LocalStack: {error}", hint="see `docker info`"
            ) from error
        except BaseException:
            # Ctrl-C at whatever moment must leave no container behind.
            _discard(client, name, road)
            raise
        info = EngineInfo(
            name=self.name,
            emulator="localstack",
            version=version,
            confined=not road.wrong,
            note="; ".join(road.wrong),
        )
        return LocalStackSandbox(
            client, container, road, info, programs_in(image_labels(container))
        )

    def reap(self) -> Sequence[str]:
        """Remove containers whose owner is gone."""
        try:
            client = _client()
        except EngineUnavailable:
            return ()
        with contextlib.closing(client):
            return remove_orphans(client)


class LocalStackSandbox:
    """A running container."""

    def __init__(
        self,
        client: DockerClient,
        container: Container,
        road: Road,
        info: EngineInfo,
        programs: frozenset[str],
    ) -> None:
        """Args:
        client: the Docker connection; closed with the sandbox.
        container: the container.
        road: leads to it; closed with the sandbox.
        info: what runs in it.
        programs: those of LocalStack's further programs that the image has.
        """
        self._client = client
        self._container = container
        self._road = road
        self._info = info
        self._programs = programs
        self._closed = False

    @property
    def id(self) -> str:
        """The container's name."""
        return str(self._container.name)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._road.port}"

    @property
    def info(self) -> EngineInfo:
        """What runs in it."""
        return self._info

    @property
    def operations(self) -> Operations:
        """What this version implements."""
        from sandboxes.localstack.operations import load_operations

        return load_operations(self._info.version, self._programs)

    def alive(self) -> bool:
        """Whether the container runs."""
        from docker.errors import DockerException

        if self._closed:
            return False
        try:
            self._container.reload()
        except DockerException:
            return False
        return bool(self._container.status == "running")

    def logs(self, lines: int = 20) -> str:
        """Return the container's last log lines."""
        return "" if self._closed else last_lines(self._container, lines)

    def close(self) -> None:
        """Kill and remove the container."""
        if not self._closed:
            self._closed = True
            _discard(self._client, self.id, self._road)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _client(timeout_s: int = 60) -> DockerClient:
    try:
        return connect(timeout_s)
    except NoDocker as error:
        raise EngineUnavailable(
            error.reason, hint=f"{error.hint}, or use --engine embedded"
        ) from error


def _create(client: DockerClient, image: str, name: str, run: str) -> Container:
    from docker.types import Mount

    shown, program = library()
    return create_container(
        client,
        name,
        run,
        image=image,
        mounts=[Mount(str(shown), str(program), type="bind", read_only=True)],
        # There is nobody to ask, which need not take the usual ten seconds to be seen.
        dns=["127.0.0.1"],
        dns_opt=["timeout:1", "attempts:1"],
        extra_hosts=dict.fromkeys(_OWN_NAMES, "127.0.0.1"),
        mem_limit=_MEMORY,
        memswap_limit=_MEMORY,
        pids_limit=_PROCESSES,
        **_own_files(image),
        network_mode="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        environment=_environment(),
    )


def _own_files(image: str) -> dict[str, Any]:
    """Say what of its files a container may write to, and how much it may say."""
    from docker.types import LogConfig, Ulimit

    limits: dict[str, Any] = {
        "log_config": LogConfig(type="json-file", config={"max-size": _LOG_BYTES}),
        "ulimits": [Ulimit(name="core", soft=0, hard=0)],
    }
    if image != BUILT:
        # Where another image writes is not known, and most do not start then.
        return limits
    memory = dict.fromkeys(_WRITABLE, f"size={_FILES_BYTES},mode=0700,nosuid,nodev")
    return limits | {"read_only": True, "tmpfs": memory}


def _environment() -> dict[str, str]:
    settings = {
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        # There is nobody to ask, and asking takes it six seconds.
        "DNS_ADDRESS": "0",
        "DYNAMODB_IN_MEMORY": "1",
        "LS_LOG": "warning",
    }
    token = os.environ.get("LOCALSTACK_AUTH_TOKEN")
    return settings | ({"LOCALSTACK_AUTH_TOKEN": token} if token else {})


def _never_ready(
    client: DockerClient, name: str, road: Road | None, error: Exception
) -> EngineStartFailed:
    from docker.errors import DockerException

    reason, detail = str(error), ""
    with contextlib.suppress(DockerException):
        container = client.containers.get(name)
        if _has_died(container):
            reason = "the container died"
        detail = last_lines(container, _LOG_LINES)
    _discard(client, name, road)
    return EngineStartFailed(
        f"LocalStack did not become ready: {reason}",
        hint="its last lines are below; --engine embedded needs no Docker",
        detail=detail,
    )


def _has_died(container: Container) -> bool:
    """Whether it has ended, of which Docker may hear a moment later than who was talking to it."""
    until = time.monotonic() + _HEARD_S
    while container.status not in OVER:
        if time.monotonic() > until:
            return False
        time.sleep(_MOMENT_S)
        container.reload()
    return True


def _discard(client: DockerClient, name: str, road: Road | None) -> None:
    if road is not None:
        road.close()
    remove_container(client, name)
    client.close()
