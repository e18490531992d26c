"""The AWS SDK for Java, version 1, which reads no endpoint from its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.clients.conftest import Confined
from tests.integration.clients.toolchains import commons_logging
from tests.integration.conftest import Production
from tests.integration.programs import Ended, Programs, effects_of

pytestmark = [pytest.mark.java, pytest.mark.bubblewrap]

HEAD = """
import com.amazonaws.services.dynamodbv2.*;
import com.amazonaws.services.dynamodbv2.model.*;
import java.util.List;

public class App {
  public static void main(String[] words) {
    var tables = AmazonDynamoDBClientBuilder.standard().withRegion("us-east-1").build();
    %s
  }
}
"""
CREATE = """
    tables.createTable(
      List.of(new AttributeDefinition("id", "S")), "from-java",
      List.of(new KeySchemaElement("id", "HASH")), new ProvisionedThroughput(1L, 1L));
"""
DELETE = 'tables.deleteTable("users");'


def rehearse(in_bubblewrap: Confined, programs: Programs, sdk: Path, body: str) -> Ended:
    source = programs.workdir / "App.java"
    source.write_text(HEAD % body)
    jars = programs.workdir / "jars"
    jars.mkdir()
    for jar in (*sdk.glob("*.jar"), commons_logging()):
        (jars / jar.name).write_bytes(jar.read_bytes())
    return in_bubblewrap("java", "-cp", "jars/*", "App.java")


def test_the_sdk_creates(in_bubblewrap: Confined, programs: Programs, java_sdk: Path) -> None:
    ended = rehearse(in_bubblewrap, programs, java_sdk, CREATE)
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {("create", "AWS::DynamoDB::Table", "from-java")}


def test_the_sdk_is_denied_a_deletion(
    in_bubblewrap: Confined, programs: Programs, production: Production, java_sdk: Path
) -> None:
    production.call(
        "dynamodb",
        "CreateTable",
        TableName="users",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    ended = rehearse(in_bubblewrap, programs, java_sdk, DELETE)
    assert ended.status == 4, ended.err + ended.out
    assert effects_of(ended.report()) == {("delete", "AWS::DynamoDB::Table", "users")}
