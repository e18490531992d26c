"""Two snapshots side by side: what differs, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.effects.comparing import compare
from executor.model.effect import Action
from executor.model.resource import DataMark, Gap, Member, Resource
from executor.model.saved import SavedScope
from tests.unit.snapshots.saved import ACCOUNT, QUEUE, REGION, resource, saved, scope


def _actions(before: SavedScope, after: SavedScope) -> list[tuple[str, str]]:
    found = compare(saved(before), saved(after))
    assert found.unknown == ()
    return [(d.action.value, d.name) for d in found.differences]


def test_what_came_went_and_changed_is_told_with_its_fields() -> None:
    before = scope(resource("a"), resource("b", properties={"Delay": 0, "Kms": {"Id": "x"}}))
    after = scope(resource("b", properties={"Delay": 5, "Kms": {"Id": "x"}}), resource("c"))
    found = compare(saved(before), saved(after))
    assert [(d.action.value, d.name) for d in found.differences] == [
        ("delete", "a"),
        ("update", "b"),
        ("create", "c"),
    ]
    (change,) = found.differences[1].changed
    assert (change.path, change.before, change.after) == ("Delay", 0, 5)
    assert not found.equal


def test_another_birth_is_another_resource() -> None:
    before = resource("a", birth={"created": "1"}, properties={"Delay": 0})
    after = resource("a", birth={"created": "2"}, properties={"Delay": 0})
    assert _actions(scope(before), scope(after)) == [("replace", "a")]


def test_the_same_name_at_another_address_was_re_created() -> None:
    before, after = resource("a", address="vpc-1"), resource("a", address="vpc-2")
    found = compare(saved(scope(before)), saved(scope(after)))
    (difference,) = found.differences
    assert (difference.action, difference.address) == (Action.REPLACE, "vpc-1")
    assert difference.replaced_by == "vpc-2"


def test_tags_members_and_a_scheduled_end_count() -> None:
    plain = resource("a")
    for other in (
        resource("a", tags={"team": "web"}),
        resource("a", members=(Member(logical_id="Q", type=QUEUE, id="q"),)),
        replace(plain, deferred_delete=True),
    ):
        assert _actions(scope(plain), scope(other)) == [("update", "a")]


def test_what_it_holds_is_compared_by_key_and_a_queues_depth_is_not() -> None:
    def holding(unit: str, count: int, **entries: str) -> SavedScope:
        return scope(resource("a", data=DataMark(unit=unit, count=count, entries=entries)))

    found = compare(
        saved(holding("object", 3, a="1", b="1", c="1")), saved(holding("object", 2, a="1", b="2"))
    )
    assert found.differences[0].data == ("objects gone: c", "objects changed: b")
    counted = compare(saved(holding("item", 3)), saved(holding("item", 4)))
    assert counted.differences[0].data == ("items: 3, then 4",)
    assert _actions(holding("message", 3), holding("message", 4)) == []


@pytest.mark.parametrize(
    "uncovered",
    [
        scope(gaps=(Gap(service="sqs", type=QUEUE, reason="AccessDenied"),)),
        scope(gaps=(Gap(service="sqs", type="*", reason="AccessDenied"),)),
        scope(gaps=(Gap(service="sqs", type=QUEUE, reason="x", address=resource("a").address),)),
        scope(types=()),
    ],
    ids=["type", "service", "address", "left out"],
)
def test_what_one_side_could_not_see_is_unknown_and_not_gone(uncovered: SavedScope) -> None:
    whole = scope(resource("a"))
    for first, second in ((whole, uncovered), (uncovered, whole)):
        found = compare(saved(first), saved(second))
        assert found.differences == ()
        assert len(found.unknown) == 1
        assert not found.equal


def test_what_neither_side_could_read_is_no_difference() -> None:
    one, other = (
        scope(resource("a"), gaps=(Gap(service="sqs", type="AWS::SQS::Other", reason=reason),))
        for reason in ("AccessDenied: request 1", "AccessDenied: request 2")
    )
    assert compare(saved(one), saved(other)).equal


def test_a_scope_of_one_side_only_is_unknown() -> None:
    found = compare(saved(scope(resource("a"))), saved())
    assert found.differences == ()
    assert found.unknown == (f"sqs in {REGION} of {ACCOUNT} is not in the second snapshot",)


_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_NAMES = st.sampled_from(["a", "b", "c", "d"])
_RESOURCES = st.builds(
    resource,
    _NAMES,
    properties=st.dictionaries(st.sampled_from("xy"), st.integers(0, 2), max_size=2),
    tags=st.dictionaries(st.sampled_from("t"), st.sampled_from("12"), max_size=1),
    birth=st.fixed_dictionaries({"created": st.integers(0, 1)}),
)
_SCOPES = st.lists(_RESOURCES, max_size=4, unique_by=lambda r: r.address).map(
    lambda found: scope(*found)
)


@_PATIENT
@given(_SCOPES)
def test_a_snapshot_does_not_differ_from_itself(one: SavedScope) -> None:
    assert compare(saved(one), saved(one)).equal


@_PATIENT
@given(_SCOPES, _SCOPES)
def test_the_way_back_is_the_way_there_turned_round(one: SavedScope, other: SavedScope) -> None:
    turned = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}
    there = compare(saved(one), saved(other)).differences
    back = compare(saved(other), saved(one)).differences
    assert sorted((turned.get(d.action, d.action), d.name) for d in there) == sorted(
        (d.action, d.name) for d in back
    )


@_PATIENT
@given(_SCOPES, _SCOPES)
def test_every_address_that_differs_is_told_and_no_other(
    one: SavedScope, other: SavedScope
) -> None:
    def states(found: SavedScope) -> dict[str, Resource]:
        return {r.address: r for r in found.resources}

    before, after = states(one), states(other)
    different = {a for a in before | after if before.get(a) != after.get(a)}
    assert {d.address for d in compare(saved(one), saved(other)).differences} == different
