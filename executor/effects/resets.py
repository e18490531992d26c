"""Settings that AWS resets because a call leaves them out, and that an engine keeps.

Some calls set a resource as a whole: what they do not name goes back to its default. An engine
that merges instead shows a state that AWS would not be left with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from executor.model.call import Touch, Verb
from executor.model.json import Json
from executor.model.resource import Resource


def as_left(after: Resource, touches: Iterable[Touch]) -> Resource:
    """Return the resource as AWS would leave it.

    Args:
        after: the resource as the engine left it.
        touches: what was done to it, in order.
    """
    reset: dict[str, Json] = {}
    for touch in touches:
        if not touch.succeeded:
            continue
        if touch.verb is Verb.CREATE:
            reset.clear()
        reset = {name: value for name, value in reset.items() if name not in touch.sets}
        reset.update(touch.resets)
    if all(after.properties.get(name) == value for name, value in reset.items()):
        return after
    return replace(after, properties={**after.properties, **reset})
