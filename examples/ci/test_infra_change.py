"""Use in CI: rehearse a change with the library, and assert on the decision.

    pytest examples/ci

A pull request that changes infrastructure gets a test beside its script. The test fails as long
as the change does something that the pull request does not say. Here an emulator stands for the
account; in your CI the target is a name from `executor.toml`, read with a role that may only
read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor import Change, Executor, Intent, Report

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from production import ACCOUNT, REGION, Production, confinement, production  # noqa: E402

# What the pull request says that it does.
INTENT = Intent(
    summary="Jobs may take two minutes; failed ones go to a queue of their own",
    expect=["create AWS::SQS::Queue jobs-failed", "update AWS::SQS::Queue jobs"],
    protect=["AWS::S3::Bucket *"],
    limits={"delete": 0, "replace": 0},
)


@pytest.fixture
def account() -> Iterator[Production]:
    with production() as running:
        running.client("sqs").create_queue(QueueName="jobs")
        running.client("s3").create_bucket(Bucket="invoices")
        yield running


@pytest.fixture
def executor(account: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Executor:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "production")
    monkeypatch.setenv("AWS_REGION", REGION)
    return Executor(target=account.url, confine=confinement(), home=tmp_path)


def rehearse(executor: Executor, script: str) -> Report:
    return executor.dry_run(Change.command([sys.executable, script], workdir=HERE), INTENT)


def why(report: Report) -> str:
    """What pytest shows when the decision is another one."""
    return "\n".join(f"{finding.rule}: {finding.message}" for finding in report.findings)


def test_the_change_does_what_the_pull_request_says(executor: Executor) -> None:
    report = rehearse(executor, "change.py")
    assert report.decision == "allow", why(report)
    assert {(effect.action, effect.name) for effect in report.effects} == {
        ("create", "jobs-failed"),
        ("update", "jobs"),
    }


def test_the_first_draft_would_have_lost_the_queue(executor: Executor) -> None:
    report = rehearse(executor, "draft.py")
    assert report.decision == "deny"
    assert "unexpected-replace" in {finding.rule for finding in report.findings}


def test_production_is_as_it_was(account: Production, executor: Executor) -> None:
    rehearse(executor, "draft.py")
    queues = account.client("sqs").list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in queues] == ["jobs"]
