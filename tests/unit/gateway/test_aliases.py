"""Ids of the target and of the engine, in whatever spelling they pass the gateway."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

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
