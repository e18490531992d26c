"""Reading a stored report back, and checking that it is the one that was written.

The digest is taken over what stands in the file, so that fields of a later version count
too. It shows a changed file; that the file and its digest were not changed together is for
the ledger to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from executor.errors import LedgerTampered
from executor.model.call import Call, Refusal
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Action, Doubt, Effect, FieldChange, Hazard, Transient
from executor.model.finding import Finding, Rule
from executor.model.json import Json, JsonObject, digest
from executor.model.report import SCHEMA, Report, TargetRef
from executor.model.resource import Gap

_MOVING = ("digest", "timing_ms")
_ENDED = ("exit_code", "detail", "timed_out", "left_running")
_HINT = "make a new dry run; `executor verify` checks the ledger"


def read_report(data: JsonObject) -> Report:
    """Return the report whose JSON form this is.

    Tags and handles of effects, responses and times of calls are not part of the JSON form
    and come back empty.

    Raises:
        LedgerTampered: it is not of the form, or does not match its own digest.
    """
    if data.get("schema") != SCHEMA:
        raise LedgerTampered(
            f"the stored report is of the form {data.get('schema')!r}, not {SCHEMA}", hint=_HINT
        )
    content = {key: value for key, value in data.items() if key not in _MOVING}
    if digest(content) != data.get("digest"):
        raise LedgerTampered("the stored report was changed after it was written", hint=_HINT)
    try:
        return _report(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerTampered(
            f"the stored report cannot be read: {type(error).__name__}: {error}", hint=_HINT
        ) from error


def _report(data: JsonObject) -> Report:
    change = _object(data["change"])
    coverage = _object(data["coverage"])
    return Report(
        id=_text(data["id"]),
        digest=_text(data["digest"]),
        started=_text(data["started"]),
        decision=Decision(_text(data["decision"])),
        findings=tuple(_finding(f) for f in _objects(data["findings"])),
        effects=tuple(_effect(e) for e in _objects(data["effects"])),
        transient=tuple(_transient(t) for t in _objects(data.get("transient", []))),
        calls=tuple(_call(c) for c in _objects(data["calls"])),
        change={k: v for k, v in change.items() if k not in _ENDED},
        outcome=ChangeOutcome(
            exit_code=_number(change["exit_code"]),
            detail=_text(change.get("detail", "")),
            timed_out=bool(change.get("timed_out", False)),
            left_running=_number(change.get("left_running", 0)),
        ),
        intent=_object(data["intent"]),
        target=_target(_object(data["target"])),
        engine=_object(data["engine"]),
        isolation=_object(data["isolation"]),
        types=_texts(coverage["types"]),
        not_covered=tuple(_gap(g) for g in _objects(coverage["not_covered"])),
        evidence=_object(data.get("evidence", {})),
        timing_ms={k: _decimal(v) for k, v in _object(data.get("timing_ms", {})).items()},
    )


def _finding(data: JsonObject) -> Finding:
    return Finding(
        rule=Rule(_text(data["rule"])),
        decision=Decision(_text(data["decision"])),
        address=_text(data["address"]),
        message=_text(data["message"]),
        calls=_numbers(data["calls"]),
    )


def _effect(data: JsonObject) -> Effect:
    before, after = data["before"], data["after"]
    return Effect(
        action=Action(_text(data["action"])),
        type=_text(data["type"]),
        name=_text(data["name"]),
        id=_text(data["id"]),
        address=_text(data["address"]),
        hazards=frozenset(Hazard(h) for h in _texts(data["hazards"])),
        expected=bool(data["expected"]),
        calls=_numbers(data["calls"]),
        before=None if before is None else _object(before),
        after=None if after is None else _object(after),
        changed=tuple(
            FieldChange(path=_text(c["path"]), before=c["before"], after=c["after"])
            for c in _objects(data["changed"])
        ),
        parts=_texts(data["parts"]),
        replaced_by=_text(data.get("replaced_by", "")),
        deferred=bool(data.get("deferred", False)),
        doubts=tuple(Doubt(d) for d in _texts(data.get("doubts", []))),
    )


def _transient(data: JsonObject) -> Transient:
    return Transient(
        type=_text(data["type"]), name=_text(data["name"]), calls=_numbers(data["calls"])
    )


def _call(data: JsonObject) -> Call:
    refused, status = data.get("refused"), data["status"]
    return Call(
        n=_number(data["n"]),
        service=_text(data["service"]),
        operation=_text(data["operation"]),
        region=_text(data["region"]),
        params=_object(data.get("params", {})),
        mutating=bool(data["mutating"]),
        status=None if status is None else _number(status),
        error=_text(data.get("error", "")),
        refused=None if refused is None else Refusal(_text(refused)),
        detail=_text(data.get("detail", "")),
        account=_text(data.get("account", "")),
    )


def _gap(data: JsonObject) -> Gap:
    return Gap(
        service=_text(data["service"]),
        type=_text(data["type"]),
        reason=_text(data["reason"]),
        address=_text(data.get("address", "")),
        region=_text(data.get("region", "")),
        account=_text(data.get("account", "")),
    )


def _target(data: JsonObject) -> TargetRef:
    snapshot = _object(data.get("snapshot", {}))
    return TargetRef(
        name=_text(data["name"]),
        account=_text(data["account"]),
        region=_text(data["region"]),
        endpoint_url=_text(data["endpoint_url"]),
        profile=_text(data["profile"]),
        snapshot=_text(snapshot.get("digest", "")),
        taken=_text(snapshot.get("taken", "")),
    )


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is wanted, not {value!r}")
    return value


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a number is wanted, not {value!r}")
    return value


def _decimal(value: Json) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"a number is wanted, not {value!r}")
    return float(value)


def _object(value: Json) -> JsonObject:
    if not isinstance(value, Mapping):
        raise TypeError(f"an object is wanted, not {value!r}")
    return value


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list is wanted, not {value!r}")
    return value


def _objects(value: Json) -> list[JsonObject]:
    return [_object(item) for item in _list(value)]


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(_text(item) for item in _list(value))


def _numbers(value: Json) -> tuple[int, ...]:
    return tuple(_number(item) for item in _list(value))
