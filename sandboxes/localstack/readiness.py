"""Waiting until LocalStack answers, or is seen to have died."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING

from sandboxes.localstack.images import VERSION

if TYPE_CHECKING:
    from docker.models.containers import Container

OVER = ("exited", "dead")
"""What Docker calls a container that has ended."""


class NotReady(Exception):
    """It died, or did not answer in time."""


class _NotYet(Exception):
    """It is still starting."""


def wait_until_ready(container: Container, port: int, timeout_s: float) -> str:
    """Return the version once the container answers at a port of loopback.

    Raises:
        NotReady: it died, or did not answer in time.
    """
    from tenacity import (
        RetryError,
        Retrying,
        retry_if_exception_type,
        stop_after_delay,
        wait_exponential,
    )

    attempts = Retrying(
        retry=retry_if_exception_type(_NotYet),
        wait=wait_exponential(multiplier=0.02, max=0.25),
        stop=stop_after_delay(timeout_s),
    )
    try:
        return attempts(_answer, container, port)
    except RetryError as error:
        raise NotReady(f"no answer within {timeout_s:.0f} s") from error


def _answer(container: Container, port: int) -> str:
    from docker.errors import DockerException

    try:
        container.reload()
    except DockerException as error:
        raise NotReady(f"the container is gone: {error}") from error
    if container.status in OVER:
        raise NotReady("the container died")
    return _version(port)


def _version(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_localstack/health")
        answer = connection.getresponse()
        health = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _NotYet from error
    finally:
        connection.close()
    return str(health.get("version", VERSION)).removesuffix(".dev0")
