"""What a target may be asked: listed looks, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from executor.aws import CallFailed, ReadApi
from executor.catalog.catalog import Catalog
from executor.model.json import JsonObject


class RecordingApi:
    """Answers everything with nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> JsonObject:
        self.asked.append((service, operation))
        return {}

    def raw_call(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> dict[str, object]:
        self.asked.append((service, operation))
        return {}

    def pages(
        self, service: str, operation: str, params: Mapping[str, object], *, region: str = ""
    ) -> Iterator[JsonObject]:
        self.asked.append((service, operation))
        return iter(({},))


@pytest.mark.parametrize(
    "asked",
    [
        # Changes.
        ("sqs", "DeleteQueue"),
        ("s3", "PutObject"),
        # Looks that no declaration takes, some of which tell secrets.
        ("secretsmanager", "GetSecretValue"),
        ("s3", "GetObject"),
        ("sqs", "ReceiveMessage"),
        ("nothing", "DescribeThings"),
    ],
)
def test_what_is_not_listed_never_leaves(asked: tuple[str, str]) -> None:
    inner = RecordingApi()
    api = ReadApi(inner, Catalog().reads)
    with pytest.raises(CallFailed, match="ReadOnly"):
        api.call(*asked, {})
    with pytest.raises(CallFailed, match="ReadOnly"):
        api.pages(*asked, {})
    assert inner.asked == []


def test_a_change_on_the_list_never_leaves_either() -> None:
    inner = RecordingApi()
    api = ReadApi(inner, lambda service, operation: True)
    with pytest.raises(CallFailed, match="ReadOnly"):
        api.call("sqs", "DeleteQueue", {})
    assert inner.asked == []


@pytest.mark.parametrize(
    "asked", [("sqs", "ListQueues"), ("dynamodb", "Scan"), ("s3", "ListObjectVersions")]
)
def test_what_a_declaration_reads_is_asked(asked: tuple[str, str]) -> None:
    inner = RecordingApi()
    api = ReadApi(inner, Catalog().reads)
    api.call(*asked, {})
    assert [*api.pages(*asked, {})] == [{}]
    assert inner.asked == [asked, asked]
