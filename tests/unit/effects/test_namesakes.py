"""One name in two regions, or in two accounts, is two resources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from executor.effects import Differ
from executor.model.call import Touch, Trace, Verb
from executor.model.effect import Action, Hazard
from executor.model.resource import DataMark, Resource
from tests.unit.effects.world import ACCOUNT, QUEUE, InMemorySemantics, resource, snapshot, trace

OTHER = "222222222222"
diff = Differ(InMemorySemantics()).diff
PLACES = [(ACCOUNT, "eu-west-1"), (OTHER, "us-east-1")]


def elsewhere(original: Resource, account: str, region: str) -> Resource:
    address = f"{original.type}/{account}/{region}/{original.id}"
    handles = original.handles - {original.address} | {address}
    return replace(original, account=account, region=region, address=address, handles=handles)


def at(made: Trace, *places: tuple[str, str]) -> Trace:
    """Return a trace whose calls were made in the places, one after the other."""
    pairs = zip(made.touches, places, strict=True)
    touches = [replace(t, account=account, region=region) for t, (account, region) in pairs]
    return replace(made, touches=tuple(touches))


HERE = (ACCOUNT, "us-east-1")


@pytest.mark.parametrize("place", PLACES)
def test_a_deletion_is_no_claim_about_a_namesake(place: tuple[str, str]) -> None:
    ours = resource("orders")
    theirs = elsewhere(ours, *place)
    done = at(trace((Verb.DELETE, "orders")), HERE)
    found = diff(snapshot(ours, theirs), snapshot(theirs), done)
    assert [(e.action, e.address) for e in found.effects] == [(Action.DELETE, ours.address)]
    assert found.disagreements == ()


@pytest.mark.parametrize("place", PLACES)
def test_a_namesake_made_elsewhere_replaces_nothing(place: tuple[str, str]) -> None:
    ours = resource("orders")
    theirs = elsewhere(ours, *place)
    done = at(trace((Verb.DELETE, "orders"), (Verb.CREATE, "orders")), HERE, place)
    found = diff(snapshot(ours), snapshot(theirs), done)
    assert {e.action for e in found.effects} in (
        {Action.DELETE, Action.CREATE},
        {Action.REPLACE},
    )
    assert Action.UPDATE not in {e.action for e in found.effects}


@pytest.mark.parametrize("place", PLACES)
def test_a_purge_elsewhere_loses_nothing_here_and_everything_there(place: tuple[str, str]) -> None:
    data = DataMark(unit="message", count=3)
    ours = resource("orders", data=data)
    theirs = elsewhere(ours, *place)
    state = snapshot(ours, theirs)
    (effect,) = diff(state, state, at(trace((Verb.ERASE, "orders")), place)).effects
    assert effect.address == theirs.address
    assert effect.hazards == {Hazard.DATA_LOSS}


def test_an_arn_means_its_resource_wherever_the_call_was_made() -> None:
    arn = "arn:aws:sqs:eu-west-1:222222222222:orders"
    theirs = replace(
        elsewhere(resource("orders", data=DataMark(unit="message", count=3)), OTHER, "eu-west-1"),
        handles=frozenset({arn, "orders"}),
    )
    touch = Touch(
        call=1,
        type=QUEUE,
        verb=Verb.ERASE,
        handles=frozenset({arn}),
        account=ACCOUNT,
        region="us-east-1",
    )
    done = replace(trace((Verb.ERASE, "orders")), touches=(touch,))
    (effect,) = diff(snapshot(theirs), snapshot(theirs), done).effects
    assert effect.hazards == {Hazard.DATA_LOSS}


def test_what_is_made_and_removed_elsewhere_is_transient_beside_a_namesake() -> None:
    ours = resource("orders")
    place = (ACCOUNT, "eu-west-1")
    done = at(trace((Verb.CREATE, "orders"), (Verb.DELETE, "orders")), place, place)
    found = diff(snapshot(ours), snapshot(ours), done)
    assert found.effects == ()
    assert [t.name for t in found.transient] == ["orders"]
