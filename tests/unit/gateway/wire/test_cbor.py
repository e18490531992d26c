"""Texts of a CBOR body, changed without a parse of what is around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.gateway.wire import Unidentifiable
from executor.gateway.wire.cbor import decode, retold

TEXT = st.text(max_size=300)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.binary(max_size=40) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def encoded(value: object) -> bytes:
    """Write CBOR as RFC 8949 has it, independent of what is tested."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return counted(0, value) if value >= 0 else counted(1, -1 - value)
        case bytes():
            return counted(2, len(value)) + value
        case str():
            text = value.encode()
            return counted(3, len(text)) + text
        case list():
            return counted(4, len(value)) + b"".join(map(encoded, value))
        case dict():
            inside = b"".join(encoded(part) for item in value.items() for part in item)
            return counted(5, len(value)) + inside
    raise AssertionError(value)


def counted(major: int, count: int) -> bytes:
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if count < 24:
            return bytes([major << 5 | count])
        if count < 1 << 8 * size:
            return bytes([major << 5 | info]) + count.to_bytes(size, "big")
    raise AssertionError(count)


def mapped(value: object) -> object:
    match value:
        case str():
            return value.replace("a", "long")
        case list():
            return [mapped(item) for item in value]
        case dict():
            return {mapped(key): mapped(item) for key, item in value.items()}
    return value


def told(text: bytes) -> bytes:
    return text.replace(b"a", b"long")


@given(VALUE)
def test_a_body_is_the_same_when_no_text_changes(value: object) -> None:
    body = encoded(value)
    assert retold(body, lambda text: text) == body


@given(VALUE)
def test_every_text_is_changed_and_nothing_else(value: object) -> None:
    assert decode(retold(encoded(value), told)) == mapped(value)


@given(st.binary(max_size=60))
def test_noise_is_refused_or_left_alone(noise: bytes) -> None:
    try:
        assert retold(noise, lambda text: text) == noise
    except Unidentifiable:
        with pytest.raises(Unidentifiable):
            decode(noise)
