"""AWS Lambda: what calls name, and whose a permission is.

A function is named plainly, by a part of its ARN or by all of it, with or without a version or
an alias behind. Some engines keep the permissions of function and aliases in one policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from executor.catalog.declarations import Operation, on
from executor.catalog.policies import policy
from executor.catalog.raw import objects, text
from executor.model.call import Verb
from executor.model.json import Json, JsonObject

Params: TypeAlias = Iterator[Mapping[str, object]]

_ARN = re.compile(
    r"^(?:arn:[^:]+:lambda:[^:]+:\d{12}:function:|\d{12}:function:|function:)?"
    r"([^:]+)(?::([^:]+))?$"
)
_CONDITIONS = {
    "aws:sourcearn": "SourceArn",
    "aws:sourceaccount": "SourceAccount",
    "aws:principalorgid": "PrincipalOrgID",
    "lambda:functionurlauthtype": "FunctionUrlAuthType",
    "lambda:eventsourcetoken": "EventSourceToken",
}


def split(given: str) -> tuple[str, str]:
    """Return plain name and qualifier of a function, whatever form it is named in."""
    found = _ARN.match(given)
    return (found.group(1), found.group(2) or "") if found else ("", "")


def is_alias(qualifier: str) -> bool:
    """Whether a qualifier is an alias and no version."""
    return bool(qualifier) and qualifier != "$LATEST" and not qualifier.isdigit()


def function_of(params: JsonObject, response: JsonObject) -> list[str]:
    """Return the plain name of the function that a call names."""
    name, _ = split(text(params, "FunctionName") or text(params, "Resource"))
    return [name] if name else []


def qualifier_of(params: JsonObject) -> str:
    """Return the version or alias that a call names; empty for none."""
    return text(params, "Qualifier") or split(text(params, "FunctionName"))[1]


def alias_by_qualifier(params: JsonObject, response: JsonObject) -> list[str]:
    """Return `FUNCTION:ALIAS` of a call that names an alias as its qualifier."""
    qualifier = qualifier_of(params)
    if not is_alias(qualifier):
        return []
    return [f"{name}:{qualifier}" for name in function_of(params, response)]


def by_alias(*operations: str, part: str = "") -> tuple[Operation, ...]:
    """Return what operations mean for the alias that they may name."""
    return on(Verb.UPDATE, alias_by_qualifier, *operations, part=part)


def statements(document: Json, alias: str) -> JsonObject | None:
    """Return the permissions for one alias, or with an empty name those for no alias."""
    found = policy(document)
    ours = [s for s in objects(found or {}, "Statement") if _alias_in(s) == alias]
    return {**found, "Statement": ours} if found and ours else None


def _alias_in(statement: JsonObject) -> str:
    for resource in _each(statement.get("Resource")):
        qualifier = split(str(resource))[1]
        if is_alias(qualifier):
            return qualifier
    return ""


def permissions(document: Json, name: str, alias: str = "") -> Params:
    """Yield parameters that permit what the statements for an alias, or for none, do."""
    qualifier = {"Qualifier": alias} if alias else {}
    for statement in objects(statements(document, alias) or {}, "Statement"):
        yield {"FunctionName": name, **qualifier, **_permission(statement)}


def _permission(statement: JsonObject) -> dict[str, object]:
    named = statement.get("Principal")
    kinds = named.values() if isinstance(named, Mapping) else ()
    principals = [str(p) for kind in kinds for p in _each(kind)]
    params: dict[str, object] = {
        "StatementId": statement.get("Sid") or "seeded",
        "Action": next(iter(_each(statement.get("Action"))), "lambda:InvokeFunction"),
        "Principal": principals[0] if principals else "*",
    }
    condition = statement.get("Condition")
    for tests in condition.values() if isinstance(condition, Mapping) else ():
        for key, values in tests.items() if isinstance(tests, Mapping) else ():
            parameter = _CONDITIONS.get(key.lower())
            if parameter:
                params[parameter] = next(iter(_each(values)), "")
    return params


def _each(value: Json) -> list[Json]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
