"""Stand-ins for the target's data are seen in what is sent, and in what is got."""

from __future__ import annotations

import pytest

from executor.model.stand_in import STAND_IN
from tests.unit.gateway.roads import Open, Told, request, sqs

LARGE = STAND_IN.encode() + bytes(200_000)
FRAMED = {
    "Transfer-Encoding": "chunked",
    "Content-Encoding": "aws-chunked",
    "x-amz-decoded-content-length": "5",
    "x-amz-trailer": "x-amz-checksum-crc32",
}
INNER = b"5\r\nexecu\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(INNER), INNER)
READ = request("GET", "/bucket/key")
LISTED = request("GET", "/bucket?list-type=2")


@pytest.mark.parametrize(
    ("asked", "told", "seen"),
    [
        (sqs("SendMessage", QueueUrl="q", MessageBody=f"{STAND_IN} 1"), b"{}", True),
        (sqs("SendMessage", QueueUrl="q", MessageBody="news"), b"{}", False),
        (request("PUT", "/bucket/key", {}, STAND_IN.encode()), b"", True),
        (request("PUT", "/bucket/key", {}, LARGE), b"", True),
        (request("PUT", "/bucket/key", {}, b"exec"), b"", True),
        (request("PUT", "/bucket/key", {}, b"ex"), b"", False),
        (request("PUT", "/bucket/key", {}, b"executives"), b"", False),
        (request("PUT", "/bucket/key", FRAMED, CHUNK), b"", True),
        (request("PUT", "/bucket/key", {}, bytes(200_000)), b"", False),
        (READ, STAND_IN.encode(), True),
        (READ, LARGE, True),
        (READ, b"news", False),
        (
            LISTED,
            f"<ListBucketResult><Prefix>{STAND_IN}</Prefix></ListBucketResult>".encode(),
            True,
        ),
        # What an answer to a change says of it was not got by looking.
        (sqs("SendMessage", QueueUrl="q", MessageBody="a"), STAND_IN.encode(), False),
    ],
)
def test_stand_in_is_seen_where_it_passes(
    opened: Open, asked: bytes, told: bytes, seen: bool
) -> None:
    road = opened(answering=lambda _: Told(body=told))
    road.ask(asked)
    (call,) = road.gateway.close()
    assert call.stand_in is seen
