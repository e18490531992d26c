"""The one place that makes AWS clients: who we are, where we call, how we retry.

Everything of ours that calls AWS or an emulator goes through `Api`. A `ReadApi` refuses
every operation that can change state, in code: snapshots of the target are read with one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from executor.aws_models import shared_loader
from executor.errors import TargetFailed
from executor.model.json import Json, JsonObject
from executor.model.verbs import is_mutating

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config
    from botocore.session import Session

_TOKENS = ("NextToken", "nextToken")
"""How services call the place to read on from."""


class CallFailed(Exception):
    """An AWS call was answered with an error, or not at all.

    Attributes:
        service: botocore service name.
        operation: operation name.
        code: AWS error code; `Unreachable` when there was no answer, `Invalid` when botocore
            refused the parameters or knows no such operation.
        message: the service's words.
        status: HTTP status; 0 when there was no answer.
    """

    def __init__(
        self, *, service: str, operation: str, code: str, message: str, status: int
    ) -> None:
        super().__init__(f"{service}:{operation}: {code}: {message}")
        self.service = service
        self.operation = operation
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """AWS credentials; never written anywhere."""

    access_key: str
    secret_key: str
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which AWS to call.

    Attributes:
        region: default region.
        endpoint_url: empty for the real AWS.
        credentials: None takes `profile`, or what botocore finds by itself.
        profile: AWS profile; empty for the ambient one.
    """

    region: str
    endpoint_url: str = ""
    credentials: Credentials | None = None
    profile: str = ""


class Caller(Protocol):
    """Something that makes AWS calls."""

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        """Make one call.

        Raises:
            CallFailed: it was answered with an error, or not at all.
        """
        ...

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        """Make a call for each page there is; one page where it is not paginated.

        Raises:
            CallFailed: a page was answered with an error, or not at all.
        """
        ...


_CONNECT_S = 5.0


class RawCaller(Caller, Protocol):
    """A `Caller` that also gives botocore's own answers."""

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        """Make one call; streams and dates are as botocore gives them. Raises `CallFailed`."""
        ...


class Api:
    """Calls AWS by botocore's names; thread-safe."""

    def __init__(self, where: Where, *, attempts: int = 1, timeout_s: float = 20.0) -> None:
        """Args:
        where: which AWS.
        attempts: tries per call; above 1 botocore's adaptive retries are used.
        timeout_s: connect and read timeout of one try.
        """
        self._where = where
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._opened: Session | None = None

    @property
    def region(self) -> str:
        """Default region."""
        return self._where.region

    def prepare(self, service: str) -> None:
        """Make the client of a service before it is needed."""
        self._client(service, self._where.region)

    def close(self) -> None:
        """Close every connection; another call would open one again."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        """Make one call; see `Caller.call`."""
        return plain(self.raw_call(service, operation, params, region=region))

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        """Make one call and return botocore's own answer, streams and dates as they are.

        Raises:
            CallFailed: it was answered with an error, or not at all.
        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            client = self._client(service, region or self._where.region)
            method = getattr(client, xform_name(operation), None)
            if method is None:
                raise _unknown_operation(service, operation)
            answer: dict[str, object] = method(**params)
        except ClientError as error:
            raise _client_error(service, operation, error) from error
        # botocore falls over malformed answers with whatever Python raises.
        except (BotoCoreError, ResponseParserError, AttributeError, TypeError) as error:
            raise _local_error(service, operation, error) from error
        answer.pop("ResponseMetadata", None)
        return answer

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        """Make a call for each page; see `Caller.pages`."""
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        client = self._client(service, region or self._where.region)
        method = xform_name(operation)
        if not client.can_paginate(method):
            yield from self._by_token(client, service, operation, params, region)
            return
        try:
            for page in client.get_paginator(method).paginate(**params):
                page.pop("ResponseMetadata", None)
                yield plain(page)
        except ClientError as error:
            raise _client_error(service, operation, error) from error
        except (BotoCoreError, ResponseParserError, AttributeError, TypeError) as error:
            raise _local_error(service, operation, error) from error

    def _by_token(
        self,
        client: BaseClient,
        service: str,
        operation: str,
        params: Mapping[str, object],
        region: str,
    ) -> Iterator[JsonObject]:
        """Follow the tokens of what botocore has no paginator for (Athena's work groups)."""
        page = self.call(service, operation, params, region=region)
        yield page
        shape = client.meta.service_model.operation_model(operation).input_shape
        token = next((t for t in _TOKENS if shape is not None and t in shape.members), "")
        seen: set[str] = set()
        while isinstance(more := page.get(token), str) and more not in {"", *seen}:
            seen.add(more)
            page = self.call(service, operation, {**params, token: more}, region=region)
            yield page

    def _client(self, service: str, region: str) -> BaseClient:
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                client = self._make_client(service, region)
                self._clients[(service, region)] = client
            return client

    def _make_client(self, service: str, region: str) -> BaseClient:
        where = self._where
        keys = where.credentials
        return self._session().create_client(
            service,
            region_name=region,
            endpoint_url=where.endpoint_url or None,
            aws_access_key_id=keys.access_key if keys else None,
            aws_secret_access_key=keys.secret_key if keys else None,
            aws_session_token=(keys.token or None) if keys else None,
            config=settings(
                emulated=bool(where.endpoint_url),
                attempts=self._attempts,
                timeout_s=self._timeout_s,
            ),
        )

    def _session(self) -> Session:
        from botocore.exceptions import ProfileNotFound
        from botocore.session import Session

        if self._opened is None:
            try:
                self._opened = Session(profile=self._where.profile or None)
            except ProfileNotFound as error:
                raise TargetFailed(
                    f"AWS profile {self._where.profile!r} does not exist",
                    hint="see `aws configure list-profiles`",
                ) from error
            self._opened.register_component("data_loader", shared_loader())
        return self._opened


