"""By which attributes calls of DynamoDB choose."""

from __future__ import annotations

import pytest

from tests.unit.catalog.calls import chosen_by

AGE = {"#a": "age"}


@pytest.mark.parametrize(
    ("operation", "params", "names"),
    [
        ("Scan", {}, set()),
        (
            "Scan",
            {"FilterExpression": "attribute_exists(#a)", "ExpressionAttributeNames": AGE},
            {"age"},
        ),
        (
            "Scan",
            {"FilterExpression": "size(tags[0].x) > :n AND NOT begins_with(id, :p)"},
            {"tags", "id"},
        ),
        ("Scan", {"ScanFilter": {"age": {"ComparisonOperator": "NULL"}}}, {"age"}),
        ("Query", {"KeyConditionExpression": "id = :id"}, set()),
        (
            "Query",
            {"KeyConditionExpression": "mail = :m", "IndexName": "by-mail"},
            {"index by-mail"},
        ),
        ("Query", {"FilterExpression": "state IN (:a, :b) OR n BETWEEN :c AND :d"}, {"state", "n"}),
        ("PutItem", {"ConditionExpression": "attribute_not_exists(id)"}, {"id"}),
        ("DeleteItem", {"Expected": {"state": {"Exists": False}}}, {"state"}),
    ],
)
def test_attributes_are_named(operation: str, params: dict[str, object], names: set[str]) -> None:
    found = chosen_by(f"dynamodb:{operation}", {"TableName": "t", **params})
    assert found == {("t", name) for name in names}


def test_conditions_of_a_transaction_are_named() -> None:
    items = [
        {"ConditionCheck": {"TableName": "a", "ConditionExpression": "x = :x"}},
        {"Delete": {"TableName": "b", "ConditionExpression": "y = :y"}},
    ]
    found = chosen_by("dynamodb:TransactWriteItems", {"TransactItems": items})
    assert found == {(table, name) for table in "ab" for name in "xy"}


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ('SELECT * FROM "t"', set()),
        ("""SELECT id FROM "t" WHERE "state" = 'it''s where x = 1.5' AND n > 2""", {"state", "n"}),
        ("DELETE FROM t WHERE id = 'a' and a.b[1] <> ?", {"id", "a"}),
    ],
)
def test_conditions_of_statements_are_named(statement: str, names: set[str]) -> None:
    found = chosen_by("dynamodb:ExecuteStatement", {"Statement": statement})
    assert found == {("t", name) for name in names}
