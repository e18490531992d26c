"""Whatever comes in, the engine is asked nothing that is not recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.gateway.roads import Road, open_road, request, sqs

_GOOD = (
    request("PUT", "/bucket/key", {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n0\r\n\r\n"),
    request("PUT", "/bucket/key?partNumber=1&uploadId=u", body=b"hello"),
    request("DELETE", "/bucket?metrics&id=x"),
    sqs("DeleteQueue", QueueUrl="http://a/b"),
)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    directory: Path = tmp_path_factory.mktemp("noise")
    with open_road(directory) as road:
        yield road
        road.gateway.close()


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good request of which a few bytes were changed, lost or doubled."""
    data = bytearray(draw(st.sampled_from(_GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 4))
        data[start : start + length] = draw(
            st.binary(max_size=4) | st.sampled_from([b"\r\n", b"\n", b" ", b"\0", b": "])
        )
    return bytes(data)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=spoilt() | st.binary(min_size=1, max_size=100))
def test_engine_is_asked_nothing_that_is_not_recorded(noisy: Road, data: bytes) -> None:
    with noisy.client() as client, suppress(OSError):
        client.send(data)
        client.finish()
        while not client.ended():
            pass
    answer = noisy.ask(request("GET", "/bucket/key"))
    assert answer.status == 200
    forwarded = [c for c in noisy.recorder.calls() if c.refused is None]
    # A request that broke off halfway was begun, and the engine threw away what it got.
    assert len(noisy.engine.asked) <= len(forwarded)
    assert len(forwarded) - len(noisy.engine.asked) <= sum(c.uncertain for c in forwarded)
