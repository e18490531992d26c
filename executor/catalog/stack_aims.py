"""CloudFormation: what a call may reach, told by the template that it brings.

A stack may hold anything, but a template says what it holds. So a change that makes one queue
by a stack needs the queues of the target, and not all of its services. Read loosely, and on the
safe side: every type that is mentioned anywhere counts, and a template that hides what it makes
(a macro, a nested stack, a file elsewhere) counts as everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from executor.catalog.raw import objects, text
from executor.model.json import JsonObject
from executor.model.verbs import is_mutating

_TYPE: Final = re.compile(r"\bAWS::[A-Za-z0-9]+::[A-Za-z0-9]+")
_HIDING: Final = re.compile(
    r"AWS::CloudFormation::(?:Stack|CustomResource|Macro|Module\w*)\b|\bCustom::|::MODULE\b"
    r"|\bTransform\b|Fn::Transform|\bAlexa::"
)
_ARN: Final = re.compile(r"\barn:(?:aws[a-z-]*|\$\{AWS::Partition\}):([a-z0-9-]+):")
_DYNAMIC: Final = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):")
# Where the service's name in an ARN is not botocore's.
_NAMESPACES: Final[Mapping[str, str]] = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "es": "opensearch",
    "ssm-secure": "ssm",
    "states": "stepfunctions",
}
_BRINGS_A_TEMPLATE: Final = ("CreateChangeSet", "CreateStack", "UpdateStack")
# What they act on is owned by a stack that is there, and rebuilt with its members.
_ON_WHAT_IS_THERE: Final = frozenset(
    {
        "CancelUpdateStack",
        "ContinueUpdateRollback",
        "DeleteChangeSet",
        "DeleteStack",
        "DetectStackDrift",
        "DetectStackResourceDrift",
        "EstimateTemplateCost",
        "RollbackStack",
        "SetStackPolicy",
        "SignalResource",
        "UpdateTerminationProtection",
        "ValidateTemplate",
    }
)


def aims(operation: str, params: JsonObject, announced: set[str]) -> Iterable[str] | None:
    """Return types and services that a call may reach; None where that cannot be told.

    Args:
        operation: of CloudFormation.
        params: its parameters.
        announced: change sets that this run has made; one more is added to it.
    """
    if operation in _BRINGS_A_TEMPLATE:
        if operation == "CreateChangeSet":
            announced.add(text(params, "ChangeSetName"))
        return _of_template(params)
    if operation == "ExecuteChangeSet":
        # What this run has made it has shown the template of.
        name = text(params, "ChangeSetName")
        return () if (name.split("/")[1:2] or [name])[0] in announced else None
    if operation in _ON_WHAT_IS_THERE or not is_mutating("cloudformation", operation):
        return ()
    return None


def _of_template(params: JsonObject) -> Iterable[str] | None:
    if params.get("UsePreviousTemplate"):
        return set(_mentioned(_values(params)))
    body = text(params, "TemplateBody")
    if not body or _HIDING.search(body) or params.get("ResourcesToImport"):
        return None
    return set(_mentioned(f"{body}\n{_values(params)}"))


def _values(params: JsonObject) -> str:
    return "\n".join(text(item, "ParameterValue") for item in objects(params, "Parameters"))


def _mentioned(words: str) -> Iterator[str]:
    yield from _TYPE.findall(words)
    for name in (*_ARN.findall(words), *_DYNAMIC.findall(words)):
        yield _NAMESPACES.get(name, name)
