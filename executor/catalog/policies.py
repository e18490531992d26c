"""Policy documents: one spelling, who is let in, what is granted.

Documents differ in spelling (a text or a list, encoded or not, in any order) and mean the
same. Conditions are understood only as far as they narrow `*` to accounts or sources; a
condition that is not understood narrows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import cast
from urllib.parse import unquote

from executor.model.json import Json, JsonObject, canonical

_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")
_OWN_ACCOUNT_KEYS = frozenset(
    {"aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "kms:calleraccount"}
)
_NARROWING_KEYS = _OWN_ACCOUNT_KEYS | {
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:resourceorgid",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "lambda:functionurlauthtype",
}
# Who may do one of these to any principal may give himself everything.
_ESCALATING = (
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
)
_ADMIN_POLICIES = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")


def policy(value: Json) -> JsonObject | None:
    """Return a policy document in its one spelling; None when there is none.

    Args:
        value: an object, or a text of one, URL-encoded or not.
    """
    found = parsed(value)
    if not isinstance(found, Mapping):
        return None
    statements = sorted((_statement(s) for s in _listed(found.get("Statement"))), key=canonical)
    return {**{k: v for k, v in found.items() if k != "Statement"}, "Statement": statements}


def outsiders(document: Json, account: str) -> list[str]:
    """Return who outside of `account` a resource or trust policy lets in, sorted.

    `*` is everybody; `* if aws:SourceArn` everybody under that condition. AWS services are
    not outsiders: they act for somebody else who needs permission too.
    """
    found: set[str] = set()
    for statement in _allowing(document):
        condition = _narrowing(statement, account)
        if condition == _OWN:
            continue
        for kind, principal in _principals(statement):
            if kind == "Service" or (kind == "AWS" and _account_of(principal) == account):
                continue
            found.add(f"{principal} if {condition}" if condition else principal)
    return sorted(found)


def admin_grants(document: Json) -> list[str]:
    """Return the statements' actions that amount to administration of everything, sorted."""
    found: set[str] = set()
    for statement in _allowing(document):
        if "*" not in _texts(statement.get("Resource")) and "NotResource" not in statement:
            continue
        found.update(a for a in _texts(statement.get("Action")) if _escalates(a))
        if "NotAction" in statement:
            found.add("NotAction")
    return sorted(found)


def opened(before: Json, after: Json) -> bool:
    """Somebody is let in (a list of `outsiders`) who was not."""
    return any(outsider not in _texts(before) for outsider in _texts(after))


def admin_granted(before: Json, after: Json) -> bool:
    """A policy, or a mapping of policies by name, grants administration that none did."""
    known = {grant for document in _documents(before) for grant in admin_grants(document)}
    return any(g not in known for document in _documents(after) for g in admin_grants(document))


def admin_attached(before: Json, after: Json) -> bool:
    """A list of managed policies has an administrator's policy of AWS that it had not."""
    return any(
        arn not in _texts(before) and ":aws:policy/" in arn and arn.endswith(_ADMIN_POLICIES)
        for arn in _texts(after)
    )


def narrowed(before: Json, after: Json) -> bool:
    """Something that a policy, or a mapping of policies, allowed is not allowed any more."""
    old = [g for document in _documents(before) for g in _grants(document)]
    new = [g for document in _documents(after) for g in _grants(document)]
    denied = [canonical(s) for document in _documents(before) for s in _denying(document)]
    return any(not any(_covers(n, o) for n in new) for o in old) or any(
        canonical(s) not in denied for document in _documents(after) for s in _denying(document)
    )


def denial_lost(before: Json, after: Json) -> bool:
    """Something that a policy denied is not denied any more."""
    kept = [canonical(statement) for statement in _denying(after)]
    return any(canonical(statement) not in kept for statement in _denying(before))


_OWN = "own account"
_Grant = tuple[str, str, str, str]


