"""Work groups and kept queries on every emulator."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.expressions import evaluate
from tests.conformance.catalog_harness import Case


def _athena(api: Api, operation: str, **params: object) -> None:
    api.call("athena", operation, params)


def _make(api: Api) -> None:
    encryption = {"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}}
    _athena(
        api,
        "CreateWorkGroup",
        Name="reports",
        Description="for reports",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://lake/results/", **encryption},
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
            "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
        },
        Tags=[{"Key": "team", "Value": "a"}],
    )
    _make_query(api)


def _make_query(api: Api) -> None:
    _athena(
        api,
        "CreateNamedQuery",
        Name="count",
        Description="counts orders",
        Database="shop",
        QueryString="select count(*) from orders",
        WorkGroup="reports",
    )


def _remake(api: Api) -> None:
    _athena(api, "DeleteWorkGroup", WorkGroup="reports", RecursiveDeleteOption=True)
    _make(api)


def _remake_query(api: Api) -> None:
    found = api.call("athena", "ListNamedQueries", {"WorkGroup": "reports"})
    _athena(api, "DeleteNamedQuery", NamedQueryId=evaluate("NamedQueryIds[0]", found))
    _make_query(api)


def _update(api: Api) -> None:
    _athena(api, "UpdateWorkGroup", WorkGroup="reports", Description="for all reports")


CASES = (
    Case(
        service="athena",
        type="AWS::Athena::NamedQuery",
        make=_make,
        remake=_remake_query,
        kept={"QueryString": "QueryString"},
    ),
    Case(
        service="athena",
        type="AWS::Athena::WorkGroup",
        make=_make,
        remake=_remake,
        update=_update,
        kept={
            "EnforceWorkGroupConfiguration": "EnforceWorkGroupConfiguration",
            "ResultConfiguration": "ResultConfiguration.EncryptionConfiguration",
            "BytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
        },
    ),
)
