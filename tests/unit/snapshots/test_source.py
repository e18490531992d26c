"""A snapshot file in the target's place: what it does not hold is unknown, never absent."""

from __future__ import annotations

from dataclasses import replace

from executor.catalog.catalog import Catalog
from executor.catalog.reading import reading_of
from executor.model.resource import GLOBAL, Gap, Scope
from executor.model.saved import SavedScope
from executor.snapshots import SavedSource
from tests.unit.snapshots.saved import ACCOUNT, QUEUE, REGION, resource, saved, scope

CATALOG = Catalog()


def _read_now(found: SavedScope) -> SavedScope:
    """The scope as today's declarations would have read it."""
    service = CATALOG.service(found.service)
    assert service is not None
    return replace(found, types={k.type: reading_of(k) for k in service.types})


def _source(*scopes: SavedScope) -> SavedSource:
    return SavedSource(CATALOG, saved(*scopes), account=ACCOUNT, region=REGION)


def test_what_the_file_holds_is_answered_without_gaps() -> None:
    found = _source(_read_now(scope(resource("a"), resource("b")))).read([Scope("sqs", REGION)])
    assert sorted(r.name for r in found.resources.values()) == ["a", "b"]
    assert (found.account, found.region) == (ACCOUNT, REGION)
    assert found.services == {"sqs"}
    assert found.gaps == ()


def test_a_service_a_region_and_an_account_that_were_not_read_are_gaps() -> None:
    source = _source(_read_now(scope(resource("a"))), scope(account="210987654321", region="x"))
    for wanted in (Scope("s3", GLOBAL), Scope("sqs", "us-west-2"), Scope("sqs", "x")):
        found = source.read([wanted])
        assert found.resources == {}
        service = CATALOG.service(wanted.service)
        assert service is not None
        assert {g.type for g in found.gaps} == {"*", *(k.type for k in service.types)}
        assert all("does not cover" in g.reason for g in found.gaps)


def test_a_service_without_types_leaves_no_gap() -> None:
    assert _source().read([Scope("sts", REGION)]).gaps == ()


def test_a_type_that_was_left_out_is_a_gap() -> None:
    whole = _read_now(scope(service="sns", types=()))
    topics = {"AWS::SNS::Topic": whole.types["AWS::SNS::Topic"]}
    found = _source(replace(whole, types=topics)).read([Scope("sns", REGION)])
    assert [g.type for g in found.gaps] == sorted(whole.types.keys() - topics.keys())
    assert all("leaves it out" in g.reason for g in found.gaps)


def test_a_type_that_is_read_otherwise_now_is_a_gap_and_is_rebuilt_all_the_same() -> None:
    older = scope(resource("a"), types=(QUEUE,))
    found = _source(older).read([Scope("sqs", REGION)])
    assert [(g.type, g.address) for g in found.gaps] == [(QUEUE, "")]
    assert "take it again" in found.gaps[0].reason
    assert [r.name for r in found.resources.values()] == ["a"]


def test_a_type_that_only_a_newer_executor_knows_is_a_gap_and_not_rebuilt() -> None:
    newer = _read_now(scope(resource("a"), resource("new", type_name="AWS::SQS::Newer")))
    newer = replace(newer, types={**newer.types, "AWS::SQS::Newer": "1"})
    found = _source(newer).read([Scope("sqs", REGION)])
    assert [g.type for g in found.gaps] == ["AWS::SQS::Newer"]
    assert [r.name for r in found.resources.values()] == ["a"]


def test_what_could_not_be_read_then_is_a_gap_now() -> None:
    gap = Gap(service="sqs", type=QUEUE, reason="ListQueues: AccessDenied: no")
    found = _source(_read_now(scope(gaps=(gap,)))).read([Scope("sqs", REGION)])
    assert found.gaps == (gap,)


def test_every_type_has_a_reading_and_two_types_never_share_one() -> None:
    services = [s for s in map(CATALOG.service, CATALOG.services) if s is not None]
    readings = [reading_of(kind) for service in services for kind in service.types]
    assert len(set(readings)) == len(readings)


def test_a_reading_moves_with_what_is_asked() -> None:
    kind = CATALOG.type(QUEUE)
    assert kind is not None
    less = replace(kind, details=kind.details[1:])
    other = replace(kind, listing=replace(kind.listing, params={"QueueNamePrefix": "x"}))
    assert len({reading_of(k) for k in (kind, less, other)}) == 3
