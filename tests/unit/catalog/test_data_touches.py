"""What calls on services that hold data mean, as the catalog reads them."""

from __future__ import annotations

import pytest

from tests.unit.catalog.calls import is_unread, touches

Row = tuple[str, str, tuple[str, ...], str]


def _object(verb: str, part: str, bucket: str = "b") -> Row:
    return ("S3::Bucket", verb, (bucket,), part)


def _item(verb: str, part: str, name: str = "t") -> Row:
    return ("DynamoDB::Table", verb, (name,), part)


def test_object_is_named_as_in_the_entries() -> None:
    params = {"Bucket": "b", "Key": "größe/a b"}
    assert touches("s3:PutObject", params) == {_object("write", "größe/a b")}
    assert touches("s3:CopyObject", params) == {_object("write", "größe/a b")}
    assert touches("s3:CompleteMultipartUpload", params) == {_object("write", "größe/a b")}
    assert touches("s3:DeleteObject", params) == {_object("erase", "größe/a b")}


def test_object_that_is_copied_onto_itself_is_not_overwritten() -> None:
    params = {"Bucket": "b", "Key": "größe/a b"}
    for source in ("b/gr%C3%B6%C3%9Fe/a%20b", "/b/größe/a b"):
        copied = {**params, "CopySource": source}
        assert touches("s3:CopyObject", copied) == {_object("update", "größe/a b")}
    older = {**params, "CopySource": "b/gr%C3%B6%C3%9Fe/a%20b?versionId=1"}
    assert touches("s3:CopyObject", older) == {_object("write", "größe/a b")}


def test_deleting_a_version_names_it_and_the_object() -> None:
    params = {"Bucket": "b", "Key": "a", "VersionId": "v1"}
    assert touches("s3:DeleteObject", params) == {
        _object("erase", "a"),
        _object("erase", "a?versionId=v1"),
    }


def test_deleting_several_objects_leaves_out_those_that_failed() -> None:
    params = {"Bucket": "b", "Delete": {"Objects": [{"Key": "a"}, {"Key": "c"}]}}
    response = {"Errors": [{"Key": "c", "Code": "AccessDenied"}]}
    assert touches("s3:DeleteObjects", params, response) == {_object("erase", "a")}


