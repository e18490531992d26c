"""What a stack leaves behind on purpose when it is deleted, or drops a resource.

Templates are looked at as text or JSON; YAML is not parsed but searched by indentation, which
is enough to find one attribute of one resource. What cannot be found counts as not retained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from executor.effects.causes import STACK
from executor.model.call import Trace
from executor.model.json import Json
from executor.model.resource import Resource, Snapshot

_KEPT = ("Retain", "RetainExceptOnCreate")
_POLICY = re.compile(r"""^\s+["']?DeletionPolicy["']?\s*:\s*["']?(\w+)""", re.MULTILINE)


class Retention:
    """The templates and parameters that say what a stack keeps."""

    def __init__(self, prior: Snapshot, observed: Snapshot, trace: Trace) -> None:
        """Args:
        prior: the state before, with the stacks' templates in their descriptions.
        observed: the state after.
        trace: the calls; they may bring another template, or name what to retain.
        """
        self._snapshots = (prior, observed)
        stacks = {t.call: t.handles for t in trace.touches if t.type == STACK}
        self._params = [(stacks[c.n], c.params) for c in trace.calls if c.n in stacks]

    def keeps(self, stack: Resource, resource: Resource) -> bool:
        """Whether the stack leaves the resource in place when it no longer owns it."""
        logical = {m.logical_id for m in stack.members if m.id in resource.handles}
        if not logical:
            return False
        named = (p for handles, p in self._params if not handles.isdisjoint(stack.handles))
        templates: list[Json] = []
        for params in named:
            retained = params.get("RetainResources")
            if isinstance(retained, list) and logical & {str(name) for name in retained}:
                return True
            templates.append(params.get("TemplateBody"))
        templates.extend(self._of_namesakes(stack))
        return any(policy in _KEPT for policy in _policies(templates, logical))

    def _of_namesakes(self, stack: Resource) -> Iterator[Json]:
        for snapshot in self._snapshots:
            for other in snapshot.of_type(STACK):
                if other.name == stack.name:
                    yield other.raw.get("Template")


def _policies(templates: Iterable[Json], logical_ids: Iterable[str]) -> Iterator[str]:
    wanted = tuple(logical_ids)
    for template in templates:
        for logical_id in wanted:
            yield _policy(template, logical_id)


def _policy(template: Json, logical_id: str) -> str:
    if isinstance(template, str):
        try:
            template = json.loads(template)
        except ValueError:
            return _policy_in_text(str(template), logical_id)
    resources = template.get("Resources") if isinstance(template, Mapping) else None
    resource = resources.get(logical_id) if isinstance(resources, Mapping) else None
    found = resource.get("DeletionPolicy") if isinstance(resource, Mapping) else None
    return found if isinstance(found, str) else ""


def _policy_in_text(template: str, logical_id: str) -> str:
    head = re.search(
        rf"""^(?P<indent>\s+)["']?{re.escape(logical_id)}["']?\s*:\s*$""", template, re.MULTILINE
    )
    if head is None:
        return ""
    indent = len(head["indent"].rpartition("\n")[2])
    body: list[str] = []
    for line in template[head.end() :].splitlines():
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        body.append(line)
    found = _POLICY.search("\n".join(body))
    return found.group(1) if found else ""
