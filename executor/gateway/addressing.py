"""What the engine sees instead of what the change sent, and the other way round.

The run's account takes the place of whatever access key the client used (emulators read the
account from it), virtual-hosted S3 addresses become path-style ones, and ids are translated
wherever AWS reads them as ids. A user's own data is left as it is: in an object, a key or a
message the text `vpc-1` means nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from executor.gateway import versions
from executor.gateway.accounts import Accounts
from executor.gateway.addresses import Addresses, may_hold_addresses
from executor.gateway.aliases import Aliases
from executor.gateway.upstream import forwarded_headers
from executor.gateway.wire import Identity, Unidentifiable, WireRequest, bucket_of_host
from executor.gateway.wire.cbor import retold

Headers = tuple[tuple[str, str], ...]

_CREDENTIAL = re.compile(r"(Credential=)[^/,\s]+(/)")
_PRESIGNED = re.compile(r"((?:X-Amz-Credential)=)[^&/%]+(%2F|/)", re.IGNORECASE)
_V2_HEADER = re.compile(r"^(AWS )[^:]+(:)")
_V2_QUERY = re.compile(r"((?:^|[?&])AWSAccessKeyId=)[^&]+()")
# Message bodies; their checksums are in the answer, and clients compare them.
_MESSAGES = frozenset({"SendMessage", "SendMessageBatch", "ReceiveMessage"})
# Headers that say what a request is, or how it travels; no ids are in them.
_FIXED = re.compile(
    r"^(?:authorization|host|date|user-agent|content-.*|accept.*|x-amz-(?:date|target"
    r"|content-sha256|security-token|checksum.*|meta-.*|copy-source.*)|amz-sdk-.*)$",
    re.IGNORECASE,
)
# Headers that AWS gives no meaning to, and engines do: proxies' words for another host or method,
# and the engines' own, which go as far as changing the account.
_STEERS = re.compile(
    r"^(?:x-)?(?:forwarded|original|rewrite|real|http-method|method-override|envoy|localstack"
    r"|moto|ministack)(?:-.*)?$|^via$",
    re.IGNORECASE,
)
_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "content-md5": lambda body: hashlib.md5(body).digest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """A request as the engine gets it."""

    target: str
    headers: Headers
    body: bytes


class Addressing:
    """Turns requests and answers into what the other side understands."""

    def __init__(self, *, accounts: Accounts, addresses: Addresses, aliases: Aliases) -> None:
        """Args:
        accounts: whose calls appear as which account.
        addresses: host names on both sides.
        aliases: ids to translate.
        """
        self._accounts = accounts
        self._addresses = addresses
        self._aliases = aliases

    def lead_to(self, authority: str, known_as: Iterable[str]) -> None:
        """Know the engine by another address from now on; see `Addresses.lead_to`."""
        self._addresses.lead_to(authority, known_as)

    def outbound(self, request: WireRequest, identity: Identity) -> Outbound:
        """Return what to send to the engine."""
        target = request.target
        if "?" in target:
            account = self._credential(identity)
            target = _V2_QUERY.sub(account, _PRESIGNED.sub(account, target))
        if target.startswith(("http://", "https://")):
            target = "/" + target.partition("://")[2].partition("/")[2]
        if identity.service == "s3":
            target = versions.in_target(target, self._aliases.to_engine)
        else:
            target = self._to_engine(target)
        bucket = bucket_of_host(request.host)
        host = self._addresses.host(request, identity)
        headers = [
            (name, self._header(name, value, identity, host))
            for name, value in forwarded_headers(request.headers)
            if not _steers(name)
        ]
        body = request.body
        if request.buffered:
            if not request.header("content-encoding"):
                body = self._body(body, identity)
            headers = _framed(headers, body, changed=body != request.body)
        return Outbound(
            target=f"/{bucket}{target}" if bucket else target, headers=tuple(headers), body=body
        )

    def inbound(
        self, request: WireRequest, identity: Identity, headers: Headers, body: bytes | None
    ) -> tuple[Headers, bytes]:
        """Return headers and body of an answer as the change is to see them.

        Args:
            request: what the client sent.
            identity: what was asked.
            headers: as the engine sent them.
            body: the whole body; None when it streams past.
        """
        kept = [
            (name, self._told(name, value, request, identity))
            for name, value in forwarded_headers(headers)
        ]
        if body is None:
            return tuple(kept), b""
        translated = body
        if b"://" in body and (_holds_ids(identity) or may_hold_addresses(identity)):
            for_client = partial(self._for_client, request, identity)
            translated = _translated(identity, body, for_client)
        if _holds_ids(identity):
            translated = _translated(identity, translated, self._aliases.to_change)
        elif _names_versions(identity):
            translated = versions.in_body(translated, self._aliases.to_change)
        if translated != body:
            kept = _framed(kept, translated, changed=True)
        return tuple(kept), translated

    def _body(self, body: bytes, identity: Identity) -> bytes:
        if _holds_ids(identity):
            body = _translated(identity, body, self._aliases.to_engine)
        elif _names_versions(identity):
            body = versions.in_body(body, self._aliases.to_engine)
        return self._addresses.queue_for_engine(body) if identity.service == "sqs" else body

    def _credential(self, identity: Identity) -> str:
        """Return what takes an access key's place between what stands around it."""
        return rf"\g<1>{self._accounts.of(identity)}\g<2>"

    def _header(self, name: str, value: str, identity: Identity, host: str) -> str:
        match name.lower():
            case "authorization":
                account = self._credential(identity)
                return _V2_HEADER.sub(account, _CREDENTIAL.sub(account, value))
            case "host":
                return host
            case "accept-encoding":
                # What is compressed can be neither read nor translated.
                return "identity"
        if identity.service == "s3":
            found = versions.in_header(name, value, self._aliases.to_engine)
            if found is not None:
                return found
        return self._to_engine(value) if _may_hold_ids(name, identity) else value

    def _told(self, name: str, value: str, request: WireRequest, identity: Identity) -> str:
        if name.lower() == "location":
            return self._addresses.for_client(value, request, identity)
        if identity.service == "s3":
            found = versions.in_header(name, value, self._aliases.to_change)
            if found is not None:
                return found
        if not _may_hold_ids(name, identity):
            return value
        return self._aliases.to_change(value.encode("latin-1")).decode("latin-1")

    def _for_client(self, request: WireRequest, identity: Identity, body: bytes) -> bytes:
        text = self._addresses.for_client(body.decode("latin-1"), request, identity)
        return text.encode("latin-1")

    def _to_engine(self, text: str) -> str:
        return self._aliases.to_engine(text.encode("latin-1")).decode("latin-1")


