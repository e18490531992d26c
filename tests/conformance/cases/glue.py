"""Glue's databases, tables, jobs, crawlers and triggers on every emulator."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.catalog_harness import ACCOUNT, Case

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/works"
_TAGS = {"team": "a"}
_DAILY = "cron(0 3 * * ? *)"


def _glue(api: Api, operation: str, **params: object) -> None:
    api.call("glue", operation, params)


def _make_tables(api: Api) -> None:
    _glue(
        api,
        "CreateDatabase",
        DatabaseInput={
            "Name": "shop",
            "Description": "of the shop",
            "LocationUri": "s3://lake/shop/",
            "Parameters": {"owner": "a"},
        },
        Tags=_TAGS,
    )
    _glue(api, "CreateTable", DatabaseName="shop", TableInput=_table("orders"))
    plain = {"Name": "plain", "TableType": "EXTERNAL_TABLE"}
    _glue(api, "CreateTable", DatabaseName="shop", TableInput=plain)
    for day in range(1, 4):
        _glue(
            api,
            "CreatePartition",
            DatabaseName="shop",
            TableName="orders",
            PartitionInput={
                "Values": [f"2025-01-{day:02}", "eu/west"],
                "StorageDescriptor": {"Location": f"s3://lake/shop/orders/{day}"},
            },
        )


def _table(name: str) -> dict[str, object]:
    return {
        "Name": name,
        "Description": "what was ordered",
        "Owner": "shop",
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "string", "Comment": "of the order"}],
            "Location": f"s3://lake/shop/{name}/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
        },
        "PartitionKeys": [{"Name": "day", "Type": "string"}, {"Name": "site", "Type": "string"}],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "json"},
    }


def _remake_tables(api: Api) -> None:
    for name in ("orders", "plain"):
        _glue(api, "DeleteTable", DatabaseName="shop", Name=name)
    _glue(api, "DeleteDatabase", Name="shop")
    _make_tables(api)


def _update_database(api: Api) -> None:
    _glue(api, "UpdateDatabase", Name="shop", DatabaseInput={"Name": "shop"})


def _update_table(api: Api) -> None:
    wider = {**_table("orders"), "Description": "all that was ordered"}
    _glue(api, "UpdateTable", DatabaseName="shop", TableInput=wider)


def _make_jobs(api: Api) -> None:
    _glue(api, "CreateDatabase", DatabaseInput={"Name": "shop"})
    _glue(
        api,
        "CreateJob",
        Name="counts",
        Description="counts orders",
        Role=_ROLE,
        Command={"Name": "glueetl", "ScriptLocation": "s3://lake/count.py", "PythonVersion": "3"},
        DefaultArguments={"--password": "hush", "--to": "shop"},
        MaxRetries=1,
        Timeout=10,
        GlueVersion="4.0",
        NumberOfWorkers=2,
        WorkerType="G.1X",
        Connections={"Connections": ["warehouse"]},
        SecurityConfiguration="encrypts",
        Tags=_TAGS,
    )
    _glue(
        api,
        "CreateCrawler",
        Name="finds",
        Role=_ROLE,
        DatabaseName="shop",
        Description="finds tables",
        Targets={"S3Targets": [{"Path": "s3://lake/shop/"}]},
        Schedule=_DAILY,
        TablePrefix="found_",
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
        Tags=_TAGS,
    )
    for name, active in (("nightly", True), ("asleep", False)):
        _glue(
            api,
            "CreateTrigger",
            Name=name,
            Type="SCHEDULED",
            Schedule=_DAILY,
            Actions=[{"JobName": "counts"}],
            StartOnCreation=active,
            Description=name,
            Tags=_TAGS,
        )


def _remake_jobs(api: Api) -> None:
    for name in ("nightly", "asleep"):
        _glue(api, "DeleteTrigger", Name=name)
    _glue(api, "DeleteCrawler", Name="finds")
    _glue(api, "DeleteJob", JobName="counts")
    _glue(api, "DeleteDatabase", Name="shop")
    _make_jobs(api)


def _update_job(api: Api) -> None:
    update = {"Role": _ROLE, "Command": {"Name": "glueetl", "ScriptLocation": "s3://lake/new.py"}}
    _glue(api, "UpdateJob", JobName="counts", JobUpdate=update)


def _update_crawler(api: Api) -> None:
    _glue(api, "UpdateCrawler", Name="finds", TablePrefix="new_")


CASES = (
    Case(
        service="glue",
        type="AWS::Glue::Database",
        make=_make_tables,
        remake=_remake_tables,
        update=_update_database,
        kept={"LocationUri": "LocationUri", "Parameters": "Parameters.owner"},
    ),
    Case(
        service="glue",
        type="AWS::Glue::Table",
        make=_make_tables,
        remake=_remake_tables,
        update=_update_table,
        kept={
            "StorageDescriptor": "StorageDescriptor.Columns[0].Name == 'id'",
            "PartitionKeys": "length(PartitionKeys) == `2`",
        },
    ),
    Case(
        service="glue",
        type="AWS::Glue::Job",
        make=_make_jobs,
        remake=_remake_jobs,
        update=_update_job,
        kept={
            "SecurityConfiguration": "SecurityConfiguration",
            "Connections": "Connections.Connections",
            "DefaultArguments": "length(keys(DefaultArguments)) == `2`",
        },
    ),
    Case(
        service="glue",
        type="AWS::Glue::Crawler",
        make=_make_jobs,
        remake=_remake_jobs,
        update=_update_crawler,
        kept={
            "Schedule": "Schedule",
            "Scheduled": "Scheduled",
            "SchemaChangePolicy": "SchemaChangePolicy.DeleteBehavior == 'LOG'",
            "Targets": "Targets.S3Targets",
        },
    ),
    # Triggers have no birth mark.
    Case(
        service="glue",
        type="AWS::Glue::Trigger",
        make=_make_jobs,
        kept={"Active": "Active == `false`", "Actions": "Actions[0].JobName"},
    ),
)
