"""What a call leaves out and AWS resets counts as reset, though the engine kept it."""

from __future__ import annotations

from executor.effects import Differ
from executor.model.call import Call, Touch, Trace, Verb
from executor.model.effect import Effect, Effects, Hazard
from tests.unit.effects.world import QUEUE, InMemorySemantics, resource, snapshot

GUARDED = resource("a", properties={"guard": "on", "size": "1"})
LARGER = resource("a", properties={"guard": "on", "size": "2"})
SEMANTICS = InMemorySemantics(marks={"guard": Hazard.PROTECTION_LOSS})


def _touch(n: int, *, leaves_out: bool, succeeded: bool = True, verb: Verb = Verb.UPDATE) -> Touch:
    return Touch(
        call=n,
        type=QUEUE,
        verb=verb,
        handles=frozenset({"a"}),
        succeeded=succeeded,
        resets=(("guard", None),) if leaves_out else (),
        sets=() if leaves_out else ("guard",),
    )


def _trace(*touches: Touch) -> Trace:
    calls = tuple(
        Call(n=t.call, service="sqs", operation="Set", region="us-east-1", status=200)
        for t in touches
    )
    return Trace(calls=calls, touches=touches)


def _diff(*touches: Touch) -> Effects:
    return Differ(SEMANTICS).diff(snapshot(GUARDED), snapshot(LARGER), _trace(*touches))


def _only(effects: Effects) -> Effect:
    (effect,) = effects.effects
    return effect


def test_what_a_call_leaves_out_is_reset() -> None:
    effect = _only(_diff(_touch(1, leaves_out=True)))
    assert effect.hazards == {Hazard.PROTECTION_LOSS}
    assert {(c.path, c.before, c.after) for c in effect.changed} == {
        ("guard", "on", None),
        ("size", "1", "2"),
    }


def test_what_a_call_brings_stays() -> None:
    effect = _only(_diff(_touch(1, leaves_out=False)))
    assert effect.hazards == frozenset()
    assert [c.path for c in effect.changed] == ["size"]


def test_the_last_call_decides() -> None:
    mended = _only(_diff(_touch(1, leaves_out=True), _touch(2, leaves_out=False)))
    assert mended.hazards == frozenset()
    undone = _only(_diff(_touch(1, leaves_out=False), _touch(2, leaves_out=True)))
    assert undone.hazards == {Hazard.PROTECTION_LOSS}


def test_a_call_that_failed_resets_nothing() -> None:
    effects = _diff(_touch(1, leaves_out=True, succeeded=False), _touch(2, leaves_out=False))
    assert _only(effects).hazards == frozenset()


def test_an_engine_that_kept_everything_does_not_hide_the_reset() -> None:
    same = Differ(SEMANTICS).diff(
        snapshot(GUARDED), snapshot(GUARDED), _trace(_touch(1, leaves_out=True))
    )
    assert _only(same).hazards == {Hazard.PROTECTION_LOSS}
