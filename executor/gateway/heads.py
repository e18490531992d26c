"""Heads of requests and answers, read more strictly than HTTP libraries do.

Two programs that disagree about where a request ends can be made to see two different
requests. So whatever leaves room for a disagreement is refused before it is parsed. That what is
accepted here is accepted, and read alike, by a library known to be strict is a law of the tests.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

MOST_HEAD = 64 << 10
_OTHER_VERSION = re.compile(rb"[^\r]* HTTP/(?!1\.[01]\r)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_FOLDED = re.compile(rb"\r\n[ \t]")
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)
# No target has a `#` in it: some servers take what stands behind it for nothing.
_REQUEST = re.compile(r"([-!#$%&'*+.^_`|~0-9A-Za-z]+) ([\x21\x22\x24-\x7e]+) HTTP/1\.([01])")
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_HEADER = re.compile(r"([-!#$%&'*+.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_DIGITS = re.compile(rb"[0-9]{1,15}[ \t]*\Z")


class Malformed(Exception):
    """A request cannot be read, or not in one way only.

    Attributes:
        status: HTTP status to answer with.
    """

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def head_is_whole(received: bytes) -> bool:
    """Whether the bytes begin with a whole head; False when more has to come.

    Raises:
        Malformed: it will never be one.
    """
    end = received.find(b"\r\n\r\n")
    head = received if end < 0 else received[: end + 4]
    if _BARE_LF.search(head):
        raise Malformed("a line does not end with CR LF")
    if len(head) > MOST_HEAD:
        raise Malformed(f"the head is longer than {MOST_HEAD >> 10} KiB", status=431)
    if end < 0:
        return False
    _check(head)
    return True


def _check(head: bytes) -> None:
    if _OTHER_VERSION.match(head):
        raise Malformed("only HTTP/1.1 and HTTP/1.0 are spoken here", status=505)
    if _BARE_CR.search(head):
        raise Malformed("there is a CR without LF")
    if _FOLDED.search(head):
        raise Malformed("a header is folded over two lines")
    lengths, codings = _LENGTH.findall(head), _CODING.findall(head)
    if lengths and codings:
        raise Malformed("Content-Length and Transfer-Encoding contradict each other")
    if len(lengths) > 1 or len(codings) > 1:
        raise Malformed("the length of the body is given twice")
    if lengths and not _DIGITS.match(lengths[0]):
        raise Malformed("the Content-Length is not a number")
    if codings and codings[0].strip().lower() != b"chunked":
        raise Malformed("a transfer coding other than chunked", status=501)
    if codings and b" HTTP/1.1\r\n" not in head[: head.find(b"\r\n") + 2]:
        raise Malformed("only HTTP/1.1 has transfer codings")


Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """Where the body of a message ends.

    Attributes:
        length: bytes of it; None when it is chunked or goes on until the connection ends.
        chunked: it comes in chunks that say their length.
    """

    length: int | None = 0
    chunked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """What stands before the body of a request.

    Attributes:
        method: as received.
        target: as received.
        headers: as received, without the blanks around values.
        framing: where the body ends.
        waits: the client waits to be told to go on before it sends the body.
        stays: the connection may take another request.
    """

    method: str
    target: str
    headers: Headers
    framing: Framing
    waits: bool
    stays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHead:
    """What stands before the body of an answer.

    Attributes:
        status: HTTP status.
        headers: as received, without the blanks around values.
        framing: where the body ends.
        stays: the connection may take another request.
    """

    status: int
    headers: Headers
    framing: Framing
    stays: bool


def request_head(head: bytes) -> RequestHead:
    """Read a head that `head_is_whole` has passed.

    Args:
        head: all of it, with the empty line.

    Raises:
        Malformed: it is none.
    """
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    named = _REQUEST.fullmatch(first)
    if named is None:
        raise Malformed("the first line is no request")
    headers, found = _headers(lines)
    newer = named[3] == "1"
    hosts = found.get("host", [])
    if len(hosts) > 1 or (newer and not hosts):
        raise Malformed("there is not one Host header")
    expect = ",".join(found.get("expect", [])).lower()
    length = found.get("content-length")
    chunked = "transfer-encoding" in found
    return RequestHead(
        method=named[1],
        target=named[2],
        headers=headers,
        framing=Framing(
            length=None if chunked else int(length[0]) if length else 0, chunked=chunked
        ),
        waits=newer and "100-continue" in expect,
        stays=newer and not _closes(found),
    )


def answer_head(head: bytes, *, method: str) -> AnswerHead:
    """Read the head of an answer.

    Args:
        head: all of it, with the empty line.
        method: what was asked; an answer to `HEAD` has no body whatever it says.

    Raises:
        Malformed: it is none.
    """
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    named = _STATUS.fullmatch(first)
    if named is None:
        raise Malformed("the first line is no answer")
    headers, found = _headers(lines)
    status = int(named[2])
    codings = ",".join(found.get("transfer-encoding", [])).strip().lower()
    lengths = set(found.get("content-length", []))
    if codings not in ("", "chunked") or len(lengths) > 1:
        raise Malformed("it is not clear where the answer ends")
    if method == "HEAD" or status < 200 or status in _BODILESS:
        framing = Framing()
    elif codings:
        framing = Framing(length=None, chunked=True)
    elif lengths:
        length = lengths.pop()
        if not _DIGITS.match(length.encode("latin-1")):
            raise Malformed("the Content-Length is not a number")
        framing = Framing(length=int(length))
    else:
        framing = Framing(length=None)
    ends = framing.length is not None or framing.chunked
    return AnswerHead(
        status=status,
        headers=headers,
        framing=framing,
        stays=named[1] == "1" and ends and not _closes(found),
    )


def request_bytes(method: str, target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """Return the head of a request to send.

    Raises:
        Malformed: it could be read as more than one.
    """
    return _head_bytes(f"{method} {target} HTTP/1.1", headers)


def answer_bytes(status: int, headers: Sequence[tuple[str, str]]) -> bytes:
    """Return the head of an answer to send.

    Raises:
        Malformed: it could be read as more than one.
    """
    # Botocore takes a status line without a reason for none where it waits for `100 Continue`.
    return _head_bytes(f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}", headers)


def _head_bytes(first: str, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    # What was read has no line ends in it; what was translated since then must have none.
    if lines.count("\n") != len(headers) or "\n" in first:
        raise Malformed("a header holds a line end")
    return f"{first}\r\n{lines}\r\n".encode("latin-1")


def _headers(lines: Sequence[str]) -> tuple[Headers, dict[str, list[str]]]:
    """Return the headers as they are, and their values by name in lower case."""
    headers: list[tuple[str, str]] = []
    found: dict[str, list[str]] = {}
    for line in lines:
        named = _HEADER.fullmatch(line)
        if named is None:
            raise Malformed("a line is no header")
        name, value = named[1], named[2].strip(" \t")
        headers.append((name, value))
        found.setdefault(name.lower(), []).append(value)
    return tuple(headers), found


def _closes(found: dict[str, list[str]]) -> bool:
    named = found.get("connection")
    return named is not None and "close" in [t.strip().lower() for t in ",".join(named).split(",")]
