"""`executor snapshot` and `executor diff`, and `--from-snapshot`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from executor.cli.main import invoke
from executor.errors import InvalidSnapshot
from executor.model.comparison import Comparison, Difference, Side
from executor.model.effect import Action, FieldChange
from executor.model.resource import Gap
from tests.unit.cli.fake import FakeApplication
from tests.unit.snapshots.saved import resource, saved, scope

Capture = pytest.CaptureFixture[str]
_SIDE = Side(digest="sha256:" + "ab" * 32, taken="2026-11-23", account="1" * 12, resources=1)
_DIFFERENT = Comparison(
    before=_SIDE,
    after=_SIDE,
    differences=(
        Difference(
            action=Action.UPDATE,
            type="AWS::SQS::Queue",
            name="orders\x1b[2J",
            address="arn:x",
            account="1" * 12,
            region="eu-west-1",
            changed=(FieldChange(path="Delay", before=0, after=None),),
            data=("objects gone: a",),
        ),
    ),
    unknown=("kms in eu-west-1 is not in the second snapshot",),
)


def test_a_snapshot_is_asked_for_as_the_options_say(tmp_path: Path, capsys: Capture) -> None:
    gap = Gap(service="sqs", type="AWS::SQS::Queue", reason="AccessDenied")
    fake = FakeApplication(saved=saved(scope(resource("a"), gaps=(gap,))))
    path = tmp_path / "prod.snap"
    words = ["snapshot", "--target", "prod", "--region", "eu-west-1", "-o", str(path)]
    assert invoke("executor", [*words, "--service", "sqs", "--type", "AWS::SQS::*"], fake) == 0
    (request,) = fake.snapshots
    assert (request.target.name, request.target.region) == ("prod", "eu-west-1")
    assert (request.output, request.services, request.types) == (path, ("sqs",), ("AWS::SQS::*",))
    said = capsys.readouterr()
    assert "1 resources of 1 services" in said.out
    assert "1 not covered" in said.out
    assert "AccessDenied" in said.err
    assert invoke("executor", ["snapshot", "-o", str(path), "--format", "json"], fake) == 0
    view = json.loads(capsys.readouterr().out)
    assert (view["source"], view["resources"], len(view["not_covered"])) == ("prod", 1, 1)


def test_a_snapshot_needs_a_place(tmp_path: Path, capsys: Capture) -> None:
    fake = FakeApplication()
    assert invoke("executor", ["snapshot"], fake) == 2
    assert invoke("executor", ["snapshot", "-o", str(tmp_path / "no" / "x.snap")], fake) == 2
    assert fake.snapshots == []


def test_a_difference_is_status_0_unless_asked(capsys: Capture) -> None:
    fake = FakeApplication(comparison=_DIFFERENT)
    assert invoke("executor", ["diff", "a.snap", "b.snap"], fake) == 0
    text = capsys.readouterr().out
    assert "update AWS::SQS::Queue orders" in text
    assert "\x1b" not in text
    assert "Delay: 0" in text
    assert "objects gone: a" in text
    assert "not in the second snapshot" in text
    assert "1 update, 1 not to be told" in text
    assert invoke("executor", ["diff", "a.snap", "b.snap", "--exit-code"], fake) == 3
    capsys.readouterr()
    assert invoke("executor", ["diff", "a.snap", "b.snap", "--format", "json"], fake) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "executor/snapshot-diff/v1"
    assert found["differences"][0]["changed"] == {"Delay": {"before": 0, "after": None}}
    assert fake.compared[0] == (Path("a.snap"), Path("b.snap"))


def test_no_difference_is_status_0_in_any_case(capsys: Capture) -> None:
    assert invoke("executor", ["diff", "a", "b", "--exit-code"], FakeApplication()) == 0
    assert "nothing differs" in capsys.readouterr().out


def test_a_bad_snapshot_is_status_2_with_a_hint(capsys: Capture) -> None:
    fake = FakeApplication(failure=InvalidSnapshot("x.snap is truncated", hint="copy it again"))
    assert invoke("executor", ["diff", "x.snap", "b"], fake) == 2
    assert invoke("dry-run", ["--from-snapshot", "x.snap", "--", "true"], fake) == 2
    assert invoke("executor", ["sandbox", "--from-snapshot", "x.snap", "--", "true"], fake) == 2
    assert capsys.readouterr().err.count("hint: copy it again") == 3
    assert fake.requests[0].from_snapshot == Path("x.snap")
