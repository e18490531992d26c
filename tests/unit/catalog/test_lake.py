"""Glue and Athena: what calls touch, what tables hold, what is dangerous."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from executor.catalog.glue_tables import TABLE
from executor.catalog.services.athena import WORK_GROUP
from executor.model.json import Json, JsonObject
from tests.unit.catalog.calls import CATALOG, call, described, hazards, is_unread, touches

DAY, NEXT = '["2025-01-01","eu/west"]', '["2025-01-02","eu/west"]'
IN_SHOP = {"DatabaseName": "shop", "TableName": "orders"}


def _table(**changes: Json) -> dict[str, Json]:
    return {"Name": "orders", "DatabaseName": "shop", **changes}


def _stored(location: str, *columns: str) -> Json:
    return {"Location": location, "Columns": [{"Name": name} for name in columns]}


COLUMNS = "StorageDescriptor.Columns[].Name"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"StorageDescriptor": _stored("s3://a", "id", "sum")},
            {"StorageDescriptor": _stored("s3://a", "id")},
            {("disruption", COLUMNS)},
        ),
        (
            {"StorageDescriptor": _stored("s3://a", "id")},
            {"StorageDescriptor": _stored("s3://a", "id", "sum")},
            set(),
        ),
        (
            {"StorageDescriptor": _stored("s3://a", "id")},
            {"StorageDescriptor": _stored("s3://b", "id")},
            {("disruption", "StorageDescriptor.Location")},
        ),
        (
            {"PartitionKeys": [{"Name": "day"}]},
            {"PartitionKeys": []},
            {("disruption", "PartitionKeys[].Name")},
        ),
        ({}, {"Description": "new", "Parameters": {"a": "b"}}, set()),
    ],
)
def test_changes_of_a_table_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::Glue::Table", _table(**before), _table(**after)) == expected


class FakeReading:
    """A table with two partitions."""

    @property
    def cap(self) -> int:
        return 10

    def call(self, operation: str, params: Mapping[str, object]) -> JsonObject:
        raise AssertionError(operation)

    def pages(self, operation: str, params: Mapping[str, object]) -> Iterator[JsonObject]:
        assert (operation, params) == ("GetPartitions", IN_SHOP)
        yield {"Partitions": [{"Values": ["2025-01-01", "eu/west"]}]}
        yield {"Partitions": [{"Values": ["2025-01-02", "eu/west"]}]}


def test_partitions_are_what_a_table_holds() -> None:
    assert TABLE.data is not None
    mark = TABLE.data(FakeReading(), _table(PartitionKeys=[{"Name": "day"}]))
    assert (set(mark.entries), mark.count, mark.complete) == ({DAY, NEXT}, 2, True)
    fill = TABLE.seeds[1]
    (params,) = fill.params(_table(), mark)
    assert params["PartitionInputList"] == [
        {"Values": ["2025-01-01", "eu/west"]},
        {"Values": ["2025-01-02", "eu/west"]},
    ]
    # Without keys there is nothing to ask for.
    assert TABLE.data(FakeReading(), _table()).count == 0


def _erased(*partitions: str) -> set[tuple[str, str, tuple[str, ...], str]]:
    return {("Glue::Table", "erase", ("shop/orders",), partition) for partition in partitions}


def test_partitions_are_named_in_every_way_that_calls_name_them() -> None:
    day, following = ["2025-01-01", "eu/west"], ["2025-01-02", "eu/west"]
    single = touches("glue:DeletePartition", {**IN_SHOP, "PartitionValues": day})
    assert single == _erased(DAY)
    several = {**IN_SHOP, "PartitionsToDelete": [{"Values": day}, {"Values": following}]}
    assert touches("glue:BatchDeletePartition", several) == _erased(DAY, NEXT)
    made = touches("glue:CreatePartition", {**IN_SHOP, "PartitionInput": {"Values": day}})
    assert {row[3] for row in made} == {DAY}
    moved = {
        **IN_SHOP,
        "Entries": [{"PartitionValueList": day, "PartitionInput": {"Values": following}}],
    }
    assert {row[3] for row in touches("glue:BatchUpdatePartition", moved)} == {DAY, NEXT}


def test_tables_of_one_name_are_told_apart_by_their_database() -> None:
    gone = touches("glue:DeleteTable", {"DatabaseName": "shop", "Name": "orders"})
    assert gone == {("Glue::Table", "delete", ("shop/orders",), "")}
    many = {"DatabaseName": "shop", "TablesToDelete": ["orders", "plain"]}
    assert touches("glue:BatchDeleteTable", many) == {
        ("Glue::Table", "delete", ("shop/orders",), ""),
        ("Glue::Table", "delete", ("shop/plain",), ""),
    }
    assert "shop/orders" in described("AWS::Glue::Table", _table()).handles


def test_update_of_a_table_resets_what_it_leaves_out() -> None:
    put = {"DatabaseName": "shop", "TableInput": {"Name": "orders", "PartitionKeys": []}}
    (touch,) = CATALOG.touches(call("glue:UpdateTable", put))
    assert touch.sets == ("PartitionKeys",)
    assert dict(touch.resets)["StorageDescriptor"] is None


def test_versions_of_a_table_that_go_are_data_lost() -> None:
    (touch,) = CATALOG.touches(call("glue:DeleteTableVersion", {**IN_SHOP, "VersionId": "3"}))
    assert (touch.hazard, touch.part) == ("data-loss", "version")


def test_database_that_moves_disrupts() -> None:
    kind = "AWS::Glue::Database"
    here: dict[str, Json] = {"Name": "shop", "LocationUri": "s3://a"}
    moved = hazards(kind, here, {**here, "LocationUri": "s3://b"})
    assert moved == {("disruption", "LocationUri")}
    assert hazards(kind, here, {**here, "Description": "new"}) == set()


def _job(**changes: Json) -> dict[str, Json]:
    return {"Name": "counts", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"SecurityConfiguration": "s"},
            {},
            {("protection-loss", "SecurityConfiguration")},
        ),
        ({}, {"SecurityConfiguration": "s"}, set()),
        (
            {"Connections": {"Connections": ["a"]}},
            {"Connections": {"Connections": ["b"]}},
            {("disruption", "Connections.Connections")},
        ),
        (
            {"DefaultArguments": {"--a": "1", "--b": "1"}},
            {"DefaultArguments": {"--a": "2"}},
            {("disruption", "keys(DefaultArguments)")},
        ),
        ({"DefaultArguments": {"--a": "1"}}, {"DefaultArguments": {"--a": "2"}}, set()),
    ],
)
def test_changes_of_a_job_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::Glue::Job", _job(**before), _job(**after)) == expected


def test_values_of_a_jobs_arguments_are_shown_as_digests() -> None:
    found = described("AWS::Glue::Job", _job(DefaultArguments={"--password": "hush"}))
    assert "hush" not in str(found.properties)
    assert "--password" in str(found.properties)


def test_stopping_runs_disrupts_and_forgetting_them_loses_data() -> None:
    stop = call("glue:BatchStopJobRun", {"JobName": "counts", "JobRunIds": ["a", "b"]})
    assert [(t.part, t.hazard) for t in CATALOG.touches(stop)] == [
        ("run a", "disruption"),
        ("run b", "disruption"),
    ]
    reset = call("glue:ResetJobBookmark", {"JobName": "counts"})
    assert [t.hazard for t in CATALOG.touches(reset)] == ["data-loss"]


def _crawler(**changes: Json) -> dict[str, Json]:
    return {"Name": "finds", **changes}


def _due(state: str) -> Json:
    return {"ScheduleExpression": "cron(0 3 * * ? *)", "State": state}


def _gone(behaviour: str) -> Json:
    return {"DeleteBehavior": behaviour}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"Schedule": _due("SCHEDULED")},
            {"Schedule": _due("NOT_SCHEDULED")},
            {("disruption", "Scheduled")},
        ),
        ({"Schedule": _due("NOT_SCHEDULED")}, {"Schedule": _due("SCHEDULED")}, set()),
        ({"Schedule": _due("SCHEDULED")}, {}, {("disruption", "Scheduled")}),
        (
            {"SchemaChangePolicy": _gone("LOG")},
            {"SchemaChangePolicy": _gone("DELETE_FROM_DATABASE")},
            {("data-loss", "SchemaChangePolicy.DeleteBehavior")},
        ),
        (
            {"SchemaChangePolicy": _gone("DELETE_FROM_DATABASE")},
            {"SchemaChangePolicy": _gone("LOG")},
            set(),
        ),
        (
            {"Targets": {"S3Targets": [{"Path": "s3://a"}]}},
            {},
            {("disruption", "keys(Targets)")},
        ),
    ],
)
def test_changes_of_a_crawler_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::Glue::Crawler", _crawler(**before), _crawler(**after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"State": "ACTIVATED"}, {"State": "DEACTIVATED"}, {("disruption", "Active")}),
        ({"State": "DEACTIVATED"}, {"State": "ACTIVATED"}, set()),
        (
            {"Actions": [{"JobName": "a"}]},
            {"Actions": [{"CrawlerName": "c"}]},
            {("disruption", "Actions[].JobName")},
        ),
        (
            {"Actions": [{"CrawlerName": "c"}]},
            {"Actions": []},
            {("disruption", "Actions[].CrawlerName")},
        ),
        ({"Actions": [{"JobName": "a"}]}, {"Actions": [{"JobName": "a"}, {"JobName": "b"}]}, set()),
    ],
)
def test_changes_of_a_trigger_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    trigger: dict[str, Json] = {"Name": "nightly", "Type": "SCHEDULED", "State": "ACTIVATED"}
    found = hazards("AWS::Glue::Trigger", {**trigger, **before}, {**trigger, **after})
    assert found == expected


def test_update_of_a_trigger_resets_what_it_leaves_out() -> None:
    put = {"Name": "nightly", "TriggerUpdate": {"Schedule": "cron(0 3 * * ? *)"}}
    (touch,) = CATALOG.touches(call("glue:UpdateTrigger", put))
    assert touch.sets == ("Schedule",)
    assert dict(touch.resets)["Actions"] is None


@pytest.mark.parametrize("operation", ["StartJobRun", "StartCrawler", "StartTrigger"])
def test_what_starts_code_is_undecided(operation: str) -> None:
    assert is_unread(f"glue:{operation}", {"Name": "x", "JobName": "x"})


def _group(**configuration: Json) -> dict[str, Json]:
    return {"Name": "reports", "State": "ENABLED", "Configuration": configuration}


ENCRYPTED: Json = {"OutputLocation": "s3://a", "EncryptionConfiguration": {"EncryptionOption": "x"}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (_group(), {**_group(), "State": "DISABLED"}, {("disruption", "State")}),
        (
            _group(EnforceWorkGroupConfiguration=True),
            _group(EnforceWorkGroupConfiguration=False),
            {("protection-loss", "EnforceWorkGroupConfiguration")},
        ),
        (
            _group(EnforceWorkGroupConfiguration=False),
            _group(EnforceWorkGroupConfiguration=True),
            set(),
        ),
        (
            _group(ResultConfiguration=ENCRYPTED),
            _group(ResultConfiguration={"OutputLocation": "s3://a"}),
            {("protection-loss", "ResultConfiguration.EncryptionConfiguration")},
        ),
        (
            _group(BytesScannedCutoffPerQuery=10_000_000),
            _group(),
            {("protection-loss", "BytesScannedCutoffPerQuery")},
        ),
        (_group(), _group(BytesScannedCutoffPerQuery=10_000_000), set()),
    ],
)
def test_changes_of_a_work_group_and_their_dangers(
    before: dict[str, Json], after: dict[str, Json], expected: set[tuple[str, str]]
) -> None:
    assert hazards("AWS::Athena::WorkGroup", before, after) == expected


def test_primary_work_group_is_set_up_and_not_made() -> None:
    update = WORK_GROUP.seeds[1]
    primary = {**_group(EnforceWorkGroupConfiguration=True), "Name": "primary"}
    assert described("AWS::Athena::WorkGroup", primary).builtin
    (params,) = update.params(primary, None)
    assert params["ConfigurationUpdates"] == {"EnforceWorkGroupConfiguration": True}
    assert list(update.params(_group(EnforceWorkGroupConfiguration=True), None)) == []


def test_kept_query_that_is_overwritten_is_lost() -> None:
    kind = "AWS::Athena::NamedQuery"
    query: dict[str, Json] = {"NamedQueryId": "1", "Name": "count", "QueryString": "select 1"}
    other = hazards(kind, query, {**query, "QueryString": "select 2"})
    assert other == {("data-loss", "QueryString")}
    assert hazards(kind, query, {**query, "Description": "new"}) == set()