def parsed(value: Json) -> Json:
    """Return a document from its text, URL-encoded or not; None for what is none."""
    if not isinstance(value, str):
        return value
    text = unquote(value) if value.lstrip().startswith("%") else value
    try:
        return cast(Json, json.loads(text))
    except ValueError:
        return None


def _statement(value: Json) -> JsonObject:
    statement = dict(value) if isinstance(value, Mapping) else {}
    for key in _LISTS:
        if key in statement:
            statement[key] = sorted(_texts(statement[key]))
    for key in _PRINCIPALS:
        if key in statement:
            statement[key] = _principal(statement[key])
    if "Condition" in statement:
        statement["Condition"] = _condition(statement["Condition"])
    return statement


def _principal(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {kind: sorted(map(_root, _texts(names))) for kind, names in value.items()}
    return {"AWS": sorted(_texts(value))}


def _root(principal: str) -> str:
    # AWS itself writes a bare account id as the account's root.
    whole_account = principal.isdigit() and len(principal) == 12
    return f"arn:aws:iam::{principal}:root" if whole_account else principal


def _condition(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    return {
        operator: {key: sorted(_texts(values)) for key, values in tests.items()}
        for operator, tests in value.items()
        if isinstance(tests, Mapping)
    }


def _allowing(document: Json) -> Iterator[JsonObject]:
    return _with_effect(document, "Allow")


def _denying(document: Json) -> Iterator[JsonObject]:
    return _with_effect(document, "Deny")


def _with_effect(document: Json, effect: str) -> Iterator[JsonObject]:
    for statement in _listed((policy(document) or {}).get("Statement")):
        if isinstance(statement, Mapping) and statement.get("Effect") == effect:
            yield statement


def _principals(statement: JsonObject) -> Iterator[tuple[str, str]]:
    if "NotPrincipal" in statement:
        yield "AWS", "*"
    named = statement.get("Principal")
    for kind, names in named.items() if isinstance(named, Mapping) else ():
        for name in _texts(names):
            yield kind, name


def _account_of(principal: str) -> str:
    parts = principal.split(":")
    return parts[4] if len(parts) > 4 else ""


def _narrowing(statement: JsonObject, account: str) -> str:
    condition = statement.get("Condition")
    keys: list[str] = []
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        positive = "Not" not in operator and "IfExists" not in operator
        for key, values in tests.items() if positive and isinstance(tests, Mapping) else ():
            if key.lower() in _OWN_ACCOUNT_KEYS and _texts(values) == [account]:
                return _OWN
            if key.lower() in _NARROWING_KEYS and "*" not in _texts(values):
                keys.append(key)
    return ", ".join(sorted(keys))


def _escalates(pattern: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for action in _ESCALATING)


def _documents(value: Json) -> list[Json]:
    if isinstance(value, Mapping) and "Statement" not in value:
        return list(value.values())
    return [value]


def _grants(document: Json) -> Iterator[_Grant]:
    for statement in _allowing(document):
        condition = canonical(found).decode() if (found := statement.get("Condition")) else ""
        actions = _texts(statement.get("Action")) or [
            canonical(statement.get("NotAction")).decode()
        ]
        # Everybody (`AWS *`) is not every service.
        who = [f"{kind} {name}" for kind, name in _principals(statement)] or [""]
        for principal in who:
            for action in actions:
                for resource in _texts(statement.get("Resource")) or [""]:
                    yield principal, action, resource, condition


def _covers(wide: _Grant, narrow: _Grant) -> bool:
    *wide_names, wide_condition = wide
    *narrow_names, narrow_condition = narrow
    return wide_condition in (narrow_condition, "") and all(
        fnmatchcase(name.lower(), pattern.lower())
        for name, pattern in zip(narrow_names, wide_names, strict=True)
    )


def _listed(value: Json) -> Sequence[Json]:
    if isinstance(value, list):
        return value
    return () if value is None else (value,)


def _texts(value: Json) -> list[str]:
    return [str(item) for item in _listed(value)]
