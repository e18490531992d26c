"""Values of this package: what came over the wire, and what it turned out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote


class Streamed:
    """Stands for a body that passed by and was not kept."""

    def __repr__(self) -> str:
        return "STREAMED"


STREAMED: Final = Streamed()


class Unidentifiable(Exception):
    """No service, operation or parameters could be made of a request.

    Attributes:
        reason: why, in words.
        service: the service it seems to be for; empty when not even that is known.
    """

    def __init__(self, reason: str, *, service: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.service = service


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP request.

    Attributes:
        method: as received.
        target: raw request target, `path[?query]`, percent-encoding untouched.
        headers: as received, in order.
        body: complete body; empty when it was not buffered.
        buffered: False when the body is streamed past and not available here.
        name: host name that the TLS handshake was for; empty without TLS.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    buffered: bool = True
    name: str = ""
    _first: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        first = {name.lower(): value for name, value in reversed(self.headers)}
        object.__setattr__(self, "_first", first)

    def header(self, name: str) -> str:
        """Return the first header of that name, whatever its case; empty when there is none."""
        return self._first.get(name.lower(), "")

    @property
    def path(self) -> str:
        """Raw path; the host of an absolute target is dropped."""
        path = self.target.partition("?")[0]
        if path.startswith(("http://", "https://")):
            path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
        return path or "/"

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Return every header of that name, whatever its case."""
        lowered = name.lower()
        return tuple(v for n, v in self.headers if n.lower() == lowered)

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        """Decoded query arguments in order; `?acl` is `("acl", "")`.

        Raises:
            Unidentifiable: an argument is not UTF-8.
        """
        return _query(self.target.partition("?")[2])

    @property
    def host(self) -> str:
        """Host without port and trailing dot, in lower case."""
        host = self.header("host").lower()
        if host.rpartition(":")[2].isdigit():
            host = host.rpartition(":")[0]
        return host.rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signed a request, and for what; empty where it does not say.

    Attributes:
        access_key: access key id.
        region: region of the credential scope.
        signing_name: service of the credential scope.
    """

    access_key: str = ""
    region: str = ""
    signing_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a request asks for.

    Attributes:
        service: botocore service name.
        operation: botocore operation name.
        region: region it is for.
        access_key: access key id it was signed with.
        params: as botocore would take them; a body that was not buffered is `STREAMED`.
        streamed: input member that is a streaming body; empty when there is none.
        protocol: the protocol the client speaks.
    """

    service: str
    operation: str
    region: str
    access_key: str
    params: Mapping[str, object] = field(default_factory=dict)
    streamed: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a response says.

    Attributes:
        error: AWS error code; empty when it succeeded.
        response: parsed output; None when it is an error or cannot be read.
    """

    error: str = ""
    response: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireResponse:
    """One HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


def decoded(text: str) -> str:
    """Return a percent-decoded path part.

    Raises:
        Unidentifiable: it is not UTF-8.
    """
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise Unidentifiable("the path is not UTF-8") from error


@lru_cache(maxsize=256)
def _query(raw: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(raw, keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise Unidentifiable("the query is not UTF-8") from error
