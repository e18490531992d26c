from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.session import Session

from sandboxes.embedded.operations import read_operations
from sandboxes.embedded.operations.evidence import (
    Kind,
    by_difference,
    by_function,
    by_method,
    by_proof,
    function_named,
    kind_of,
    told,
)
from sandboxes.embedded.operations.transports import Answer
from sandboxes.listing import changes, main, read_listing, write_listing


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (by_difference("400 ValidationException", "400 InvalidAction"), Kind.DIFFERS),
        (by_difference("200", "400 AWS.SimpleQueueService.NonExistentQueue"), Kind.DIFFERS),
        (by_difference("400 Refused", "400 Refused"), Kind.DIFFERS),
        (by_function("ministack.services.apigateway:_create_api_key"), Kind.RUNS),
        (by_function("moto.sqs.responses:SQSResponse.<locals>.create_queue"), Kind.RUNS),
        (by_proof("s3_proofs:lives"), Kind.SHOWN),
        (by_method("localstack.services.sqs.provider:SqsProvider.tag", "200"), Kind.HAS),
        (by_method("l.s3:S3Provider.create", by_proof("s3_settings:Cors")), Kind.HAS_SHOWN),
    ],
)
def test_every_evidence_is_of_its_kind(evidence: str, kind: Kind) -> None:
    assert kind_of(evidence) is kind


@pytest.mark.parametrize(
    "text", ["", "yes", "200", "runs", "runs somewhere", "shown by hope", "has a:b; answers no"]
)
def test_other_text_is_no_evidence(text: str) -> None:
    assert kind_of(text) is None


def test_equal_answers_are_told_apart_by_their_messages() -> None:
    same = by_difference("400 Refused", "400 Refused")
    assert same == "400 Refused; an unknown operation: 400 Refused with another message"


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {}, b'{"QueueUrl": "http://127.0.0.1:4566/q"}', "200"),
        (400, {}, b'{"__type": "com.amazonaws.sqs#Bad", "message": "id 42"}', "400 Bad"),
        (500, {}, b"<html>a traceback</html>", "500"),
        (500, {}, b"ValueError('id 42')", "500"),
        (400, {}, b"", "400"),
        (400, {}, b'{"__type": "a sentence, not a code"}', "400"),
    ],
)
def test_answer_is_told_without_what_changes(
    status: int, headers: Mapping[str, str], body: bytes, said: str
) -> None:
    client = Session().create_client(
        "secretsmanager", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    answer = Answer(status=status, headers=headers, body=body, ran=frozenset())
    assert told(client, answer) == said


def test_function_that_was_asked_is_named_rather_than_what_it_calls() -> None:
    ran = ["moto.a.models:Backend.create_it", "moto.a.responses:Response.create_it", "moto.a:other"]
    assert function_named({"createit"}, ran) == "moto.a.responses:Response.create_it"
    assert function_named({"deleteit"}, ran) is None


def test_changes_are_what_was_gained_and_lost_and_found_otherwise() -> None:
    old = {"sqs": {"Kept": "runs a:b", "Lost": "runs a:c", "Moved": "runs a:d"}}
    new = {"sqs": {"Kept": "runs a:b", "Moved": "runs a:e"}, "sns": {"Gained": "runs a:f"}}
    assert list(changes(old, new)) == [
        "gained sns Gained: runs a:f",
        "lost sqs Lost: runs a:c",
        "evidence sqs Moved: runs a:d -> runs a:e",
    ]
    assert list(changes(new, new)) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["minstack"], "no engine is called minstack: there are ministack, moto, localstack"),
        (["moto", "--service", "sqz"], "botocore knows no service sqz"),
    ],
)
def test_what_is_not_there_is_not_examined(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_written_list_is_read_as_it_was_found(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    found = {"sqs": {"CreateQueue": "runs a:b"}, "s3": {"PutObject": "shown by s3_proofs:lives"}}
    write_listing(path, "e", "1", found)
    assert read_listing(path) == ("1", found)
    listed = read_operations(path, "e", "1").by_service
    assert listed == {"sqs": {"CreateQueue"}, "s3": {"PutObject"}}
