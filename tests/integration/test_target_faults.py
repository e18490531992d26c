"""A target that cannot be read in full: said in the coverage, never fatal, never empty."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from executor import Change, Executor, Report
from tests.integration.conftest import Production
from tests.integration.programs import PRELUDE, confinement, python
from tests.integration.proxies import Asked, Fault, HangUp, Proxy, Upstream, refused
from tests.integration.upstreams import Answered

Through = Callable[[Fault, str], tuple[Report, Proxy]]


@pytest.fixture
def through(production: Production, home: Path, workdir: Path, credentials: None) -> Through:
    """Rehearse a script for a production behind a door with a fault."""

    def run(fault: Fault, script: str) -> tuple[Report, Proxy]:
        proxy = Proxy(production.url, fault)
        with Upstream(proxy) as door:
            executor = Executor(
                target=door.url, engine="embedded", confine=confinement(), home=home
            )
            change = Change.command(python(PRELUDE + script)[1:], workdir=workdir)
            return executor.dry_run(change), proxy

    return run


def gaps(report: Report) -> dict[str, str]:
    return {gap.address or gap.type: gap.reason for gap in report.not_covered}


def test_a_listing_that_is_forbidden_is_a_gap_and_not_an_empty_list(
    production: Production, through: Through
) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")

    def fault(asked: Asked) -> Answered | None:
        return refused("AccessDeniedException") if asked.operation == "ListQueues" else None

    report, _ = through(fault, "c('sqs').create_queue(QueueName='orders')")
    assert report.decision == "undecided"
    assert "AccessDenied" in gaps(report)["AWS::SQS::Queue"]
    # What has nothing to do with it is judged as ever.
    report, _ = through(fault, "c('s3').create_bucket(Bucket='fresh')")
    assert report.decision == "allow"


def test_a_detail_that_is_forbidden_is_a_gap_of_that_resource_alone(
    production: Production, through: Through
) -> None:
    for name in ("orders", "news"):
        production.call("sqs", "CreateQueue", QueueName=name)

    def fault(asked: Asked) -> Answered | None:
        about = b"/orders" in asked.request.body
        return refused("AccessDeniedException") if about and "Tags" in asked.operation else None

    script = "q = c('sqs').get_queue_url(QueueName='{}')['QueueUrl']\n"
    script += "c('sqs').set_queue_attributes(QueueUrl=q, Attributes={{'DelaySeconds': '3'}})"
    report, _ = through(fault, script.format("orders"))
    assert report.decision == "undecided"
    assert [address for address in gaps(report) if address.endswith(":orders")]
    report, _ = through(fault, script.format("news"))
    assert report.decision == "allow"


def test_throttling_is_waited_out(production: Production, through: Through) -> None:
    production.call("sqs", "CreateQueue", QueueName="orders")
    throttled = iter(range(1, 8))

    def fault(asked: Asked) -> Answered | None:
        listing = asked.operation == "ListQueues"
        return refused("ThrottlingException") if listing and next(throttled, None) else None

    report, proxy = through(fault, "c('sqs').create_queue(QueueName='fresh')")
    assert report.decision == "allow"
    assert gaps(report) == {}
    # botocore gives up after five.
    assert proxy.count("sqs", "ListQueues") > 5


@pytest.mark.parametrize("silent", ["hangs up", "never answers"])
def test_a_region_that_is_silent_is_a_gap_and_costs_one_wait(
    production: Production, through: Through, workdir: Path, silent: str
) -> None:
    (workdir / "executor.toml").write_text("[replica]\ntimeout_s = 0.5\n")

    def fault(asked: Asked) -> Answered | None:
        if asked.region == "eu-west-1":
            if silent == "never answers":
                time.sleep(0.8)
            raise HangUp
        return None

    script = """