def settings(*, emulated: bool, attempts: int = 1, timeout_s: float = 20.0) -> Config:
    """Return the settings of a client.

    Args:
        emulated: it calls an emulator, or what stands at an address that somebody has named.
        attempts: tries per call; above 1 botocore's adaptive retries are used.
        timeout_s: connect and read timeout of one try.
    """
    from botocore.config import Config

    return Config(
        # Who does not pick up soon never does; an answer may take its time.
        connect_timeout=min(timeout_s, _CONNECT_S),
        read_timeout=timeout_s,
        max_pool_connections=32,
        parameter_validation=True,
        retries={
            "total_max_attempts": attempts,
            "mode": "adaptive" if attempts > 1 else "standard",
        },
        s3={"addressing_style": "path"} if emulated else None,
        user_agent_extra="dry-run-executor",
        # Emulators differ in how they take the newer default checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        inject_host_prefix=not emulated,
    )


class ReadApi:
    """An `Api` that makes listed read calls only, whatever it is asked.

    Two things must agree: the operation is on the list, and its name is a look.
    """

    def __init__(self, inner: RawCaller, allowed: Callable[[str, str], bool]) -> None:
        """Args:
        inner: what makes the calls that are let through.
        allowed: whether a service's operation is on the list.
        """
        self._inner = inner
        self._allowed = allowed

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        """Make one read call; see `Caller.call`."""
        self._refuse_others(service, operation)
        return self._inner.call(service, operation, params, region=region)

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        """Make a paginated read call; see `Caller.pages`."""
        self._refuse_others(service, operation)
        return self._inner.pages(service, operation, params, region=region)

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        """Make one read call; see `RawCaller.raw_call`."""
        self._refuse_others(service, operation)
        return self._inner.raw_call(service, operation, params, region=region)

    def _refuse_others(self, service: str, operation: str) -> None:
        if is_mutating(service, operation) or not self._allowed(service, operation):
            raise CallFailed(
                service=service,
                operation=operation,
                code="ReadOnly",
                message="only the catalog's read operations are made here",
                status=0,
            )


def plain(value: Mapping[str, object]) -> dict[str, Json]:
    """Return a botocore answer as JSON: dates as ISO texts, bytes as hex, streams read."""
    return {str(key): _plain(item) for key, item in value.items()}


def _plain(value: object) -> Json:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case bytes():
            return {"$bytes": len(value), "$hex": value.hex()}
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [_plain(item) for item in value]
    read = getattr(value, "read", None)
    return _plain(read()) if callable(read) else str(value)


def _client_error(service: str, operation: str, error: Exception) -> CallFailed:
    response: Mapping[str, Mapping[str, object]] = getattr(error, "response", {})
    details = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return CallFailed(
        service=service,
        operation=operation,
        code=str(details.get("Code", "Unknown")),
        message=str(details.get("Message", "")),
        status=status if isinstance(status, int) else 0,
    )


def _unknown_operation(service: str, operation: str) -> CallFailed:
    return CallFailed(
        service=service,
        operation=operation,
        code="Invalid",
        message=f"{service} has no operation {operation}",
        status=0,
    )


def _local_error(service: str, operation: str, error: Exception) -> CallFailed:
    from botocore.exceptions import (
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
        UnknownServiceError,
    )

    code = "Unreachable"
    if isinstance(error, ParamValidationError | UnknownServiceError):
        code = "Invalid"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        code = "NoCredentials"
    return CallFailed(service=service, operation=operation, code=code, message=str(error), status=0)
