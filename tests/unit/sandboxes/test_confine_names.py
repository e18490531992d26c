"""Which names lead to the gateway, and what the name server inside answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.confine.inside.hostnames import Book, reply
from sandboxes.confine.names import AWS_SUFFIXES, is_aws, reachable_addresses
from sandboxes.errors import ConfinementUnavailable

BOOK = Book(
    AWS_SUFFIXES, {"localhost": "127.0.0.1", "mirror.example.com": "127.0.1.1"}, "127.0.0.1"
)


def question(name: str, kind: int = 1, flags: bytes = b"\1\0") -> bytes:
    labels = b"".join(bytes((len(part),)) + part.encode() for part in name.split("."))
    return (
        b"\xab\xcd"
        + flags
        + b"\0\1"
        + b"\0" * 6
        + labels
        + b"\0"
        + kind.to_bytes(2, "big")
        + b"\0\1"
    )


def test_every_kind_of_aws_name_is_aws_s() -> None:
    for name in (
        "amazonaws.com",
        "sqs.us-east-1.amazonaws.com",
        "SQS.US-EAST-1.AmazonAWS.com.",
        "us-west-2.queue.amazonaws.com",
        "bucket.with.dots.s3.dualstack.eu-west-1.amazonaws.com",
        "s3-fips.us-gov-west-1.amazonaws.com",
        "ec2.cn-north-1.amazonaws.com.cn",
        "ce.cn-northwest-1.api.amazonwebservices.com.cn",
        "ec2.us-east-1.api.aws",
        "abc.lambda-url.us-east-1.on.aws",
        "ec2.eusc-de-east-1.amazonaws.eu",
    ):
        assert is_aws(name), name
        assert BOOK.address(name.lower().rstrip(".")) == "127.0.0.1"


def test_names_that_only_look_so_are_not() -> None:
    for name in ("notamazonaws.com", "amazonaws.com.evil.example", "api.aws.evil.example", "aws"):
        assert not is_aws(name), name
        assert BOOK.address(name) is None


def test_where_tools_tell_of_their_use_is_no_endpoint() -> None:
    name = "cdk-cli-telemetry.us-east-1.api.aws"
    assert reply(question(name), BOOK)[1] == name


def test_a_known_name_is_answered_with_its_address() -> None:
    answer, vain = reply(question("sqs.us-east-1.amazonaws.com"), BOOK)
    assert vain == ""
    assert answer[:2] == b"\xab\xcd"
    assert answer[2] & 0x80
    assert answer[3] & 0x0F == 0
    assert answer[6:8] == b"\0\1"
    assert answer[-4:] == bytes((127, 0, 0, 1))
    assert reply(question("mirror.example.com"), BOOK)[0][-4:] == bytes((127, 0, 1, 1))


def test_other_records_of_a_known_name_do_not_exist_and_are_no_error() -> None:
    answer, vain = reply(question("sqs.us-east-1.amazonaws.com", kind=28), BOOK)
    assert vain == ""
    assert answer[3] & 0x0F == 0
    assert answer[6:8] == b"\0\0"


def test_an_unknown_name_does_not_exist_and_is_told() -> None:
    answer, vain = reply(question("Telemetry.Example.com"), BOOK)
    assert vain == "telemetry.example.com"
    assert answer[3] & 0x0F == 3


def test_odd_letters_are_not_passed_on() -> None:
    query = question("abc.example").replace(b"abc", b"a\n\xff")
    assert reply(query, BOOK)[1] == "a??.example"


def test_answers_are_no_questions() -> None:
    assert reply(question("s3.amazonaws.com", flags=b"\x81\0"), BOOK) == (b"", "")


@given(st.binary(max_size=200))
def test_nothing_breaks_the_name_server(data: bytes) -> None:
    answer, _ = reply(data, BOOK)
    assert not answer or answer[:2] == data[:2]


@given(st.binary(max_size=60))
def test_no_question_is_answered_with_an_address_outside(rest: bytes) -> None:
    answer, _ = reply(b"\0\1\1\0\0\1\0\0\0\0\0\0" + rest, BOOK)
    if len(answer) > 8 and answer[6:8] == b"\0\1":
        assert answer[-4] == 127


def test_named_hosts_get_addresses_of_their_own() -> None:
    found = reachable_addresses(["b.example", "A.example.", "a.example"])
    assert found == {"b.example": "127.0.1.1", "a.example": "127.0.1.2"}


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "127.0.0.1", "2852039166", "::1", "*.example", "a b.c", "s3.amazonaws.com"],
)
def test_what_is_no_host_of_somebody_else_cannot_be_opened(host: str) -> None:
    with pytest.raises(ConfinementUnavailable):
        reachable_addresses([host])
