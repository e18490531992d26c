"""A request whose sender does not wait for the answer, or for anything."""

from __future__ import annotations

import sys

import pytest

from tests.integration.programs import Programs, effects_of

# It knocks before there is a gateway, and has ended before it answers.
FIRE = """
import os, socket
from urllib.parse import urlsplit
endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "http://s3.us-east-1.amazonaws.com:80"))
scope = "123456789012/20261123/us-east-1/s3/aws4_request"
lines = (
    "PUT /fired HTTP/1.1",
    "Host: s3.us-east-1.amazonaws.com",
    f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    "Content-Length: 0",
    "",
    "",
)
with socket.create_connection((endpoint.hostname, endpoint.port)) as connection:
    connection.sendall("\\r\\n".join(lines).encode())
os._exit(0)
"""


@pytest.mark.parametrize(
    "confine", ["off", pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)]
)
def test_it_is_rehearsed_all_the_same(programs: Programs, confine: str) -> None:
    words = (sys.executable, "-I", "-S", "-c", FIRE)
    ended = programs.dry_run("--confine", confine, "--format", "json", "--", *words)
    assert ended.status == 0, ended.err
    assert effects_of(ended.report()) == {("create", "AWS::S3::Bucket", "fired")}
