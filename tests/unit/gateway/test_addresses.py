"""Host names: what the engine sees of the client's, and what the client sees of the engine's."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.unit.gateway.roads import Asked, Open, Road, Told, request, sqs

PLAIN = "127.0.0.1:4000"


def answering(opened: Open, body: str, **headers: str) -> Road:
    """A road whose engine answers with `body`; `ENGINE` in it is the engine's own port."""

    def told(asked: Asked) -> Told:
        port = asked.header("host").rpartition(":")[2]
        return Told(
            headers={n: v.replace("ENGINE", port) for n, v in headers.items()},
            body=body.replace("ENGINE", port).encode(),
        )

    return opened(answering=told)


def queues(host: str, operation: str = "ListQueues", **params: str) -> bytes:
    headers = {
        "Host": host,
        "X-Amz-Target": f"AmazonSQS.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    return request("POST", "/", headers, json.dumps(params).encode(), service="sqs")


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [
        (
            "sqs.us-east-1.amazonaws.com",
            "http://127.0.0.1:ENGINE/123456789012/q",
            "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        ),
        (
            "queue.amazonaws.com",
            "http://localhost:ENGINE/123456789012/q",
            "https://queue.amazonaws.com/123456789012/q",
        ),
        (
            "sqs.us-east-1.amazonaws.com",
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/123456789012/q",
            "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        ),
        (PLAIN, "http://localhost:ENGINE/123456789012/q", f"http://{PLAIN}/123456789012/q"),
        (
            PLAIN,
            "http://sqs.us-east-1.localhost.localstack.cloud:4566/123456789012/q",
            f"http://{PLAIN}/123456789012/q",
        ),
        (PLAIN, "http://localhost:1/123456789012/q", "http://localhost:1/123456789012/q"),
        (PLAIN, "http://localhost:ENGINE0/q", "http://localhost:ENGINE0/q"),
        (PLAIN, "https://example.com/q", "https://example.com/q"),
    ],
)
def test_addresses_in_answers_lead_back_to_where_the_client_came(
    opened: Open, host: str, given: str, expected: str
) -> None:
    road = answering(opened, json.dumps({"QueueUrls": [given]}))
    answer = road.ask(queues(host))
    port = str(road.engine.port)
    assert json.loads(answer.body)["QueueUrls"] == [expected.replace("ENGINE", port)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "http://127.0.0.1:ENGINE/123456789012/q",
            "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        ),
        (
            "http://abc.execute-api.localhost:ENGINE",
            "https://abc.execute-api.us-east-1.amazonaws.com",
        ),
        ("http://abc.lambda-url.localhost:ENGINE/", "https://abc.lambda-url.us-east-1.on.aws/"),
        ("http://127.0.0.1:ENGINE/other", "https://cloudformation.us-east-1.amazonaws.com/other"),
    ],
)
def test_addresses_of_other_services_are_those_of_aws(
    opened: Open, given: str, expected: str
) -> None:
    road = answering(opened, f"<a>{given}</a>")
    headers = {
        "Host": "cloudformation.us-east-1.amazonaws.com",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = b"Action=DescribeStacks&Version=2010-05-15"
    answer = road.ask(request("POST", "/", headers, body, service="cloudformation"))
    assert answer.body.decode() == f"<a>{expected}</a>"


@pytest.mark.parametrize(
    ("host", "target", "expected"),
    [
        ("s3.us-east-1.amazonaws.com", "/b/k", "https://s3.us-east-1.amazonaws.com/b/k"),
        ("b.s3.us-east-1.amazonaws.com", "/k", "https://b.s3.us-east-1.amazonaws.com/k"),
        (PLAIN, "/b/k", f"http://{PLAIN}/b/k"),
    ],
)
def test_objects_are_located_where_the_client_put_them(
    opened: Open, host: str, target: str, expected: str
) -> None:
    road = answering(opened, "<a/>", Location="http://127.0.0.1:ENGINE/b/k")
    assert road.ask(request("PUT", target, {"Host": host}, b"x")).header("location") == expected


@pytest.mark.parametrize(
    ("host", "bucket"), [("s3.us-east-1.amazonaws.com", ""), ("my.b.s3.amazonaws.com", "my.b")]
)
def test_buckets_in_the_engines_host_names_go_where_the_client_has_them(
    opened: Open, host: str, bucket: str
) -> None:
    road = answering(opened, "<a/>", Location="http://my.b.s3.localhost.localstack.cloud:4566/k")
    target = "/k" if bucket else "/my.b/k"
    answer = road.ask(request("PUT", target, {"Host": host}, b"x"))
    assert answer.header("location") == f"https://{host}{target}"


@pytest.mark.parametrize(
    "url",
    [
        "https://sqs.us-gov-west-1.amazonaws.com/123456789012/orders",
        "https://us-west-2.queue.amazonaws.com/123456789012/orders",
        f"http://{PLAIN}/123456789012/orders",
    ],
)
def test_queues_are_named_to_the_engine_in_its_own_form(road: Road, url: str) -> None:
    own = f"http://127.0.0.1:{road.engine.port}/123456789012/orders"
    message = json.dumps({"QueueUrl": url})
    road.ask(sqs("SendMessage", QueueUrl=url, MessageBody=message))
    assert json.loads(road.engine.asked[0].body) == {"QueueUrl": own, "MessageBody": message}
    form = {"Action": "SendMessage", "QueueUrl": url, "MessageBody": f"QueueUrl={url}"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    road.ask(request("POST", "/", headers, urlencode(form).encode(), service="sqs"))
    assert dict(parse_qsl(road.engine.asked[1].body.decode())) == {**form, "QueueUrl": own}
    assert [call.params["QueueUrl"] for call in road.gateway.close()] == [url, url]


def test_messages_are_left_as_they_are(opened: Open) -> None:
    body = json.dumps({"Messages": [{"Body": "see http://127.0.0.1:ENGINE/b"}]})
    road = answering(opened, body)
    answer = road.ask(queues(PLAIN, "ReceiveMessage", QueueUrl=f"http://{PLAIN}/1/q"))
    assert answer.body.decode() == body.replace("ENGINE", str(road.engine.port))


@pytest.mark.parametrize(
    "host",
    [
        "abc.execute-api.sqs.us-east-1.amazonaws.com",
        "0a1b2c3d.execute-api.localhost",
        "sqs.us-east-1.amazonaws.com",
        "abc.lambda-url.us-east-1.localhost:4566",
    ],
)
def test_no_host_name_of_a_client_reaches_the_engine(road: Road, host: str) -> None:
    assert road.ask(queues(host)).status == 200
    (asked,) = road.engine.asked
    assert asked.header("host") == f"127.0.0.1:{road.engine.port}"


def test_engine_is_told_the_service_of_what_is_not_signed(road: Road) -> None:
    body = (
        b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=s&WebIdentityToken=t"
        b"&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fweb"
    )
    headers = {
        "Host": "abc.execute-api.sts.eu-west-1.amazonaws.com",
        "Authorization": "",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert road.ask(request("POST", "/", headers, body)).status == 200
    assert road.engine.asked[0].header("host") == "sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "Forwarded",
        "X-Forwarded",
        "X-Original-URL",
        "X-Original-Host",
        "X-Rewrite-URL",
        "X-Real-IP",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X-Moto-Account-Id",
        "x-localstack-target",
        "X-LocalStack-tgt-api",
        "x-ministack-anything",
        "Via",
    ],
)
def test_headers_that_steer_engines_are_not_passed_on(road: Road, name: str) -> None:
    road.ask(request("GET", "/bucket/key", {name: "http://elsewhere", "X-Amz-Meta-A": "kept"}))
    (asked,) = road.engine.asked
    assert asked.header(name) == ""
    assert asked.header("x-amz-meta-a") == "kept"


@pytest.mark.parametrize("name", ["X-Amz-Meta-Forwarded", "X-Amz-Meta-Moto", "X-Amzn-Trace-Id"])
def test_headers_that_only_look_alike_are_passed_on(road: Road, name: str) -> None:
    road.ask(request("GET", "/bucket/key", {name: "kept"}))
    assert road.engine.asked[0].header(name) == "kept"


def test_a_plain_call_is_as_it_was(road: Road) -> None:
    road.ask(sqs("ListQueues", QueueNamePrefix="a"))
    assert json.loads(road.engine.asked[0].body) == {"QueueNamePrefix": "a"}
