"""Answers of a name server that knows AWS's names, a few named hosts, and nothing else.

It never forwards a question: what a process asks for cannot carry anything out.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_HEADER = 12
_A = 1
_INTERNET = 1
_ANSWER = 0x8400
_RECURSION = 0x0180
_NO_SUCH_NAME = 3
_NOT_UNDERSTOOD = 1
_TTL_S = 60
_POINTER = 0xC0
# Under a domain of AWS's, and no endpoint: tools tell there how they are used.
_NO_ENDPOINTS = ("cdk-cli-telemetry.",)


class Book:
    """Which address a host name has."""

    def __init__(self, suffixes: Sequence[str], hosts: Mapping[str, str], gateway: str) -> None:
        """Args:
        suffixes: domains, each with its leading dot, that lead to the gateway with all below.
        hosts: further names and their addresses.
        gateway: address of the gateway.
        """
        self._suffixes = tuple(suffixes)
        self._hosts = dict(hosts)
        self._gateway = gateway

    def address(self, host: str) -> str | None:
        """Return the IPv4 address of a host, in lower case; None when it has none here."""
        if host in self._hosts:
            return self._hosts[host]
        if ("." + host).endswith(self._suffixes) and not host.startswith(_NO_ENDPOINTS):
            return self._gateway
        return None


def reply(query: bytes, book: Book) -> tuple[bytes, str]:
    """Answer one question.

    Args:
        query: the message, without the length that precedes it on TCP.
        book: the addresses.

    Returns:
        The answer (empty when the message is none), and the name that was asked for in vain.
    """
    if len(query) < _HEADER or query[2] & 0x80:
        return b"", ""
    name, end = _name(query)
    kind = int.from_bytes(query[end : end + 2], "big")
    question = query[_HEADER : end + 4]
    if not end or len(query) < end + 4 or query[4:6] != b"\0\1":
        return _message(query, _NOT_UNDERSTOOD, b"", b""), ""
    address = book.address(name)
    if address is None:
        return _message(query, _NO_SUCH_NAME, question, b""), name
    if kind != _A:
        return _message(query, 0, question, b""), ""
    record = b"".join(
        (
            bytes((_POINTER, _HEADER)),
            _A.to_bytes(2, "big"),
            _INTERNET.to_bytes(2, "big"),
            _TTL_S.to_bytes(4, "big"),
            (4).to_bytes(2, "big"),
            bytes(int(part) for part in address.split(".")),
        )
    )
    return _message(query, 0, question, record), ""


def _message(query: bytes, code: int, question: bytes, record: bytes) -> bytes:
    flags = _ANSWER | (query[2] & 1) << 8 | _RECURSION & 0x80 | code
    counts = (1 if question else 0, 1 if record else 0, 0, 0)
    head = query[:2] + flags.to_bytes(2, "big")
    return head + b"".join(n.to_bytes(2, "big") for n in counts) + question + record


def _name(query: bytes) -> tuple[str, int]:
    """Return the name asked for and where it ends; 0 when it is none."""
    labels: list[str] = []
    at = _HEADER
    while at < len(query):
        length = query[at]
        at += 1
        if not length:
            return ".".join(labels), at
        if length >= _POINTER or at + length > len(query):
            return "", 0
        label = query[at : at + length].decode("ascii", "replace").lower()
        labels.append("".join(c if c.isalnum() or c in "-_" else "?" for c in label))
        at += length
    return "", 0
