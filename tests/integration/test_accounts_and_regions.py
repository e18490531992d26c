"""A target of several regions and accounts: each resource where it is, and namesakes apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from executor import Change, Decision, Executor, Report
from executor.aws import Api, Credentials, Where
from sandboxes.embedded import EmbeddedEngine
from sandboxes.model import SandboxSpec
from tests.integration.conftest import ACCOUNT, REGION, Production
from tests.integration.programs import PRELUDE, Programs, confinement, python

OTHER = "222222222222"
STRANGER = "999999999999"
ELSEWHERE = "eu-west-1"

ASSUME = """
def there(account):
    keys = c('sts').assume_role(
        RoleArn=f'arn:aws:iam::{account}:role/deploy', RoleSessionName='deploy')['Credentials']
    return boto3.Session(keys['AccessKeyId'], keys['SecretAccessKey'], keys['SessionToken']).client
def url(client):
    return client.get_queue_url(QueueName='orders')['QueueUrl']
"""


class Organisation:
    """One name in two regions and two accounts."""

    def __init__(self, production: Production) -> None:
        self.url = production.url
        self.places = ((ACCOUNT, REGION), (ACCOUNT, ELSEWHERE), (OTHER, REGION))
        for account, region in self.places:
            self.api(account, region).call("sqs", "CreateQueue", {"QueueName": "orders"})

    def api(self, account: str, region: str) -> Api:
        keys = Credentials(access_key=account, secret_key="test")
        return Api(Where(region=region, endpoint_url=self.url, credentials=keys))

    def queues(self, account: str, region: str) -> list[str]:
        found = self.api(account, region).call("sqs", "ListQueues", {}).get("QueueUrls") or []
        assert isinstance(found, list)
        return sorted(str(url).rsplit("/", 1)[1] for url in found)


@pytest.fixture
def organisation(production: Production, workdir: Path) -> Organisation:
    (workdir / "executor.toml").write_text(
        f"""
target = "prod"
[targets.prod]
endpoint_url = "{production.url}"
regions = ["{REGION}", "{ELSEWHERE}"]
[targets.prod.accounts.{OTHER}]
"""
    )
    return Organisation(production)


Run = Callable[[str], Report]


@pytest.fixture
def executor(home: Path, credentials: None, engine: str) -> Executor:
    return Executor(engine=engine, confine=confinement(), home=home)


@pytest.fixture
def run(organisation: Organisation, executor: Executor, workdir: Path) -> Run:
    def run(script: str) -> Report:
        command = python(PRELUDE + ASSUME + script)[1:]
        return executor.dry_run(Change.command(command, workdir=workdir))

    return run


def effects(report: Report) -> list[tuple[str, str]]:
    return sorted((e.action.value, e.address) for e in report.effects)


def queue(account: str, region: str, name: str = "orders") -> str:
    return f"arn:aws:sqs:{region}:{account}:{name}"


def test_what_is_done_in_another_region_is_done_there_alone(run: Run) -> None:
    report = run(f"q = c('sqs', region_name={ELSEWHERE!r}); q.delete_queue(QueueUrl=url(q))")
    assert effects(report) == [("delete", queue(ACCOUNT, ELSEWHERE))]
    assert {f.rule.value for f in report.findings} == {"unexpected-delete"}


def test_what_is_done_in_another_account_is_done_there_alone(run: Run) -> None:
    report = run(f"q = there({OTHER!r})('sqs'); q.delete_queue(QueueUrl=url(q))")
    assert effects(report) == [("delete", queue(OTHER, REGION))]
    assert report.decision == "deny"
    assert {c.account for c in report.calls if c.service == "sqs"} == {OTHER}


def test_a_resource_moved_to_another_account_is_gone_and_there(run: Run) -> None:
    report = run(
        f"q = c('sqs'); q.delete_queue(QueueUrl=url(q))\n"
        f"there({OTHER!r})('sqs').create_queue(QueueName='moved')"
    )
    assert effects(report) == [
        ("create", queue(OTHER, REGION, "moved")),
        ("delete", queue(ACCOUNT, REGION)),
    ]


def test_an_account_that_the_target_does_not_name_is_not_rehearsed(run: Run) -> None:
    report = run(f"there({STRANGER!r})('sqs').create_queue(QueueName='x')")
    assert report.decision == "undecided"
    assert any(STRANGER in f.message or "AssumeRole" in f.message for f in report.findings)


def test_a_number_for_an_access_key_opens_no_other_account(run: Run) -> None:
    script = f"boto3.Session({OTHER!r}, 'test').client('sqs').create_queue(QueueName='mine')"
    report = run(script)
    assert effects(report) == [("create", queue(ACCOUNT, REGION, "mine"))]


def test_each_account_is_promoted_with_its_own_rights(
    run: Run,
    executor: Executor,
    organisation: Organisation,
    workdir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = run(
        f"there({OTHER!r})('sqs').create_queue(QueueName='theirs')\n"
        f"c('sqs', region_name={ELSEWHERE!r}).create_queue(QueueName='ours')"
    )
    assert report.decision == "allow", report.findings
    monkeypatch.chdir(workdir)
    receipt = executor.promote(report)
    assert receipt.complete
    assert receipt.confirmed, receipt.differences
    assert organisation.queues(OTHER, REGION) == ["orders", "theirs"]
    assert organisation.queues(ACCOUNT, ELSEWHERE) == ["orders", "ours"]
    assert organisation.queues(ACCOUNT, REGION) == ["orders"]


def test_a_snapshot_holds_all_of_them(
    organisation: Organisation, programs: Programs, tmp_path: Path
) -> None:
    taken = programs.executor("snapshot", "-o", str(tmp_path / "all.snap"), "--service", "sqs")
    assert taken.status == 0, taken.err
    script = ASSUME + f"q = there({OTHER!r})('sqs'); q.delete_queue(QueueUrl=url(q))"
    how = ("--from-snapshot", str(tmp_path / "all.snap"), "--confine", confinement())
    ended = programs.run("dry-run", "--format", "json", *how, *python(script))
    assert ended.status == 4, ended.err
    assert queue(OTHER, REGION) in ended.out
    script = f"q = c('sqs', region_name={ELSEWHERE!r}); print(q.list_queues()['QueueUrls'])"
    ended = programs.run("dry-run", *how, *python(script))
    assert ended.status == 0, ended.err


def test_bucket_of_one_target_is_not_looked_for_where_that_of_another_was(
    world: Path, home: Path, workdir: Path, credentials: None
) -> None:
    spec = SandboxSpec(run="production", account=ACCOUNT, region=REGION)
    script = "c('s3').get_bucket_versioning(Bucket='logs')"
    command = python("import boto3\nc = boto3.client\n" + script)[1:]
    for region in (ELSEWHERE, REGION):
        with EmbeddedEngine("ministack", runtime=world).start(spec) as account:
            there = {"LocationConstraint": region}
            more = {"CreateBucketConfiguration": there} if region != REGION else {}
            Production(account.url).call("s3", "CreateBucket", Bucket="logs", **more)
            executor = Executor(target=account.url, confine=confinement(), home=home)
            report = executor.dry_run(Change.command(command, workdir=workdir))
            assert (report.decision, report.not_covered) == (Decision.ALLOW, ())
