"""What is kept beside a replica is read as it was, wherever the replica is seen by then."""

from __future__ import annotations

import pytest

from executor.model.resource import Gap, Resource, Scope
from executor.replica.memo import ADDRESS, Contents, Memo, at_addresses, written

ACCOUNT = "123456789012"
SQS, IAM = Scope("sqs", "us-east-1"), Scope("iam", "global")


def queue(host: str, name: str = "q") -> Resource:
    url = f"http://{host}/{ACCOUNT}/{name}"
    return Resource(
        type="AWS::SQS::Queue",
        address=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}",
        name=name,
        id=url,
        account=ACCOUNT,
        region="us-east-1",
        handles=frozenset({url}),
        raw={"QueueUrl": url, "Note": "two\nlines"},
    )


GAP = Gap(service="iam", type="AWS::IAM::Role", reason="no")
FIRST = written(
    {SQS: Contents(resources=(queue(ADDRESS),)), IAM: Contents(missing=(GAP,))},
    account=ACCOUNT,
    pairs=[("vpc-1", "vpc-9"), ("http://prod/q", "http://127.0.0.1:5000/q")],
    seeded_at=["127.0.0.1:5000"],
)


def test_what_was_written_is_read_at_the_address_of_now() -> None:
    memo = Memo(FIRST)
    assert memo.scopes == {SQS, IAM}
    assert memo.contents(SQS, "127.0.0.1:7000").resources == (queue("127.0.0.1:7000"),)
    assert memo.contents(IAM, "127.0.0.1:7000") == Contents(missing=(GAP,))
    with pytest.raises(KeyError):
        memo.contents(Scope("s3", "global"), "x")


def test_ids_with_the_engines_address_are_known_by_every_address_it_may_give_out() -> None:
    memo = Memo(FIRST)
    assert memo.seeded_at == ("127.0.0.1:5000",)
    assert list(at_addresses(memo.pairs, ["127.0.0.1:7000", *memo.seeded_at])) == [
        ("vpc-1", "vpc-9"),
        ("http://prod/q", "http://127.0.0.1:7000/q"),
        ("http://prod/q", "http://127.0.0.1:5000/q"),
    ]


def test_what_was_seeded_on_top_adds_to_what_was_there() -> None:
    more = written(
        {IAM: Contents()},
        account=ACCOUNT,
        pairs=[("role-1", "role-9")],
        seeded_at=["127.0.0.1:6000"],
        on=Memo(FIRST),
    )
    memo = Memo(more)
    assert memo.contents(SQS, "here").resources == (queue("here"),)
    assert memo.contents(IAM, "here") == Contents()
    assert memo.pairs[-1] == ("role-1", "role-9")
    assert memo.seeded_at == ("127.0.0.1:5000", "127.0.0.1:6000")


@pytest.mark.parametrize("data", [b"", b"[]", b'{"pairs": []}', FIRST.partition(b"\n")[0]])
def test_what_is_no_memo_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Memo(data)
