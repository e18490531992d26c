"""What is an id is translated, and what is a user's data is not."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib

from tests.unit.gateway.roads import Asked, Open, Road, Told, request, sqs

OURS, THEIRS = "vpc-0aaa", "vpc-9ff"
DELETE = f"<Delete><Object><Key>{OURS}</Key></Object></Delete>"


def test_ids_are_translated_both_ways_and_recorded_as_the_change_sees_them(opened: Open) -> None:
    def answering(asked: Asked) -> Told:
        body = f"<DeleteVpcResponse><x>{THEIRS}</x></DeleteVpcResponse>".encode()
        return Told(body=body, headers={"Content-Type": "text/xml"})

    road = opened(answering=answering)
    road.aliases.add(OURS, THEIRS)
    form = f"Action=DeleteVpc&Version=2016-11-15&VpcId={OURS}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = road.ask(request("POST", "/", headers, form, service="ec2"))
    assert OURS.encode() in answer.body
    assert int(answer.header("content-length")) == len(answer.body)
    (asked,) = road.engine.asked
    assert asked.body == form.replace(OURS.encode(), THEIRS.encode())
    assert asked.header("content-length") == str(len(asked.body))
    assert road.gateway.close()[0].params == {"VpcId": OURS}


def test_id_in_a_path_is_translated(road: Road) -> None:
    road.aliases.add("Z0AAAAAAAAAAAA", "Z9FF")
    road.ask(request("GET", "/2013-04-01/hostedzone/Z0AAAAAAAAAAAA", service="route53"))
    assert road.engine.asked[0].target == "/2013-04-01/hostedzone/Z9FF"


def test_keys_objects_and_their_names_are_left_alone(opened: Open) -> None:
    road = opened(answering=lambda asked: Told(body=asked.body))
    road.aliases.add(OURS, THEIRS)
    for call in (
        request("PUT", f"/bucket/{OURS}/flow.log", {"x-amz-meta-vpc": OURS}, OURS.encode()),
        request("HEAD", f"/bucket/{OURS}/flow.log"),
        request("GET", f"/bucket?list-type=2&prefix={OURS}"),
        request("POST", "/bucket?delete", {}, DELETE.encode()),
    ):
        with road.client() as client:
            client.send(call)
            client.answer(bodiless=call.startswith(b"HEAD"))
    for asked in road.engine.asked:
        seen = asked.target.encode() + asked.header("x-amz-meta-vpc").encode() + asked.body
        assert THEIRS.encode() not in seen
    assert [asked.method for asked in road.engine.asked] == ["PUT", "HEAD", "GET", "POST"]


NEXT, THEIR_NEXT = "nextVersion.01", "9f-2"
PURGE = (
    "<Delete><Object><Key>{version}</Key><VersionId>{version}</VersionId></Object>"
    "<Object><Key>b</Key></Object></Delete>"
)


def test_version_of_an_object_is_translated_and_nothing_beside_it(opened: Open) -> None:
    road = opened(
        answering=lambda asked: Told(
            body=asked.body, headers={"x-amz-version-id": THEIRS, "x-amz-meta-v": THEIRS}
        )
    )
    road.aliases.add(OURS, THEIRS)
    for call in (
        request("DELETE", f"/bucket/{OURS}?versionId={OURS}"),
        request("GET", f"/bucket?versions&prefix={OURS}&version-id-marker={OURS}"),
        request("PUT", "/bucket/copy", {"x-amz-copy-source": f"bucket/{OURS}?versionId={OURS}"}),
    ):
        answer = road.ask(call)
        assert answer.header("x-amz-version-id") == OURS
        assert answer.header("x-amz-meta-v") == THEIRS
    purged, listed, copied = road.engine.asked
    assert purged.target == f"/bucket/{OURS}?versionId={THEIRS}"
    assert listed.target == f"/bucket?versions&prefix={OURS}&version-id-marker={THEIRS}"
    assert copied.header("x-amz-copy-source") == f"bucket/{OURS}?versionId={THEIRS}"
    assert road.gateway.close()[0].params["VersionId"] == OURS


def test_versions_that_are_deleted_together_are_translated_and_their_keys_are_not(
    opened: Open,
) -> None:
    road = opened(answering=lambda asked: Told(body=asked.body))
    road.aliases.add(NEXT, THEIR_NEXT)
    asked_for = PURGE.format(version=NEXT).encode()
    answer = road.ask(request("POST", "/bucket?delete", {}, asked_for))
    (asked,) = road.engine.asked
    assert asked.body.count(THEIR_NEXT.encode()) == 1
    assert f"<Key>{NEXT}</Key><VersionId>{THEIR_NEXT}</VersionId>".encode() in asked.body
    assert asked.header("content-length") == str(len(asked.body))
    assert answer.body == asked_for


def test_key_that_encrypts_an_object_is_translated(road: Road) -> None:
    road.aliases.add("11111111-aaaa", "99999999-ffff")
    arn = "arn:aws:kms:us-east-1:123456789012:key/"
    headers = {"x-amz-server-side-encryption-aws-kms-key-id": arn + "11111111-aaaa"}
    road.ask(request("PUT", "/bucket/key", headers, b"x"))
    name = "x-amz-server-side-encryption-aws-kms-key-id"
    assert road.engine.asked[0].header(name) == arn + "99999999-ffff"


def test_checksums_follow_a_body_that_was_translated(road: Road) -> None:
    road.aliases.add("11111111-aaaa", "99999999-ffffffff")
    body = (
        b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
        b"<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>11111111-aaaa</KMSMasterKeyID>"
        b"</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    )
    headers = {
        "Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode(),
        "x-amz-checksum-crc32c": "AAAAAA==",
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
    }
    road.ask(request("PUT", "/bucket?encryption", headers, body))
    (asked,) = road.engine.asked
    assert b"99999999-ffffffff" in asked.body
    assert (
        asked.header("content-md5") == base64.b64encode(hashlib.md5(asked.body).digest()).decode()
    )
    crc = zlib.crc32(asked.body).to_bytes(4, "big")
    assert asked.header("x-amz-checksum-crc32") == base64.b64encode(crc).decode()
    assert asked.header("x-amz-checksum-crc32c") == ""
    assert asked.header("x-amz-content-sha256") == hashlib.sha256(asked.body).hexdigest()


def test_checksum_of_an_answer_follows_its_translation(opened: Open) -> None:
    body = json.dumps({"TableNames": [THEIRS]}).encode()
    told = Told(body=body, headers={"x-amz-crc32": str(zlib.crc32(body))})
    road = opened(answering=lambda asked: told)
    road.aliases.add(OURS, THEIRS)
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "Content-Type": "application/x-amz-json-1.0",
    }
    answer = road.ask(request("POST", "/", headers, b"{}", service="dynamodb"))
    assert json.loads(answer.body) == {"TableNames": [OURS]}
    assert answer.header("x-amz-crc32") == str(zlib.crc32(answer.body))


def test_message_is_left_as_it_is_because_clients_check_its_digest(road: Road) -> None:
    road.aliases.add(OURS, THEIRS)
    road.ask(sqs("SendMessage", QueueUrl="http://a/1/b", MessageBody=f"{OURS} is up"))
    assert OURS.encode() in road.engine.asked[0].body
