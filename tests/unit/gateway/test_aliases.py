"""Ids of the target and of the engine, in whatever spelling they pass the gateway."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.gateway.aliases import Aliases

_OURS = "arn:aws:sns:us-east-1:123456789012:alerts:1111"
_THEIRS = "arn:aws:sns:us-east-1:123456789012:alerts:2222"


@pytest.fixture
def aliases() -> Aliases:
    found = Aliases()
    found.add(_OURS, _THEIRS)
    found.add("vpc-1", "vpc-9")
    return found


def test_id_in_a_form_is_translated_although_it_is_encoded(aliases: Aliases) -> None:
    form = urlencode({"SubscriptionArn": _OURS, "Filter": '{"vpc":"vpc-1"}'}).encode()
    expected = urlencode({"SubscriptionArn": _THEIRS, "Filter": '{"vpc":"vpc-9"}'}).encode()
    assert aliases.to_engine(form) == expected
    assert aliases.to_change(expected) == form


def test_part_of_another_id_is_left_alone(aliases: Aliases) -> None:
    text = b"vpc-12 my-vpc-1 vpc-1-a"
    assert aliases.to_engine(text) == text


def test_alias_learnt_later_is_used(aliases: Aliases) -> None:
    assert aliases.to_engine(b"vpc-1 vpc-2") == b"vpc-9 vpc-2"
    aliases.add("vpc-2", "vpc-8")
    assert aliases.to_engine(b"vpc-1 vpc-2") == b"vpc-9 vpc-8"


def test_empty_table_changes_nothing() -> None:
    assert Aliases().to_engine(b"vpc-1") == b"vpc-1"


_ID = st.from_regex(r"\A(?:vpc|subnet|eni)-[0-9a-f]{4,8}\Z") | st.uuids().map(str)
_ARN = _ID.map(lambda name: f"arn:aws:kms:us-east-1:123456789012:key/{name}")
_GLUE = st.sampled_from(['", "', "=", "&", "/", ":", "%22", " ", "<a>", "\n", " x.y ", "%2F"])


@settings(max_examples=60)
@given(
    ids=st.lists(_ID | _ARN, min_size=2, max_size=12, unique=True),
    picks=st.lists(st.tuples(st.integers(0, 5), _GLUE), max_size=20),
)
def test_text_over_known_ids_comes_back_as_it_was(
    ids: list[str], picks: list[tuple[int, str]]
) -> None:
    ours, theirs = ids[: len(ids) // 2], ids[len(ids) // 2 :]
    found = Aliases()
    for target_id, engine_id in zip(ours, theirs, strict=False):
        found.add(target_id, engine_id)
    text = "".join(ours[n % len(ours)] + glue for n, glue in picks).encode()
    translated = found.to_engine(text)
    assert found.to_change(translated) == text
    for target_id, engine_id in zip(ours, theirs, strict=False):
        assert translated.count(engine_id.encode()) >= text.count(target_id.encode())


@given(st.binary())
def test_bytes_that_hold_no_id_are_left_alone(data: bytes) -> None:
    found = Aliases()
    found.add("vpc-0123456789abcdef0", "vpc-fedcba9876543210f")
    found.add("127.0.0.1:40001", "127.0.0.1:4566")
    assert found.to_engine(data) == data


def test_address_with_a_port_is_translated() -> None:
    found = Aliases()
    found.add("127.0.0.1:40001", "127.0.0.1:4566")
    answer = b'{"QueueUrl": "http://127.0.0.1:4566/123456789012/orders"}'
    expected = b'{"QueueUrl": "http://127.0.0.1:40001/123456789012/orders"}'
    assert found.to_change(answer) == expected
    assert found.to_engine(expected) == answer


def test_longer_id_wins_over_one_that_it_begins_with() -> None:
    found = Aliases()
    found.add("arn:aws:a:b", "arn:aws:a:1")
    found.add("arn:aws:a:b:c", "arn:aws:a:2")
    assert found.to_engine(b"arn:aws:a:b arn:aws:a:b:c") == b"arn:aws:a:1 arn:aws:a:2"
