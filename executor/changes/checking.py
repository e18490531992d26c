"""What can be known to be wrong with a change before an engine is started for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

from executor.aws_models import shared_loader
from executor.changes.references import check_references
from executor.errors import InvalidChange
from executor.model.change import AnyChange, CallsChange, CommandChange, PlannedCall

if TYPE_CHECKING:
    from botocore.model import ServiceModel


def check_change(change: AnyChange, *, where: str = "") -> None:
    """Check that there is a program to run, or that AWS has the calls to make.

    Args:
        change: what is proposed.
        where: file and field it stands in; empty when it stands in none.

    Raises:
        InvalidChange: there is no such program, service, operation or parameter.
    """
    match change:
        case CommandChange():
            _check_program(change, f"{where}: " if where else "")
        case CallsChange():
            check_references(change, where=where or "calls")
            models: dict[str, ServiceModel] = {}
            for i, call in enumerate(change.calls):
                _check_call(call, models, f"{where or 'calls'}[{i}]")


def _check_program(change: CommandChange, prefix: str) -> None:
    program = change.command[0] if change.command else ""
    # With a slash in it, it is looked for from the work directory, else on the PATH.
    place = str(change.workdir / program) if os.sep in program else program
    if program and shutil.which(place):
        return
    raise InvalidChange(
        f"{prefix}there is no command {program!r}", hint="check its spelling and the PATH"
    )


def _check_call(call: PlannedCall, models: dict[str, ServiceModel], where: str) -> None:
    model = models.get(call.service)
    if model is None:
        model = models[call.service] = _model(call.service, where)
    if call.operation not in model.operation_names:
        raise InvalidChange(
            f"{where}.operation: {call.service} has no operation {call.operation!r}",
            hint=_nearest(call.operation, model.operation_names, "a name as in the AWS API"),
        )
    # Of values nothing is said: references stand for some, and botocore fills others in.
    shape = model.operation_model(call.operation).input_shape
    known = () if shape is None else tuple(shape.members)
    for name in call.params:
        if name not in known:
            raise InvalidChange(
                f"{where}.params.{name}: {call.operation} has no such parameter",
                hint=_nearest(name, known, f"known: {', '.join(known) or 'none'}"),
            )


def _model(service: str, where: str) -> ServiceModel:
    from botocore.exceptions import UnknownServiceError
    from botocore.model import ServiceModel

    loader = shared_loader()
    try:
        return ServiceModel(loader.load_service_model(service, "service-2"), service)
    except UnknownServiceError:
        known = loader.list_available_services("service-2")
        raise InvalidChange(
            f"{where}.service: AWS has no service {service!r}",
            hint=_nearest(service, known, "a name as the AWS CLI and botocore have them"),
        ) from None


def _nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    import difflib

    lower = {text.lower(): text for text in known}
    plain = name.replace("_", "").lower()
    found = difflib.get_close_matches(plain, lower, n=3)
    return f"near: {', '.join(lower[text] for text in found)}" if found else otherwise