c('sqs').create_queue(QueueName='here')
c('sqs', region_name='eu-west-1').create_queue(QueueName='there')
c('dynamodb', region_name='eu-west-1').list_tables()
"""
    started = time.monotonic()
    report, _ = through(fault, script)
    assert report.outcome.exit_code == 0, report.findings
    assert report.decision == "undecided"
    assert "Unreachable" in gaps(report)["AWS::SQS::Queue"]
    assert time.monotonic() - started < 60
    assert "not-covered" in {f.rule.value for f in report.findings}


def test_a_resource_that_vanishes_while_it_is_read_is_not_there(
    production: Production, through: Through
) -> None:
    url = production.call("sqs", "CreateQueue", QueueName="fleeting")["QueueUrl"]
    production.call("sqs", "CreateQueue", QueueName="orders")

    def fault(asked: Asked) -> Answered | None:
        if asked.operation == "GetQueueAttributes" and b"fleeting" in asked.request.body:
            queues = str(production.call("sqs", "ListQueues").get("QueueUrls"))
            if "fleeting" in queues:
                production.call("sqs", "DeleteQueue", QueueUrl=url)
        return None

    report, _ = through(fault, "print(c('sqs').list_queues()['QueueUrls'])")
    assert report.decision == "allow"
    assert gaps(report) == {}


def test_a_target_of_which_nothing_can_be_read_is_no_empty_one(
    production: Production, through: Through
) -> None:
    def fault(asked: Asked) -> Answered | None:
        if asked.service != "sts":
            raise HangUp
        return None

    report, _ = through(fault, "c('sqs').create_queue(QueueName='orders')")
    assert report.decision == "undecided"
    assert "not-rehearsed" in {f.rule.value for f in report.findings}


@contextmanager
def table_of(production: Production, count: int) -> Iterator[None]:
    production.call(
        "dynamodb",
        "CreateTable",
        TableName="events.all",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    for start in range(0, count, 25):
        puts = [{"PutRequest": {"Item": {"id": {"S": f"e{n}"}}}} for n in range(start, start + 25)]
        production.call("dynamodb", "BatchWriteItem", RequestItems={"events.all": puts})
    yield


def untouched(asked: Asked) -> Answered | None:
    return None


@pytest.mark.slow
def test_a_table_with_fifty_thousand_items_is_read_to_the_cap_and_said_to_be(
    production: Production, through: Through
) -> None:
    with table_of(production, 50_000):
        report, _ = through(untouched, "print(c('dynamodb').list_tables()['TableNames'])")
        assert report.decision == "allow"
        (reason,) = [r for a, r in gaps(report).items() if a.startswith("arn:")]
        assert "the first 10000 of its items were read" in reason
        # An item that nobody read is lost all the same.
        script = "c('dynamodb').delete_item(TableName='events.all', Key={'id': {'S': 'e49999'}})"
        report, _ = through(untouched, script)
        assert report.decision == "deny"


@pytest.mark.slow
def test_of_ten_thousand_objects_all_are_known_and_some_are_rebuilt(
    production: Production, through: Through
) -> None:
    production.call("s3", "CreateBucket", Bucket="archive")
    for n in range(10_000):
        production.call("s3", "PutObject", Bucket="archive", Key=f"{n:05}", Body=b"x")
    report, _ = through(untouched, "c('s3').put_object(Bucket='archive', Key='new', Body=b'y')")
    assert report.decision == "allow"
    (reason,) = [r for a, r in gaps(report).items() if a.startswith("arn:")]
    assert "1000 of its 10000 objects were rebuilt" in reason
    # The last of them are in no replica.
    script = "c('s3').put_object(Bucket='archive', Key='09998', Body=b'y')\n"
    report, _ = through(untouched, script + "c('s3').delete_object(Bucket='archive', Key='09999')")
    assert report.decision == "deny"
    (effect,) = report.effects
    assert effect.parts == ("object 09998 (overwritten)", "object 09999")


KEYS = (
    "größe/überall 1.txt",
    "日本語/файл.json",
    "a//b.c/.d/e..",
    " leading and trailing ",
    "plus+percent%2Fand=&?#",
    "emoji-🚀",
    "quote'\"<xml>&amp;",
)


def test_unusual_names_are_read_rebuilt_and_told_apart(
    production: Production, through: Through
) -> None:
    production.call("s3", "CreateBucket", Bucket="odd.names-0")
    for key in KEYS:
        production.call("s3", "PutObject", Bucket="odd.names-0", Key=key, Body=b"x")
    for name in ("/app/größe", "/a/b.c/d-e_f"):
        production.call("ssm", "PutParameter", Name=name, Value="v", Type="String")
    production.call("logs", "CreateLogGroup", logGroupName="/aws/lambda/a.b#c_d")
    production.call("secretsmanager", "CreateSecret", Name="team/app+v1.2@prod", SecretString="x")
    look = f"""
keys = [o['Key'] for o in c('s3').list_objects_v2(Bucket='odd.names-0')['Contents']]
assert sorted(keys) == sorted({KEYS!r}), keys
assert c('ssm').get_parameter(Name='/a/b.c/d-e_f')
assert c('logs').describe_log_groups()['logGroups'][0]['logGroupName'] == '/aws/lambda/a.b#c_d'
assert c('secretsmanager').describe_secret(SecretId='team/app+v1.2@prod')
"""
    report, _ = through(untouched, look)
    assert report.outcome.exit_code == 0
    assert report.decision == "allow"
    # Types that the engine has no listing for are gaps; no resource is.
    assert [address for address in gaps(report) if not address.startswith("AWS::")] == []
    for key in KEYS:
        lose = f"c('s3').delete_object(Bucket='odd.names-0', Key={key!r})"
        report, _ = through(untouched, lose)
        assert report.decision == "deny", key
        (effect,) = report.effects
        assert effect.parts == (f"object {key}",)