def _holds_ids(identity: Identity) -> bool:
    """Whether ids in the bodies of the operation are AWS's and not part of a user's data."""
    if identity.service == "s3":
        return "Key" not in identity.params and identity.operation != "DeleteObjects"
    return not (identity.service == "sqs" and identity.operation in _MESSAGES)


def _translated(identity: Identity, body: bytes, translate: Callable[[bytes], bytes]) -> bytes:
    """Translate a body; in CBOR text by text, since each is preceded by its length."""
    if identity.protocol != "smithy-rpc-v2-cbor":
        return translate(body)
    try:
        return retold(body, translate)
    except Unidentifiable:
        # An engine's error page, say. What holds no text of CBOR's holds no id of ours.
        return body


def _names_versions(identity: Identity) -> bool:
    """Whether bodies of the operation name versions, beside keys that are a user's data."""
    return identity.service == "s3" and identity.operation == "DeleteObjects"


def _may_hold_ids(name: str, identity: Identity) -> bool:
    if identity.service == "s3":
        return name.lower().endswith("kms-key-id")
    return not _is_fixed(name)


@lru_cache(maxsize=1024)
def _is_fixed(name: str) -> bool:
    return _FIXED.match(name) is not None


@lru_cache(maxsize=1024)
def _steers(name: str) -> bool:
    return _STEERS.match(name) is not None


def _framed(
    headers: Sequence[tuple[str, str]], body: bytes, *, changed: bool
) -> list[tuple[str, str]]:
    """Return the headers with the body's length, and with its checksums if it was changed."""
    found: list[tuple[str, str]] = []
    length: tuple[str, str] | None = ("Content-Length", str(len(body)))
    for name, value in headers:
        lowered = name.lower()
        if lowered in ("content-length", "transfer-encoding"):
            found.extend([length] if length else [])
            length = None
            continue
        mended = _mended(lowered, value, body) if changed else value
        if mended is not None:
            found.append((name, mended))
    if body and length:
        found.append(length)
    return found


def _mended(name: str, value: str, body: bytes) -> str | None:
    """Return the value of a header for a body that was changed; None drops the header."""
    if name in _DIGESTS:
        return base64.b64encode(_DIGESTS[name](body)).decode()
    if name == "x-amz-crc32":
        return str(zlib.crc32(body))
    if name == "x-amz-content-sha256" and len(value) == 64:
        return hashlib.sha256(body).hexdigest()
    # Checksums that Python has no function for.
    return None if name.startswith("x-amz-checksum-") else value
