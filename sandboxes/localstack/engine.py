"""One fresh LocalStack container per sandbox, reachable on loopback only.

The container gets no Docker socket and no capabilities, and limits on memory and processes.
Labels name the process that owns it, so that what a killed owner left can be told from what
another run is using.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sandboxes.errors import EngineStartFailed, EngineUnavailable, SandboxError
from sandboxes.localstack.images import BUILT, image_to_use
from sandboxes.localstack.readiness import NotReady, wait_until_ready
from sandboxes.model import Availability, EngineInfo, Operations, SandboxSpec
from sandboxes.processes import start_time

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_PORT = "4566/tcp"
_MEMORY = "3g"
_PROCESSES = 1024
_OWNER, _STARTED, _RUN = "executor.owner-pid", "executor.owner-start", "executor.run"
_LOG_LINES = 20


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
            client = _client()
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
        from docker.errors import DockerException

        client = _client()
        try:
            image = image_to_use(client)
            _reap(client)
            container = client.containers.run(
                image,
                name=f"executor-{spec.run}-{uuid.uuid4().hex[:8]}",
                detach=True,
                labels=_labels(spec.run),
                ports={_PORT: ("127.0.0.1", 0)},
                mem_limit=_MEMORY,
                pids_limit=_PROCESSES,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                environment=_environment(),
            )
        except DockerException as error:
            client.close()
            raise EngineStartFailed(
                f"Docker could not start LocalStack: {error}", hint="see `docker info`"
            ) from error
        except SandboxError:
            client.close()
            raise
        return self._ready(client, container)

    def reap(self) -> Sequence[str]:
        """Remove containers whose owner is gone."""
        try:
            client = _client()
        except EngineUnavailable:
            return ()
        with contextlib.closing(client):
            return _reap(client)

    def _ready(self, client: DockerClient, container: Container) -> LocalStackSandbox:
        try:
            port, version = wait_until_ready(container, _PORT, self._timeout_s)
        except NotReady as error:
            detail = _last_lines(container, _LOG_LINES)
            _remove(container)
            client.close()
            raise EngineStartFailed(
                f"LocalStack did not become ready: {error}",
                hint="its last lines are below; --engine embedded needs no Docker",
                detail=detail,
            ) from error
        except BaseException:
            # Ctrl-C while waiting must leave no container behind.
            _remove(container)
            client.close()
            raise
        info = EngineInfo(name="localstack", emulator="localstack", version=version)
        return LocalStackSandbox(client, container, port, info)


class LocalStackSandbox:
    """A running container."""

    def __init__(
        self, client: DockerClient, container: Container, port: int, info: EngineInfo
    ) -> None:
        """Args:
        client: the Docker connection; closed with the sandbox.
        container: the container.
        port: its port on loopback.
        info: what runs in it.
        """
        self._client = client
        self._container = container
        self._port = port
        self._info = info
        self._from_packages = container.image is not None and BUILT in container.image.tags
        self._closed = False

    @property
    def id(self) -> str:
        """The container's name."""
        return str(self._container.name)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def info(self) -> EngineInfo:
        """What runs in it."""
        return self._info

    @property
    def operations(self) -> Operations:
        """What this version implements."""
        from sandboxes.localstack.operations import load_operations

        return load_operations(self._info.version, from_packages=self._from_packages)

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
        return "" if self._closed else _last_lines(self._container, lines)

    def close(self) -> None:
        """Kill and remove the container."""
        if not self._closed:
            self._closed = True
            _remove(self._container)
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _client() -> DockerClient:
    import docker
    from docker.errors import DockerException

    client = None
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except DockerException as error:
        if client is not None:
            client.close()
        raise EngineUnavailable(
            "no Docker engine answers",
            hint="install Docker and start it, or use --engine embedded",
        ) from error
    return client


def _environment() -> dict[str, str]:
    settings = {"DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1", "LS_LOG": "warning"}
    token = os.environ.get("LOCALSTACK_AUTH_TOKEN")
    return settings | ({"LOCALSTACK_AUTH_TOKEN": token} if token else {})


def _labels(run: str) -> dict[str, str]:
    pid = os.getpid()
    return {_RUN: run, _OWNER: str(pid), _STARTED: str(start_time(pid))}


def _reap(client: DockerClient) -> list[str]:
    from docker.errors import DockerException

    removed: list[str] = []
    for container in client.containers.list(all=True, filters={"label": _OWNER}):
        try:
            owner, started = container.labels[_OWNER], container.labels.get(_STARTED, "")
            if not owner.isdigit() or str(start_time(int(owner))) != started:
                _remove(container)
                removed.append(f"container {container.name}")
        except DockerException:
            continue  # another run removed it meanwhile
    return removed


def _remove(container: Container) -> None:
    from docker.errors import DockerException

    with contextlib.suppress(DockerException):
        container.remove(force=True, v=True)


def _last_lines(container: Container, lines: int) -> str:
    from docker.errors import DockerException

    try:
        return bytes(container.logs(tail=lines)).decode("utf-8", "replace").strip()
    except DockerException:
        return ""
