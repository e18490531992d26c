"""Whether what is there after is what was there before, or was deleted and made again.

Birth marks tell whole seconds at best, and some types (topics, functions) have none, so the
calls speak too: whatever ended it, the resource itself or its stack, before whatever made it.

Known limit: of a type without birth marks, a member that one stack update drops and the next
one brings back under the same name looks as if it had stayed.
"""

from __future__ import annotations

from collections.abc import Iterator

from executor.effects.causes import Causes
from executor.effects.retention import Retention
from executor.model.call import Verb
from executor.model.resource import Resource

_ALTERS = frozenset({Verb.UPDATE, Verb.OPERATE})


def born_again(before: Resource, after: Resource, causes: Causes, retention: Retention) -> bool:
    """Whether the two are different incarnations under one address.

    Args:
        before: the resource before.
        after: what is at its address after.
        causes: the calls.
        retention: what stacks leave behind on purpose.
    """
    if birth_moved(before, after):
        return True
    ended = list(_endings(before, after, causes, retention))
    made = list(_makings(before, after, causes))
    return bool(ended and made and min(ended) < max(made))


def birth_moved(before: Resource, after: Resource) -> bool:
    """Whether a birth mark that both have says that they are two."""
    return any(
        value is not None and after.birth.get(mark) is not None and after.birth[mark] != value
        for mark, value in before.birth.items()
    )


def _endings(
    before: Resource, after: Resource, causes: Causes, retention: Retention
) -> Iterator[int]:
    yield from _whole(causes, Verb.DELETE, before, after)
    left = {stack.name for stack in causes.owners_after.of(after)}
    for stack in causes.owners_before.of(before):
        if retention.keeps(stack, before):
            continue
        for touch in causes.direct(stack):
            dropped = touch.verb in _ALTERS and stack.name not in left
            if touch.succeeded and (touch.verb is Verb.DELETE or dropped):
                yield touch.call


def _makings(before: Resource, after: Resource, causes: Causes) -> Iterator[int]:
    yield from _whole(causes, Verb.CREATE, before, after)
    had = {stack.name for stack in causes.owners_before.of(before)}
    for stack in causes.owners_after.of(after):
        for touch in causes.direct(stack):
            taken_in = touch.verb in _ALTERS and stack.name not in had
            if touch.succeeded and (touch.verb is Verb.CREATE or taken_in):
                yield touch.call


def _whole(causes: Causes, verb: Verb, *resources: Resource) -> Iterator[int]:
    for touch in causes.direct(*resources):
        if touch.verb is verb and touch.succeeded and not touch.part:
            yield touch.call
