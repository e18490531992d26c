"""What stands behind the CHANGE of `dry-run CHANGE`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from executor.changes.documents import Document, read_document, read_text
from executor.changes.intents import intent_of
from executor.changes.references import check_references
from executor.errors import InvalidChange, InvalidIntent
from executor.model.change import AnyChange, CallsChange, CommandChange
from executor.model.intent import Intent
from executor.model.json import Json
from executor.model.planned import planned_calls

_KINDS = ("command", "calls", "cloudformation", "terraform")
_FIELDS = (*_KINDS, "description", "workdir", "intent")
_TEMPLATE = re.compile(
    r"""^[\s{]*["']?(AWSTemplateFormatVersion|Resources)["']?\s*:""", re.MULTILINE
)


def load_change(path: Path) -> tuple[AnyChange, Intent | None]:
    """Read a change file, and the intent in it.

    Raises:
        InvalidChange: it cannot be read, is of no known form, or of one that cannot be
            rehearsed from a file; the hint says what to write instead.
        InvalidIntent: its `intent:` is wrong.
    """
    if not path.exists():
        raise _not_there(path)
    if path.is_dir():
        raise _directory(path)
    text = read_text(path, InvalidChange)
    if path.suffix == ".template" or _is_template(text):
        raise InvalidChange(
            f"{path} is a CloudFormation template, and says no stack name",
            hint=f"dry-run -- aws cloudformation deploy --stack-name NAME --template-file {path}",
        )
    document = read_document(path, InvalidChange, "a change file")
    return _change(document), _intent(document)


def _change(document: Document) -> AnyChange:
    fields = document.fields
    for name in fields:
        if name not in _FIELDS:
            raise InvalidChange(
                f"{document.where(name)}: unknown field", hint=f"known: {', '.join(_FIELDS)}"
            )
    kinds = [kind for kind in _KINDS if kind in fields]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        raise InvalidChange(
            f"{document.where()}: exactly one of {', '.join(_KINDS)} is wanted, found {found}",
            hint='command: ["bash", "deploy.sh"]',
        )
    match kinds[0]:
        case "command":
            return _command(document)
        case "calls":
            return _calls(document)
        case "cloudformation":
            raise _cloudformation(document)
        case _:
            raise InvalidChange(
                f"{document.where('terraform')}: a Terraform change is rehearsed as a command",
                hint='write instead: command: ["terraform", "apply", "-auto-approve"] '
                "and workdir: DIR",
            )


def _command(document: Document) -> CommandChange:
    command = document.fields["command"]
    if not isinstance(command, list) or not command:
        raise InvalidChange(
            f"{document.where('command')}: a list of texts is wanted",
            hint='command: ["bash", "deploy.sh"]',
        )
    words: list[str] = []
    for i, word in enumerate(command):
        if not isinstance(word, str):
            raise InvalidChange(
                f"{document.where('command', i)}: a text is wanted, not {word!r}",
                hint="put it in quotes",
            )
        words.append(word)
    directory = document.path.absolute().parent / (_text(document, "workdir") or ".")
    if not directory.is_dir():
        raise InvalidChange(
            f"{document.where('workdir')}: there is no directory {directory}",
            hint="it is taken from where the change file lies",
        )
    return CommandChange(
        command=tuple(words),
        workdir=directory.resolve(),
        description=_text(document, "description"),
    )


def _calls(document: Document) -> CallsChange:
    if "workdir" in document.fields:
        raise InvalidChange(
            f"{document.where('workdir')}: calls have no work directory", hint="remove it"
        )
    calls = document.fields["calls"]
    if not isinstance(calls, list):
        raise InvalidChange(
            f"{document.where('calls')}: a list is wanted",
            hint="calls:\n  - {service: sqs, operation: CreateQueue, params: {QueueName: a}}",
        )
    entries: list[Mapping[str, Json]] = []
    for i, call in enumerate(calls):
        if not isinstance(call, Mapping):
            raise InvalidChange(
                f"{document.where('calls', i)}: a call is a mapping",
                hint="{service: sqs, operation: CreateQueue, params: {QueueName: a}}",
            )
        entries.append(call)
    change = CallsChange(
        calls=planned_calls(entries, where=document.where("calls")),
        description=_text(document, "description"),
    )
    check_references(change, where=document.where("calls"))
    return change


def _intent(document: Document) -> Intent | None:
    values = document.fields.get("intent")
    if values is None:
        return None
    if not isinstance(values, Mapping):
        raise InvalidIntent(
            f"{document.where('intent')}: a mapping is wanted",
            hint="intent: {expect: [create AWS::SQS::Queue orders]}",
        )
    return intent_of(document, values, ("intent",))


def _text(document: Document, name: str) -> str:
    value = document.fields.get(name) or ""
    if not isinstance(value, str):
        raise InvalidChange(f"{document.where(name)}: a text is wanted", hint="put it in quotes")
    return value


def _cloudformation(document: Document) -> InvalidChange:
    found = document.fields["cloudformation"]
    values = found if isinstance(found, Mapping) else {}
    stack, template = (str(values.get(n) or n.upper()) for n in ("stack", "template"))
    words = ["aws", "cloudformation", "deploy", "--stack-name", stack, "--template-file", template]
    parameters = values.get("parameters")
    if isinstance(parameters, Mapping) and parameters:
        words += ["--parameter-overrides", *(f"{k}={v}" for k, v in parameters.items())]
    return InvalidChange(
        f"{document.where('cloudformation')}: a stack is rehearsed as a command",
        hint=f"write instead: command: [{', '.join(words)}]",
    )


def _is_template(text: str) -> bool:
    # Seen before parsing, because templates hold tags such as !Ref that no change file has.
    found = {match.group(1) for match in _TEMPLATE.finditer(text)}
    return "AWSTemplateFormatVersion" in found or ("Resources" in found and "Type" in text)


def _not_there(path: Path) -> InvalidChange:
    word = str(path)
    if "/" not in word and shutil.which(word):
        return InvalidChange(
            f"there is no change file {word}, but a program of that name",
            hint=f"dry-run -- {word}",
        )
    return InvalidChange(
        f"there is no change file {word}",
        hint="a command goes behind two dashes: dry-run -- COMMAND ARG...",
    )


def _directory(path: Path) -> InvalidChange:
    if any(path.glob("*.tf")) or any(path.glob("*.tf.json")):
        return InvalidChange(
            f"{path} is a Terraform directory, which is rehearsed as a command",
            hint=f"cd {path} && dry-run -- terraform apply -auto-approve",
        )
    return InvalidChange(
        f"{path} is a directory without Terraform files",
        hint="name a change file, or write dry-run -- COMMAND ARG...",
    )
