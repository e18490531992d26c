"""Which looks a replica cannot answer: at what the catalog does not read.

A replica never holds what was not read from the target, so such a look finds nothing, and a
change that removes all that it finds would seem to do nothing. What AWS gives everybody alike
(zones, instance types, prices) is answered as well by a replica: it is told from what an account
holds by whether the service has an operation that ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from executor.aws_models import shared_loader

_LOOK = re.compile(
    r"(?:(?P<one>BatchGet|Get|Head)|Describe|List|Search)(?P<noun>[A-Z]\w*)$",
)
_MAKES = ("Create", "Import", "Register", "Start", "Upload")
_ENDS = ("Delete", "Deregister", "Release", "Remove", "Terminate", "Cancel", "Unsubscribe")
# They hold nothing of an account that a change could be about.
_OF_NOBODY = frozenset({"ce", "health", "pricing", "sts"})


def of_nobody(service: str) -> bool:
    """Whether what a service tells is no account's own."""
    return service in _OF_NOBODY


def endings(service: str, operation: str, *, parts: bool) -> frozenset[str]:
    """Return the operations that end what an operation looks at; none for what nobody owns.

    Args:
        service: botocore service name.
        operation: an operation that reads.
        parts: also for what has no life of its own: it is put and never made (the policy of a
            log group).
    """
    found = _LOOK.match(operation)
    if found is None:
        return frozenset()
    known = _operations(service)
    if not parts and found["one"] and known.isdisjoint(_words(_MAKES, found["noun"])):
        return frozenset()
    return known.intersection(_words(_ENDS, found["noun"]))


def _words(verbs: Iterable[str], noun: str) -> Iterator[str]:
    for verb in verbs:
        yield verb + noun
        yield verb + _singular(noun)


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    if noun.endswith(("sses", "xes", "ches", "shes")):
        return noun[:-2]
    return noun.removesuffix("s")


@cache
def _operations(service: str) -> frozenset[str]:
    model = shared_loader().load_service_model(service, "service-2")
    return frozenset(model["operations"])
