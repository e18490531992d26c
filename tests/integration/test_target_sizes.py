"""A target with much in it, and with names that few would choose."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Production, Rehearse, gaps


@pytest.fixture
def engine() -> str:
    return "embedded"


def fill_table(production: Production, count: int) -> None:
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


@pytest.mark.slow
def test_a_table_with_fifty_thousand_items_is_read_to_the_cap_and_said_to_be(
    production: Production, rehearse: Rehearse
) -> None:
    fill_table(production, 50_000)
    report = rehearse("print(c('dynamodb').list_tables()['TableNames'])")
    assert report.decision == "allow"
    (reason,) = [r for a, r in gaps(report).items() if a.startswith("arn:")]
    assert "the first 10000 of its items were read" in reason
    # An item that nobody read is lost all the same.
    script = "c('dynamodb').delete_item(TableName='events.all', Key={'id': {'S': 'e49999'}})"
    report = rehearse(script)
    assert report.decision == "deny"


@pytest.mark.slow
def test_of_ten_thousand_objects_all_are_known_and_some_are_rebuilt(
    production: Production, rehearse: Rehearse
) -> None:
    production.call("s3", "CreateBucket", Bucket="archive")
    for n in range(10_000):
        production.call("s3", "PutObject", Bucket="archive", Key=f"{n:05}", Body=b"x")
    report = rehearse("c('s3').put_object(Bucket='archive', Key='new', Body=b'y')")
    assert report.decision == "allow"
    (reason,) = [r for a, r in gaps(report).items() if a.startswith("arn:")]
    assert "1000 of its 10000 objects were rebuilt" in reason
    # The last of them are in no replica.
    script = "c('s3').put_object(Bucket='archive', Key='09998', Body=b'y')\n"
    report = rehearse(script + "c('s3').delete_object(Bucket='archive', Key='09999')")
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
    production: Production, rehearse: Rehearse
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
    report = rehearse(look)
    assert report.outcome.exit_code == 0
    assert report.decision == "allow"
    # Types that the engine has no listing for are gaps; no resource is.
    assert [address for address in gaps(report) if not address.startswith("AWS::")] == []
    for key in KEYS:
        lose = f"c('s3').delete_object(Bucket='odd.names-0', Key={key!r})"
        report = rehearse(lose)
        assert report.decision == "deny", key
        (effect,) = report.effects
        assert effect.parts == (f"object {key}",)
