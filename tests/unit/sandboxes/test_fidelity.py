from __future__ import annotations

import re

import pytest

from sandboxes.fidelity import unfaithful


@pytest.mark.parametrize("emulator", ["ministack", "moto", "localstack", "unknown"])
def test_what_starts_code_is_rehearsed_by_nobody(emulator: str) -> None:
    known = unfaithful(emulator)
    assert "stepfunctions:StartExecution" in known
    assert "ssm:SendCommand" in known
    assert "sqs:CreateQueue" not in known


def test_what_one_emulator_does_wrongly_is_not_held_against_others() -> None:
    assert "wafv2:AssociateWebACL" in unfaithful("moto")
    assert "wafv2:AssociateWebACL" not in unfaithful("ministack")


@pytest.mark.parametrize("emulator", ["ministack", "moto", "localstack", "unknown"])
def test_names_are_botocores_and_expressions_are_about_parameters(emulator: str) -> None:
    import botocore.session
    import jmespath

    session = botocore.session.get_session()
    for about in unfaithful(emulator):
        name, _, expression = about.partition(" ")
        service, operation = name.split(":")
        model = session.get_service_model(service)
        assert operation in model.operation_names, name
        if expression:
            jmespath.compile(expression)
            shape = model.operation_model(operation).input_shape
            known = shape.members if shape else {}
            asked = set(re.findall(r"(?:^|\|\| )([A-Z]\w+)", expression))
            assert asked - set(known) == set(), about
