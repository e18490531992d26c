"""What leaves room for two readings of a request is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.gateway.heads import Malformed, head_is_whole

GOOD = b"PUT /bucket/key HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"


def test_whole_head_is_seen_whatever_follows_it() -> None:
    assert head_is_whole(GOOD)
    assert head_is_whole(GOOD + b"a\nb")


@pytest.mark.parametrize("end", range(len(GOOD)))
def test_beginning_of_a_head_waits_for_the_rest(end: int) -> None:
    assert not head_is_whole(GOOD[:end])


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", "CR LF"),
        (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "CR LF"),
        (b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "CR without LF"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "folded"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", "folded"),
        (
            b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "contradict",
        ),
        (b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", "twice"),
        (b"PUT / HTTP/1.1\r\ncontent-length: 3\r\nContent-LENGTH: 4\r\n\r\n", "twice"),
        (b"PUT / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n", "not a number"),
        (b"PUT / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", "not a number"),
        (b"PUT / HTTP/1.1\r\nContent-Length: 0x3\r\n\r\n", "not a number"),
        (b"PUT / HTTP/1.1\r\nContent-Length:\r\n\r\n", "not a number"),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", "other than chunked"),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "other than chunked"),
        (b"PUT / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", "other than chunked"),
        (
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
            "twice",
        ),
        (b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "only HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (64 << 10) + b"\r\n\r\n", "longer than"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (65 << 10), "longer than"),
    ],
)
def test_ambiguous_head_is_refused(head: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        head_is_whole(head)


@given(st.binary(max_size=200))
def test_bytes_are_a_head_or_not_yet_or_never(data: bytes) -> None:
    try:
        whole = head_is_whole(data)
    except Malformed:
        return
    assert whole == (b"\r\n\r\n" in data)
