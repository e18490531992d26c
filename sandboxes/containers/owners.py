"""Whose containers are: labels name the process; what nobody owns is removed."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandboxes.processes import start_time

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

RUN = "executor.run"
PID = "executor.owner-pid"
START = "executor.owner-start"
PLACE = "executor.owner-place"
_DAY_S = 86_400


def labels_of_owner(run: str) -> dict[str, str]:
    """Return the labels of a container that this process starts for a run."""
    pid = os.getpid()
    return {RUN: run, PID: str(pid), START: str(start_time(pid)), PLACE: _place()}


def create_container(client: DockerClient, name: str, run: str, **options: Any) -> Container:
    """Create a container that this process owns, and do not start it.

    An interrupt meanwhile is raised once Docker has answered. Docker finishes what nobody waits
    for any more, and whoever looked for the container before that would find none to remove.

    Args:
        client: the Docker connection.
        name: the container's.
        run: id of the run.
        options: what the Docker SDK's `containers.create` takes, an image among it.

    Raises:
        docker.errors.DockerException: Docker did not create it.
    """
    options |= {"name": name, "labels": labels_of_owner(run)}
    making: Future[Container] = Future()

    def make() -> None:
        if making.set_running_or_notify_cancel():
            try:
                making.set_result(client.containers.create(**options))
            except BaseException as error:
                making.set_exception(error)

    try:
        # Signals interrupt the main thread alone.
        threading.Thread(target=make, name="create-container", daemon=True).start()
        return making.result()
    finally:
        if not making.cancel():
            wait([making])


def is_orphan(labels: Mapping[str, str], age_s: float) -> bool:
    """Whether the process that the labels name is gone.

    Args:
        labels: a container's.
        age_s: how long ago it was made; counts where the owner cannot be seen from here.
    """
    if labels.get(PLACE, _place()) != _place():
        # Another machine or process namespace on the same Docker engine; no run takes a day.
        return age_s > _DAY_S
    owner = labels.get(PID, "")
    return not owner.isdigit() or str(start_time(int(owner))) != labels.get(START, "")


def remove_orphans(client: DockerClient) -> list[str]:
    """Remove containers whose owner is gone; return one line per thing removed."""
    removed: list[str] = []
    found = client.containers.list(all=True, filters={"label": PID}, ignore_removed=True)
    for container in found:
        labels, made = container.labels, str(container.attrs.get("Created", ""))
        if is_orphan(labels, _age(made)) and remove_container(client, str(container.name)):
            removed.append(f"container {container.name}")
    return removed


def remove_container(client: DockerClient, name: str) -> bool:
    """Kill and remove a container and its volumes; return whether it was there."""
    from docker.errors import DockerException

    try:
        client.containers.get(name).remove(force=True, v=True)
    except DockerException:
        return False
    return True


def last_lines(container: Container, lines: int) -> str:
    """Return the last lines that a container logged; empty when they cannot be had."""
    from docker.errors import DockerException

    try:
        return bytes(container.logs(tail=lines)).decode("utf-8", "replace").strip()
    except DockerException:
        return ""


def _age(made: str) -> float:
    # Docker writes nanoseconds, which Python does not read.
    try:
        return time.time() - datetime.fromisoformat(f"{made[:19]}+00:00").timestamp()
    except ValueError:
        return 0.0


def _place() -> str:
    """Return what tells machines and process namespaces apart."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:
        return socket.gethostname()
