"""The head of a request as bytes, read more strictly than HTTP libraries do.

Two programs that disagree about where a request ends can be made to see two different
requests. So whatever leaves room for a disagreement is refused before it is parsed.
"""

from __future__ import annotations

import re

MOST_HEAD = 64 << 10
_OTHER_VERSION = re.compile(rb"[^\r]* HTTP/(?!1\.[01]\r)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_FOLDED = re.compile(rb"\r\n[ \t]")
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)
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
