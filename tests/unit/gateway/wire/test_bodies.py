"""Bodies as they are on their way: aws-chunked framing, and uploads by form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.gateway.wire import (
    Identifier,
    Identity,
    Models,
    Unidentifiable,
    WireRequest,
    unchunked_pieces,
)
from executor.gateway.wire.codings import unchunked
from tests.unit.gateway.wire.generating import authorization

IDENTIFIER = Identifier(Models())
# As the AWS CLI sent it, the checksum in a trailer.
CAPTURED = (
    b"5\r\nhello\r\n6;chunk-signature=00\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
)


def put(body: bytes, *headers: tuple[str, str]) -> Identity:
    framing = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    return IDENTIFIER.identify(
        WireRequest(
            method="PUT",
            target="/b/k",
            headers=(("Host", "127.0.0.1"), authorization("s3"), framing, *headers),
            body=body,
        )
    )


def test_framing_is_no_part_of_the_parameters() -> None:
    identity = put(
        CAPTURED,
        ("Content-Encoding", "aws-chunked,gzip"),
        ("Content-Length", str(len(CAPTURED))),
        ("x-amz-decoded-content-length", "11"),
    )
    assert identity.params == {
        "Bucket": "b",
        "Key": "k",
        "Body": b"hello world",
        "ContentEncoding": "gzip",
        "ContentLength": 11,
    }


def test_a_body_of_another_length_than_announced_is_refused() -> None:
    with pytest.raises(Unidentifiable):
        put(CAPTURED, ("x-amz-decoded-content-length", "12"))


@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b"5\r\nhello",
        b"5\r\nhello\r\n",
        b"5\r\nhelloXX0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"zz\r\n",
        b"\r\n",
    ],
)
def test_malformed_framing_is_refused(body: bytes) -> None:
    with pytest.raises(Unidentifiable):
        put(body)
    with pytest.raises(ValueError, match="aws-chunked"):
        list(unchunked_pieces([body]))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(chunks=st.lists(st.binary(min_size=1, max_size=20), max_size=6), step=st.integers(1, 9))
def test_framing_comes_off_whole_and_in_pieces_alike(chunks: list[bytes], step: int) -> None:
    framed = b"".join(b"%x;chunk-signature=ab\r\n%b\r\n" % (len(c), c) for c in chunks)
    framed += b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    pieces = [framed[at : at + step] for at in range(0, len(framed), step)]
    assert unchunked(framed) == b"".join(chunks)
    assert b"".join(unchunked_pieces(pieces)) == b"".join(chunks)


def upload(
    fields: list[tuple[str, bytes]], *, host: str = "127.0.0.1", target: str = "/bucket"
) -> Identity:
    parts = [
        b'--X\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (name.encode(), b'; filename="f.txt"' if name == "file" else b"", value)
        for name, value in fields
    ]
    return IDENTIFIER.identify(
        WireRequest(
            method="POST",
            target=target,
            headers=(("Host", host), ("Content-Type", "multipart/form-data; boundary=X")),
            body=b"".join(parts) + b"--X--\r\n",
        )
    )


SIGNED = ("x-amz-credential", b"AKID/20261123/eu-west-1/s3/aws4_request")


def test_an_upload_by_form_is_a_put() -> None:
    identity = upload(
        [
            ("key", b"up/${filename}"),
            SIGNED,
            ("policy", b"e30="),
            ("x-amz-signature", b"00"),
            ("Content-Type", b"text/plain"),
            ("acl", b"private"),
            ("x-amz-meta-owner", b"me"),
            ("file", b"hello\r\nworld"),
            ("ignored", b"after the file"),
        ]
    )
    assert (identity.service, identity.operation) == ("s3", "PutObject")
    assert (identity.region, identity.access_key) == ("eu-west-1", "AKID")
    assert identity.params == {
        "Bucket": "bucket",
        "Key": "up/f.txt",
        "Body": b"hello\r\nworld",
        "ContentType": "text/plain",
        "ACL": "private",
        "Metadata": {"owner": "me"},
    }


def test_an_upload_by_form_to_a_virtual_host_is_a_put() -> None:
    fields = [("key", b"k"), ("file", b"x")]
    identity = upload(fields, host="logs.s3.amazonaws.com", target="/")
    assert identity.params["Bucket"] == "logs"


@pytest.mark.parametrize(
    "fields",
    [
        [("file", b"x")],
        [("key", b"k")],
        [("key", b"k"), ("key", b"l"), ("file", b"x")],
        [("key", b"k"), ("bogus", b"l"), ("file", b"x")],
        [("key", b"k"), ("x-amz-credential", b"A/2026/eu-west-1/sqs/aws4_request"), ("file", b"")],
    ],
)
def test_a_form_that_is_no_upload_is_refused(fields: list[tuple[str, bytes]]) -> None:
    with pytest.raises(Unidentifiable):
        upload(fields)


def test_a_form_that_is_not_sent_to_a_bucket_is_refused() -> None:
    fields = [("key", b"k"), ("file", b"x")]
    for target in ("/", "/bucket/key", "/bucket?acl", "/_ministack"):
        with pytest.raises(Unidentifiable):
            upload(fields, target=target)
