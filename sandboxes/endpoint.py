"""An emulator that somebody else runs: LocalStack, MiniStack, a moto server, any other.

It is not ours: nothing is reset, closing a sandbox leaves it as it is. It is never the real
AWS: addresses under AWS's domains are refused, and what does not say which emulator it is, in a
version that was examined, gets an empty list of operations, so that nothing is forwarded to it.

Known limit: it may hold what others put there, and two sandboxes on it are the same.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from sandboxes.errors import EngineUnavailable, SandboxError
from sandboxes.model import Availability, EngineInfo, Operations, SandboxSpec

OPERATIONS_VARIABLE = "EXECUTOR_OPERATIONS"
_ANSWER_S = 2.0
_ALIVE_S = 0.5
_LONGEST = 1 << 20
_AWS_DOMAINS: Final = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "amazonwebservices.com",
    "amazonwebservices.com.cn",
    "api.aws",
    "on.aws",
    "aws.dev",
    "aws.amazon.com",
    "awsapps.com",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
)
_PACKAGE = Path(__file__).parent
_LISTS: Final[Mapping[str, Path]] = {
    "ministack": _PACKAGE / "embedded" / "operations" / "ministack.json",
    "moto": _PACKAGE / "embedded" / "operations" / "moto.json",
    "localstack": _PACKAGE / "localstack" / "operations.json",
}


class EndpointEngine:
    """Uses the emulator at a URL.

    Args:
        url: `http://HOST[:PORT]` or `https://…`.
        operations: a file that lists what the emulator implements, in the form of
            `sandboxes/embedded/operations/*.json`; `$EXECUTOR_OPERATIONS` when None.

    Raises:
        SandboxError: the URL is none we may use.
    """

    def __init__(self, url: str, *, operations: Path | None = None) -> None:
        self._parts = _checked(url)
        named = os.environ.get(OPERATIONS_VARIABLE)
        self._operations = operations or (Path(named) if named else None)

    @property
    def name(self) -> str:
        """`endpoint`."""
        return "endpoint"

    @property
    def url(self) -> str:
        """The URL without a trailing slash."""
        return f"{self._parts.scheme}://{self._parts.netloc}"

    def availability(self) -> Availability:
        """Whether something answers there."""
        try:
            info = self._recognise()
        except EngineUnavailable as error:
            return Availability(usable=False, reason=error.message, hint=error.hint)
        return Availability(usable=True, reason=f"{info.emulator} {info.version} at {self.url}")

    def start(self, spec: SandboxSpec) -> EndpointSandbox:
        """Find out what runs there; starts nothing and changes nothing.

        Raises:
            EngineUnavailable: nothing answers.
            SandboxError: the list of operations that the caller named cannot be read.
        """
        info = self._recognise()
        operations = self._listed(info)
        return EndpointSandbox(self.url, _address(self._parts), info, operations)

    def reap(self) -> Sequence[str]:
        """Nothing: it is not ours."""
        return ()

    def _recognise(self) -> EngineInfo:
        emulator, version = self._identity()
        return EngineInfo(name=self.name, emulator=emulator, version=version)

    def _identity(self) -> tuple[str, str]:
        # MiniStack answers LocalStack's health question too, so its own comes first; but not to
        # LocalStack, which takes it for a bucket and loads S3 for many seconds to look.
        is_localstack = "session_id" in _json_object(self._get("/_localstack/info"))
        for emulator in ("localstack",) if is_localstack else ("ministack", "localstack"):
            health = _json_object(self._get(f"/_{emulator}/health"))
            version = health.get("version")
            if "services" in health and isinstance(version, str):
                return emulator, version
        if {"batch", "lambda"} <= _json_object(self._get("/moto-api/config")).keys():
            # moto's control endpoints do not say its version.
            return "moto", "unknown"
        return "unknown", "unknown"

    def _get(self, path: str) -> bytes:
        import http.client

        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host, port = _address(self._parts)
        connection = kind(host, port, timeout=_ANSWER_S)
        try:
            # No redirects are followed and no proxy is asked: this host or none.
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read(_LONGEST)
        except (OSError, http.client.HTTPException) as error:
            raise EngineUnavailable(
                f"nothing that speaks HTTP answers at {self.url}: {error}",
                hint="start the emulator there, or choose another engine",
            ) from error
        finally:
            connection.close()
        # moto says 201 to whoever asks for its settings.
        return body if response.status in (200, 201) else b""

    def _listed(self, info: EngineInfo) -> Operations:
        from sandboxes.embedded.operations import read_operations

        if self._operations is not None:
            return _from_caller(self._operations)
        path = _LISTS.get(info.emulator)
        return read_operations(path, info.emulator, info.version) if path else Operations()


class EndpointSandbox:
    """Somebody's emulator while we use it."""

    def __init__(
        self, url: str, address: tuple[str, int], info: EngineInfo, operations: Operations
    ) -> None:
        self._url = url
        self._address = address
        self._info = info
        self._operations = operations
        self._id = f"endpoint-{uuid.uuid4().hex[:12]}"
        self._closed = False

    @property
    def id(self) -> str:
        """A name for this use of it."""
        return self._id

    @property
    def url(self) -> str:
        """The emulator's URL."""
        return self._url

    @property
    def info(self) -> EngineInfo:
        """The emulator as it introduced itself."""
        return self._info

    @property
    def operations(self) -> Operations:
        """What that version implements; empty when it was never examined."""
        return self._operations

    def alive(self) -> bool:
        """Whether its port accepts connections."""
        if self._closed:
            return False
        try:
            with socket.create_connection(self._address, timeout=_ALIVE_S):
                return True
        except OSError:
            return False

    def logs(self, lines: int = 20) -> str:
        """Nothing: they are not ours to read."""
        return ""

    def close(self) -> None:
        """Stop using it, and leave it as it is."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = _address(parts)
    except ValueError as error:
        raise _unusable(url, str(error)) from error
    if parts.scheme not in ("http", "https") or not host:
        raise _unusable(url, "it is not of the form http://HOST:PORT")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise _unusable(url, "it has more than a scheme, a host and a port")
    if any(host == domain or host.endswith(f".{domain}") for domain in _AWS_DOMAINS):
        raise SandboxError(
            f"{url} is the real AWS, not an emulator",
            hint="name it as the target (--target), and rehearse on an engine of your own",
        )
    return parts


def _unusable(url: str, why: str) -> SandboxError:
    return SandboxError(
        f"the engine's URL {url} cannot be used: {why}",
        hint="give the address of an emulator, for example http://127.0.0.1:4566",
    )


def _address(parts: SplitResult) -> tuple[str, int]:
    host = (parts.hostname or "").rstrip(".").lower()
    return host, parts.port or (443 if parts.scheme == "https" else 80)


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _from_caller(path: Path) -> Operations:
    from sandboxes.embedded.operations import read_operations

    try:
        content = _json_object(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    emulator, version = content.get("emulator"), content.get("version")
    # The caller vouches that it fits what runs there, whatever that says of itself.
    listed = read_operations(path, str(emulator), str(version))
    if not listed.by_service:
        raise _unreadable(path, "it lists no operations")
    return listed


def _unreadable(path: Path, why: str) -> SandboxError:
    return SandboxError(
        f"the list of operations {path} cannot be used: {why}",
        hint="see sandboxes/embedded/operations/ministack.json for the form",
    )