@pytest.mark.parametrize(
    "params",
    [
        {"ACL": "public-read"},
        {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'},
    ],
)
@pytest.mark.parametrize("operation", ["PutObject", "CopyObject", "CreateMultipartUpload"])
def test_object_that_strangers_may_read_stays_unread(
    operation: str, params: dict[str, str]
) -> None:
    asked = {"Bucket": "b", "Key": "a"}
    assert is_unread(f"s3:{operation}", {**asked, **params})
    assert not is_unread(f"s3:{operation}", {**asked, "ACL": "private"})


def test_bucket_behind_an_access_point_stays_unread() -> None:
    arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/reports"
    assert is_unread("s3:DeleteObject", {"Bucket": arn, "Key": "a"})
    assert is_unread("s3:DeleteObjects", {"Bucket": arn, "Delete": {"Objects": [{"Key": "a"}]}})


def test_bucket_settings_are_parts() -> None:
    assert touches("s3:DeleteBucketPolicy", {"Bucket": "b"}) == {_object("update", "policy")}
    assert touches("s3:DeleteBucket", {"Bucket": "b"}) == {_object("delete", "")}


def test_queue_made_by_name_is_named_by_url_too() -> None:
    response = {"QueueUrl": "https://sqs/1/q"}
    ((_, verb, handles, _),) = touches("sqs:CreateQueue", {"QueueName": "q"}, response)
    assert verb == "create"
    assert {"q", "https://sqs/1/q"} <= set(handles)


def test_moving_messages_takes_them_from_their_queue() -> None:
    params = {"SourceArn": "arn:dead", "DestinationArn": "arn:live"}
    assert touches("sqs:StartMessageMoveTask", params) == {
        ("SQS::Queue", "erase", ("arn:dead",), ""),
        ("SQS::Queue", "write", ("arn:live",), ""),
    }


def test_receiving_messages_is_no_change() -> None:
    assert not is_unread("sqs:ReceiveMessage", {"QueueUrl": "u"})
    assert {row[1] for row in touches("sqs:ReceiveMessage", {"QueueUrl": "u"})} == {"read"}


def test_deleting_a_topic_ends_its_subscriptions() -> None:
    assert touches("sns:DeleteTopic", {"TopicArn": "arn:t"}) == {
        ("SNS::Topic", "delete", ("arn:t",), ""),
        ("SNS::Subscription", "delete", ("arn:t",), ""),
    }


def test_publishing_past_topics_stays_unread() -> None:
    assert is_unread("sns:Publish", {"PhoneNumber": "+1", "Message": "x"})
    assert is_unread("sns:Publish", {"TargetArn": "arn:aws:sns:r:1:endpoint/GCM/a/b"})
    assert not is_unread("sns:Publish", {"TopicArn": "arn:aws:sns:r:1:t", "Message": "x"})


def test_item_is_named_as_in_the_entries() -> None:
    key = {"n": {"N": "1.50"}, "id": {"S": "ü"}}
    expected = '{"id":{"S":"ü"},"n":{"N":"1.5"}}'
    for operation, verb in (("DeleteItem", "erase"), ("UpdateItem", "write")):
        found = touches(f"dynamodb:{operation}", {"TableName": "t", "Key": key})
        assert found == {_item(verb, expected)}


def test_item_put_or_known_by_bytes_is_about_the_whole_table() -> None:
    put = {"TableName": "t", "Item": {"id": {"S": "a"}}}
    assert touches("dynamodb:PutItem", put) == {_item("write", "")}
    binary = {"TableName": "t", "Key": {"id": {"B": {"$bytes": 2, "sha256": "00"}}}}
    assert touches("dynamodb:DeleteItem", binary) == {_item("erase", "")}


def test_batch_tells_puts_from_deletes_table_by_table() -> None:
    params = {
        "RequestItems": {
            "t": [{"DeleteRequest": {"Key": {"id": {"S": "a"}}}}],
            "u": [
                {"PutRequest": {"Item": {"id": {"S": "b"}}}},
                {"DeleteRequest": {"Key": {"id": {"S": "c"}}}},
            ],
        }
    }
    assert touches("dynamodb:BatchWriteItem", params) == {
        _item("erase", '{"id":{"S":"a"}}', "t"),
        _item("erase", '{"id":{"S":"c"}}', "u"),
        _item("write", "", "u"),
    }


def test_transaction_is_read_action_by_action() -> None:
    key = {"id": {"S": "a"}}
    params = {
        "TransactItems": [
            {"Delete": {"TableName": "t", "Key": key}},
            {"Update": {"TableName": "u", "Key": key}},
            {"ConditionCheck": {"TableName": "v", "Key": key}},
        ]
    }
    assert touches("dynamodb:TransactWriteItems", params) == {
        _item("erase", '{"id":{"S":"a"}}', "t"),
        _item("write", '{"id":{"S":"a"}}', "u"),
        _item("read", '{"id":{"S":"a"}}', "v"),
    }


@pytest.mark.parametrize(
    ("statement", "verb"),
    [
        ("""DELETE FROM "t" WHERE id = 'a'""", "erase"),
        ("""delete from t where id = 'a'""", "erase"),
        ("""INSERT INTO "t" VALUE {'id': 'a'}""", "write"),
        ("""\n UPDATE "t" SET a = 1 WHERE id = 'a'""", "write"),
        ("""SELECT * FROM "t"."by-day" WHERE id = 'a'""", "read"),
        ("""EXISTS(SELECT * FROM "t" WHERE id = 'a')""", "read"),
    ],
)
def test_partiql_statement_is_told_by_its_first_words(statement: str, verb: str) -> None:
    assert touches("dynamodb:ExecuteStatement", {"Statement": statement}) == {_item(verb, "")}


def test_one_statement_that_is_not_understood_leaves_all_unread() -> None:
    statements = [{"Statement": 'DELETE FROM "t"'}, {"Statement": "DROP EVERYTHING"}]
    assert is_unread("dynamodb:BatchExecuteStatement", {"Statements": statements})
    assert is_unread("dynamodb:ExecuteTransaction", {"TransactStatements": statements})
    assert is_unread("dynamodb:ExecuteStatement", {"Statement": ""})


def test_parameter_is_made_or_overwritten_by_what_its_version_says() -> None:
    params = {"Name": "/a", "Overwrite": True}
    made = touches("ssm:PutParameter", params, {"Version": 1})
    assert made == {("SSM::Parameter", "create", ("/a",), "")}
    overwritten = touches("ssm:PutParameter", params, {"Version": 2})
    assert overwritten == {("SSM::Parameter", "update", ("/a",), "")}


def test_each_deleted_parameter_is_one_of_its_own() -> None:
    assert touches("ssm:DeleteParameters", {"Names": ["/a", "/b"]}) == {
        ("SSM::Parameter", "delete", ("/a",), ""),
        ("SSM::Parameter", "delete", ("/b",), ""),
    }


def test_tags_of_what_is_not_read_stay_unread() -> None:
    assert is_unread("ssm:AddTagsToResource", {"ResourceType": "OpsItem", "ResourceId": "o"})
    assert not is_unread("ssm:AddTagsToResource", {"ResourceType": "Parameter", "ResourceId": "p"})
    delivery = "arn:aws:logs:us-east-1:123456789012:delivery-source:a"
    assert is_unread("logs:TagResource", {"resourceArn": delivery, "tags": {}})


def test_log_group_is_named_by_name_or_arn() -> None:
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/a"
    for params in ({"logGroupName": arn}, {"resourceIdentifier": f"{arn}:*"}):
        found = touches("logs:DisassociateKmsKey", params)
        assert found == {("Logs::LogGroup", "update", (arn,), "")}


def test_deleting_a_stream_erases_a_part_of_its_group() -> None:
    params = {"logGroupName": "/a", "logStreamName": "web/ü"}
    assert touches("logs:DeleteLogStream", params) == {
        ("Logs::LogGroup", "erase", ("/a",), "web/ü")
    }


@pytest.mark.parametrize(
    "operation",
    [
        "s3:PutObjectAcl",
        "dynamodb:DeleteBackup",
        "ssm:DeletePatchBaseline",
        "logs:PutAccountPolicy",
    ],
)
def test_what_is_about_types_not_read_stays_unread(operation: str) -> None:
    assert is_unread(operation, {"Bucket": "b", "Name": "d", "Key": "k"})
