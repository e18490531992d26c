"""A target that cannot be read in full: said in the coverage, never fatal, never empty."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from executor import Change, Executor, Report
from tests.integration.conftest import Production, gaps
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
