from __future__ import annotations

import pytest

from sandboxes.fidelity import unfaithful


@pytest.mark.parametrize("emulator", ["ministack", "moto", "localstack", "unknown"])
def test_what_starts_code_is_rehearsed_by_nobody(emulator: str) -> None:
    known = unfaithful(emulator)
    assert "stepfunctions:StartExecution" in known
    assert "ssm:SendCommand" in known
    assert "sqs:CreateQueue" not in known


def test_what_one_emulator_does_wrongly_is_not_held_against_others() -> None:
    assert "cloudformation:UpdateStack" in unfaithful("moto")
    assert "cloudformation:UpdateStack" not in unfaithful("ministack")


def test_names_are_botocores() -> None:
    import botocore.session

    session = botocore.session.get_session()
    for name in unfaithful("unknown"):
        service, operation = name.split(":")
        assert operation in session.get_service_model(service).operation_names, name
